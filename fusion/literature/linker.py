"""From a name in a text to an id: what it is called in training documents, in the graph, or nearly.

Decides the order of evidence: the long form of an abbreviation, the same name in training
documents, the same name in the graph, a shorter or reordered form of it, and last the nearest known
name by its runs of letters. A name that is near to none is "not in the catalogue": no id.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from kg.identifiers import prefix_of
from kg.literature import EntityType, Mention
from kg.literature.abbreviations import abbreviations

from .lexicon import Group, Lexicon
from .name_keys import key_of, word_key
from .name_neighbours import NameNeighbours
from .words import word_strings

__all__ = ["GoldNames", "How", "Link", "Linker"]

How = Literal["training", "graph", "part", "near", "none"]

_GROUPS_OF: Mapping[EntityType, tuple[Group, ...]] = {
    EntityType.CHEMICAL: ("chemical",),
    EntityType.DISEASE: ("disease", "phenotype"),
    EntityType.PHENOTYPE: ("phenotype", "disease"),
    EntityType.GENE: ("gene",),
}
_PREFERRED: Mapping[EntityType, tuple[str, ...]] = {
    EntityType.CHEMICAL: ("MESH",),
    EntityType.DISEASE: ("MESH", "OMIM"),
    EntityType.PHENOTYPE: ("MESH", "HP"),
    EntityType.GENE: ("NCBIGENE",),
}
# Words that say how a disease is, or which salt a drug is, and not what it is.
_SIDE_WORDS = frozenset(
    word_key(word)
    for line in (
        "acute chronic severe mild moderate transient reversible irreversible fatal persistent",
        "progressive recurrent symptomatic asymptomatic new onset drug induced experimental",
        "spontaneous spontaneously primary secondary idiopathic familial hereditary inherited",
        "sporadic advanced early late end stage adult pediatric human neonatal diffuse massive",
        "intense hydrochloride hcl sodium potassium sulfate acetate phosphate citrate maleate",
        "tartrate mesylate bromide hydrobromide chloride d l dl r s",
    )
    for word in line.split()
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What a name means.

    Attributes:
        ids: CURIEs, several for a composite name, none when it is not in the catalogue.
        how: What decided it.
        score: In [0, 1]; 1 for the same name.
    """

    ids: tuple[str, ...]
    how: How
    score: float


_NONE = Link(ids=(), how="none", score=0.0)


class GoldNames:
    """Names of training documents with the ids that people gave them.

    Args:
        counts: By key and type, how often each ids were given.
    """

    def __init__(
        self, counts: Mapping[tuple[str, EntityType], Mapping[tuple[str, ...], int]]
    ) -> None:
        self.counts = counts

    @classmethod
    def count(cls, mentions: Iterable[Mention]) -> "GoldNames":
        """Count gold mentions; those without an id teach nothing."""
        counts: dict[tuple[str, EntityType], Counter[tuple[str, ...]]] = defaultdict(Counter)
        for mention in mentions:
            key = key_of(word_strings(mention.text))
            if key and mention.ids:
                counts[key, mention.type][mention.ids] += 1
        return cls(counts)

    def ids(self, key: str, kind: EntityType) -> tuple[str, ...]:
        """The ids given most often; none when the name is unknown."""
        found = self.counts.get((key, kind))
        return max(sorted(found), key=lambda ids: found[ids]) if found else ()

    def save(self, path: Path) -> None:
        """Write as JSON."""
        rows = [
            [key, kind.value, list(ids), count]
            for (key, kind), found in sorted(self.counts.items())
            for ids, count in sorted(found.items())
        ]
        path.write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> "GoldNames":
        """Read what `save` wrote."""
        counts: dict[tuple[str, EntityType], Counter[tuple[str, ...]]] = defaultdict(Counter)
        for key, kind, ids, count in json.loads(path.read_text(encoding="utf-8")):
            counts[key, EntityType(kind)][tuple(ids)] = count
        return cls(counts)


class Linker:
    """Gives mentions their ids.

    Args:
        lexicon: The graph's names.
        gold: Names of the training documents.
        threshold: Least likeness of the nearest name.
        namespaces: Only nodes that have an id with one of these prefixes are meant; None takes
            all. The gold ids of a corpus are compared within its own namespaces.
    """

    def __init__(
        self,
        lexicon: Lexicon,
        gold: GoldNames,
        *,
        threshold: float = 0.85,
        namespaces: Mapping[EntityType, tuple[str, ...]] | None = None,
    ) -> None:
        self.lexicon = lexicon
        self.gold = gold
        self.threshold = threshold
        self.namespaces = namespaces
        self._known: dict[tuple[str, EntityType], Link] = {}

    def links(self, text: str, mentions: Sequence[tuple[int, int, EntityType]]) -> list[Link]:
        """Links of the mentions of one text."""
        longs = {short.short: short.long for short in abbreviations(text)}
        found = []
        for start, end, kind in mentions:
            surface = text[start:end]
            link = self.link(surface, kind)
            long = longs.get(surface)
            if long is not None:
                expanded = self.link(long, kind)
                # Two letters mean something else in each paper: their definition decides.
                if expanded.score >= 0.9 or len(surface) <= 3 or expanded.score > link.score:
                    link = expanded
            found.append(link)
        return found

    def link(self, surface: str, kind: EntityType) -> Link:
        """Link of one name by itself."""
        link = self._known.get((surface, kind))
        if link is None:
            if len(self._known) > 200_000:
                self._known.clear()
            link = self._known[surface, kind] = self._search(surface, kind)
        return link

    def _search(self, surface: str, kind: EntityType) -> Link:
        key = key_of(word_strings(surface))
        if not key:
            return _NONE
        exact = self._exact(key, kind)
        if exact is not None:
            return exact
        parts = key.split(" ")
        for shorter in _shortened(parts):
            part = self._exact(shorter, kind)
            if part is not None:
                return Link(ids=part.ids, how="part", score=0.9)
        if kind in _GROUPS_OF and len(key) > 4:
            near, likeness = self._neighbours(kind).nearest(key)
            if likeness >= self.threshold:
                found = self._exact(near, kind)
                if found is not None:
                    return Link(ids=found.ids, how="near", score=min(likeness, 0.89))
        return _NONE

    def _exact(self, key: str, kind: EntityType) -> Link | None:
        ids = self.gold.ids(key, kind)
        if ids:
            return Link(ids=ids, how="training", score=1.0)
        groups = _GROUPS_OF.get(kind, ())
        found = [
            (place, groups.index(group), curie)
            for group, ids in self.lexicon.nodes.get(key, ())
            if group in groups
            for place, curie in self._named(ids, kind)
        ]
        return Link(ids=(min(found)[2],), how="graph", score=1.0) if found else None

    def _named(self, ids: tuple[str, ...], kind: EntityType) -> list[tuple[int, str]]:
        """The id of a node that is given out, and how good its namespace is; or none."""
        wanted = None if self.namespaces is None else self.namespaces.get(kind, ())
        for place, prefix in enumerate(_PREFERRED.get(kind, ()) if wanted is None else wanted):
            for curie in ids:
                if prefix_of(curie) == prefix:
                    return [(place, curie)]
        return [(9, ids[0])] if wanted is None else []

    def _neighbours(self, kind: EntityType) -> NameNeighbours:
        own = (EntityType.CHEMICAL, EntityType.GENE)
        return self._by_kind[kind if kind in own else EntityType.DISEASE]

    @cached_property
    def _by_kind(self) -> dict[EntityType, NameNeighbours]:
        books = {}
        for kind in (EntityType.CHEMICAL, EntityType.DISEASE, EntityType.GENE):
            groups = set(_GROUPS_OF[kind])
            keys = {
                key
                for key, found in self.lexicon.nodes.items()
                if any(group in groups and self._named(ids, kind) for group, ids in found)
            }
            keys |= {key for key, of in self.gold.counts if of is kind}
            books[kind] = NameNeighbours(sorted(key for key in keys if len(key) > 4))
        return books


def _shortened(parts: Sequence[str]) -> list[str]:
    """Keys without side words, and the words the other way round around "of" and "in"."""
    kept = [part for part in parts if part not in _SIDE_WORDS]
    found = []
    if kept and len(kept) < len(parts):
        found.append(" ".join(kept))
    for word in ("of", "in"):
        if word in kept[1:-1]:
            place = kept.index(word)
            found.append(" ".join([*[p for p in kept[place + 1 :] if p != "the"], *kept[:place]]))
    return found
