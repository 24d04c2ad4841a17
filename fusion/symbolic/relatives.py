"""Diseases that share a gene or a parent: what is known of one speaks for the other.

Decides who is related, and carries scores along. A new disease without a sign of its own is reached
through the diseases of its gene and through its siblings in the hierarchy.
"""

from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy import sparse

from kg.snapshot import GraphSnapshot
from kg.vocabulary import NodeType, Predicate

from .catalogue import DiseaseCatalogue
from .compiled import best_of_others

__all__ = ["LARGEST_GENE_GROUP", "Relatives", "gene_disease_pairs", "gene_links"]

_MENDELIAN = frozenset({"hpo_genes"})

LARGEST_GENE_GROUP = 40
"""A gene with more diseases than this says too little about each."""

IntArray = npt.NDArray[np.int32]
FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Relatives:
    """A symmetric relation of diseases, nobody related to itself.

    Attributes:
        weights: CSR `[n_diseases, n_diseases]`, rows sum to 1 or are empty.
        members: CSR `[n_groups, n_diseases]`, the groups of at least two that relate them.
    """

    weights: Any
    members: Any
    _related: npt.NDArray[np.intp] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_related", np.unique(self.members.indices))

    @classmethod
    def from_groups(cls, groups: Any, *, largest: int) -> Self:
        """Relates the diseases of each group.

        Args:
            groups: Boolean CSR `[n_groups, n_diseases]`.
            largest: Groups with more members say too little and are left out.
        """
        members = sparse.csr_matrix(groups).astype(np.float32)
        members.data[:] = 1.0
        sizes = np.diff(members.indptr)
        members = members[(sizes > 1) & (sizes <= largest)]
        sizes = np.diff(members.indptr)
        weights = (members.T @ sparse.diags(1.0 / np.maximum(sizes, 1)) @ members).tocsr()
        weights.setdiag(0.0)
        weights.eliminate_zeros()
        total = np.maximum(np.asarray(weights.sum(axis=1)).ravel(), 1e-9)
        weights = (sparse.diags(1.0 / total) @ weights).tocsr().astype(np.float32)
        weights.sort_indices()
        return cls(weights=weights, members=members)

    @classmethod
    def by_parent(
        cls, snapshot: GraphSnapshot, catalogue: DiseaseCatalogue, *, largest: int = 60
    ) -> Self:
        """Diseases under the same direct parent, and the parent itself when it is a candidate."""
        edges = snapshot.edges(
            predicate=Predicate.SUBCLASS_OF,
            head_type=NodeType.DISEASE,
            tail_type=NodeType.DISEASE,
        )
        child = catalogue.positions[edges.head]
        kept = child >= 0
        parents, group = np.unique(np.asarray(edges.tail)[kept], return_inverse=True)
        own = catalogue.positions[parents]
        rows = np.r_[group, np.flatnonzero(own >= 0)]
        columns = np.r_[child[kept], own[own >= 0]]
        groups = sparse.csr_matrix(
            (np.ones(len(rows), dtype=bool), (rows, columns)),
            shape=(len(parents), catalogue.n_diseases),
        )
        return cls.from_groups(groups, largest=largest)

    def mean(self, scores: FloatArray) -> FloatArray:
        """Weighted mean score of the relatives, 0 without any, `[n_cases, n_diseases]`."""
        carried: FloatArray = np.ascontiguousarray((self.weights @ scores.T).T, dtype=np.float32)
        return carried

    def maximum(self, scores: FloatArray, *, default: float = 0.0) -> FloatArray:
        """Best score among the relatives, `default` without any, `[n_cases, n_diseases]`."""
        out = np.full(scores.shape, default, dtype=np.float32)
        out[:, self._related] = -np.inf
        own = np.ascontiguousarray(scores, dtype=np.float32)
        best_of_others(own, self.members.indptr, self.members.indices, out)
        return out


def gene_links(snapshot: GraphSnapshot, catalogue: DiseaseCatalogue) -> Any:
    """Boolean CSR `[n_genes, n_diseases]` of Mendelian links; see `gene_disease_pairs`."""
    head, disease = gene_disease_pairs(snapshot, catalogue)
    genes, rows = np.unique(head, return_inverse=True)
    links = sparse.csr_matrix(
        (np.ones(len(rows), dtype=np.float32), (rows, disease)),
        shape=(len(genes), catalogue.n_diseases),
    )
    return links.astype(bool)


def gene_disease_pairs(
    snapshot: GraphSnapshot, catalogue: DiseaseCatalogue
) -> tuple[IntArray, IntArray]:
    """Snapshot index of the gene and catalogue position of the disease of each Mendelian link.

    Mendelian are causal statements and HPO's gene table; text-mined and genome-wide associations
    relate too much to too much, and are taken only where a graph has nothing else.
    """
    causes = snapshot.edges(Predicate.CAUSES, NodeType.GENE, NodeType.DISEASE)
    linked = snapshot.edges(Predicate.GENE_ASSOCIATED_WITH, NodeType.GENE, NodeType.DISEASE)
    mendelian = [at for at, facts in enumerate(snapshot.sources) if facts.name in _MENDELIAN]
    chosen = np.isin(linked.source, mendelian)
    if not chosen.any() and not len(causes):
        chosen[:] = True
    head = np.concatenate([causes.head, linked.head[chosen]])
    disease = catalogue.positions[np.concatenate([causes.tail, linked.tail[chosen]])]
    kept = disease >= 0
    return head[kept], disease[kept]
