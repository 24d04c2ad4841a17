"""Which treatments can be ranked, and what the graph says of them and diseases.

Decides the candidates (every drug and action that treats something, must not be given in something,
acts on a protein, is approved somewhere, or of which nothing is said but that it exists: a graph
without the treatments of some diseases still ranks the drugs that only they had) and the two label
matrices. How a pair is scored is in `fusion.symbolic.pairs`.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy import sparse

from kg.snapshot import GraphSnapshot
from kg.vocabulary import NodeType, Predicate

__all__ = ["TREATING", "TreatmentCatalogue", "TreatmentLabels", "treatment_matrix"]

IntArray = npt.NDArray[np.int32]
BoolArray = npt.NDArray[np.bool_]

TREATING = (Predicate.TREATS, Predicate.AMELIORATES, Predicate.PREVENTS)
"""Predicates that make a treatment `indicated`."""

_LABELS = (*TREATING, Predicate.CONTRAINDICATED_IN)
_APPROVED = "iatros:drug-class.approved-drugs"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TreatmentCatalogue:
    """The candidates in their fixed order (that of the snapshot).

    Attributes:
        nodes: Snapshot index of each treatment.
        ids: CURIE of each treatment.
        is_drug: False for medical actions.
        positions: Snapshot index to position, -1 for nodes that are no candidates.
    """

    nodes: IntArray
    ids: tuple[str, ...]
    is_drug: BoolArray
    positions: IntArray

    @classmethod
    def from_snapshot(cls, snapshot: GraphSnapshot) -> Self:
        """Drugs and actions that can be ranked."""
        known = np.zeros(snapshot.n_nodes, dtype=bool)
        for predicate in (*_LABELS, Predicate.AFFECTS):
            known[snapshot.edges(predicate, negated=None).head] = True
        approved = snapshot.index(_APPROVED)
        if approved is not None:
            roles = snapshot.edges(Predicate.HAS_ROLE)
            known[roles.head[roles.tail == approved]] = True
        every = snapshot.edges(negated=None)
        spoken_of = np.zeros(snapshot.n_nodes, dtype=bool)
        spoken_of[every.head] = spoken_of[every.tail] = True
        drugs = snapshot.nodes_of(NodeType.DRUG)
        known[drugs] |= ~spoken_of[drugs]
        actions = snapshot.nodes_of(NodeType.ACTION)
        nodes = np.sort(np.concatenate([drugs, actions])).astype(np.int32)
        return cls.of_nodes(snapshot, nodes[known[nodes]])

    @classmethod
    def of_nodes(cls, snapshot: GraphSnapshot, nodes: npt.ArrayLike) -> Self:
        """A catalogue of given drugs and actions."""
        chosen = np.unique(np.asarray(nodes, dtype=np.int32))
        positions = np.full(snapshot.n_nodes, -1, dtype=np.int32)
        positions[chosen] = np.arange(len(chosen), dtype=np.int32)
        return cls(
            nodes=chosen,
            ids=tuple(snapshot.node_ids[n] for n in chosen.tolist()),
            is_drug=np.isin(chosen, snapshot.nodes_of(NodeType.DRUG)),
            positions=positions,
        )

    def __len__(self) -> int:
        return len(self.ids)


def treatment_matrix(
    snapshot: GraphSnapshot,
    catalogue: TreatmentCatalogue,
    predicates: tuple[Predicate, ...] = TREATING,
    *,
    negated: bool = False,
    sources: Collection[str] | None = None,
) -> Any:
    """0/1 CSR `[n_nodes, n_treatments]`: row = disease (or phenotype) node of the snapshot.

    Args:
        snapshot: The graph.
        catalogue: Columns.
        predicates: Any of these makes an entry.
        negated: Take the statements that say it does not hold.
        sources: Only statements of these sources; None for all.
    """
    names = [source.name for source in snapshot.sources]
    wanted = np.asarray([sources is None or name in sources for name in names], dtype=bool)
    rows, columns = [], []
    for predicate in predicates:
        edges = snapshot.edges(predicate, negated=negated)
        at = catalogue.positions[edges.head]
        keep = (at >= 0) & wanted[edges.source]
        rows.append(edges.tail[keep])
        columns.append(at[keep])
    row, column = np.concatenate(rows), np.concatenate(columns)
    shape = (snapshot.n_nodes, len(catalogue))
    matrix = sparse.csr_matrix((np.ones(len(row), np.float32), (row, column)), shape=shape)
    matrix.data[:] = 1.0
    return matrix


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TreatmentLabels:
    """What is known of pairs.

    Attributes:
        indicated: 0/1 CSR `[n_nodes, n_treatments]`.
        forbidden: The same for contraindications.
    """

    indicated: Any
    forbidden: Any

    @classmethod
    def from_snapshot(
        cls,
        snapshot: GraphSnapshot,
        catalogue: TreatmentCatalogue,
        *,
        sources: Collection[str] | None = None,
    ) -> Self:
        """Labels of all sources, or of some."""
        forbidding = (Predicate.CONTRAINDICATED_IN,)
        return cls(
            indicated=treatment_matrix(snapshot, catalogue, sources=sources),
            forbidden=treatment_matrix(snapshot, catalogue, forbidding, sources=sources),
        )

    def only(self, nodes: BoolArray) -> Self:
        """The labels of some diseases, a mask over nodes."""
        mask = sparse.diags(nodes.astype(np.float32))
        indicated, forbidden = (mask @ m for m in (self.indicated, self.forbidden))
        for matrix in (indicated, forbidden):
            matrix.eliminate_zeros()
        return type(self)(indicated=indicated.tocsr(), forbidden=forbidden.tocsr())

    @property
    def labelled(self) -> IntArray:
        """Nodes with any label, ascending."""
        known = (np.diff(self.indicated.indptr) > 0) | (np.diff(self.forbidden.indptr) > 0)
        return np.flatnonzero(known).astype(np.int32)
