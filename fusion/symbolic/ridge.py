r"""Kernel ridge regression that can forget any group of its training diseases at once.

Decides the weights that a query gives to the diseases it may look at. With `K` the kernel of all
training diseases and `H = (K + \lambda I)^{-1}`, the weights of a query `k` without the group `G`
are

.. math:: w = v - v_G H_{GG}^{-1} H_{G,:}, \qquad v = k_{\setminus G} H

which is the solution on the remaining diseases exactly (inverse of a partitioned matrix), without
another inversion of the whole. Prediction is `w @ Y`.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import linalg

__all__ = ["ForgettingRidge"]

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int32]


class ForgettingRidge:
    """Weights of kernel ridge regression.

    Args:
        kernel: Positive semi-definite, `[n_known, n_known]`.
        ridge: Added to the diagonal, above 0.
    """

    def __init__(self, kernel: FloatArray, *, ridge: float) -> None:
        if ridge <= 0:
            raise ValueError(f"ridge: {ridge} must be above 0")
        shifted = np.array(kernel, dtype=np.float32, order="F")
        shifted[np.diag_indices_from(shifted)] += ridge
        lower, failed = linalg.lapack.spotrf(shifted, lower=1, overwrite_a=1)
        if failed:
            raise ValueError("kernel: not positive semi-definite; use a larger ridge")
        inverse, _ = linalg.lapack.spotri(lower, lower=1, overwrite_c=1)
        half = np.tril(inverse, -1)
        self._inverse: FloatArray = np.ascontiguousarray(np.tril(inverse) + half.T)

    def weights(self, similarity: FloatArray, without: Sequence[IntArray]) -> FloatArray:
        """Weight of each training disease for each query, 0 for those it must not know.

        Args:
            similarity: Kernel of queries and training diseases, `[n_queries, n_known]`.
            without: For each query the positions it must not know.
        """
        allowed = similarity.astype(np.float32, copy=True)
        for row, group in enumerate(without):
            allowed[row, group] = 0.0
        weights: FloatArray = allowed @ self._inverse
        for row, group in enumerate(without):
            if len(group):
                block = self._inverse[np.ix_(group, group)].astype(np.float64)
                share = np.linalg.solve(block, weights[row, group].astype(np.float64))
                weights[row] -= share.astype(np.float32) @ self._inverse[group]
                weights[row, group] = 0.0
        return weights
