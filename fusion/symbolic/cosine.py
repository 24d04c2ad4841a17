r"""The whole picture of a patient against the whole picture of a disease, as one angle.

Decides the cosine between a patient and the profile of each disease. Both are vectors over terms
with all their ancestors; a term weighs its information content, in a profile times the square root
of its frequency :math:`f`:

.. math:: \cos\big(\mathrm{IC}(t)\,[t \in p],\ \mathrm{IC}(t)\,\sqrt{f(d, t)}\big)

Unlike a likelihood ratio it asks for the signs of the disease that the patient lacks too, and it is
on one scale for diseases of which much and of which little is known: with profiles that are
smoothed towards relatives it compares those with published patients and those with nothing but a
name. That is what ranks the latter.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from kg.ontology import Ontology

from .compiled import weigh_columns
from .patients import TermSets
from .profiles import closure_matrix

__all__ = ["ProfileCosine", "dense_product", "unit_rows"]

FloatArray = npt.NDArray[np.float32]


class ProfileCosine:
    """Cosine with the profile of each disease, in [0, 1]; 0 where there is none."""

    def __init__(
        self, *, ontology: Ontology, shares: Any, content: FloatArray, name: str = "profile cosine"
    ) -> None:
        """Scales the profiles.

        Args:
            ontology: Phenotype hierarchy.
            shares: CSR `[n_diseases, n_terms]` of frequencies, closed upwards.
            content: Information content of each term, in nats.
            name: Name in result tables.
        """
        self.name = name
        self._ontology = ontology
        self._content = content.astype(np.float32)
        rows = sparse.csr_matrix(shares, dtype=np.float32, copy=True)
        rows.data = np.sqrt(rows.data) * self._content[rows.indices]
        self._by_term = unit_rows(rows).T.tocsr()

    def score(self, cases: Sequence[TermSets]) -> FloatArray:
        """Cosine of every patient and disease, `[n_cases, n_diseases]`."""
        queries = closure_matrix(tuple(cases), self._ontology)
        queries.data = self._content[queries.indices]
        return dense_product(unit_rows(queries), self._by_term)


def dense_product(queries: Any, by_term: Any) -> FloatArray:
    """Product of two CSR matrices (float32), as a full one: faster than a sparse one made full."""
    out = np.zeros((queries.shape[0], by_term.shape[1]), dtype=np.float32)
    for row, begin, end in zip(out, queries.indptr, queries.indptr[1:], strict=False):
        weigh_columns(
            queries.indices[begin:end], queries.data[begin:end],
            by_term.indptr, by_term.indices, by_term.data, row,
        )  # fmt: skip
    return out


def unit_rows(matrix: Any) -> Any:
    """Rows scaled to length 1; empty rows stay empty (CSR, float32)."""
    scaled = sparse.csr_matrix(matrix, dtype=np.float32, copy=True)
    row = np.repeat(np.arange(scaled.shape[0]), np.diff(scaled.indptr))
    length = np.sqrt(np.bincount(row, weights=np.square(scaled.data), minlength=scaled.shape[0]))
    scaled.data /= np.maximum(length, 1e-9)[row].astype(np.float32)
    return scaled
