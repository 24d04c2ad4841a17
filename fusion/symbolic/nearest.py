"""Nearest published patients: who in the literature looked like this one, and what did they have?

Decides the similarity of two patients: the cosine between their terms with all ancestors, each
weighted by its information content. A disease scores by its closest patients; one without patients
scores 0.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import sparse

from kg.ontology import Ontology

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
        self._matrix = self._unit_rows(ordered.patients)
        self._diseases, self._starts = np.unique(ordered.disease, return_index=True)
        self._sizes = np.diff(np.r_[self._starts, len(ordered)])

    def similarity(self, cases: Sequence[TermSets]) -> FloatArray:
        """Cosine with each reference case, `[n_cases, n_references]`; columns follow `order`."""
        queries = self._unit_rows(tuple(cases))
        dense = np.ascontiguousarray(queries.T.toarray(), dtype=np.float32)
        product: FloatArray = np.ascontiguousarray((self._matrix @ dense).T, dtype=np.float32)
        return product

    def closest(self, similarity: FloatArray) -> FloatArray:
        """Largest similarity by disease, `[n_cases, n_diseases]`."""
        out = np.zeros((len(similarity), self.n_diseases), dtype=np.float32)
        if len(self._starts):
            out[:, self._diseases] = np.maximum.reduceat(similarity, self._starts, axis=1)
        return out

    def mean_closest(self, similarity: FloatArray, *, k: int) -> FloatArray:
        """Mean of the `k` largest similarities (of all there are), `[n_cases, n_diseases]`."""
        out = np.zeros((len(similarity), self.n_diseases), dtype=np.float32)
        if not len(self._starts):
            return out
        group = np.repeat(np.arange(len(self._starts), dtype=np.float32), self._sizes)
        taken = np.minimum(self._sizes, k)
        rows = self._starts[:, None] + np.minimum(np.arange(k)[None, :], taken[:, None] - 1)
        counted = np.arange(k)[None, :] < taken[:, None]
        # Similarities are at most 1: sorting 2 * group - similarity sorts within each disease.
        ranked = np.sort(2.0 * group[None, :] - similarity, axis=1)
        best = 2.0 * group[rows][None, :, :] - ranked[:, rows]
        out[:, self._diseases] = (best * counted[None, :, :]).sum(axis=2) / taken[None, :]
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

    def _unit_rows(self, patients: tuple[TermSets, ...]) -> sparse.csr_matrix:
        closed = closure_matrix(patients, self._ontology)
        closed.data = self._weight[closed.indices]
        norm = np.sqrt(np.asarray(closed.multiply(closed).sum(axis=1)).ravel())
        return (sparse.diags(1.0 / np.maximum(norm, 1e-9)) @ closed).tocsr().astype(np.float32)
