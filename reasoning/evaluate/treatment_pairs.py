"""Held-out pairs: the easier question, of diseases whose other treatments are known.

Decides the control of that split. A tested pair of disease and treatment is unknown from every
source; all other treatments of the disease and of its family may be known and are read, and are
not ranked again. Pairs of a curator who says that they are wrong are held out likewise. What makes
it easier: a drug of the class of a known treatment is mostly right. Numbers of this split say
nothing of a disease that nobody treats yet.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from fusion.symbolic.treatments import TreatmentLabels

from .treatment_protocol import TreatmentFold, TreatmentSplit

__all__ = ["HeldOutPairs"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOutPairs:
    """Deals pairs into folds, for `TreatmentSplit`.

    Attributes:
        seed: Of the order in which pairs are dealt.
        name: What is held out.
    """

    seed: int = 0
    name: str = "pairs"

    def fold(self, split: TreatmentSplit, number: int) -> TreatmentFold:
        """One fold: some pairs of many diseases."""
        asked = (split.answers + split.wrong).tocsr()
        asked.sort_indices()
        numbers = np.random.default_rng(self.seed).permutation(asked.nnz) % split.n_folds
        asked.data = (numbers == number).astype(np.float32)
        asked.eliminate_zeros()
        answers = split.answers.multiply(asked).tocsr()
        labels = TreatmentLabels(
            indicated=_without(split.labels.indicated, asked),
            forbidden=_without(split.labels.forbidden, asked),
        )
        return TreatmentFold(
            number=number,
            split=split,
            tested=np.flatnonzero(np.diff(answers.indptr)).astype(np.int32),
            labels=labels,
            n_dropped=0,
            answers=answers,
            wrong=split.wrong.multiply(asked).tocsr(),
            given=(labels.indicated + labels.forbidden).tocsr(),
            held=asked,
        )


def _without(labels: sparse.csr_matrix, held: sparse.csr_matrix) -> sparse.csr_matrix:
    left = (labels - labels.multiply(held)).tocsr()
    left.eliminate_zeros()
    return left
