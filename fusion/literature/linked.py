"""A document whose names are linked: entities, where they are named, and pairs of them.

Decides what an entity of a document is (one id, all its mentions) and which pairs are asked about.
It is the same for gold entities and for those that the tagger and linker found.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from kg.literature import EntityType

from .words import Words

__all__ = ["Entity", "LinkedDocument", "Place", "linked_document"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One mention, in words.

    Attributes:
        start: First word.
        end: Behind the last word.
        sentence: Number of the sentence.
        sure: How sure its link is, in [0, 1]; 1 when people gave it.
        n_ids: How many things the name stands for.
    """

    start: int
    end: int
    sentence: int
    sure: float = 1.0
    n_ids: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """One thing that a document speaks of.

    Attributes:
        id: CURIE.
        type: What it is.
        places: Where it is named, in order.
    """

    id: str
    type: EntityType
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedDocument:
    """Words and entities of a document.

    Attributes:
        id: Name of the document.
        words: Its words.
        title_end: Number of sentences that the title has.
        entities: In the order of their first mention.
        covered: For each word the number of the entity that it names, -1 for none.
    """

    id: str
    words: Words
    title_end: int
    entities: tuple[Entity, ...]
    covered: tuple[int, ...]

    def pairs(self, types: Sequence[tuple[EntityType, EntityType]]) -> Iterator[tuple[int, int]]:
        """Numbers of the entities of each pair; a pair of the same type once, in order."""
        for first, one in enumerate(self.entities):
            for second, other in enumerate(self.entities):
                if one.id == other.id or (one.type, other.type) not in types:
                    continue
                if one.type is other.type and first > second:
                    continue
                yield first, second


def linked_document(
    id_: str,
    words: Words,
    mentions: Iterable[tuple[int, int, EntityType, tuple[str, ...], float]],
    *,
    title_characters: int,
) -> LinkedDocument:
    """Gather mentions into entities; those without ids are left out.

    Args:
        id_: Name of the document.
        words: Its words.
        mentions: First character, behind the last one, type, ids, how sure the ids are.
        title_characters: Length of the title.
    """
    begins = {start: number for number, start in enumerate(words.starts)}
    ends = {end: number + 1 for number, end in enumerate(words.ends)}
    sentence_of = [
        number for number, (first, last) in enumerate(words.sentences) for _ in range(first, last)
    ]
    places: dict[tuple[str, EntityType], list[Place]] = {}
    for start, end, kind, ids, sure in sorted(mentions, key=lambda m: (m[0], m[1])):
        first, last = begins.get(start), ends.get(end)
        if first is None or last is None or last <= first:
            continue
        place = Place(start=first, end=last, sentence=sentence_of[first], sure=sure, n_ids=len(ids))
        for id_of in ids:
            places.setdefault((id_of, kind), []).append(place)
    entities = tuple(
        Entity(id=key[0], type=key[1], places=tuple(found)) for key, found in places.items()
    )
    covered = [-1] * len(words)
    for number, entity in enumerate(entities):
        for place in entity.places:
            covered[place.start : place.end] = [number] * (place.end - place.start)
    title_end = sum(words.starts[first] < title_characters for first, _ in words.sentences)
    return LinkedDocument(
        id=id_,
        words=words,
        title_end=title_end,
        entities=entities,
        covered=tuple(covered),
    )
