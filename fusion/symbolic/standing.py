"""Where a disease stands among those of which as much, more or less is known.

Decides the comparisons across the three groups of diseases: published patients, annotated only,
neither. Scores of one group are no measure for another: a disease with twenty published patients
explains a case in other numbers than one with nothing but relatives. A ranker sees the place of
each disease within its own group, and how far it stands from the best of each.
"""

import numpy as np
import numpy.typing as npt

from .comparable import log_rank
from .compiled import best_of_groups

__all__ = ["ANNOTATED", "GROUP_NAMES", "NEITHER", "SEEN", "Standing"]

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int32]

NEITHER, ANNOTATED, SEEN = 0, 1, 2
"""What is known of a disease: nothing of its own, annotations only, published patients."""

GROUP_NAMES = ("neither", "annotated", "seen")
"""Their names, in order."""


class Standing:
    """Comparisons within and between groups.

    Args:
        groups: Group of each disease.
    """

    def __init__(self, groups: IntArray) -> None:
        self._groups = np.asarray(groups, dtype=np.int32)
        self._members = {
            group: np.flatnonzero(groups == group) for group in (NEITHER, ANNOTATED, SEEN)
        }

    def rank(self, scores: FloatArray) -> FloatArray:
        """Logarithm of the rank within the own group, `[n_cases, n_diseases]`."""
        out = np.empty_like(scores)
        for members in self._members.values():
            if len(members):
                out[:, members] = log_rank(scores, members)
        return out

    def over(self, scores: FloatArray) -> dict[int, FloatArray]:
        """For each group, scores minus its best; minus 0 when the group is empty."""
        best = np.full((len(scores), len(GROUP_NAMES)), -np.inf, dtype=np.float32)
        best_of_groups(np.ascontiguousarray(scores, dtype=np.float32), self._groups, best)
        best[np.isneginf(best)] = 0.0
        return {group: scores - best[:, group, None] for group in self._members}
