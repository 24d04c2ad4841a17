"""How alike two names are by their letters and words.

Decides what the pieces of a name are: words for diseases (embeddings blur rare words), runs of
letters for treatments, whose endings tell the class (-mab, -pril, -statin) and whose salts and
combinations repeat the ingredient. Weights and cosines are decided in `fusion.symbolic.kernels`.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from scipy import sparse

__all__ = ["letter_runs", "piece_counts", "words"]

_NOT_A_WORD = re.compile(r"[^a-z0-9]+")
_SHORTEST_STEM = 4


def words(text: str) -> list[str]:
    """Words of at least 3 letters with and without a plural or adjective ending.

    >>> words("Thyroid carcinomas, type 2")
    ['thyroid', 'carcinomas', 'carcinoma', 'type']
    """
    found = []
    for word in _NOT_A_WORD.split(text.casefold()):
        if len(word) < 3:
            continue
        found.append(word)
        stem = word.removesuffix("s")
        if stem != word and len(stem) >= _SHORTEST_STEM:
            found.append(stem)
    return found


def letter_runs(text: str, *, shortest: int = 3, longest: int = 5) -> list[str]:
    """Runs of letters inside the words of a name; `^` and `$` mark the ends of a word.

    >>> letter_runs("ab")
    ['^ab', 'ab$', '^ab$']
    """
    found = []
    for word in _NOT_A_WORD.split(text.casefold()):
        marked = f"^{word}$"
        if word:
            found += [
                marked[start : start + size]
                for size in range(shortest, longest + 1)
                for start in range(len(marked) - size + 1)
            ]
    return found


def piece_counts(
    texts: Sequence[str], rows: Iterable[int], *, n_rows: int, cut: Callable[[str], list[str]]
) -> Any:
    """CSR `[n_rows, n_pieces]` of the pieces of each text; a piece of one text only is left out.

    Args:
        texts: One text for each of `rows`.
        rows: Where each text belongs.
        n_rows: Height of the matrix.
        cut: `words` or `letter_runs`.
    """
    column_of: dict[str, int] = {}
    row_at: list[int] = []
    column_at: list[int] = []
    for row, text in zip(rows, texts, strict=True):
        pieces = set(cut(text))
        column_at.extend(column_of.setdefault(piece, len(column_of)) for piece in sorted(pieces))
        row_at.extend([row] * len(pieces))
    carriers = np.bincount(column_at, minlength=len(column_of))
    shape = (n_rows, len(column_of))
    matrix = sparse.csr_matrix((np.ones(len(row_at), np.float32), (row_at, column_at)), shape=shape)
    return matrix[:, np.flatnonzero(carriers > 1)]
