"""Intervals of a mean whose rows come in clusters.

Decides the bootstrap: clusters are drawn, and all rows of a cluster count as often as it is drawn.
"""

import numpy as np
import numpy.typing as npt

from .metrics import Interval

__all__ = ["cluster_draws", "interval_of"]

FloatArray = npt.NDArray[np.float64]


def cluster_draws(cluster: npt.NDArray[np.integer], n_samples: int, *, seed: int = 0) -> FloatArray:
    """How often each row counts in each sample, `[n_samples, n_rows]`."""
    clusters, member = np.unique(cluster, return_inverse=True)
    share = np.full(len(clusters), 1.0 / len(clusters))
    drawn = np.random.default_rng(seed).multinomial(len(clusters), share, size=n_samples)
    counts: FloatArray = drawn[:, member].astype(np.float64)
    return counts


def interval_of(values: FloatArray, draws: FloatArray) -> Interval:
    """Mean over rows with its 95% interval."""
    means = (draws @ values) / np.maximum(draws.sum(axis=1), 1.0)
    low, high = np.percentile(means, [2.5, 97.5])
    return Interval(value=float(values.mean()), low=float(low), high=float(high))
