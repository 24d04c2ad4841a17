"""What lies in the folder of a built graph, and how its RDF is opened.

Decides the names of the parts. How they are made is decided in `kg.build`.
"""

import gzip
import json
import shutil
from pathlib import Path
from typing import Any

from .store import GraphStore, StoreError
from .wording import in_words

__all__ = [
    "ADDED",
    "ALONE",
    "CASES",
    "INPUTS",
    "QUADS",
    "REPORT",
    "SNAPSHOT",
    "STORE",
    "open_rdf",
    "settle_store",
]

ADDED = "added"
"""Folder of the named graphs that were added since, see `kg.additions`."""

STORE = "store"
"""Folder of the RDF store."""
QUADS = "graph.nq.gz"
"""The RDF as compressed N-Quads, there until the store is made."""
SNAPSHOT = "snapshot"
"""Folder of the compiled graph."""
ALONE = "alone.tsv"
"""Nodes that no mapping joins to another identifier, one a line."""
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
            raise StoreError(f"{folder}: holds no graph; name the --out folder of `iatros build`")
        _load(packed, store)
    settle_store(folder)
    return GraphStore(store, read_only=True)


def settle_store(folder: Path) -> None:
    """Brings the store, where there is one, in line with what `added/added.json` says.

    Each named graph is loaded in one transaction; what was under way when a run was cut short is
    done again.

    Raises:
        StoreError: Another process writes to the store, or an added file is damaged.
    """
    store, added = folder / STORE, folder / ADDED
    if not (store / "CURRENT").is_file() or not added.is_dir():
        return
    rows = {row["iri"]: row for row in _json(added / "added.json", [])}
    stored: dict[str, str] = _json(added / "stored.json", {})
    wanted = {iri: row["sha256"] for iri, row in rows.items()}
    if stored == wanted:
        return
    wrong = [iri for iri in sorted(stored.keys() | wanted) if stored.get(iri) != wanted.get(iri)]
    under_way = {iri: "" if iri in wrong else digest for iri, digest in (stored | wanted).items()}
    (added / "stored.json").write_text(json.dumps(under_way), "utf-8")
    graph = GraphStore(store)
    for iri in wrong:
        graph.remove_graph(iri)
        if iri in rows:
            graph.load_packed(added / rows[iri]["file"])
    graph.flush()
    (added / "stored.json").write_text(json.dumps(wanted), "utf-8")


def _json(path: Path, default: Any) -> Any:
    return json.loads(path.read_text("utf-8")) if path.is_file() else default


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
        (store.with_name(ADDED) / "stored.json").unlink(missing_ok=True)
        packed.unlink()
    except (OSError, EOFError) as error:
        raise StoreError(f"{packed}: cannot be loaded ({in_words(error)})") from error
    finally:
        plain.unlink(missing_ok=True)
        shutil.rmtree(working, ignore_errors=True)
