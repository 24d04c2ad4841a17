"""Which diseases can be a diagnosis, and in which order they stand in every score array.

Decides the candidates. Groupings that only MONDO knows (no OMIM or ORPHA id, no annotation) are
left to the hierarchy: a patient has a disease, not a chapter of diseases.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from kg.snapshot import GraphSnapshot
from kg.vocabulary import NodeType, Predicate

__all__ = ["DiseaseCatalogue"]

IntArray = npt.NDArray[np.int32]
BoolArray = npt.NDArray[np.bool_]

_CATALOGUES = ("OMIM:", "ORPHA:")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DiseaseCatalogue:
    """The candidates in their fixed order (that of the snapshot).

    Attributes:
        nodes: Snapshot index of each disease.
        ids: CURIE of each disease.
        labels: Preferred name of each disease.
        has_omim: The disease has an OMIM id.
        has_children: The hierarchy holds more specific diseases under it.
        positions: Snapshot index to position, -1 for nodes that are not candidates.
    """

    nodes: IntArray
    ids: tuple[str, ...]
    labels: tuple[str, ...]
    has_omim: BoolArray
    has_children: BoolArray
    positions: IntArray

    @classmethod
    def from_snapshot(cls, snapshot: GraphSnapshot, *, also: Iterable[str] = ()) -> Self:
        """Candidates of a snapshot.

        Args:
            snapshot: The graph.
            also: CURIEs that must be candidates too (gold diagnoses); unknown ones are ignored.
        """
        annotated = np.zeros(snapshot.n_nodes, dtype=bool)
        annotated[snapshot.edges(predicate=Predicate.HAS_PHENOTYPE, negated=None).head] = True
        parent = np.zeros(snapshot.n_nodes, dtype=bool)
        parent[snapshot.edges(predicate=Predicate.SUBCLASS_OF, head_type=NodeType.DISEASE).tail] = (
            True
        )
        wanted = {index for curie in also if (index := snapshot.index(curie)) is not None}
        kept: list[int] = []
        omim: list[bool] = []
        for node, view in enumerate(snapshot.nodes()):
            if view.type is not NodeType.DISEASE:
                continue
            names = (view.id, *view.xrefs)
            in_omim = any(name.startswith("OMIM:") for name in names)
            in_catalogue = any(name.startswith(_CATALOGUES) for name in names)
            group = bool(parent[node]) and not in_omim
            if annotated[node] or node in wanted or (in_catalogue and not group):
                kept.append(node)
                omim.append(in_omim)
        if not kept:
            raise ValueError(
                "the graph holds no disease with an OMIM or ORPHA id or an annotation; "
                "build it with at least one disease source"
            )
        nodes = np.asarray(kept, dtype=np.int32)
        positions = np.full(snapshot.n_nodes, -1, dtype=np.int32)
        positions[nodes] = np.arange(len(nodes), dtype=np.int32)
        return cls(
            nodes=nodes,
            ids=tuple(snapshot.node_ids[node] for node in kept),
            labels=tuple(snapshot.labels[node] for node in kept),
            has_omim=np.asarray(omim, dtype=bool),
            has_children=parent[nodes],
            positions=positions,
        )

    @property
    def n_diseases(self) -> int:
        """Number of candidates."""
        return len(self.ids)

    def position(self, snapshot: GraphSnapshot, curie: str) -> int | None:
        """Position of a disease by any of its ids, None when it is no candidate."""
        node = snapshot.index(curie)
        if node is None or self.positions[node] < 0:
            return None
        return int(self.positions[node])
