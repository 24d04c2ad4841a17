"""Where a treatment stands among all treatments of a disease.

Decides two transforms of a score: the logarithm of the place, and the share of the best. Scores of
one disease are no measure for another.
"""

import numpy as np
import numpy.typing as npt

__all__ = ["log_rank", "topped"]

FloatArray = npt.NDArray[np.float32]


def log_rank(scores: npt.NDArray[np.floating]) -> FloatArray:
    """Log of one plus the number of treatments that stand before each in its row.

    Of equal scores the first stands before; most scores are 0, and only the others are sorted.

    >>> np.expm1(log_rank(np.asarray([[0.0, 2.0, 0.0, -1.0]]))).round().tolist()
    [[1.0, 0.0, 2.0, 3.0]]
    """
    rank = np.empty(scores.shape, dtype=np.float32)
    places = np.arange(scores.shape[1], dtype=np.float32)
    for row, values in zip(rank, scores, strict=True):
        above, below = np.flatnonzero(values > 0), np.flatnonzero(values < 0)
        row[above[np.argsort(-values[above], kind="stable")]] = places[: len(above)]
        row[values == 0] = places[len(above) : len(values) - len(below)]
        row[below[np.argsort(-values[below], kind="stable")]] = places[len(values) - len(below) :]
    return np.log1p(rank)


def topped(scores: npt.NDArray[np.floating]) -> FloatArray:
    """Scores divided by the largest of the row."""
    top = np.maximum(scores.max(axis=1, keepdims=True), 1e-6)
    share: FloatArray = (scores / top).astype(np.float32)
    return share
