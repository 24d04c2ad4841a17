"""Names against names: do the words of the findings point to the words of the disease?

Decides how embedded names become scores. Which encoder embeds them is decided in `encoders`; here
they are matrices. This is the only evidence, beside relatives, that reaches a disease nothing is
known of.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .patients import TermSets
from .rows import TermRows

__all__ = ["NameSimilarity", "NameVectors"]

IntArray = npt.NDArray[np.int32]
FloatArray = npt.NDArray[np.float32]


def _unit(vectors: npt.ArrayLike) -> FloatArray:
    array = np.asarray(vectors, dtype=np.float32)
    norm = np.linalg.norm(array, axis=1, keepdims=True)
    unit: FloatArray = array / np.maximum(norm, 1e-9)
    return unit


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NameVectors:
    """Embedded names in one space.

    Attributes:
        terms: `[n_terms, d_model]`, in the order of the phenotype ontology.
        diseases: `[n_diseases, d_model]`, in the order of the catalogue.
    """

    terms: FloatArray
    diseases: FloatArray

    def __post_init__(self) -> None:
        if self.terms.ndim != 2 or self.diseases.shape[1:] != self.terms.shape[1:]:
            raise ValueError(
                f"names: shapes {self.terms.shape} and {self.diseases.shape} do not share d_model"
            )

    @property
    def sizes(self) -> tuple[int, int]:
        """Number of terms and of diseases."""
        return len(self.terms), len(self.diseases)


class NameSimilarity:
    """Cosine of each term of the patient with each disease."""

    name = "names"

    def __init__(self, names: NameVectors) -> None:
        self._terms = _unit(names.terms)
        self._diseases = _unit(names.diseases)
        centre = self._diseases.mean(axis=0)
        self._diseases = _unit(self._diseases - centre)
        self._terms = _unit(self._terms - self._terms.mean(axis=0))
        n_terms, n_diseases = names.sizes
        self._rows = TermRows(self._compute, n_terms=n_terms, width=n_diseases)

    def mean_and_maximum(self, cases: Sequence[TermSets]) -> tuple[FloatArray, FloatArray]:
        """Mean and largest cosine over the patient's terms, each `[n_cases, n_diseases]`."""
        mean = np.zeros((len(cases), len(self._diseases)), dtype=np.float32)
        largest, rest = np.zeros_like(mean), np.zeros(len(self._diseases), dtype=np.float32)
        if cases:  # one pass over the names of all diseases for the terms of all cases
            self._rows.prepare(np.unique(np.concatenate([case.present for case in cases])))
        for total, best, case in zip(mean, largest, cases, strict=True):
            if len(case.present):
                best[:] = -np.inf
                self._rows.extremes(case.present, total, rest, best, rest)
                total /= len(case.present)
        return mean, largest

    def score(self, cases: Sequence[TermSets]) -> FloatArray:
        """Mean cosine, `[n_cases, n_diseases]`."""
        return self.mean_and_maximum(cases)[0]

    def _compute(self, terms: IntArray) -> FloatArray:
        product: FloatArray = self._terms[terms] @ self._diseases.T
        return product
