"""What is known of each word before the network reads it.

Decides the columns: which known names cover the word (begin, inside, end, alone), how often its
spelling was marked elsewhere, what its letters look like; and the hashed runs of letters that the
tagger learns vectors for.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float
from numpy import ndarray as Array

from kg.literature import EntityType

from .lexicon import GROUPS, Lexicon
from .name_shapes import SHAPE_CLASSES, NameShapes
from .surfaces import Surfaces
from .words import Words

__all__ = ["FEATURE_WIDTH", "KNOWN_WIDTH", "LETTER_BUCKETS", "WordKnowledge", "letter_runs"]

LETTER_BUCKETS = 1 << 15
_TYPES = tuple(EntityType)
_LEXICON_WIDTH = 4 * len(GROUPS)
_SURFACE_WIDTH = 4 * len(_TYPES)
_FLAGS = 5
KNOWN_WIDTH = _LEXICON_WIDTH + _SURFACE_WIDTH
"""The first columns: what lists of names and training documents say of a word."""
FEATURE_WIDTH = KNOWN_WIDTH + len(SHAPE_CLASSES) + _FLAGS


@lru_cache(maxsize=1 << 17)
def letter_runs(word: str) -> tuple[int, ...]:
    """Buckets of the word, its form, and its runs of 3 to 5 letters; 0 is no word."""
    form = "".join(
        "X" if c.isupper() else "x" if c.islower() else "0" if c.isdigit() else c for c in word[:12]
    )
    marked = f"<{word.lower()[:30]}>"
    runs = {f"w{marked}", f"f{form}"}
    for size in (3, 4, 5):
        runs.update(marked[i : i + size] for i in range(len(marked) - size + 1))
    codes = (zlib.crc32(run.encode("utf-8", "replace")) for run in runs)
    return tuple(sorted(1 + code % (LETTER_BUCKETS - 1) for code in codes))


@dataclass(frozen=True, slots=True, kw_only=True)
class WordKnowledge:
    """All that is known of words before training.

    Attributes:
        lexicon: The graph's names.
        surfaces: Statistics of spellings in the training documents.
        shapes: Classifier of words by their letters.
    """

    lexicon: Lexicon
    surfaces: Surfaces
    shapes: NameShapes

    def features(
        self, words: Words, *, own: str | None = None
    ) -> Float[Array, "n_words n_features"]:
        """Feature columns of all words of a text.

        Args:
            words: The text.
            own: Its id when it is a training document, whose own marks are not looked at.
        """
        strings = words.strings()
        table = np.zeros((len(strings), FEATURE_WIDTH), dtype=np.float32)
        by_group = _by_group(self.lexicon, strings)
        for number, group in enumerate(GROUPS):
            covered = -1
            # Longest first from the left, for each group by itself.
            for start, end in by_group[group]:
                if start >= covered:
                    _mark(table, start, end, 4 * number, 1.0)
                    covered = end
        for start, end, kind, share in self.surfaces.found(strings, own):
            # The tagger sees both that the spelling is known and how often it was marked.
            _mark(table, start, end, _LEXICON_WIDTH + 4 * _TYPES.index(kind), 2.0 * share - 0.5)
        begin = KNOWN_WIDTH
        table[:, begin : begin + len(SHAPE_CLASSES)] = self.shapes.scores(strings)
        table[:, begin + len(SHAPE_CLASSES) :] = _flags(words, strings)
        return table


def _by_group(lexicon: Lexicon, strings: Sequence[str]) -> dict[str, list[tuple[int, int]]]:
    found: dict[str, list[tuple[int, int]]] = {group: [] for group in GROUPS}
    for start, end, _, groups in lexicon.found(strings):
        for group in groups:
            places = found[group]
            if places and places[-1][0] == start:
                places[-1] = (start, end)
            else:
                places.append((start, end))
    return found


def _mark(
    table: Float[Array, "n_words n_features"], start: int, end: int, column: int, value: float
) -> None:
    if end - start == 1:
        table[start, column + 3] = value
        return
    table[start, column] = value
    table[start + 1 : end - 1, column + 1] = value
    table[end - 1, column + 2] = value


def _flags(words: Words, strings: Sequence[str]) -> Float[Array, "n_words n_features"]:
    text = f"{words.text} "
    rows = [
        (
            word.isupper() and word.isalpha(),
            word[0].isupper(),
            word.isdigit(),
            start > 0 and text[start - 1] not in " \n",
            text[end] not in " \n",
        )
        for word, start, end in zip(strings, words.starts, words.ends, strict=True)
    ]
    return np.array(rows, dtype=np.float32).reshape(len(rows), _FLAGS)
