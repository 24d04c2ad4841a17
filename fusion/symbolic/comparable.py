"""Scores made comparable between cases: how far ahead, and in which place.

Decides the two transforms that features use: a score in nats means little by itself, since a case
of twenty findings reaches values that one of three never does.
"""

import numpy as np
import numpy.typing as npt

__all__ = ["log_rank", "margin"]

FloatArray = npt.NDArray[np.float32]

_DEEPEST = 1000
_LOG_RANKS = np.log1p(np.arange(_DEEPEST + 1)).astype(np.float32)


def margin(scores: FloatArray) -> FloatArray:
    """Distance to the best other disease: positive for the first, negative for the rest."""
    ahead: FloatArray = scores - scores.max(axis=1, keepdims=True)
    if scores.shape[1] > 1:
        rows = np.arange(len(scores))
        first = scores.argmax(axis=1)
        others = scores.copy()
        others[rows, first] = -np.inf
        ahead[rows, first] = scores[rows, first] - others.max(axis=1)
    return ahead


def log_rank(scores: FloatArray) -> FloatArray:
    """Logarithm of the optimistic rank, the same for all that do not reach the best thousand.

    Equal scores share the best rank, so that the order of the catalogue says nothing.
    """
    out = np.empty_like(scores, dtype=np.float32)
    k = min(_DEEPEST, scores.shape[1])
    for row, values in zip(out, scores, strict=True):
        ordered = np.sort(values)[-k:]  # vectorised in numpy, and faster than a partition
        above = np.flatnonzero(values > ordered[0])
        row[:] = _LOG_RANKS[len(above)]
        ordered = ordered[len(ordered) - len(above) :]
        row[above] = _LOG_RANKS[len(above) - np.searchsorted(ordered, values[above], side="right")]
    return out
