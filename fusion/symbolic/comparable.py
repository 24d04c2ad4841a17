"""Scores made comparable between cases: how far ahead, and in which place.

Decides the two transforms that features use: a score in nats means little by itself, since a case
of twenty findings reaches values that one of three never does.
"""

import numpy as np
import numpy.typing as npt

from .compiled import log_ranks

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


def log_rank(scores: FloatArray, members: npt.NDArray[np.intp] | None = None) -> FloatArray:
    """Logarithm of the optimistic rank, the same for all that do not reach the best thousand.

    Equal scores share the best rank, so that the order of the catalogue says nothing.

    Args:
        scores: `[n_cases, n_diseases]`.
        members: Columns that are compared with each other; None compares all.

    Returns:
        `[n_cases, n_members]`.

    Raises:
        ValueError: A score is infinite or not a number.
    """
    if not np.isfinite(scores).all():  # compiled code does not look where it writes
        raise ValueError("log_rank: scores must be finite")
    columns = np.arange(scores.shape[1]) if members is None else members
    out = np.empty((len(scores), len(columns)), dtype=np.float32)
    if out.size:
        log_ranks(np.ascontiguousarray(scores, dtype=np.float32), columns, _LOG_RANKS, out)
    return out
