"""Do probabilities and sets mean what they say? Measured on cases that the model has never seen.

Decides the numbers: expected calibration error of the first diagnosis, coverage and size of the
conformal sets, and how well "none of the catalogue" tells lists that lack the right disease from
lists that hold it. Intervals resample publications.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fusion.confidence import Confidence

from .metrics import Interval
from .plots import expected_calibration_error

__all__ = ["CertaintyResult", "cluster_weights", "measure_certainty", "resampled"]

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CertaintyResult:
    """How sure, and how rightly.

    Attributes:
        ece: Expected calibration error of the first diagnosis, ten bins.
        accuracy: Share of cases whose diagnosis stands first.
        confidence: Mean probability of the first diagnosis.
        coverage: Share of cases whose set holds the diagnosis.
        coverage_publications: The same, each publication counting one.
        coverage_stated: What the sets promise.
        set_size_median: Half of the sets are smaller.
        set_size_quartiles: First and third quartile.
        none_inside: Mean probability of "none" with the right disease in the list.
        none_outside: The same with the right disease taken out.
        none_auc: Chance that a list without the right disease has the higher probability of "none".
        first_probability: Of each case, for the reliability diagram.
        first_right: Whether it was right.
    """

    ece: Interval
    accuracy: float
    confidence: float
    coverage: Interval
    coverage_publications: Interval
    coverage_stated: float
    set_size_median: float
    set_size_quartiles: tuple[float, float]
    none_inside: float
    none_outside: float
    none_auc: float
    first_probability: FloatArray
    first_right: FloatArray

    def as_json(self) -> dict[str, Any]:
        """Plain numbers; those of single cases are left out."""
        hidden = ("first_probability", "first_right")
        values = {name: getattr(self, name) for name in self.__slots__ if name not in hidden}
        return {
            name: {"value": v.value, "low": v.low, "high": v.high} if isinstance(v, Interval) else v
            for name, v in values.items()
        }


def measure_certainty(
    confidence: Confidence,
    scores: npt.NDArray[np.float32],
    golds: list[tuple[int, ...]],
    clusters: npt.NDArray[np.integer],
    *,
    n_samples: int = 1000,
) -> CertaintyResult:
    """All numbers on some held-out cases.

    Args:
        confidence: Of the model.
        scores: `[n_cases, n_diseases]`, as the model gives them.
        golds: Catalogue positions of the diagnoses of each case.
        clusters: Connected component of publications of each case.
        n_samples: Bootstrap samples.
    """
    posterior = confidence.posterior(scores)
    beliefs = posterior.probabilities
    best = np.asarray(
        [max(gold, key=lambda at: row[at]) for gold, row in zip(golds, beliefs, strict=True)]
    )
    right = np.asarray(
        [float(int(row.argmax()) in gold) for gold, row in zip(golds, beliefs, strict=True)]
    )
    first = beliefs.max(axis=1)
    sizes = confidence.sets.sizes(beliefs)
    own = beliefs[np.arange(len(beliefs)), best][:, None]
    held = ((beliefs > own).sum(axis=1) < sizes).astype(np.float64)
    without = scores.copy()
    for row, gold in zip(without, golds, strict=True):
        row[list(gold)] = -np.inf
    outside = confidence.posterior(without).none
    weights = cluster_weights(clusters, n_samples=n_samples)
    _, at, count = np.unique(clusters, return_inverse=True, return_counts=True)
    share = 1.0 / count[at]
    low, high = np.percentile(sizes, [25, 75])
    return CertaintyResult(
        ece=resampled(weights, lambda w: expected_calibration_error(first, right, weights=w)),
        accuracy=float(right.mean()),
        confidence=float(first.mean()),
        coverage=resampled(weights, lambda w: float(w @ held / w.sum())),
        coverage_publications=resampled(
            weights, lambda w: float((w * share) @ held / (w * share).sum())
        ),
        coverage_stated=confidence.sets.coverage,
        set_size_median=float(np.median(sizes)),
        set_size_quartiles=(float(low), float(high)),
        none_inside=float(posterior.none.mean()),
        none_outside=float(outside.mean()),
        none_auc=_auc(outside, posterior.none),
        first_probability=first,
        first_right=right,
    )


def cluster_weights(
    clusters: npt.NDArray[np.integer], *, n_samples: int, seed: int = 0
) -> FloatArray:
    """Weights of the cases; the first row counts all alike, the others draw clusters.

    Returns:
        `[1 + n_samples, n_cases]`.
    """
    rng = np.random.default_rng(seed)
    _, own = np.unique(clusters, return_inverse=True)
    n = int(own.max()) + 1 if len(own) else 0
    drawn = rng.multinomial(n, np.full(n, 1.0 / n), size=n_samples)
    return np.concatenate([np.ones((1, len(own))), drawn[:, own].astype(np.float64)])


def resampled(weights: FloatArray, measure: Any) -> Interval:
    """A number with its 95% interval; the first row of weights gives the number."""
    values = [float(measure(row)) for row in weights if row.sum() > 0]
    low, high = np.percentile(values[1:], [2.5, 97.5]) if len(values) > 1 else (np.nan, np.nan)
    return Interval(value=values[0], low=float(low), high=float(high))


def _auc(positive: FloatArray, negative: FloatArray) -> float:
    """Chance that a positive stands above a negative; ties count half."""
    ordered = np.sort(negative)
    below = np.searchsorted(ordered, positive, side="left")
    upto = np.searchsorted(ordered, positive, side="right")
    return float((below + upto).mean() / 2.0 / max(len(ordered), 1))
