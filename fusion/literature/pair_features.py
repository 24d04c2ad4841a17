"""Numbers that describe a pair of entities of a document.

Decides the columns: how often and where the two are named, how near, in which order, beside which
rivals; how sure their links are; and whether a more specific entity stands beside them. Words are
in `fusion.literature.pair_words`.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from jaxtyping import Float
from numpy import ndarray as Array

from .linked import Entity, LinkedDocument
from .name_keys import key_of

__all__ = ["PAIR_COLUMNS", "PriorKnowledge", "pair_columns"]

_ENTITY_COLUMNS = (
    "count", "share", "rank", "first", "last", "title", "sentences", "first_is",
    "closing", "specific", "surest", "sure", "members",
)  # fmt: skip
_JOINT_COLUMNS = (
    "together", "together_share_a", "together_share_b", "nearest_words", "nearest_sentences",
    "order", "title_both", "between", "first_together", "last_together", "rank_near_a",
    "rank_near_b", "adjacent", "a_first", "cooccur_rank",
)  # fmt: skip
PAIR_COLUMNS: tuple[str, ...] = (
    *(f"a_{name}" for name in _ENTITY_COLUMNS),
    *(f"b_{name}" for name in _ENTITY_COLUMNS),
    *_JOINT_COLUMNS,
)


class PriorKnowledge(Protocol):
    """What was known of two things before the paper was read."""

    @property
    def names(self) -> tuple[str, ...]:
        """Columns."""
        ...

    def columns(self, first: str, second: str) -> tuple[float, ...]:
        """Values for a pair of CURIEs."""
        ...


def pair_columns(
    document: LinkedDocument, pairs: Sequence[tuple[int, int]]
) -> Float[Array, "n_cases n_features"]:
    """One row for each pair.

    How many pairs a document has is no column: each document of BC5CDR has a relation, so that a
    lone pair is always right there and nowhere else.
    """
    entities = document.entities
    if not pairs:
        return np.zeros((0, len(PAIR_COLUMNS)), dtype=np.float32)
    single = [_entity(document, number) for number in range(len(entities))]
    joint = {pair: _joint(document, entities[pair[0]], entities[pair[1]]) for pair in pairs}
    together = {pair: row[0] for pair, row in joint.items()}
    rows = []
    for pair in pairs:
        first, second = pair
        n_here, words_apart, sentences_apart, order, title, between, begin, last = joint[pair]
        of_a = [other for other in pairs if other[0] == first]
        of_b = [other for other in pairs if other[1] == second]
        rows.append(
            (
                *single[first],
                *single[second],
                n_here,
                n_here / max(sum(together[o] for o in of_a), 1),
                n_here / max(sum(together[o] for o in of_b), 1),
                words_apart,
                sentences_apart,
                order,
                title,
                between,
                begin,
                last,
                sum(joint[o][1] < words_apart for o in of_a),
                sum(joint[o][1] < words_apart for o in of_b),
                float(words_apart <= 1),
                float(entities[first].places[0].start < entities[second].places[0].start),
                sum(together[o] > n_here for o in pairs),
            )
        )
    return np.array(rows, dtype=np.float32)


def _entity(document: LinkedDocument, number: int) -> tuple[float, ...]:
    entity = document.entities[number]
    same = [other for other in document.entities if other.type is entity.type]
    counts = [len(other.places) for other in same]
    count, n_sentences = len(entity.places), max(len(document.words.sentences), 1)
    return (
        float(count),
        count / sum(counts),
        float(sum(other > count for other in counts)),
        entity.places[0].sentence / n_sentences,
        entity.places[-1].sentence / n_sentences,
        float(entity.places[0].sentence < document.title_end),
        float(len({place.sentence for place in entity.places})),
        float(sum(other.places[0].start < entity.places[0].start for other in same)),
        float(entity.places[-1].sentence >= n_sentences - 2),
        float(_has_more_specific(document, entity, same)),
        max(place.sure for place in entity.places),
        sum(place.sure for place in entity.places) / count,
        float(max(place.n_ids for place in entity.places)),
    )


def _has_more_specific(document: LinkedDocument, entity: Entity, same: Sequence[Entity]) -> bool:
    """True when another entity's name contains this one's: "tremor" beside "postural tremor"."""
    own = _names(document, entity)
    longer = [_names(document, other) for other in same if other.id != entity.id]
    return any(name < other for names in longer for other in names for name in own)


def _names(document: LinkedDocument, entity: Entity) -> set[frozenset[str]]:
    strings = document.words.word
    return {
        frozenset(key_of([strings(word) for word in range(place.start, place.end)]).split())
        for place in entity.places
    }


def _joint(document: LinkedDocument, one: Entity, other: Entity) -> tuple[float, ...]:
    here: set[int] = set()
    nearest, apart, order, between = 400, 40, 0.0, 0
    for a in one.places:
        for b in other.places:
            apart = min(apart, abs(a.sentence - b.sentence))
            if a.sentence != b.sentence:
                continue
            here.add(a.sentence)
            distance = max(b.start - a.end if a.start <= b.start else a.start - b.end, 0)
            order += 1.0 if a.start < b.start else -1.0
            if distance < nearest:
                nearest = distance
                low, high = sorted((a.end, b.start) if a.start <= b.start else (b.end, a.start))
                between = len({n for n in document.covered[low:high] if n >= 0})
    n_sentences = max(len(document.words.sentences), 1)
    return (
        float(len(here)),
        float(nearest),
        float(apart),
        order,
        float(any(sentence < document.title_end for sentence in here)),
        float(between),
        min(here) / n_sentences if here else 2.0,
        max(here) / n_sentences if here else -1.0,
    )
