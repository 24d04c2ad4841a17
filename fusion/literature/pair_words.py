"""The words around two entities, as a bag for linear models.

Decides which words count: those between two names in a sentence with their order, a few before and
behind, and for one entity the words near each of its names. Names themselves are replaced by their
types, so that the model reads the language and not the drug.
"""

from collections.abc import Iterator, Sequence

from .linked import Entity, LinkedDocument, Place
from .name_keys import word_key

__all__ = ["entity_bag", "folded_words", "pair_bag"]

_NEAR = 4
_BETWEEN = 14


def folded_words(document: LinkedDocument) -> list[str]:
    """The words of a document as the bags know them, whatever they name."""
    return ["0" if word.isdigit() else word_key(word) or word for word in document.words.strings()]


def pair_bag(document: LinkedDocument, folded: Sequence[str], first: int, second: int) -> list[str]:
    """Features of the sentences that name both, and of neighbouring ones when none does.

    Args:
        document: The document.
        folded: Its words (`folded_words`).
        first: Number of the first entity.
        second: Number of the second one.
    """
    bag: list[str] = []
    one, other = document.entities[first], document.entities[second]
    for a, b in _same_sentence(one, other):
        order = "ab" if a.start < b.start else "ba"
        left, right = (a, b) if order == "ab" else (b, a)
        bounds = document.words.sentences[a.sentence]
        middle = _folded(document, folded, left.end, right.start, first, second)
        if len(middle) > 2 * _BETWEEN:
            middle = [*middle[:_BETWEEN], "...", *middle[-_BETWEEN:]]
        before = _folded(
            document, folded, max(bounds[0], left.start - _NEAR), left.start, first, second
        )
        after = _folded(
            document, folded, right.end, min(bounds[1], right.end + _NEAR), first, second
        )
        bag.extend(f"m:{gram}" for gram in _grams(middle, 3))
        bag.extend(f"{order}:{gram}" for gram in _grams([*before[-1:], "<", *middle, ">"], 3))
        bag.extend(f"l{order}:{gram}" for gram in _grams(before, 2))
        bag.extend(f"r{order}:{gram}" for gram in _grams(after, 2))
        if len(middle) <= 4:
            bag.append(f"{order}={' '.join(middle)}")
    return bag


def entity_bag(document: LinkedDocument, folded: Sequence[str], number: int) -> list[str]:
    """Features of all names of one entity."""
    bag: list[str] = []
    for place in document.entities[number].places:
        begin, end = document.words.sentences[place.sentence]
        before = _folded(document, folded, max(begin, place.start - 5), place.start, number, number)
        after = _folded(document, folded, place.end, min(end, place.end + 5), number, number)
        bag.extend(f"l:{gram}" for gram in _grams(before, 2))
        bag.extend(f"r:{gram}" for gram in _grams(after, 2))
        bag.append(f"L:{' '.join(before[-2:])}")
        bag.append(f"R:{' '.join(after[:2])}")
        if place.sentence < document.title_end:
            bag.append(f"T:{' '.join(before[-1:])}|{' '.join(after[:1])}")
        near = _folded(document, folded, begin, end, number, number)
        bag.extend(f"s:{word}" for word in near)
    return bag


def _same_sentence(one: Entity, other: Entity) -> Iterator[tuple[Place, Place]]:
    """The nearest names in each sentence that has both."""
    by_sentence: dict[int, tuple[int, Place, Place]] = {}
    for a in one.places:
        for b in other.places:
            if a.sentence != b.sentence or (a.start < b.end and b.start < a.end):
                continue
            distance = b.start - a.end if a.start < b.start else a.start - b.end
            kept = by_sentence.get(a.sentence)
            if kept is None or distance < kept[0]:
                by_sentence[a.sentence] = (distance, a, b)
    for _, a, b in by_sentence.values():
        yield a, b


def _folded(
    document: LinkedDocument,
    folded: Sequence[str],
    start: int,
    end: int,
    first: int,
    second: int,
) -> list[str]:
    """Words with names replaced by what they are."""
    found: list[str] = []
    last = -1
    for place, number in enumerate(document.covered[start:end], start):
        if number < 0:
            found.append(folded[place])
        elif number != last:
            kind = document.entities[number].type.value.upper()
            found.append(f"{kind}1" if number in (first, second) else kind)
        last = number
    return found


def _grams(words: list[str], longest: int) -> Iterator[str]:
    for size in range(1, longest + 1):
        for start in range(len(words) - size + 1):
            yield " ".join(words[start : start + size])
