"""Nearest published patients: who in the literature looked like this one, and what did they have?

Decides the similarity of two patients: the cosine between their terms with all ancestors, each
weighted by its information content. A disease scores by its closest patients; one without patients
scores 0.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from kg.ontology import Ontology

from .cosine import dense_product, unit_rows
from .patients import ReferenceCases, TermSets
from .profiles import closure_matrix

__all__ = ["NearestPatients"]

IntArray = npt.NDArray[np.int32]
FloatArray = npt.NDArray[np.float32]


class NearestPatients:
    """Similarity to published patients, gathered by disease."""

    name = "nearest published patients"

    def __init__(
        self,
        *,
        ontology: Ontology,
        references: ReferenceCases,
        content: FloatArray,
        n_diseases: int,
        power: float = 1.0,
    ) -> None:
        """Indexes the reference cases, sorted by disease.

        Args:
            ontology: Phenotype hierarchy.
            references: Published patients; the caller has left out what must not be known.
            content: Information content of each term, in nats.
            n_diseases: Number of diseases of the catalogue.
            power: Exponent of the information content in a term's weight.
        """
        self.n_diseases = n_diseases
        self._ontology = ontology
        self.order = np.argsort(references.disease, kind="stable").astype(np.int32)
        self._weight = np.power(content, power).astype(np.float32)
        ordered = references.select(self.order)
        self._by_term = self._unit_rows(ordered.patients).T.tocsr()
        self._diseases, self._starts = np.unique(ordered.disease, return_index=True)
        self._sizes = np.diff(np.r_[self._starts, len(ordered)])

    def similarity(self, cases: Sequence[TermSets]) -> FloatArray:
        """Cosine with each reference case, `[n_cases, n_references]`; columns follow `order`."""
        return dense_product(self._unit_rows(tuple(cases)), self._by_term)

    def of_disease(
        self, similarity: FloatArray, disease: int, *, most: int
    ) -> tuple[IntArray, FloatArray]:
        """Most similar published patients of one disease, best first.

        Args:
            similarity: Of one case with all reference cases, as `similarity` gives it.
            disease: Catalogue position.
            most: Patients wanted.

        Returns:
            Rows of the reference cases, and their similarities.
        """
        at = int(np.searchsorted(self._diseases, disease))
        if at == len(self._diseases) or self._diseases[at] != disease:
            return self.order[:0], similarity[:0]
        places = np.arange(self._starts[at], self._starts[at] + self._sizes[at])
        best = places[np.argsort(-similarity[places], kind="stable")[:most]]
        return self.order[best], similarity[best]

    def closest(self, similarity: FloatArray) -> FloatArray:
        """Largest similarity by disease, `[n_cases, n_diseases]`."""
        out = np.zeros((len(similarity), self.n_diseases), dtype=np.float32)
        if len(self._starts):
            out[:, self._diseases] = np.maximum.reduceat(similarity, self._starts, axis=1)
        return out

    def mean_closest(self, similarity: FloatArray, *, k: int) -> FloatArray:
        """Mean of the `k` largest similarities (of all there are), `[n_cases, n_diseases]`."""
        return self.means_closest(similarity, ks=(k,))[0]

    def means_closest(self, similarity: FloatArray, *, ks: Sequence[int]) -> tuple[FloatArray, ...]:
        """`mean_closest` for several `k`, for the price of one."""
        shape = (len(similarity), self.n_diseases)
        if not len(self._starts):
            return tuple(np.zeros(shape, dtype=np.float32) for _ in ks)
        group = np.repeat(np.arange(len(self._starts), dtype=np.float32), self._sizes)
        # Similarities are at most 1: sorting 2 * group - similarity sorts within each disease.
        ranked = np.sort(2.0 * group[None, :] - similarity, axis=1)
        means = []
        for k in ks:
            taken = np.minimum(self._sizes, k)
            rows = self._starts[:, None] + np.minimum(np.arange(k)[None, :], taken[:, None] - 1)
            counted = np.arange(k)[None, :] < taken[:, None]
            best = 2.0 * group[rows][None, :, :] - ranked[:, rows]
            out = np.zeros(shape, dtype=np.float32)
            out[:, self._diseases] = (best * counted[None, :, :]).sum(axis=2) / taken[None, :]
            means.append(out)
        return tuple(means)

    def mean_all(self, similarity: FloatArray) -> FloatArray:
        """Mean similarity of all patients of each disease, `[n_cases, n_diseases]`."""
        out = np.zeros((len(similarity), self.n_diseases), dtype=np.float32)
        if len(self._starts):
            total = np.add.reduceat(similarity, self._starts, axis=1)
            out[:, self._diseases] = total / self._sizes
        return out

    def votes(self, similarity: FloatArray, *, sharpness: float = 20.0) -> FloatArray:
        """Share of each disease in the vote of all patients, weighed `exp(sharpness * cosine)`."""
        out = np.zeros((len(similarity), self.n_diseases), dtype=np.float32)
        if len(self._starts):
            top = similarity.max(axis=1, keepdims=True)
            weight = np.exp(np.float32(sharpness) * (similarity - top))
            weight /= weight.sum(axis=1, keepdims=True)
            out[:, self._diseases] = np.add.reduceat(weight, self._starts, axis=1)
        return out

    def score(self, cases: Sequence[TermSets]) -> FloatArray:
        """Largest similarity by disease, `[n_cases, n_diseases]`."""
        return self.closest(self.similarity(cases))

    def _unit_rows(self, patients: tuple[TermSets, ...]) -> Any:
        closed = closure_matrix(patients, self._ontology)
        closed.data = self._weight[closed.indices]
        return unit_rows(closed)
