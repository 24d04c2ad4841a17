"""Scores of the diseases with most treatments, made once when a model is trained.

Decides which these are. A patient with eight common conditions would wait for scores of
all treatments for each, which are the same for everybody; those of other diseases are made when
they are asked for.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["ScoresAhead", "most_treated"]

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScoresAhead:
    """Scores of indication.

    Attributes:
        nodes: Diseases, ascending.
        scores: `[n_diseases, n_treatments]`.
    """

    nodes: IntArray
    scores: FloatArray

    def of(self, node: int) -> FloatArray | None:
        """`[n_treatments]`; None for a disease that is not among them."""
        at = int(np.searchsorted(self.nodes, node))
        found = at < len(self.nodes) and self.nodes[at] == node
        return self.scores[at] if found else None


def most_treated(labelled: IntArray, indicated: npt.NDArray[np.bool_], most: int) -> IntArray:
    """Those of some diseases that have most treatments, ascending.

    Args:
        labelled: The diseases, ascending.
        indicated: Their treatments, `[n_diseases, n_treatments]`.
        most: How many; of equal ones the first are taken.
    """
    first = np.argsort(-indicated.sum(axis=1), kind="stable")[:most]
    chosen: IntArray = np.sort(labelled[first])
    return chosen
