"""The part of a hierarchy above some terms, as a graph of its own.

Decides that all is-a ancestors of the terms come along and nothing else. A small cohort then trains
on a graph of hundreds of nodes instead of the whole one.
"""

from collections.abc import Iterable

from .ontology import Ontology
from .snapshot import GraphSnapshot
from .vocabulary import NodeType, Predicate

__all__ = ["ancestry"]


def ancestry(
    graph: GraphSnapshot, terms: Iterable[str], *, kind: NodeType = NodeType.PHENOTYPE
) -> GraphSnapshot:
    """The terms that the graph knows, with their ancestors and the is-a statements among them.

    Args:
        graph: The graph.
        terms: CURIEs; unknown ones are left out.
        kind: Type of the terms.
    """
    hierarchy = Ontology.from_snapshot(graph, kind)
    kept: set[int] = set()
    for term in terms:
        node = graph.index(term)
        position = None if node is None else hierarchy.position(node)
        if position is not None:
            kept.update(int(hierarchy.nodes[at]) for at in hierarchy.ancestors_of(position))
    views = [graph.node(node) for node in sorted(kept)]
    edges = graph.edges(Predicate.SUBCLASS_OF, head_type=kind, tail_type=kind)
    rows = [
        row
        for row, head, tail in zip(
            edges.rows.tolist(), edges.head.tolist(), edges.tail.tolist(), strict=True
        )
        if head in kept and tail in kept
    ]
    return GraphSnapshot.from_records(
        [view.to_node() for view in views],
        [graph.statement(row) for row in rows],
        sources=graph.sources,
        release=graph.release,
    )
