"""Pictures of an evaluation: rank curves and a reliability diagram.

Decides how they look, and the expected calibration error that the diagram carries.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from .results import ProtocolResult

__all__ = [
    "expected_calibration_error",
    "plot_rank_curves",
    "plot_reliability",
    "plot_reliability_of",
]

FloatArray = npt.NDArray[np.float64]

_BINS = 10


def _bins(
    confidence: FloatArray, correct: FloatArray, weights: FloatArray | None = None
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Share of cases, mean confidence and share of correct answers of each occupied bin."""
    weight = np.ones(len(confidence)) if weights is None else weights
    which = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    count = np.bincount(which, weight, minlength=_BINS)
    used = count > 0
    mean = np.bincount(which, weight * confidence, minlength=_BINS)[used] / count[used]
    right = np.bincount(which, weight * correct, minlength=_BINS)[used] / count[used]
    return count[used] / max(float(weight.sum()), 1e-9), mean, right


def expected_calibration_error(
    confidence: npt.ArrayLike, correct: npt.ArrayLike, *, weights: FloatArray | None = None
) -> float:
    """Mean distance of confidence and hit rate over ten equal bins (Naeini 2015).

    >>> expected_calibration_error([0.95, 0.95, 0.95, 0.95], [1, 1, 1, 1])
    0.05...
    """
    share, mean, right = _bins(
        np.asarray(confidence, dtype=np.float64), np.asarray(correct, dtype=np.float64), weights
    )
    return float((share * np.abs(mean - right)).sum())


def plot_reliability_of(
    confidence: npt.ArrayLike, correct: npt.ArrayLike, path: Path, *, title: str
) -> None:
    """Hit rate against confidence, with the number of cases of each bin."""
    first = np.asarray(confidence, dtype=np.float64)
    hit = np.asarray(correct, dtype=np.float64)
    share, mean, right = _bins(first, hit)
    figure = Figure(figsize=(5, 5), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="0.7", linestyle="--")
    axes.plot(mean, right, marker="o")
    for x, y, part in zip(mean, right, share, strict=True):
        axes.annotate(str(round(part * len(first))), (x, y), (3, -10), textcoords="offset points")
    error = expected_calibration_error(first, hit)
    axes.set(xlabel="probability of the first", ylabel="share correct", xlim=(0, 1), ylim=(0, 1))
    axes.set_title(f"{title}, ECE {error:.3f}")
    figure.savefig(path, dpi=120)


def plot_rank_curves(result: ProtocolResult, path: Path) -> None:
    """Share of cases whose diagnosis stands within the first k, macro over diseases, against k."""
    figure = Figure(figsize=(7, 5), layout="constrained")
    axes = figure.subplots()
    ks = np.unique(np.geomspace(1, 1000, 60).astype(int))
    for ranker in result.rankers:
        diseases, own = np.unique(ranker.table.disease, return_inverse=True)
        count = np.bincount(own)
        curve = [
            float((np.bincount(own, ranker.table.rank <= k, len(diseases)) / count).mean())
            for k in ks
        ]
        axes.plot(ks, curve, label=ranker.name)
    axes.set(xscale="log", xlabel="k", ylabel="within the first k (macro)", title=result.protocol)
    axes.set_ylim(0, 1)
    axes.grid(visible=True, alpha=0.3)
    axes.legend(fontsize="small")
    figure.savefig(path, dpi=120)


def plot_reliability(result: ProtocolResult, path: Path) -> bool:
    """Hit rate against confidence of the first answer; False when no ranker is calibrated."""
    calibrated = [ranker for ranker in result.rankers if ranker.confidence is not None]
    if not calibrated:
        return False
    figure = Figure(figsize=(5, 5), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="0.7", linestyle="--")
    for ranker in calibrated:
        confidence = np.asarray(ranker.confidence)
        correct = (ranker.table.rank <= 1).astype(np.float64)
        _, mean, right = _bins(confidence, correct)
        error = expected_calibration_error(confidence, correct)
        axes.plot(mean, right, marker="o", label=f"{ranker.name} (ECE {error:.3f})")
    axes.set(xlabel="confidence", ylabel="share correct", title=result.protocol)
    axes.legend(fontsize="small")
    figure.savefig(path, dpi=120)
    return True
