"""What lies in the folder of a built graph, and how its RDF is opened.

Decides the names of the parts. How they are made is decided in `kg.build`.
"""

import gzip
import shutil
from pathlib import Path

from .store import GraphStore, StoreError

__all__ = ["CASES", "INPUTS", "QUADS", "REPORT", "SNAPSHOT", "STORE", "open_rdf"]

STORE = "store"
"""Folder of the RDF store."""
QUADS = "graph.nq.gz"
"""The RDF as compressed N-Quads, there until the store is made."""
SNAPSHOT = "snapshot"
"""Folder of the compiled graph."""
CASES = "cases.jsonl"
"""The cases, one a line."""
INPUTS = "inputs.sha256"
"""Digest of all that the build depended on, written by `kg.update`."""
REPORT = "report.json"
"""What the build says of itself."""


def open_rdf(folder: Path) -> GraphStore:
    """The RDF store of a built graph, read-only; made from `graph.nq.gz` when first asked for.

    Args:
        folder: Folder that `kg.build.build_graph` made.

    Raises:
        StoreError: The folder holds neither a store nor N-Quads.
    """
    store, packed = folder / STORE, folder / QUADS
    if not (store / "CURRENT").is_file():
        if not packed.is_file():
            raise StoreError(f"{folder}: no RDF here; build the graph first")
        _load(packed, store)
    return GraphStore(store, read_only=True)


def _load(packed: Path, store: Path) -> None:
    """Loads beside the final place, so that a broken load leaves no half store."""
    working = store.with_name(store.name + ".tmp")
    plain = store.with_name("graph.nq")
    shutil.rmtree(working, ignore_errors=True)
    try:
        with gzip.open(packed, "rb") as source, plain.open("wb") as sink:
            shutil.copyfileobj(source, sink, 1 << 20)
        graph = GraphStore(working)
        graph.bulk_load([plain])
        graph.flush()
        del graph  # lets go of the lock on the folder
        shutil.rmtree(store, ignore_errors=True)
        working.rename(store)
        packed.unlink()
    except (OSError, EOFError) as error:
        raise StoreError(f"{packed}: cannot be loaded ({error})") from error
    finally:
        plain.unlink(missing_ok=True)
        shutil.rmtree(working, ignore_errors=True)
