"""From ranks to numbers: top-k, reciprocal rank, mean rank, with intervals over publications.

Decides the averages. Micro: every case counts alike. Macro: every disease counts alike, the
headline, because a few diseases hold most of the cases. Intervals resample clusters (connected
components of publications), never cases: the patients of one paper are no independent observations.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

__all__ = ["METRICS", "Interval", "RankTable", "paired_differences"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int32]
BoolArray = npt.NDArray[np.bool_]

METRICS: tuple[str, ...] = (
    "top1",
    "top3",
    "top5",
    "top10",
    "mrr",
    "mean_rank",
    "macro_top1",
    "macro_top3",
    "macro_top5",
    "macro_top10",
    "macro_mrr",
    "macro_mean_rank",
)
"""Names of the metrics, micro first."""

_N_VALUES = len(METRICS) // 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A number with its 95% interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RankTable:
    """One ranker's rank of the right answer for each case.

    Attributes:
        rank: Realistic rank, 1 is best.
        disease: Diagnosis of each case, any numbering.
        cluster: Connected component of publications of each case.
    """

    rank: FloatArray
    disease: IntArray
    cluster: IntArray

    def __post_init__(self) -> None:
        if not len(self.rank) == len(self.disease) == len(self.cluster):
            raise ValueError("rank, disease and cluster must have one entry a case")

    def __len__(self) -> int:
        return len(self.rank)

    def select(self, mask: BoolArray) -> Self:
        """The cases where the mask is true."""
        return type(self)(
            rank=self.rank[mask], disease=self.disease[mask], cluster=self.cluster[mask]
        )

    def values(self) -> FloatArray:
        """What is averaged: hits at 1, 3, 5 and 10, reciprocal rank, rank; `[n_cases, 6]`."""
        hits = [(self.rank <= k).astype(np.float64) for k in (1, 3, 5, 10)]
        return np.stack([*hits, 1.0 / self.rank, self.rank], axis=1)

    def summary(self) -> dict[str, float]:
        """Every metric of `METRICS`; NaN without any case."""
        if not len(self):
            return dict.fromkeys(METRICS, float("nan"))
        weights = np.ones((1, len(self)))
        return dict(zip(METRICS, self._averages(weights)[0].tolist(), strict=True))

    def samples(self, *, n_samples: int = 1000, seed: int = 0) -> FloatArray:
        """Metrics of bootstrap samples of clusters, `[n_samples, n_metrics]`.

        The same seed draws the same clusters for tables of the same cases: differences are paired.
        """
        rng = np.random.default_rng(seed)
        clusters, own = np.unique(self.cluster, return_inverse=True)
        counts = rng.multinomial(
            len(clusters), np.full(len(clusters), 1.0 / len(clusters)), size=n_samples
        )
        return self._averages(counts[:, own].astype(np.float64))

    def intervals(self, *, n_samples: int = 1000, seed: int = 0) -> dict[str, Interval]:
        """Every metric with its 95% percentile interval."""
        if not len(self):
            return {name: Interval(value=np.nan, low=np.nan, high=np.nan) for name in METRICS}
        return _intervals(self.summary(), self.samples(n_samples=n_samples, seed=seed))

    def _averages(self, weights: FloatArray) -> FloatArray:
        """Metrics under case weights `[n_samples, n_cases]`."""
        values = self.values()
        micro = weights @ values / weights.sum(axis=1, keepdims=True)
        diseases, own = np.unique(self.disease, return_inverse=True)
        member = np.zeros((len(self), len(diseases)))
        member[np.arange(len(self)), own] = 1.0
        mass = weights @ member  # [n_samples, n_diseases]
        drawn = mass > 0
        macro = np.empty_like(micro)
        for at in range(_N_VALUES):
            total = weights @ (member * values[:, at : at + 1])
            mean = np.divide(total, mass, out=np.zeros_like(total), where=drawn)
            macro[:, at] = mean.sum(axis=1) / drawn.sum(axis=1)
        return np.concatenate([micro, macro], axis=1)


def _intervals(point: Mapping[str, float], samples: FloatArray) -> dict[str, Interval]:
    low, high = np.percentile(samples, [2.5, 97.5], axis=0)
    return {
        name: Interval(value=point[name], low=float(low[at]), high=float(high[at]))
        for at, name in enumerate(METRICS)
    }


def paired_differences(
    first: RankTable, second: RankTable, *, n_samples: int = 1000, seed: int = 0
) -> dict[str, Interval]:
    """First minus second on the same cases, with 95% intervals of the paired difference."""
    if not (
        np.array_equal(first.cluster, second.cluster)
        and np.array_equal(first.disease, second.disease)
    ):
        raise ValueError("paired differences need the same cases in the same order")
    one, two = first.summary(), second.summary()
    point = {name: one[name] - two[name] for name in METRICS}
    options = {"n_samples": n_samples, "seed": seed}
    return _intervals(point, first.samples(**options) - second.samples(**options))
