"""One added named graph: which of its statements a graph takes in, and why others stay out.

Decides what an addition must be: statements in the form of `kg.rdf`, in a named graph that
describes itself (title, licence, release), and that fits the SHACL shapes. A statement that does
not fit stays out and is told in the report; a file that cannot be read, or a graph that does not
say what it is, is refused whole. Where the accepted statements are kept is decided in
`kg.additions`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyoxigraph as ox

from .columns import SourceRecord
from .compile import compile_snapshot
from .controls import Controls
from .foreign.origin import RdfFile
from .identifiers import from_iri
from .rdf import NODE_SOURCE
from .snapshot import GraphSnapshot
from .statements import Mapping, Node, Statement
from .store import GraphStore, StoreError
from .terms import ASSOCIATION, CLASS_IRI, FIELD_IRI, GRAPH_OF_CASES, VOID, source_iri, source_name
from .validate import validate
from .vocabulary import Predicate

__all__ = ["Addition", "AdditionError", "AdditionReport", "read_additions", "statements_of"]

_STUBS = ox.NamedNode("urn:iatros:standing")
_TYPE = ox.NamedNode(FIELD_IRI["type"])
_LABEL = ox.NamedNode(FIELD_IRI["label"])
_ENDS = (ox.NamedNode(FIELD_IRI["subject"]), ox.NamedNode(FIELD_IRI["object"]))
_N_EXAMPLES = 5
_REPEATED = "said before in the same words"


class AdditionError(ValueError):
    """A graph that cannot be added, or is not there; one line that names it and the mend."""


@dataclass(slots=True, kw_only=True)
class AdditionReport:
    """What became of the statements of one added graph.

    Attributes:
        name: Name of the graph.
        n_read: Statements that the file holds.
        n_kept: Statements that were taken in.
        n_nodes: Nodes that the graph did not have before.
        refused: Number of statements that stayed out, by reason.
        examples: The first of them, by reason.
        warnings: Lines of the SHACL report that keep nothing out.
    """

    name: str
    n_read: int = 0
    n_kept: int = 0
    n_nodes: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    examples: dict[str, list[str]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def refuse(self, reason: str, example: str) -> None:
        """Counts one statement that stays out."""
        self.refused[reason] = self.refused.get(reason, 0) + 1
        shown = self.examples.setdefault(reason, [])
        if len(shown) < _N_EXAMPLES:
            shown.append(example)

    @property
    def n_refused(self) -> int:
        """Statements that stayed out."""
        return sum(self.refused.values())

    def lines(self) -> Iterator[str]:
        """The report for people."""
        yield f"{self.name}: {self.n_kept:,} of {self.n_read:,} kept, {self.n_nodes:,} new nodes"
        for reason, count in sorted(self.refused.items()):
            shown = "; ".join(self.examples.get(reason, []))
            yield f"  {count:,} refused: {reason}" + (f" ({shown})" if shown else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Addition:
    """The part of a named graph that is taken in, in the ids of the graph it joins."""

    facts: SourceRecord
    nodes: tuple[Node, ...]
    mappings: tuple[Mapping, ...]
    statements: tuple[Statement, ...]
    report: AdditionReport


def read_additions(path: Path, base: GraphSnapshot, controls: Controls) -> list[Addition]:
    """What a file adds to a graph, one addition for each of its named graphs.

    Args:
        path: N-Quads or any RDF format that `kg.store` knows, plain or gzip; a format without
            named graphs is one graph, named after the file. A graph without associations
            describes nodes for the others.
        base: The graph as it was built, without earlier additions.
        controls: What it must never hold.

    Raises:
        AdditionError: The file or one of its graphs is refused whole.
    """
    own = ox.NamedNode(source_iri(path.name.partition(".")[0]))
    everything = ox.Store()
    try:
        everything.bulk_extend(
            quad
            if isinstance(quad.graph_name, ox.NamedNode)
            else ox.Quad(quad.subject, quad.predicate, quad.object, own)
            for quad in RdfFile(path).quads()
        )
    except StoreError as error:
        raise AdditionError(str(error)) from error
    kind = ox.NamedNode(ASSOCIATION)
    names = {quad.graph_name for quad in everything.quads_for_pattern(None, _TYPE, kind)}
    graphs = sorted(str(name.value) for name in names if isinstance(name, ox.NamedNode))
    if not graphs:
        raise AdditionError(f"{path}: holds no statement (no biolink:Association)")
    return [_read_graph(path, graph, everything, base, controls) for graph in graphs]


def _read_graph(
    path: Path, graph: str, everything: ox.Store, base: GraphSnapshot, controls: Controls
) -> Addition:
    name = source_name(graph)
    if graph.startswith(GRAPH_OF_CASES):
        raise AdditionError(f"{path}: {graph} holds patients; add their case files instead")
    if name == NODE_SOURCE or name in {source.name for source in base.sources}:
        raise AdditionError(f"{path}: {name} is a source of the graph; give the run its own name")
    said = ox.Store()
    said.bulk_extend(everything.quads_for_pattern(None, None, None, ox.NamedNode(graph)))
    kind = ox.NamedNode(ASSOCIATION)
    for other in everything.named_graphs():  # one that describes nodes for all graphs of the file
        if not any(everything.quads_for_pattern(None, _TYPE, kind, other)):
            said.bulk_extend(everything.quads_for_pattern(None, None, None, other))
    facts = _facts_of(path, graph, said)
    if controls.licence_filter == "permissive" and facts.licence_class != "permissive":
        raise AdditionError(
            f"{path}: licence of {name} is {facts.licence_class} ({facts.licence}), and the graph "
            "was built with --licence-filter permissive"
        )
    report = AdditionReport(name=name)
    report.n_read = sum(1 for _ in _associations(said))
    _drop_other_licences(said, facts, report)
    _drop_violations(said, base, report)
    nodes, mappings, statements = _canonical(statements_of(said), base, name, controls, report)
    report.n_kept, report.n_nodes = len(statements), len(nodes)
    return Addition(
        facts=facts,
        nodes=tuple(nodes),
        mappings=tuple(mappings),
        statements=tuple(statements),
        report=report,
    )


def statements_of(quads: ox.Store) -> GraphSnapshot:
    """The statements and nodes of some quads, read as those of any graph."""
    return compile_snapshot(GraphStore.over(quads))


def _facts_of(path: Path, graph: str, said: ox.Store) -> SourceRecord:
    found = [s for s in statements_of(said).sources if source_iri(s.name) == graph]
    missing = "a description as void:Dataset"
    if found:
        facts = found[0]
        lacking = [n for n in ("title", "licence", "release") if not getattr(facts, n)]
        if not lacking:
            return facts
        missing = ", ".join(lacking)
    elif any(said.quads_for_pattern(ox.NamedNode(graph), _TYPE, ox.NamedNode(f"{VOID}Dataset"))):
        missing = "title, licence, release"
    raise AdditionError(f"{path}: graph {graph} lacks {missing}; a run must say what it is")


def _associations(said: ox.Store) -> Iterator[ox.NamedNode | ox.BlankNode]:
    for quad in said.quads_for_pattern(None, _TYPE, ox.NamedNode(ASSOCIATION)):
        if not isinstance(quad.subject, ox.Triple):
            yield quad.subject


def _forget(said: ox.Store, node: ox.NamedNode | ox.BlankNode) -> None:
    for quad in list(said.quads_for_pattern(node, None, None)):
        said.remove(quad)


def _drop_other_licences(said: ox.Store, facts: SourceRecord, report: AdditionReport) -> None:
    """A graph has one licence and one release, and each statement carries those."""
    for name, stated in (("licence", facts.licence), ("release", facts.release)):
        property_ = ox.NamedNode(FIELD_IRI[name])
        for node in list(_associations(said)):
            values = {str(q.object.value) for q in said.quads_for_pattern(node, property_, None)}  # type: ignore[union-attr]
            if values - {stated}:
                report.refuse(f"{name} is not that of its graph", _name(node))
                _forget(said, node)


def _name(node: ox.NamedNode | ox.BlankNode) -> str:
    return from_iri(node.value) if isinstance(node, ox.NamedNode) else str(node)


def _drop_violations(said: ox.Store, base: GraphSnapshot, report: AdditionReport) -> None:
    """Leaves out what breaks a shape, and statements about a node that breaks one.

    Nodes that the graph has already need no second description; the shapes see their types and
    names.
    """
    ends: dict[str, int | None] = {}
    for property_ in _ENDS:
        for quad in said.quads_for_pattern(None, property_, None):
            if isinstance(quad.object, ox.NamedNode):
                ends.setdefault(quad.object.value, None)
    for iri in ends:
        index = ends[iri] = base.index(from_iri(iri))
        if index is not None:
            known, view = ox.NamedNode(iri), base.node(index)
            said.add(ox.Quad(known, _TYPE, ox.NamedNode(CLASS_IRI[view.type]), _STUBS))
            said.add(ox.Quad(known, _LABEL, ox.Literal(view.label or view.id), _STUBS))
    found = validate(GraphStore.over(said), max_examples=1 << 30)
    said.remove_graph(_STUBS)
    wrong: dict[str, str] = {}
    for violation in found.examples:
        if violation.severity == "Violation":
            path = from_iri(violation.path) if violation.path else "the node"
            reason = f"{violation.shape}: {path}: {violation.constraint}"
            wrong.setdefault(violation.focus, reason)
    report.warnings = [line for line in found.lines() if line.startswith("Warning")]
    if not wrong:
        return
    for node in list(_associations(said)):
        objects = (quad.object for end in _ENDS for quad in said.quads_for_pattern(node, end, None))
        touched = [_name(node)]
        touched += [
            from_iri(end.value)
            for end in objects
            if isinstance(end, ox.NamedNode) and ends[end.value] is None
        ]
        guilty = next((name for name in touched if name in wrong), "")
        if guilty:
            example = guilty if guilty == touched[0] else f"{touched[0]} {guilty}"
            report.refuse(wrong[guilty], example)
            _forget(said, node)


def _canonical(
    run: GraphSnapshot, base: GraphSnapshot, name: str, controls: Controls, report: AdditionReport
) -> tuple[list[Node], list[Mapping], list[Statement]]:
    """Records in the ids of the graph: its own id, a mapped id, or a new node."""
    place: dict[str, str] = {}
    for view in run.nodes():
        known = (base.index(id_) for id_ in (view.id, *view.xrefs))
        index = next((i for i in known if i is not None), None)
        place[view.id] = view.id if index is None else base.node_ids[index]
    kept: dict[str, Statement] = {}
    for statement in run.statements():
        said_by = () if statement.source == name else (("stated_by", statement.source),)
        placed = statement.placed(
            place[statement.subject], place[statement.object], source=name, qualifiers=said_by
        )
        reason = _objection(placed) or controls.objection(placed)
        if reason or placed.id in kept:
            example = f"{statement.subject} {statement.predicate} {statement.object}"
            report.refuse(reason or _REPEATED, example)
        else:
            kept[placed.id] = placed
    n_same = report.n_read - len(kept) - report.n_refused
    if n_same > 0:  # under two IRIs in the file, one statement in its columns
        report.refused[_REPEATED] = report.refused.get(_REPEATED, 0) + n_same
        report.examples.setdefault(_REPEATED, [])
    used = {end for s in kept.values() for end in (s.subject, s.object)}
    fresh = [v for v in run.nodes() if v.id in used and base.index(v.id) is None]
    nodes = [view.to_node() for view in fresh]
    mappings = [
        Mapping(subject=view.id, object=other, source=name)
        for view in fresh
        for other in view.xrefs
    ]
    return nodes, mappings, list(kept.values())


def _objection(statement: Statement) -> str:
    if statement.subject == statement.object:
        return "relates a node to itself"
    if statement.predicate is Predicate.SUBCLASS_OF:
        return "is-a statement; the hierarchy is decided when a graph is built"
    return ""
