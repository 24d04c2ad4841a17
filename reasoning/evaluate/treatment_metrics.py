"""How well treatments are ranked for each disease, with intervals over diseases.

Decides the numbers: area under the ROC curve, average precision, recall at 10 and 50, reciprocal
rank of the first right treatment; each is computed for one disease over the whole catalogue and
averaged over diseases. Among equal scores the order is one fixed random order, the same for every
ranker, so that a constant score earns what chance earns.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from .metrics import Interval

__all__ = ["TREATMENT_METRICS", "DiseaseTable", "pair_auroc", "paired_table_differences"]

FloatArray = npt.NDArray[np.float64]

TREATMENT_METRICS: tuple[str, ...] = ("auroc", "ap", "recall10", "recall50", "mrr")
"""Names of the metrics of one disease."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DiseaseTable:
    """Metrics of each disease under one ranker.

    Attributes:
        values: `[n_diseases, n_metrics]`, in the order of `TREATMENT_METRICS`.
    """

    values: FloatArray

    @classmethod
    def of(
        cls,
        scores: npt.ArrayLike,
        relevant: npt.ArrayLike,
        *,
        given: npt.NDArray[np.bool_] | None = None,
        seed: int = 0,
    ) -> Self:
        """Metrics from scores.

        Args:
            scores: `[n_diseases, n_treatments]`, higher is better; NaN counts as the worst.
            relevant: Which are right; every disease needs a right and a wrong one.
            given: Which are known and not ranked again; None for none.
            seed: Of the order among equal scores.

        >>> DiseaseTable.of([[3.0, 2.0, 1.0]], [[True, False, True]]).values.round(3).tolist()
        [[0.5, 0.833, 1.0, 1.0, 1.0]]
        """
        table = np.nan_to_num(np.asarray(scores, dtype=np.float64), nan=-np.inf)
        right = np.asarray(relevant, dtype=bool)
        n = table.shape[1] if table.ndim == 2 else 0
        order = np.random.default_rng(seed).permutation(n)
        if given is None:
            rows = [_one(table[i], right[i], order) for i in range(len(table))]
        else:
            asked = [order[~own[order]] for own in np.asarray(given, dtype=bool)]
            rows = [
                _one(table[i, own], right[i, own], np.arange(len(own)))
                for i, own in enumerate(asked)
            ]
        return cls(values=np.asarray(rows, dtype=np.float64).reshape(-1, len(TREATMENT_METRICS)))

    @classmethod
    def join(cls, parts: list[Self]) -> Self:
        """Tables of several folds, one after the other."""
        return cls(values=np.concatenate([part.values for part in parts]))

    def __len__(self) -> int:
        return len(self.values)

    def summary(self) -> dict[str, float]:
        """Mean over diseases of each metric."""
        mean = self.values.mean(axis=0) if len(self) else np.full(len(TREATMENT_METRICS), np.nan)
        return dict(zip(TREATMENT_METRICS, mean.tolist(), strict=True))

    def intervals(self, *, n_samples: int = 1000, seed: int = 0) -> dict[str, Interval]:
        """Mean of each metric with its 95% interval over diseases."""
        return _bootstrap(self.values, n_samples=n_samples, seed=seed)


def _one(
    scores: FloatArray, right: npt.NDArray[np.bool_], order: npt.NDArray[np.int64]
) -> FloatArray:
    n_right = int(right.sum())
    n_wrong = len(right) - n_right
    if not n_right or not n_wrong:
        raise ValueError("relevant: every disease needs a right and a wrong treatment")
    ranks = rankdata(scores)
    auroc = (ranks[right].sum() - n_right * (n_right + 1) / 2) / (n_right * n_wrong)
    best = order[np.argsort(-scores[order], kind="stable")]
    places = np.flatnonzero(right[best]) + 1
    return np.asarray(
        [
            auroc,
            np.mean(np.arange(1, n_right + 1) / places),
            np.mean(places <= 10),
            np.mean(places <= 50),
            1.0 / places[0],
        ]
    )


def paired_table_differences(
    first: DiseaseTable, second: DiseaseTable, *, n_samples: int = 1000, seed: int = 0
) -> dict[str, Interval]:
    """First minus second on the same diseases, with 95% intervals of the paired difference."""
    if len(first) != len(second):
        raise ValueError("paired differences need the same diseases in the same order")
    return _bootstrap(first.values - second.values, n_samples=n_samples, seed=seed)


def _bootstrap(values: FloatArray, *, n_samples: int, seed: int) -> dict[str, Interval]:
    n = len(values)
    if not n:
        nothing = Interval(value=np.nan, low=np.nan, high=np.nan)
        return dict.fromkeys(TREATMENT_METRICS, nothing)
    rng = np.random.default_rng(seed)
    draws = rng.multinomial(n, np.full(n, 1.0 / n), size=n_samples) @ values / n
    low, high = np.percentile(draws, [2.5, 97.5], axis=0)
    return {
        name: Interval(value=float(values[:, at].mean()), low=float(low[at]), high=float(high[at]))
        for at, name in enumerate(TREATMENT_METRICS)
    }


def pair_auroc(
    right: FloatArray,
    wrong: FloatArray,
    right_cluster: npt.NDArray[np.integer],
    wrong_cluster: npt.NDArray[np.integer],
    *,
    n_samples: int = 300,
    seed: int = 0,
) -> Interval:
    """Share of (right, wrong) pairs in the right order, all diseases pooled.

    Args:
        right: Scores of right pairs.
        wrong: Scores of pairs that a curator calls wrong.
        right_cluster: Disease of each right pair; the interval resamples diseases.
        wrong_cluster: Disease of each wrong pair.
        n_samples: Bootstrap samples.
        seed: Of the bootstrap.
    """
    if not len(right) or not len(wrong):
        return Interval(value=np.nan, low=np.nan, high=np.nan)
    clusters = np.unique(np.concatenate([right_cluster, wrong_cluster]))
    own, other = np.searchsorted(clusters, right_cluster), np.searchsorted(clusters, wrong_cluster)
    values, place = np.unique(np.concatenate([right, wrong]), return_inverse=True)

    def area(weight: FloatArray) -> float:
        up = np.bincount(place[: len(right)], weights=weight[own], minlength=len(values))
        down = np.bincount(place[len(right) :], weights=weight[other], minlength=len(values))
        below = np.cumsum(down) - down / 2
        total = up.sum() * down.sum()
        return float((up * below).sum() / total) if total else np.nan

    rng = np.random.default_rng(seed)
    n = len(clusters)
    drawn = rng.multinomial(n, np.full(n, 1.0 / n), size=n_samples).astype(np.float64)
    low, high = np.nanpercentile([area(weight) for weight in drawn], [2.5, 97.5])
    return Interval(value=area(np.ones(n)), low=float(low), high=float(high))
