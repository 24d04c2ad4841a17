"""Held-out pairs: the easier question, of diseases whose other treatments are known.

Decides the control of that split. A tested pair of disease and treatment is unknown from every
source; all other treatments of the disease and of its family may be known and are read, and are
not ranked again. Pairs of a curator who says that they are wrong are held out likewise. What makes
it easier: a drug of the class of a known treatment is mostly right. Numbers of this split say
nothing of a disease that nobody treats yet.
"""

import numpy as np
import numpy.typing as npt
from scipy import sparse

from fusion.symbolic.pairs import PairOptions
from fusion.symbolic.treatments import TreatmentLabels
from kg.snapshot import GraphSnapshot

from .treatment_protocol import TreatmentFold, TreatmentSplit, TreatmentTask

__all__ = ["PairSplit"]

FloatArray = npt.NDArray[np.float32]


class PairSplit(TreatmentSplit):
    """Folds of the pairs of one task over one graph; arguments as for `TreatmentSplit`.

    Args:
        seed: Of the order in which pairs are dealt.
    """

    held_out = "pairs"

    def __init__(
        self,
        snapshot: GraphSnapshot,
        text: FloatArray,
        task: TreatmentTask,
        *,
        n_folds: int = 5,
        options: PairOptions | None = None,
        names: FloatArray | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__(snapshot, text, task, n_folds=n_folds, options=options, names=names)
        asked = (self.answers + self.wrong).tocsr()
        asked.sort_indices()
        numbers = np.random.default_rng(seed).permutation(asked.nnz) % n_folds
        asked.data = (numbers + 1).astype(np.float32)
        self._fold_of_pair = asked

    def fold(self, number: int) -> TreatmentFold:
        """One fold: some pairs of many diseases."""
        held = (self._fold_of_pair == number + 1).astype(np.float32).tocsr()
        answers = self.answers.multiply(held).tocsr()
        labels = TreatmentLabels(
            indicated=_without(self.labels.indicated, held),
            forbidden=_without(self.labels.forbidden, held),
        )
        return TreatmentFold(
            number=number,
            split=self,
            tested=np.flatnonzero(np.diff(answers.indptr)).astype(np.int32),
            labels=labels,
            n_dropped=0,
            answers=answers,
            wrong=self.wrong.multiply(held).tocsr(),
            given=(labels.indicated + labels.forbidden).tocsr(),
            held=held,
        )


def _without(labels: sparse.csr_matrix, held: sparse.csr_matrix) -> sparse.csr_matrix:
    left = (labels - labels.multiply(held)).tocsr()
    left.eliminate_zeros()
    return left
