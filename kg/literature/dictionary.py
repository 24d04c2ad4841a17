"""Names of the graph, found in text: the recogniser that needs no training.

Decides which names are looked for, that the longest one wins, and which node a name means when
several bear it. How spellings are compared is decided in `kg.literature.spelling`; what a trained
tagger makes of the matches, in `fusion.literature`.

Matching is one Aho-Corasick pass (10.1145/360825.360855) over the folded text.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import ahocorasick

from kg.identifiers import prefix_of
from kg.ontology import Ontology
from kg.snapshot import GraphSnapshot
from kg.vocabulary import NodeType

from .document import EntityType
from .spelling import exact_case, folded, is_searchable, variants

__all__ = ["NODE_TYPES_OF", "Candidate", "Dictionary", "Match", "Name", "graph_names"]

NODE_TYPES_OF: Mapping[NodeType, EntityType] = {
    NodeType.DISEASE: EntityType.DISEASE,
    NodeType.PHENOTYPE: EntityType.PHENOTYPE,
    NodeType.ADVERSE_EVENT: EntityType.PHENOTYPE,
    NodeType.DRUG: EntityType.CHEMICAL,
    NodeType.CHEMICAL: EntityType.CHEMICAL,
    NodeType.GENE: EntityType.GENE,
}
"""Which nodes are looked for, and as what."""

_NO_FINDINGS = (  # branches of HPO that qualify findings and are none
    "HP:0012823", "HP:0000005", "HP:0031797", "HP:0040279", "HP:0032443", "HP:0032223",
)  # fmt: skip
_BARE_CODES = frozenset({"UMLS", "ICD10CM", "ICD9CM", "MEDGEN", "NCIT", "SNOMEDCT", "MESH"})
_TYPE_ORDER = {kind: place for place, kind in enumerate(EntityType)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """A name that somebody gives a thing.

    Attributes:
        text: As written.
        type: What it speaks of.
        id: CURIE of the thing.
        rank: 0 for a preferred name, 1 for a synonym; the lower one wins.
    """

    text: str
    type: EntityType
    id: str
    rank: int = 0


@dataclass(frozen=True, slots=True)
class Candidate:
    """What a name may mean: the type and the node, and how good a name it is (0 is best)."""

    rank: int
    type: EntityType
    id: str


def _order(candidate: Candidate) -> tuple[int, int, str]:
    return candidate.rank, _TYPE_ORDER[candidate.type], candidate.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A name of the dictionary at a place of a text.

    Attributes:
        start: First character.
        end: Behind the last one.
        candidates: What it may mean, best first.
    """

    start: int
    end: int
    candidates: tuple[Candidate, ...]

    def ids(self, kind: EntityType) -> tuple[str, ...]:
        """The node that it means as a thing of a type; none when two are equally good."""
        return _best(self.candidates, kind)

    @property
    def types(self) -> tuple[EntityType, ...]:
        """Types that it may have, best first."""
        return tuple(dict.fromkeys(candidate.type for candidate in self.candidates))


def _best(candidates: Iterable[Candidate], kind: EntityType) -> tuple[str, ...]:
    of_kind = sorted((c for c in candidates if c.type is kind), key=_order)
    if not of_kind or (len(of_kind) > 1 and of_kind[1].rank == of_kind[0].rank):
        return ()
    return (of_kind[0].id,)


class Dictionary:
    """Names with what they mean; immutable.

    Example:
        >>> book = Dictionary([Name(text="Gout", type=EntityType.DISEASE, id="MONDO:0005393")])
        >>> [(m.start, m.end, m.ids(EntityType.DISEASE)) for m in book.matches("Acute gout.")]
        [(6, 10, ('MONDO:0005393',))]
    """

    def __init__(self, names: Iterable[Name]) -> None:
        """Takes names that are long enough to be looked for."""
        self._entries: dict[str, dict[Candidate, None]] = {}
        self._cased: dict[str, set[str]] = {}
        uncased: set[str] = set()
        for name in names:
            candidate = Candidate(name.rank, name.type, name.id)
            cased = exact_case(name.text, name.type)
            for key in variants(name.text):
                if not is_searchable(key, name.type):
                    continue
                self._entries.setdefault(key, {})[candidate] = None
                if cased:
                    self._cased.setdefault(key, set()).add(name.text.strip())
                else:
                    uncased.add(key)
        for key in uncased & self._cased.keys():
            del self._cased[key]  # somebody writes it in small letters too
        self._automaton = ahocorasick.Automaton()
        self._candidates: list[tuple[Candidate, ...]] = []
        for number, (key, found) in enumerate(sorted(self._entries.items())):
            self._candidates.append(tuple(sorted(found, key=_order)))
            self._automaton.add_word(f" {key} ", (number, len(key), self._cased.get(key)))
        self._automaton.make_automaton()

    def __len__(self) -> int:
        """Number of different keys."""
        return len(self._entries)

    @classmethod
    def from_graph(
        cls, graph: GraphSnapshot, *, types: Mapping[NodeType, EntityType] = NODE_TYPES_OF
    ) -> "Dictionary":
        """The labels and synonyms of a graph's nodes."""
        return cls(graph_names(graph, types=types))

    def matches(self, text: str) -> list[Match]:
        """Names in a text, from left to right, the longest where several overlap."""
        if not self._entries:
            return []
        found: list[tuple[int, int, int]] = []
        for end, (number, length, cased) in self._automaton.iter(f" {folded(text)} "):
            start = end - length - 1  # two spaces stand before the place in the text
            if cased is None or text[start : start + length] in cased:
                found.append((start, -(start + length), number))
        found.sort()
        matches = []
        place = 0
        for start, end, number in found:
            if start >= place:
                place = -end
                matches.append(Match(start=start, end=place, candidates=self._candidates[number]))
        return matches

    def lookup(self, surface: str, kind: EntityType) -> tuple[str, ...]:
        """The node that a name means, whatever its spelling; none when unknown or ambiguous."""
        for key in variants(surface):
            found = self._entries.get(key)
            if found:
                best = _best(found, kind)
                if best:
                    return best
        return ()


def graph_names(
    graph: GraphSnapshot, *, types: Mapping[NodeType, EntityType] = NODE_TYPES_OF
) -> Iterator[Name]:
    """Names of a graph's nodes; qualifiers of findings, and classes of everything, have none."""
    skipped = _qualifiers_of_findings(graph)
    for index, node in enumerate(graph.nodes()):
        kind = types.get(node.type)
        if kind is None or node.deprecated or index in skipped:
            continue
        # substances of mechanisms and bare codes stand behind what has a place in an ontology
        worse = 2 * (node.type is NodeType.CHEMICAL or prefix_of(node.id) in _BARE_CODES)
        if node.label:
            yield Name(text=node.label, type=kind, id=node.id, rank=worse)
        for synonym in node.synonyms:
            yield Name(text=synonym, type=kind, id=node.id, rank=worse + 1)


def _qualifiers_of_findings(graph: GraphSnapshot) -> frozenset[int]:
    roots = [index for curie in _NO_FINDINGS if (index := graph.index(curie)) is not None]
    if not roots:
        return frozenset()
    terms = Ontology.from_snapshot(graph, NodeType.PHENOTYPE)
    found: set[int] = set()
    for root in roots:
        position = terms.position(root)
        if position is not None:
            found.update(int(terms.nodes[p]) for p in terms.descendants_of(position))
    return frozenset(found)
