"""The snapshot as objects of other libraries: PyG `HeteroData` and a networkx multigraph.

Decides which attributes go along. This is the one file of `kg` that may import torch, and it does
so inside the functions that need it. Files for other programs are written by `kg.export`.
"""

from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np

from .hetero import hetero_arrays
from .snapshot import GraphSnapshot

if TYPE_CHECKING:
    from torch_geometric.data import HeteroData

__all__ = ["tensor_data", "to_hetero_data", "to_networkx"]


def to_hetero_data(snapshot: GraphSnapshot, *, with_negated: bool = False) -> "HeteroData":
    """The graph for PyG.

    Each node type has `num_nodes` and `node_index` (node indices of the snapshot); each edge type
    has `edge_index`, `edge_row` (edge rows of the snapshot), `frequency` and `confidence` (NaN when
    unknown).

    Args:
        snapshot: The graph.
        with_negated: Add what sources deny, as relations named `not_…`.
    """
    import torch
    from torch_geometric.data import HeteroData

    arrays = hetero_arrays(snapshot, with_negated=with_negated)
    data: Any = HeteroData()
    for kind, nodes in arrays.node_index.items():
        data[kind].num_nodes = int(nodes.size)
        data[kind].node_index = torch.from_numpy(nodes)
    for edge_type, ends in arrays.edge_index.items():
        rows = arrays.edge_rows[edge_type]
        columns = snapshot.take(rows)
        data[edge_type].edge_index = torch.from_numpy(np.ascontiguousarray(ends))
        data[edge_type].edge_row = torch.from_numpy(rows)
        data[edge_type].frequency = torch.from_numpy(columns.frequency)
        data[edge_type].confidence = torch.from_numpy(columns.confidence)
    return data


def to_networkx(snapshot: GraphSnapshot) -> "nx.MultiDiGraph[str]":
    """The graph for networkx: nodes by CURIE, edges keyed by statement CURIE.

    Attributes that are unknown are absent; a denied statement is an edge with `negated=True`.
    """
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph(digest=snapshot.digest, release=snapshot.release)
    for node in snapshot.nodes():
        graph.add_node(
            node.id,
            type=node.type.value,
            label=node.label,
            synonyms=list(node.synonyms),
            definition=node.definition,
            structure=node.structure,
            xrefs=list(node.xrefs),
        )
    for statement in snapshot.statements():
        attributes: dict[str, Any] = {
            "predicate": statement.predicate.value,
            "source": statement.source,
            "negated": statement.negated,
            "publications": list(statement.publications),
            **dict(reversed(statement.qualifiers)),
        }
        for name in ("frequency", "confidence", "onset", "sex", "evidence"):
            value = getattr(statement, name)
            if value is not None:
                attributes[name] = value
        graph.add_edge(statement.subject, statement.object, key=statement.id, **attributes)
    return graph


def tensor_data(
    *,
    nodes: dict[str, dict[str, list[str]]],
    edge_types: list[tuple[str, str, str]],
    tensors: "dict[str, np.ndarray[Any, Any]]",
) -> "HeteroData":
    """The graph for PyG from the arrays that `kg.export_pyg` keeps in files.

    Args:
        nodes: For each node type, `ids` and `labels`.
        edge_types: Edge types by number.
        tensors: `edge_index`, `frequency` and `confidence` of each number.
    """
    import torch
    from torch_geometric.data import HeteroData

    data: Any = HeteroData()
    for kind, words in nodes.items():
        data[kind].num_nodes = len(words["ids"])
        data[kind].ids = words["ids"]
        data[kind].labels = words["labels"]
    for number, edge_type in enumerate(edge_types):
        for name in ("edge_index", "frequency", "confidence"):
            data[edge_type][name] = torch.from_numpy(tensors[f"{name}.{number}"])
    return data
