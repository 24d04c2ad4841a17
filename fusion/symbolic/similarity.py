"""Semantic similarity: how close does each finding come to some sign of the disease, and back?

Decides Resnik and Lin best-match averages. The similarity of two terms is the information content
of their most informative common ancestor (Resnik 1995, arXiv:cmp-lg/9511007), by Lin divided by the
mean content of the two (Lin 1998). Forward: mean over the patient's terms of the best match in the
disease; backward: mean over the signs of the disease, weighted by frequency, of the best match in
the patient.
"""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy import sparse

from kg.ontology import Ontology

from .patients import TermSets
from .rows import TermRows

__all__ = ["BestMatch", "Measure"]

IntArray = npt.NDArray[np.int32]
FloatArray = npt.NDArray[np.float32]
Measure = Literal["resnik", "lin"]


class BestMatch:
    """Best-match average of one measure against the signs of each disease."""

    def __init__(
        self,
        *,
        ontology: Ontology,
        signs: Any,
        content: FloatArray,
        measure: Measure = "lin",
        rarest: float = 0.0,
        name: str | None = None,
    ) -> None:
        """Prepares the signs.

        Args:
            ontology: Phenotype hierarchy.
            signs: CSR `[n_diseases, n_terms]` of frequencies, terms as stated.
            content: Information content of each term, in nats.
            measure: `resnik` (nats) or `lin` (in [0, 1]).
            rarest: Signs below this frequency are left out.
            name: Name in result tables.
        """
        self.name = name or f"{measure} best-match average"
        self._ontology = ontology
        self._content = content
        self._measure = measure
        kept = signs.tocsr().copy()
        kept.data = np.where(kept.data >= rarest, kept.data, 0.0).astype(np.float32)
        kept.eliminate_zeros()
        used = np.unique(kept.indices)
        self._used = used
        compact = np.zeros(kept.shape[1], dtype=np.int32)
        compact[used] = np.arange(len(used))
        self._columns = compact[kept.indices]
        self.n_diseases = int(kept.shape[0])
        self._described = np.flatnonzero(np.diff(kept.indptr) > 0)
        self._starts = kept.indptr[self._described]
        total = np.maximum(np.asarray(kept.sum(axis=1)).ravel(), 1e-9)
        self._share = sparse.csr_matrix(
            (kept.data, self._columns, kept.indptr), shape=(self.n_diseases, len(used))
        )
        self._share = (sparse.diags(1.0 / total) @ self._share).tocsr().astype(np.float32)
        n_terms = int(kept.shape[1])
        self._to_terms = TermRows(self._term_rows, n_terms=n_terms, width=len(used))
        self._to_diseases = TermRows(self._disease_rows, n_terms=n_terms, width=self.n_diseases)

    def forward(self, cases: Sequence[TermSets]) -> FloatArray:
        """Mean best match of the patient's terms, `[n_cases, n_diseases]`."""
        out = np.empty((len(cases), self.n_diseases), dtype=np.float32)
        for row, case in zip(out, cases, strict=True):
            self._to_diseases.sum(case.present, row)
            row /= max(len(case.present), 1)
        return out

    def backward(self, cases: Sequence[TermSets]) -> FloatArray:
        """Frequency-weighted mean best match of the disease's signs, `[n_cases, n_diseases]`."""
        best = np.zeros((len(self._used), len(cases)), dtype=np.float32)
        for at, case in enumerate(cases):
            if len(case.present):
                best[:, at] = self._to_terms.maximum(case.present)
        matched: FloatArray = np.ascontiguousarray((self._share @ best).T, dtype=np.float32)
        return matched

    def score(self, cases: Sequence[TermSets]) -> FloatArray:
        """Mean of both directions, `[n_cases, n_diseases]`."""
        mean: FloatArray = (self.forward(cases) + self.backward(cases)) * np.float32(0.5)
        return mean

    def _term_rows(self, terms: IntArray) -> FloatArray:
        shared = self._ontology.mica(terms.tolist(), self._content)[:, self._used]
        if self._measure == "resnik":
            return shared
        both = self._content[terms][:, None] + self._content[self._used][None, :]
        similarity: FloatArray = (2.0 * shared / np.maximum(both, 1e-9)).astype(np.float32)
        return similarity

    def _disease_rows(self, terms: IntArray) -> FloatArray:
        out = np.zeros((len(terms), self.n_diseases), dtype=np.float32)
        if len(self._described):
            similarity = self._to_terms.rows(terms)[:, self._columns]
            out[:, self._described] = np.maximum.reduceat(similarity, self._starts, axis=1)
        return out
