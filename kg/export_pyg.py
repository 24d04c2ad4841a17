"""The snapshot as arrays for PyG, in files that hold data only: safetensors and JSON.

Decides the file layout. No pickle is written, so no file can run code when it is opened;
`kg.convert` makes the same `HeteroData` without files.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from safetensors.numpy import load_file, save_file

from .hetero import hetero_arrays
from .snapshot import GraphSnapshot

if TYPE_CHECKING:
    from torch_geometric.data import HeteroData

__all__ = ["read_pyg", "write_pyg"]

_ARRAYS, _NAMES = "graph.safetensors", "graph.json"


def write_pyg(snapshot: GraphSnapshot, folder: Path) -> None:
    """Writes `graph.safetensors` (edge indices, frequencies) and `graph.json` (ids and labels)."""
    arrays = hetero_arrays(snapshot)
    tensors: dict[str, np.ndarray[Any, Any]] = {}
    edge_types = []
    for number, (edge_type, ends) in enumerate(arrays.edge_index.items()):
        columns = snapshot.take(arrays.edge_rows[edge_type])
        edge_types.append(list(edge_type))
        tensors[f"edge_index.{number}"] = np.ascontiguousarray(ends)
        tensors[f"frequency.{number}"] = columns.frequency
        tensors[f"confidence.{number}"] = columns.confidence
    nodes = {
        kind: {
            "ids": [snapshot.node_ids[i] for i in index],
            "labels": [snapshot.labels[i] for i in index],
        }
        for kind, index in arrays.node_index.items()
    }
    names = {"digest": snapshot.digest, "edge_types": edge_types, "nodes": nodes}
    save_file(tensors, folder / _ARRAYS)
    (folder / _NAMES).write_text(json.dumps(names, ensure_ascii=False) + "\n", encoding="utf-8")


def read_pyg(folder: Path) -> "HeteroData":
    """Reads what `write_pyg` wrote; ids and labels are lists of the node types."""
    from .convert import tensor_data

    names = json.loads((folder / _NAMES).read_text(encoding="utf-8"))
    return tensor_data(
        nodes=names["nodes"],
        edge_types=[tuple(edge_type) for edge_type in names["edge_types"]],
        tensors=load_file(folder / _ARRAYS),
    )
