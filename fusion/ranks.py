"""Where the right answer stands in a list, and averages of that.

Decides ties (realistic rank: the mean of best and worst place) and the macro average over diseases.
Intervals and comparisons are decided in `reasoning.evaluate`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["RankSummary", "realistic_rank", "summarise_ranks"]


def realistic_rank(scores: npt.NDArray[np.floating], gold: Sequence[int]) -> float:
    """Rank of the best gold entry, from 1; equal scores share the middle of their places.

    >>> realistic_rank(np.array([3.0, 1.0, 1.0]), [1])
    2.5
    """
    best = max(float(scores[position]) for position in gold)
    above = int((scores > best).sum())
    equal = int((scores == best).sum())
    return above + (equal + 1) / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class RankSummary:
    """Averages over cases (micro) and over diseases (macro).

    Attributes:
        n_cases: Number of cases.
        n_diseases: Number of distinct diagnoses.
        top1: Share of cases whose diagnosis stands first.
        top10: Share among the first ten.
        macro_top1: Mean over diseases of the share that stands first.
        macro_top10: Likewise among the first ten.
        macro_mrr: Mean over diseases of the mean reciprocal rank.
    """

    n_cases: int
    n_diseases: int
    top1: float
    top10: float
    macro_top1: float
    macro_top10: float
    macro_mrr: float


def summarise_ranks(ranks: Sequence[float], diseases: Sequence[int]) -> RankSummary:
    """Averages ranks, with the disease of each."""
    rank = np.asarray(ranks, dtype=np.float64)
    _, group = np.unique(np.asarray(diseases), return_inverse=True)
    size = np.bincount(group)

    def macro(values: npt.NDArray[np.float64]) -> float:
        return float((np.bincount(group, weights=values) / size).mean())

    first, ten = (rank <= 1).astype(np.float64), (rank <= 10).astype(np.float64)
    return RankSummary(
        n_cases=len(rank),
        n_diseases=len(size),
        top1=float(first.mean()),
        top10=float(ten.mean()),
        macro_top1=macro(first),
        macro_top10=macro(ten),
        macro_mrr=macro(1.0 / rank),
    )
