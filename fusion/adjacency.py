"""Edges of several relations, laid out once so that a product with them touches nothing twice.

Decides the memory layout: rows of all relations stacked, only those (relation, target) pairs that
have an edge, mean-normalised, with the transposed layout beside it for the backward pass. Which
statements become edges is decided in `fusion.graph`; what is done with them in `fusion.gnn`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

__all__ = ["RelationalAdjacency"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RelationalAdjacency:
    """Mean-normalised adjacency of `n_relations` relations over `n_nodes` nodes.

    A *row* is a (relation, target) pair with at least one edge. Rows are sorted by relation, so the
    rows of relation r are `relation_starts[r]:relation_starts[r + 1]`, and a product costs what the
    touched nodes cost, not what all nodes of all relations would.

    Attributes:
        n_nodes: Number of nodes.
        n_relations: Number of relations.
        relation_starts: First row of each relation, and the number of rows at the end.
        sources: Source node of each edge, sorted by row.
        row_starts: First edge of each row, and the number of edges at the end.
        weights: One over the number of edges of the row, for each edge.
        row_targets: Target node of each row.
        source_rows: Row of each edge, sorted by source node.
        source_starts: First entry of `source_rows` of each node, and the end.
        source_weights: The weights in the order of `source_rows`.
    """

    n_nodes: int
    n_relations: int
    relation_starts: tuple[int, ...]
    sources: Tensor
    row_starts: Tensor
    weights: Tensor
    row_targets: Tensor
    source_rows: Tensor
    source_starts: Tensor
    source_weights: Tensor

    @classmethod
    def from_edges(
        cls,
        *,
        sources: np.ndarray,
        targets: np.ndarray,
        relations: np.ndarray,
        n_nodes: int,
        n_relations: int,
    ) -> RelationalAdjacency:
        """Lays edges out; messages flow from source to target.

        Args:
            sources: Source node of each edge.
            targets: Target node of each edge.
            relations: Relation of each edge.
            n_nodes: Number of nodes.
            n_relations: Number of relations.

        Raises:
            ValueError: If an index is out of range or the three arrays differ in length.
        """
        if not len(sources) == len(targets) == len(relations):
            raise ValueError(
                f"edges: {len(sources)} sources, {len(targets)} targets and {len(relations)} "
                "relations; they must be equally many"
            )
        for name, values, bound in (
            ("sources", sources, n_nodes),
            ("targets", targets, n_nodes),
            ("relations", relations, n_relations),
        ):
            if len(values) and (values.min() < 0 or values.max() >= bound):
                raise ValueError(f"{name}: an index is outside 0..{bound - 1}")
        key = relations.astype(np.int64) * n_nodes + targets
        # Sources are the second key: sums are then taken in one order whatever the edge order was.
        order = np.lexsort((sources, key))
        key, sources = key[order], sources[order].astype(np.int32)
        starts = np.flatnonzero(np.r_[True, key[1:] != key[:-1]]) if len(key) else np.empty(0, int)
        sizes = np.diff(np.r_[starts, len(key)])
        row_keys = key[starts]
        row_targets = (row_keys % n_nodes).astype(np.int64)
        edge_rows = np.repeat(np.arange(len(starts), dtype=np.int32), sizes)
        weights = np.repeat(1.0 / np.maximum(sizes, 1), sizes).astype(np.float32)
        by_source = np.argsort(sources, kind="stable")
        relation_starts = np.searchsorted(row_keys, np.arange(n_relations + 1) * n_nodes)
        return cls(
            n_nodes=n_nodes,
            n_relations=n_relations,
            relation_starts=tuple(int(i) for i in relation_starts),
            sources=torch.from_numpy(sources),
            row_starts=torch.from_numpy(np.r_[starts, len(key)].astype(np.int32)),
            weights=torch.from_numpy(weights),
            row_targets=torch.from_numpy(row_targets),
            source_rows=torch.from_numpy(edge_rows[by_source]),
            source_starts=_starts(sources, n_nodes),
            source_weights=torch.from_numpy(weights[by_source]),
        )

    @property
    def n_edges(self) -> int:
        """Number of edges of all relations."""
        return len(self.sources)

    def to(self, device: torch.device | str) -> RelationalAdjacency:
        """The same adjacency on another device."""
        changes: dict[str, Any] = {
            field.name: value.to(device)
            for field in fields(self)
            if isinstance(value := getattr(self, field.name), Tensor)
        }
        return replace(self, **changes)


def _starts(nodes: np.ndarray, n_nodes: int) -> Tensor:
    counts = np.bincount(nodes, minlength=n_nodes)
    return torch.from_numpy(np.r_[0, np.cumsum(counts)].astype(np.int32))
