r"""Sets of diagnoses that hold the right one as often as they say.

Decides how a set is cut from probabilities: split conformal prediction (Vovk et al. 2005; adaptive
sets after Romano et al. 2020, arXiv:2006.02544, without randomisation). A disease's nonconformity
is the probability mass of all diseases before it; a set holds the diseases whose nonconformity does
not exceed the threshold, and always the first.

The unit is the publication: patients of one paper are alike, so each connected component of
publications weighs one in the threshold, and the finite-sample correction counts components and not
cases (after Dunn et al. 2022, arXiv:1809.07441). The promise is about patients whose disease is in
the catalogue and who come from a publication like those of the calibration.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

__all__ = ["ConformalSets", "nonconformity"]

FloatArray = npt.NDArray[np.float64]

_HEAD = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ConformalSets:
    """A threshold with what it promises.

    Attributes:
        coverage: Share of patients whose set holds their disease, at least.
        threshold: Largest nonconformity of a member; infinite when the calibration part is too
            small to promise anything less than the whole catalogue.
        n_clusters: Independent publications that the threshold was found on.
    """

    coverage: float
    threshold: float
    n_clusters: int

    def __post_init__(self) -> None:
        if not 0 < self.coverage < 1:
            raise ValueError(f"coverage: {self.coverage} is not between 0 and 1")

    @classmethod
    def fit(
        cls, values: FloatArray, clusters: npt.NDArray[np.integer], *, coverage: float = 0.9
    ) -> Self:
        """The smallest threshold that keeps the promise.

        Args:
            values: Nonconformity of the right diagnosis of each case.
            clusters: Connected component of publications of each case.
            coverage: Wanted share.

        >>> sets = ConformalSets.fit(np.arange(1, 20) / 20, np.arange(19), coverage=0.9)
        >>> sets.threshold, sets.n_clusters
        (0.9, 19)
        """
        _, own, sizes = np.unique(clusters, return_inverse=True, return_counts=True)
        weight = 1.0 / sizes[own]
        order = np.argsort(values, kind="stable")
        reached = np.cumsum(weight[order])
        needed = coverage * (len(sizes) + 1)
        at = int(np.searchsorted(reached, needed - 1e-9))
        threshold = float(values[order[at]]) if at < len(values) else float("inf")
        return cls(coverage=coverage, threshold=threshold, n_clusters=len(sizes))

    def sizes(self, probabilities: FloatArray) -> npt.NDArray[np.int64]:
        """Number of members of each case's set, at least 1; the members are the first so many."""
        sizes = np.empty(len(probabilities), dtype=np.int64)
        for row, values in enumerate(probabilities):
            total = max(float(values.sum()), 1e-300)
            size, n = 0, min(_HEAD, len(values))
            while True:  # most sets end among the first: the rest is then not sorted
                head = np.sort(-np.partition(-values, n - 1)[:n])[::-1]
                before = (np.cumsum(head) - head) / total
                size = int(np.searchsorted(before, self.threshold, side="right"))
                if size < n or n == len(values):
                    break
                n = len(values)
            sizes[row] = max(size, 1)
        return sizes


def nonconformity(probabilities: FloatArray, gold: npt.NDArray[np.integer]) -> FloatArray:
    """Share of the catalogue's mass on diseases more probable than the right one, `[n_cases]`.

    Args:
        probabilities: `[n_cases, n_diseases]`.
        gold: Catalogue position of the diagnosis of each case.
    """
    right = probabilities[np.arange(len(probabilities)), gold][:, None]
    before = np.where(probabilities > right, probabilities, 0.0).sum(axis=1)
    total: FloatArray = np.maximum(probabilities.sum(axis=1), 1e-300)
    share: FloatArray = before / total
    return share
