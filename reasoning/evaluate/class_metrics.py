"""Macro-F1 and balanced accuracy of few classes, with intervals over patients.

Decides that classes without a patient do not count, that several seeds are averaged before an
interval is taken, and that two methods are compared on the same drawn patients.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from .metrics import Interval

__all__ = ["CLASS_METRICS", "class_metrics", "class_samples", "difference", "interval"]

CLASS_METRICS = ("macro_f1", "balanced_accuracy")

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]


def class_metrics(
    gold: IntArray, predicted: IntArray, weights: FloatArray | None = None
) -> FloatArray:
    """Macro-F1 and balanced accuracy, `[n_samples, 2]`.

    Args:
        gold: Class of each patient.
        predicted: What was answered.
        weights: How often each patient was drawn, `[n_samples, n_patients]`; once by default.
    """
    if weights is None:
        weights = np.ones((1, len(gold)))
    classes = np.unique(gold)
    own = gold[None] == classes[:, None]  # [n_classes, n_patients]
    said = predicted[None] == classes[:, None]
    there = weights @ own.T
    right = weights @ (own & said).T
    answered = weights @ said.T
    drawn = there > 0
    recall = np.divide(right, there, out=np.zeros_like(right), where=drawn)
    f1 = np.divide(
        2 * right, there + answered, out=np.zeros_like(right), where=(there + answered) > 0
    )
    count = drawn.sum(axis=1)
    return np.stack(
        [np.where(drawn, f1, 0.0).sum(axis=1) / count, recall.sum(axis=1) / count], axis=1
    )


def class_samples(
    gold: IntArray, predicted: Sequence[IntArray], *, n_samples: int, seed: int = 0
) -> FloatArray:
    """Metrics of bootstrap samples of patients, the mean over seeds, `[n_samples, 2]`.

    The same seed draws the same patients for every method.
    """
    rng = np.random.default_rng(seed)
    n = len(gold)
    weights = rng.multinomial(n, np.full(n, 1.0 / n), size=n_samples).astype(np.float64)
    mean: FloatArray = np.mean([class_metrics(gold, one, weights) for one in predicted], axis=0)
    return mean


def interval(
    gold: IntArray, predicted: Sequence[IntArray], *, n_samples: int
) -> tuple[Interval, ...]:
    """Each metric, the mean over seeds, with its 95% interval."""
    point = np.mean([class_metrics(gold, one)[0] for one in predicted], axis=0)
    return _intervals(point, class_samples(gold, predicted, n_samples=n_samples))


def difference(
    gold: IntArray, first: Sequence[IntArray], second: Sequence[IntArray], *, n_samples: int
) -> tuple[Interval, ...]:
    """First minus second on the same patients, with the 95% interval of the difference."""
    point = np.mean([class_metrics(gold, one)[0] for one in first], axis=0) - np.mean(
        [class_metrics(gold, one)[0] for one in second], axis=0
    )
    return _intervals(
        point,
        class_samples(gold, first, n_samples=n_samples)
        - class_samples(gold, second, n_samples=n_samples),
    )


def _intervals(point: FloatArray, samples: FloatArray) -> tuple[Interval, ...]:
    low, high = np.percentile(samples, [2.5, 97.5], axis=0)
    return tuple(
        Interval(value=float(p), low=float(a), high=float(b))
        for p, a, b in zip(point, low, high, strict=True)
    )
