"""Scores made comparable between cases: how far ahead, and in which place.

Decides the two transforms that features use: a score in nats means little by itself, since a case
of twenty findings reaches values that one of three never does.
"""

import numpy as np
import numpy.typing as npt

__all__ = ["log_rank", "margin"]

FloatArray = npt.NDArray[np.float32]

_DEEPEST = 1000
_STRIDE = 16
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
        above = _above_the_last(values, k)
        row[:] = _LOG_RANKS[len(above)]
        reached = values[above]
        row[above] = _LOG_RANKS[
            len(above) - np.searchsorted(np.sort(reached), reached, side="right")
        ]
    return out


def _above_the_last(values: FloatArray, k: int) -> npt.NDArray[np.intp]:
    """Positions of the values above the k-th largest."""
    sample = np.sort(values[::_STRIDE])
    beyond = len(sample) - max(2 * k // _STRIDE, 1)
    if beyond > 0:  # about twice as many as asked for are above this, and few need sorting
        guess = sample[beyond]
        above = np.flatnonzero(values > guess)
        if len(above) >= k:
            reached = values[above]
            far: npt.NDArray[np.intp] = above[reached > np.partition(reached, len(reached) - k)[-k]]
            return far
        if np.count_nonzero(values >= guess) >= k:  # ties: the guess is the k-th largest itself
            return above
    return np.flatnonzero(values > np.partition(values, len(values) - k)[-k])
