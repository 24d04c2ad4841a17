"""Records to N-Quads: plain triples, association nodes, node facts, mappings, source facts.

Decides the RDF form of the graph, which any RDF 1.1 store loads. The terms are in `kg.terms`, the
way back in `kg.compile`. Patients have their own form in `kg.cases.rdf`.

Lines are put together as text: an RDF library would make one object for each term and take twenty
times as long.
"""

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from .columns import SourceLike, SourceRecord
from .prefixes import NAMESPACE
from .statements import Mapping, Node, Statement
from .terms import (
    ASSOCIATION,
    CLASS_IRI,
    FIELD_IRI,
    OWL,
    PREDICATE_IRI,
    QUALIFIER_IRI,
    RDF,
    SEMAPV,
    SOURCE_FIELD_IRI,
    SSSOM,
    VOID,
    double,
    iri,
    literal,
    source_iri,
)
from .views import NodeView
from .vocabulary import Predicate

__all__ = ["NODE_SOURCE", "QuadWriter", "write_nquads"]

NODE_SOURCE = "iatros"
"""Graph of what is said of nodes once several sources have been merged into one record."""

_P = {name: f"<{value}>" for name, value in FIELD_IRI.items()}
_Q = {name: f"<{value}>" for name, value in QUALIFIER_IRI.items()}
_PREDICATE = {predicate: f"<{value}>" for predicate, value in PREDICATE_IRI.items()}
_CLASS = {kind: f"<{value}>" for kind, value in CLASS_IRI.items()}
_TRUE = literal("true", "boolean")


class QuadWriter:
    """Writes records as N-Quads; knows the sources, whose licence goes on every statement.

    Example:
        >>> from kg.vocabulary import Predicate
        >>> hpoa = SourceRecord(name="hpoa", licence="HPO licence", release="2025-01-16")
        >>> text = QuadWriter([hpoa]).statement(Statement(
        ...     subject="OMIM:1", predicate=Predicate.HAS_PHENOTYPE, object="HP:2", source="hpoa"))
        >>> print(text.splitlines()[0])
        <https://omim.org/entry/1> <https://w3id.org/biolink/vocab/has_phenotype> <...
    """

    def __init__(self, sources: Iterable[SourceLike] = ()) -> None:
        self._sources = {source.name: SourceRecord.of(source) for source in sources}
        self._provenance: dict[str, tuple[str, str]] = {}
        self._frames: dict[tuple[str, Predicate], tuple[str, str, str, str, str]] = {}

    def _graph_and_provenance(self, name: str) -> tuple[str, str]:
        """Graph term of a source, and the objects that close each of its association nodes."""
        cached = self._provenance.get(name)
        if cached is None:
            facts = self._sources.get(name) or SourceRecord(name=name)
            graph = f"<{source_iri(name)}>"
            pairs = f"{_P['source']} {graph}"
            if facts.licence:
                pairs += f"\0{_P['licence']} {literal(facts.licence)}"
            if facts.release:
                pairs += f"\0{_P['release']} {literal(facts.release)}"
            cached = self._provenance[name] = (graph, pairs)
        return cached

    def statement(self, statement: Statement) -> str:
        """Quads of one statement; a negated one has no plain triple, since it does not hold."""
        key = (statement.source, statement.predicate)
        frame = self._frames.get(key)
        if frame is None:
            frame = self._frames[key] = self._frame(*key)
        relation, start, subject, object_, end = frame
        head, tail = iri(statement.subject), iri(statement.object)
        node = f"<{NAMESPACE}{statement.id[7:]}>"
        text = f"{start}{subject}{head}{object_}{tail}{end}".replace("\0", node)
        if not statement.negated:
            text = f"{head} {relation} {tail}{end}{text}"
        pairs = [f"{_P['negated']} {_TRUE}"] if statement.negated else []
        if statement.frequency is not None:
            pairs.append(f"{_P['frequency']} {double(statement.frequency)}")
        if statement.confidence is not None:
            pairs.append(f"{_P['confidence']} {double(statement.confidence)}")
        if statement.onset is not None:
            pairs.append(f"{_P['onset']} {iri(statement.onset)}")
        if statement.sex is not None:
            pairs.append(f"{_P['sex']} {literal(statement.sex)}")
        if statement.evidence is not None:
            pairs.append(f"{_P['evidence']} {literal(statement.evidence)}")
        pairs.extend(f"{_P['publications']} {iri(p)}" for p in statement.publications)
        pairs.extend(f"{_Q[name]} {literal(value)}" for name, value in statement.qualifiers)
        return text + "".join([f"{node} {pair}{end}" for pair in pairs]) if pairs else text

    def _frame(self, name: str, predicate: Predicate) -> tuple[str, str, str, str, str]:
        """What all associations of one source and predicate have in common; NUL is their node.

        Returns:
            The relation; the quads that are the same for all; the beginnings of those of subject
            and object; the end of each quad.
        """
        graph, provenance = self._graph_and_provenance(name)
        relation = _PREDICATE[predicate]
        end = f" {graph} .\n"
        same = (f"{_P['type']} <{ASSOCIATION}>", f"{_P['predicate']} {relation}")
        start = "".join([f"\0 {pair}{end}" for pair in (*same, *provenance.split("\0"))])
        return relation, start, f"\0 {_P['subject']} ", f"{end}\0 {_P['object']} ", end

    def node(self, node: Node, source: str = NODE_SOURCE) -> str:
        """Quads of one node, in the graph of the source that says so."""
        graph, _ = self._graph_and_provenance(source)
        pairs = [f"{_P['type']} {_CLASS[node.type]}"]
        if node.label:
            pairs.append(f"{_P['label']} {literal(node.label)}")
        pairs.extend(f"{_P['synonym']} {literal(text)}" for text in node.synonyms if text)
        if node.definition:
            pairs.append(f"{_P['definition']} {literal(node.definition)}")
        if node.structure:
            pairs.append(f"{_P['structure']} {literal(node.structure)}")
        if node.deprecated:
            pairs.append(f"{_P['deprecated']} {_TRUE}")
        subject = iri(node.id)
        return "".join([f"{subject} {pair} {graph} .\n" for pair in pairs])

    def described(self, view: NodeView) -> str:
        """Quads of a node of a snapshot, with all its other identifiers."""
        node = Node(
            id=view.id,
            type=view.type,
            label=view.label,
            synonyms=view.synonyms,
            definition=view.definition,
            structure=view.structure,
            deprecated=view.deprecated,
        )
        return self.node(node) + "".join([self.xref(view.id, other) for other in view.xrefs])

    def mapping(self, mapping: Mapping) -> str:
        """Quads of one mapping: the SKOS triple, and its SSSOM axiom with justification."""
        graph, _ = self._graph_and_provenance(mapping.source)
        subject, object_ = iri(mapping.subject), iri(mapping.object)
        relation = _P[mapping.predicate]
        justification = mapping.justification
        if justification.startswith("semapv:"):
            justification = SEMAPV + justification[len("semapv:") :]
        reason = iri(justification) if ":" in justification else literal(justification)
        confidence = "" if mapping.confidence is None else f"{mapping.confidence:.6g}"
        key = (mapping.subject, mapping.predicate, mapping.object, mapping.source)
        content = "\x1f".join((*key, mapping.justification, confidence))
        node = f"<{NAMESPACE}mapping/{hashlib.sha256(content.encode()).hexdigest()[:24]}>"
        pairs = [
            f"<{RDF}type> <{OWL}Axiom>",
            f"<{OWL}annotatedSource> {subject}",
            f"<{OWL}annotatedProperty> {relation}",
            f"<{OWL}annotatedTarget> {object_}",
            f"<{SSSOM}mapping_justification> {reason}",
            f"{_P['source']} {graph}",  # licence and release are facts of the source
        ]
        if mapping.confidence is not None:
            pairs.append(f"<{SSSOM}confidence> {double(mapping.confidence)}")
        axiom = "".join([f"{node} {pair} {graph} .\n" for pair in pairs])
        return f"{subject} {relation} {object_} {graph} .\n{axiom}"

    def xref(self, node: str, other: str, source: str = NODE_SOURCE) -> str:
        """Quad that says that another identifier means the node, without a reason."""
        graph, _ = self._graph_and_provenance(source)
        return f"{iri(node)} {_P['exactMatch']} {iri(other)} {graph} .\n"

    def link(self, node: str, relation: str, code: str, source: str = NODE_SOURCE) -> str:
        """Quad that says that a code leads to a node: it is `narrower` than it, or `close`."""
        graph, _ = self._graph_and_provenance(source)
        match = _P["narrowMatch" if relation == "narrower" else "closeMatch"]
        return f"{iri(node)} {match} {iri(code)} {graph} .\n"

    def source(self, source: SourceLike) -> str:
        """Quads of a source's facts (VoID), in the source's own graph."""
        node = f"<{source_iri(source.name)}>"
        lines = [f"{node} <{RDF}type> <{VOID}Dataset> {node} .\n"]
        for name in ("title", "licence", "licence_class", "release", "homepage"):
            value = getattr(source, name)
            if value:
                lines.append(f"{node} <{SOURCE_FIELD_IRI[name]}> {literal(value)} {node} .\n")
        return "".join(lines)

    def record(self, record: Node | Mapping | Statement) -> str:
        """Quads of a record of any kind."""
        if isinstance(record, Statement):
            return self.statement(record)
        if isinstance(record, Node):
            return self.node(record)
        return self.mapping(record)

    def lines(self, records: Iterable[Node | Mapping | Statement]) -> Iterator[str]:
        """Quads of the known sources and of all records, in blocks of lines."""
        for facts in self._sources.values():
            yield self.source(facts)
        for record in records:
            yield self.record(record)


def write_nquads(
    path: Path,
    records: Iterable[Node | Mapping | Statement],
    *,
    sources: Iterable[SourceLike] = (),
) -> int:
    """Writes records and source facts into one N-Quads file.

    Returns:
        Number of quads written; a triple that several records state counts each time.
    """
    n_quads = 0
    with path.open("w", encoding="utf-8", newline="\n", buffering=1 << 20) as sink:
        for block in QuadWriter(sources).lines(records):
            n_quads += block.count("\n")
            sink.write(block)
    return n_quads
