"""HPO alone as a graph, from the installed package: for work that needs no other source."""

from .files import DataFiles
from .snapshot import GraphSnapshot
from .sources.contract import DropReport
from .sources.hpo import Hpo
from .statements import Mapping, Node, Statement

__all__ = ["packaged_hpo"]


def packaged_hpo() -> GraphSnapshot:
    """Terms, hierarchy and synonyms of HPO; takes some seconds."""
    nodes: list[Node] = []
    statements: list[Statement] = []
    mappings: list[Mapping] = []
    for record in Hpo().read(DataFiles(), DropReport()):
        if isinstance(record, Node):
            nodes.append(record)
        elif isinstance(record, Statement):
            statements.append(record)
        else:
            mappings.append(record)
    release = Hpo.facts.release
    return GraphSnapshot.from_records(nodes, statements, mappings, release=release)
