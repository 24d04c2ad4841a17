r"""Candidate genes of a patient: what a list of suspects says of diseases, and diseases of genes.

Decides the weight of a list. Of `k` suspects among `G` genes that cause a disease, with a chance
`s` that the list holds the causal one, a disease is

.. math::
    \frac{s}{k / G} \text{ (its gene is listed)}, \quad
    \frac{1 - s}{1 - k / G} \text{ (it is not)}, \quad 1 \text{ (no gene of it is known)}

times as likely as before. Genes of published cases were found with the diagnosis: a list of one
gene gives the answer away, so genes are used only where somebody asks for it.
"""

from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy import sparse

from kg.snapshot import GraphSnapshot

from .catalogue import DiseaseCatalogue
from .relatives import gene_disease_pairs

__all__ = ["CandidateGenes"]

IntArray = npt.NDArray[np.int32]
FloatArray = npt.NDArray[np.float64]

SENSITIVITY = 0.9
"""Chance that the list of suspects holds the causal gene, if that gene is known at all."""


class CandidateGenes:
    """Genes and the diseases that they cause.

    Args:
        genes: Snapshot indices of the genes, ascending.
        links: Boolean CSR `[n_genes, n_diseases]`.
    """

    def __init__(self, genes: IntArray, links: Any) -> None:
        self._genes = genes
        self._links = links
        self._has_gene = np.asarray(links.sum(axis=0)).ravel() > 0

    @classmethod
    def from_snapshot(cls, snapshot: GraphSnapshot, catalogue: DiseaseCatalogue) -> Self:
        """Mendelian links of a graph."""
        head, disease = gene_disease_pairs(snapshot, catalogue)
        genes, rows = np.unique(head, return_inverse=True)
        links = sparse.csr_matrix(
            (np.ones(len(rows), dtype=bool), (rows, disease)),
            shape=(len(genes), catalogue.n_diseases),
        )
        return cls(genes.astype(np.int32), links)

    def diseases_of(self, gene: int) -> IntArray:
        """Catalogue positions of the diseases of a gene (a snapshot index), ascending."""
        at = int(np.searchsorted(self._genes, gene))
        if at == len(self._genes) or self._genes[at] != gene:
            return np.zeros(0, dtype=np.int32)
        row = self._links.indices[self._links.indptr[at] : self._links.indptr[at + 1]]
        return np.sort(row).astype(np.int32)

    def log_ratio(self, suspects: IntArray) -> FloatArray:
        """What a list of suspects adds to the log-odds of each disease, `[n_diseases]`.

        Args:
            suspects: Snapshot indices; those that cause no disease of the graph count too.
        """
        suspects = np.unique(suspects)
        added = np.zeros(self._links.shape[1])
        if not len(suspects) or not len(self._genes):
            return added
        share = min(len(suspects) / max(len(self._genes), 1), 0.5)
        listed = np.zeros(len(added), dtype=bool)
        for gene in suspects.tolist():
            listed[self.diseases_of(gene)] = True
        if not listed.any():
            return added
        added[self._has_gene] = np.log1p(-SENSITIVITY) - np.log1p(-share)
        added[listed] = np.log(SENSITIVITY) - np.log(share)
        return added

    def shares(self, belief: FloatArray, suspects: IntArray) -> FloatArray:
        """Part of the belief in diseases that falls to each suspect, `[len(suspects)]`.

        A disease of several suspects is divided among them.
        """
        diseases = [self.diseases_of(gene) for gene in suspects.tolist()]
        count = np.zeros(len(belief))
        for found in diseases:
            count[found] += 1.0
        return np.asarray([float((belief[found] / count[found]).sum()) for found in diseases])
