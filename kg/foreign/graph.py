"""Somebody's RDF as a source: associations, plain triples, mappings and descriptions to records.

Decides what one association or triple becomes. Which IRIs mean what is in `kg.foreign.mapping`,
where triples come from in `kg.foreign.origin`.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from collections.abc import Mapping as Table
from pathlib import Path

from kg.assemble import kind_of_prefix, kinds_of_ends
from kg.columns import NODE_TYPE_CODE
from kg.files import DataFiles
from kg.identifiers import IdentifierError, parse_publications
from kg.sources.contract import DropReport, Record, SourceFacts
from kg.statements import Mapping, Node, Statement
from kg.terms import FIELD_IRI, SEMAPV, source_name
from kg.vocabulary import NodeType, Predicate

from .gather import Gathered
from .mapping import RdfMapping, Relation
from .origin import Origin, RdfFile, locate

__all__ = ["RdfGraph", "rdf_sources"]

_MATCH_NAMES = {
    FIELD_IRI[name]: name for name in ("exactMatch", "closeMatch", "broadMatch", "narrowMatch")
}
_SEXES = {
    "female": "female",
    "male": "male",
    "PATO:0000383": "female",
    "PATO:0000384": "male",
}


def rdf_sources(
    locations: Sequence[str], *, mapping: RdfMapping | None = None, cache: Path
) -> tuple["RdfGraph", ...]:
    """One source for each file, address or endpoint.

    Args:
        locations: As `kg.foreign.origin.locate` takes them.
        mapping: What IRIs mean; the Biolink names when there is none.
        cache: Folder for files that are fetched.

    Raises:
        StoreError: A location holds nothing.
    """
    mapping = mapping or RdfMapping()
    stated = mapping.source.get("name", "")
    sources: list[RdfGraph] = []
    for location in locations:
        name = stated if stated and len(locations) == 1 else f"{stated}_{_stem(location)}"
        name = re.sub(r"\W+", "_", name).strip("_") or "rdf"
        name = f"rdf_{name}" if name[0].isdigit() else name
        taken = {source.facts.name for source in sources}
        numbered = (name, *(f"{name}_{number}" for number in range(2, len(locations) + 2)))
        free = next(one for one in numbered if one not in taken)
        origin = locate(location, cache=cache)
        sources.append(RdfGraph(origin, name=free, location=location, mapping=mapping))
    return tuple(sources)


def _stem(location: str) -> str:
    address = location.partition("://")[2].partition("?")[0]
    if not address:
        return Path(location).name.partition(".")[0]
    host, _, path = address.partition("/")
    last = path.rstrip("/").rpartition("/")[2].partition(".")[0]
    return host.partition(":")[0] if last in ("", "sparql", "query") else last


class RdfGraph:
    """Reads a graph that somebody else made; it becomes one named graph of the build."""

    def __init__(self, origin: Origin, *, name: str, location: str, mapping: RdfMapping) -> None:
        self._origin = origin
        self._mapping = mapping
        stated = mapping.source
        self.facts = SourceFacts(
            name=name,
            title=stated.get("title", name),
            homepage=stated.get("homepage", location if "://" in location else ""),
            licence=stated.get("licence", "not stated"),
            licence_class=stated.get("licence_class", "unstated"),  # type: ignore[arg-type]
            release=stated.get("release") or origin.release,
            gives="what its mapping names",
            files=(),
            optional=False,
            profiles=frozenset(),
        )

    @property
    def state(self) -> str | None:
        """What the reading depends on; None for an endpoint, which may change at any time."""
        if not isinstance(self._origin, RdfFile):
            return None
        return f"{self._origin.release} {self._mapping!r} {self.facts.name} {self.facts.release}"

    def read(self, files: DataFiles, report: DropReport) -> Iterator[Record]:  # noqa: ARG002
        """Stream the records; everything that is passed over is counted.

        Raises:
            StoreError: The file or endpoint cannot be read to its end.
        """
        gathered = Gathered(mapping=self._mapping)
        for triple in self._origin.triples(gathered.properties(), gathered.left_out):
            gathered.take(triple)
        for (reason, example), count in gathered.left_out.items():
            report.drop(reason, example)
            report.dropped[reason] += count - 1
        statements = [*self._associations(gathered, report)]
        mappings = [s for s in statements if isinstance(s, Mapping)]
        edges = [s for s in statements if isinstance(s, Statement)]
        edges += self._plain(gathered, edges, report)
        mappings += self._matches(gathered, mappings, report)
        yield from self._nodes(gathered, edges, report)
        yield from mappings
        yield from edges

    # ---------------------------------------------------------------- edges

    def _associations(
        self, gathered: Gathered, report: DropReport
    ) -> Iterator[Statement | Mapping]:
        for node, fields in gathered.associations.items():
            ends = [sorted(fields.get(name, ())) for name in ("subject", "predicate", "object")]
            if any(len(values) != 1 for values in ends):
                report.drop("association without one subject, predicate and object", node)
                continue
            (subject,), (property_,), (object_,) = ends
            relation = self._mapping.relations.get(property_)
            match = _MATCH_NAMES.get(property_)
            if relation is None and match is None:
                reason = "association with a predicate that the mapping does not name"
                report.drop(reason, property_)
                continue
            try:
                head, tail = self._mapping.curie(subject), self._mapping.curie(object_)
                if match is not None:
                    yield self._mapping_of(head, match, tail, fields)
                elif relation is not None:
                    yield self._statement(head, relation, tail, fields, report)
            except ValueError as error:
                report.drop("association that is malformed", f"{node}: {error}")

    def _mapping_of(self, head: str, name: str, tail: str, fields: Table[str, set[str]]) -> Mapping:
        reason = min(fields.get("justification", ()), default="semapv:UnspecifiedMatching")
        confidence = min(fields.get("confidence", ()), default=None)
        return Mapping(
            subject=head,
            object=tail,
            source=self.facts.name,
            predicate=name,
            justification=reason.replace(SEMAPV, "semapv:"),
            confidence=None if confidence is None else float(confidence),
        )

    def _statement(
        self,
        head: str,
        relation: Relation,
        tail: str,
        fields: Table[str, set[str]],
        report: DropReport,
    ) -> Statement:
        if relation.inverse:
            head, tail = tail, head
        qualifiers = [
            (name.removeprefix("qualifier "), value)
            for name, values in fields.items()
            if name.startswith("qualifier ")
            for value in values
        ]
        own = {self.facts.name, f"source {self.facts.name}"}
        stated_by = {source_name(iri) for iri in fields.get("source", ())} - own
        qualifiers.extend(("stated_by", name) for name in stated_by)
        negated = bool(fields.get("negated", set()) & {"true", "1"})
        texts = fields.get("publications", ())
        publications = {paper for text in texts for paper in parse_publications(text)}
        if texts and not publications:
            report.mend("publication that is no identifier, left out", min(texts))
        return Statement(
            subject=head,
            predicate=relation.predicate,
            object=tail,
            source=self.facts.name,
            negated=negated != relation.negated,
            frequency=_share(fields, "frequency", report),
            onset=self._id(fields, "onset", report),
            sex=_sex(self._id(fields, "sex", report) or min(fields.get("sex", ()), default=None)),
            evidence=min(fields.get("evidence", ()), default=None) or None,
            publications=tuple(publications),
            confidence=_share(fields, "confidence", report),
            qualifiers=tuple(qualifiers),
        )

    def _id(self, fields: Table[str, set[str]], name: str, report: DropReport) -> str | None:
        value = min(fields.get(name, ()), default=None)
        if value is None:
            return None
        try:
            return self._mapping.curie(value)
        except IdentifierError:
            if name != "sex":
                report.mend(f"{name} that is no identifier, left out", value)
            return None

    def _plain(
        self, gathered: Gathered, stated: list[Statement], report: DropReport
    ) -> Iterator[Statement]:
        """Plain triples that no association states with more detail."""
        known = {(s.subject, s.predicate, s.object) for s in stated if not s.negated}
        for subject, property_, object_ in sorted(gathered.edges):
            relation = self._mapping.relations[property_]
            if relation is None:
                continue
            try:
                statement = self._statement(subject, relation, object_, {}, report)
            except ValueError as error:
                report.drop("triple that is malformed", f"{subject} {property_}: {error}")
                continue
            if (statement.subject, statement.predicate, statement.object) not in known:
                yield statement

    def _matches(
        self, gathered: Gathered, stated: list[Mapping], report: DropReport
    ) -> Iterator[Mapping]:
        known = {(m.subject, m.predicate, m.object) for m in stated}
        for subject, name, object_ in sorted(gathered.matches):
            if (subject, name, object_) in known:
                continue
            try:
                yield self._mapping_of(subject, name, object_, {})
            except ValueError as error:
                report.drop("match that is malformed", f"{subject}: {error}")

    # ---------------------------------------------------------------- nodes

    def _nodes(
        self, gathered: Gathered, edges: Sequence[Statement], report: DropReport
    ) -> Iterator[Node]:
        kinds = self._kinds(gathered, edges)
        words = gathered.words
        described = {id_ for texts in words.values() for id_ in texts} | gathered.deprecated
        for id_ in sorted(described - kinds.keys()):
            report.drop("description of a thing that is neither typed nor in a relation", id_)
        for id_, kind in sorted(kinds.items()):
            labels = sorted(words["label"].get(id_, ()), key=lambda text: (len(text), text))
            try:
                yield Node(
                    id=id_,
                    type=kind,
                    label=labels[0] if labels else "",
                    synonyms=(*labels[1:], *sorted(words["synonym"].get(id_, ()))),
                    definition=max(words["definition"].get(id_, ()), key=len, default=""),
                    structure=min(words["structure"].get(id_, ()), default=""),
                    deprecated=id_ in gathered.deprecated,
                )
            except ValueError as error:
                report.drop("node that is malformed", f"{id_}: {error}")

    def _kinds(self, gathered: Gathered, edges: Sequence[Statement]) -> dict[str, NodeType]:
        """Kind of each node: by its class, its prefix, its role in a relation, its parent."""
        kinds: dict[str, NodeType] = {}
        for id_, classes in gathered.classes.items():
            named = [kind for iri in classes if (kind := self._mapping.classes[iri]) is not None]
            if named:
                kinds[id_] = min(named, key=NODE_TYPE_CODE.__getitem__)
        children: dict[str, set[str]] = defaultdict(set)
        for edge in edges:
            roles = kinds_of_ends(edge.predicate)
            for id_, role in zip((edge.subject, edge.object), roles, strict=True):
                kind = kind_of_prefix(id_) or role
                if kind is not None:
                    kinds.setdefault(id_, kind)
            if edge.predicate is Predicate.SUBCLASS_OF:
                children[edge.object].add(edge.subject)
                children[edge.subject].add(edge.object)
        reached = [id_ for id_ in children if id_ in kinds]
        while reached:
            id_ = reached.pop()
            for other in children[id_]:
                if other not in kinds:
                    kinds[other] = kinds[id_]
                    reached.append(other)
        for edge in edges:
            for id_ in (edge.subject, edge.object):
                kinds.setdefault(id_, NodeType.CHEMICAL)
        return kinds


def _share(fields: Table[str, set[str]], name: str, report: DropReport) -> float | None:
    text = min(fields.get(name, ()), default=None)
    if text is None:
        return None
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if 0.0 <= share <= 1.0:
        return share
    report.mend(f"{name} that is no share between 0 and 1, left out", text)
    return None


def _sex(text: str | None) -> str | None:
    return None if text is None else _SEXES.get(text, _SEXES.get(text.lower()))
