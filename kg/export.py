"""The graph in the formats of others: N-Quads, Turtle, KGX, GraphML, PyG.

Decides the list of formats and where each one's files go. Objects in memory are made by
`kg.convert`.
"""

import tempfile
from pathlib import Path

from .export_graphml import write_graphml
from .export_kgx import write_kgx_jsonl, write_kgx_tsv
from .export_pyg import read_pyg, write_pyg
from .snapshot import GraphSnapshot
from .store import GraphStore

__all__ = ["FORMATS", "export", "read_pyg"]

FORMATS = ("nquads", "turtle", "kgx", "graphml", "pyg")
_FILE_NAMES = {"nquads": "graph.nq", "turtle": "graph.ttl", "graphml": "graph.graphml"}
_FOLDER_FILES = {
    "kgx": ("nodes.tsv", "edges.tsv", "nodes.jsonl", "edges.jsonl"),
    "pyg": ("graph.safetensors", "graph.json"),
}


def export(
    snapshot: GraphSnapshot, kind: str, out: Path, *, store: GraphStore | None = None
) -> tuple[Path, ...]:
    """Writes the graph in one format.

    Args:
        snapshot: The graph.
        kind: One of `FORMATS`. Turtle has no named graphs: which source says something is then
            told by the association nodes alone. `kgx` writes both its forms.
        out: A file, or a folder for `kgx` and `pyg`; a folder gets a file `graph.*` otherwise.
        store: RDF to write instead of the snapshot's, for `nquads` and `turtle`: it also has
            patients, and the justification of each mapping.

    Returns:
        The files written.

    Raises:
        ValueError: Unknown format.
    """
    if kind not in FORMATS:
        raise ValueError(f"format: {kind!r} is unknown; known: {', '.join(FORMATS)}")
    if kind in ("kgx", "pyg"):
        out.mkdir(parents=True, exist_ok=True)
        if kind == "kgx":
            write_kgx_tsv(snapshot, out)
            write_kgx_jsonl(snapshot, out)
        else:
            write_pyg(snapshot, out)
        return tuple(out / name for name in _FOLDER_FILES[kind])
    if out.is_dir() or not out.suffix:
        out.mkdir(parents=True, exist_ok=True)
        out = out / _FILE_NAMES[kind]
    out.parent.mkdir(parents=True, exist_ok=True)
    if kind == "graphml":
        write_graphml(snapshot, out)
    elif kind == "turtle":
        _write_turtle(snapshot, out, store)
    elif store is not None:
        store.dump(out)
    else:
        snapshot.to_nquads(out)
    return (out,)


def _write_turtle(snapshot: GraphSnapshot, out: Path, store: GraphStore | None) -> None:
    if store is None:
        store = GraphStore()
        with tempfile.TemporaryDirectory(dir=out.parent) as scratch:
            quads = Path(scratch) / "graph.nq"
            snapshot.to_nquads(quads)
            store.bulk_load([quads])
    store.write_turtle(out)
