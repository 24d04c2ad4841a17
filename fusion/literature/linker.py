"""From a name in a text to an id: what it is called in training documents, in the graph, or nearly.

Decides the order of evidence: the long form of an abbreviation, the same name in training
documents, the same name in the graph, a shorter, reordered or divided form of it, and last the
nearest known name by its runs of letters. A name that is near to none is "not in the catalogue".
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Literal

from kg.identifiers import prefix_of
from kg.literature import EntityType
from kg.literature.abbreviations import abbreviations

from .gold_names import GoldNames, id_form
from .lexicon import Group, Lexicon
from .name_keys import key_of
from .name_neighbours import NameNeighbours
from .name_variants import composite, shortened
from .words import word_strings

__all__ = ["How", "Link", "Linker"]

How = Literal["training", "graph", "part", "near", "none"]

_GROUPS_OF: Mapping[EntityType, tuple[Group, ...]] = {
    EntityType.CHEMICAL: ("chemical", "other"),
    EntityType.DISEASE: ("disease", "phenotype", "other"),
    EntityType.PHENOTYPE: ("phenotype", "disease", "other"),
    EntityType.GENE: ("gene",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What a name means.

    Attributes:
        ids: CURIEs, several for a composite name, none when it is not in the catalogue.
        how: What decided it.
        score: In [0, 1]; 1 for the same name in training documents.
    """

    ids: tuple[str, ...]
    how: How
    score: float


_BY_GRAPH = 0.95  # the same name in the graph: right less often than one that people linked
_NONE = Link(ids=(), how="none", score=0.0)


class Linker:
    """Gives mentions their ids.

    Args:
        lexicon: The graph's names.
        gold: Names of the training documents, one for each corpus.
        threshold: Least likeness of the nearest name.
        namespaces: Only ids with one of these prefixes are given out, as the gold of a corpus has
            them; None gives out nodes of the graph.
        corpus: Number of the corpus whose ids and forms of ids come first.
        in_graph: Tells whether an id is a node, by whatever name; None takes every id for one.
    """

    def __init__(
        self,
        lexicon: Lexicon,
        gold: Sequence[GoldNames],
        *,
        threshold: float = 0.85,
        namespaces: Mapping[EntityType, tuple[str, ...]] | None = None,
        corpus: int = 0,
        in_graph: Callable[[str], bool] | None = None,
    ) -> None:
        self.lexicon = lexicon
        self.gold = tuple(gold)
        self.threshold = threshold
        self.namespaces = namespaces
        self.in_graph = in_graph
        own = self.gold[corpus : corpus + 1]
        self._gold = (*own, *(names for names in self.gold if names not in own))
        self._forms = own[0].forms() if own else {}
        self._known: dict[tuple[str, EntityType], Link] = {}

    def following(
        self, namespaces: Mapping[EntityType, tuple[str, ...]], corpus: int | None
    ) -> "Linker":
        """The same linker, giving out ids as a corpus does."""
        return Linker(
            self.lexicon,
            self.gold,
            threshold=self.threshold,
            namespaces=namespaces,
            corpus=corpus or 0,
            in_graph=self.in_graph,
        )

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
        for shorter in shortened(key):
            part = self._exact(shorter, kind)
            if part is not None:
                return Link(ids=part.ids, how="part", score=0.9)
        for members in composite(key):
            found = [self._exact(member, kind) for member in members]
            ids = [one.ids for one in found if one is not None]
            if len(ids) == len(members):
                return Link(ids=tuple(dict.fromkeys(chain(*ids))), how="part", score=0.9)
        if kind in _GROUPS_OF and len(key) > 4:
            near, likeness = self._neighbours(kind).nearest(key)
            if likeness >= self.threshold:
                nearest = self._exact(near, kind)
                if nearest is not None:
                    return Link(ids=nearest.ids, how="near", score=min(likeness, 0.89))
        return _NONE

    def _exact(self, key: str, kind: EntityType) -> Link | None:
        marked: tuple[str, ...] = ()
        for names in self._gold:
            ids = names.ids(key, kind)
            if ids and self._fits(ids, kind):
                return Link(ids=ids, how="training", score=1.0)
            marked = marked or ids
        groups = _GROUPS_OF.get(kind, ())
        found = Counter(
            (rank, curie)
            for group, ids in self.lexicon.nodes.get(key, ())
            if group in groups
            for rank, curie in self._named(ids, kind, groups.index(group))
        )
        if found:
            # Of ids that are as good, the one that more sources give the name.
            best = min(found, key=lambda one: (one[0][0], -found[one], one[0][1], one[1]))
            return Link(ids=(best[1],), how="graph", score=_BY_GRAPH)
        if marked and self.namespaces is None:
            return Link(ids=marked, how="training", score=1.0)
        return None

    def _fits(self, ids: tuple[str, ...], kind: EntityType) -> bool:
        """Whether ids of training documents can be given out here."""
        if self.namespaces is None:
            return self.in_graph is None or all(map(self.in_graph, ids))
        forms = self._forms.get(kind, {})
        return not forms or all(id_form(curie) in forms for curie in ids)

    def _named(
        self, ids: tuple[str, ...], kind: EntityType, group: int
    ) -> Iterator[tuple[tuple[float, int], str]]:
        """Ids of a node that may be given out, with how good they are, less being better."""
        if self.namespaces is None:
            if self.in_graph is None or self.in_graph(ids[0]):
                yield (0.0, group), ids[0]
            return
        wanted, forms = self.namespaces.get(kind, ()), self._forms.get(kind, {})
        for curie in ids:
            if prefix_of(curie) in wanted:
                share = forms.get(id_form(curie), 0.0)
                # MeSH has given many substances a new id since a corpus was made, of a form that
                # the corpus does not know.
                if share or not forms:
                    yield (-share, group), curie

    def _neighbours(self, kind: EntityType) -> NameNeighbours:
        own = (EntityType.CHEMICAL, EntityType.GENE)
        return self._by_kind[kind if kind in own else EntityType.DISEASE]

    @cached_property
    def _by_kind(self) -> dict[EntityType, NameNeighbours]:
        books = {}
        for kind in (EntityType.CHEMICAL, EntityType.DISEASE, EntityType.GENE):
            groups = _GROUPS_OF[kind]
            keys = {
                key
                for key, found in self.lexicon.nodes.items()
                if any(group in groups and any(self._named(ids, kind, 0)) for group, ids in found)
            }
            keys |= {key for names in self._gold for key, of in names.counts if of is kind}
            books[kind] = NameNeighbours(sorted(key for key in keys if len(key) > 4))
        return books
