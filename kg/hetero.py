"""The snapshot by node type and edge type, in plain arrays: the form of PyG, without torch.

Decides the numbering of nodes within a type and which edges belong to which edge type. Tensors are
made in `kg.convert`, files in `kg.export_pyg`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .columns import NODE_TYPES, PREDICATES
from .snapshot import GraphSnapshot

__all__ = ["EdgeType", "HeteroArrays", "hetero_arrays"]

EdgeType = tuple[str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeteroArrays:
    """Nodes and edges by type.

    Attributes:
        node_index: For each node type, the node indices of the snapshot in the type's own order.
        edge_index: For each (head type, relation, tail type), an array of two rows: head and tail
            positions within their types.
        edge_rows: For each edge type, the edge rows of the snapshot, in the order of `edge_index`.
    """

    node_index: dict[str, NDArray[np.int64]]
    edge_index: dict[EdgeType, NDArray[np.int64]]
    edge_rows: dict[EdgeType, NDArray[np.int64]]


def hetero_arrays(snapshot: GraphSnapshot, *, with_negated: bool = False) -> HeteroArrays:
    """Arrays of a snapshot; types without nodes and relations without edges are left out.

    Args:
        snapshot: The graph.
        with_negated: Add what sources deny, as relations named `not_…`; left out otherwise.
    """
    node_index: dict[str, NDArray[np.int64]] = {}
    position = np.empty(snapshot.n_nodes, np.int64)
    for kind in NODE_TYPES:
        nodes = snapshot.nodes_of(kind).astype(np.int64)
        if nodes.size:
            node_index[kind.value] = nodes
            position[nodes] = np.arange(nodes.size)
    edge_index: dict[EdgeType, NDArray[np.int64]] = {}
    edge_rows: dict[EdgeType, NDArray[np.int64]] = {}
    for negated in (False, True)[: 1 + with_negated]:
        edges = snapshot.edges(negated=negated)
        head_type = snapshot.node_types[edges.head].astype(np.int64)
        tail_type = snapshot.node_types[edges.tail].astype(np.int64)
        n_types = len(NODE_TYPES)
        code = (edges.predicate * n_types + head_type) * n_types + tail_type
        order = np.argsort(code, kind="stable")
        found, starts = np.unique(code[order], return_index=True)
        groups = np.split(order, starts[1:]) if found.size else []
        for value, rows in zip(found, groups, strict=True):
            relation = PREDICATES[int(value) // n_types**2].value
            key = (
                NODE_TYPES[int(value) // n_types % n_types].value,
                f"not_{relation}" if negated else relation,
                NODE_TYPES[int(value) % n_types].value,
            )
            ends = (position[edges.head[rows]], position[edges.tail[rows]])
            edge_index[key] = np.stack(ends)
            edge_rows[key] = edges.rows[rows]
    return HeteroArrays(node_index=node_index, edge_index=edge_index, edge_rows=edge_rows)
