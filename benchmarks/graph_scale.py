"""How loading, compiling and reading a graph grow with its size, and against other stores.

Run:  python benchmarks/graph_scale.py graph.nq [graph.nq ...]      (N-Quads, one line a size)
      python benchmarks/graph_scale.py --compare graph.nq [--quads 1000000] [--scratch DIR]

The second form gives the same quads to rdflib's own memory store (with rdflib's own parser and
with the `ox-` parser), to Oxigraph's raw bulk load, and to the project's store, in memory and on
disk. CPU seconds of this process, which other work on the machine disturbs less than wall time;
the numbers of docs/scale.md.
"""

import argparse
import tempfile
import time
import warnings
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import TypeVar

import pyoxigraph as ox

from kg.compile import compile_snapshot
from kg.snapshot import GraphSnapshot
from kg.store import GraphStore

T = TypeVar("T")


def timed(work: Callable[[], T]) -> tuple[float, T]:
    """CPU seconds and the result."""
    began = time.process_time()
    result = work()
    return time.process_time() - began, result


def size_of(folder: Path) -> int:
    """Bytes of all files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def read_whole(folder: Path) -> GraphSnapshot:
    """Loads a snapshot and looks at every column and id that models and answers use."""
    snapshot = GraphSnapshot.load(folder)
    snapshot.edges(negated=None)
    snapshot.index("MONDO:0007739")
    snapshot.incident(0)
    return snapshot


def measure(path: Path, folder: Path) -> str:
    """One line of the table of sizes."""
    store = GraphStore(folder / "store")
    load, _ = timed(lambda: store.bulk_load([path]))
    compiling, snapshot = timed(lambda: compile_snapshot(store))
    snapshot.save(folder / "snapshot")
    mapping, _ = timed(lambda: GraphSnapshot.load(folder / "snapshot"))
    reading, _ = timed(lambda: read_whole(folder / "snapshot"))
    sizes = [size_of(folder / part) / 2**20 for part in ("store", "snapshot")]
    cells = (
        *(f"{len(store):,}", f"{snapshot.n_edges:,}", f"{load:.1f}", f"{compiling:.1f}"),
        *(f"{mapping:.2f}", f"{reading:.2f}", f"{sizes[0]:.0f}", f"{sizes[1]:.0f}"),
    )
    return f"| {' | '.join(cells)} |"


def rdflib_load(path: Path, parser: str) -> int:
    """Quads in rdflib's own memory store."""
    import rdflib

    warnings.simplefilter("ignore", DeprecationWarning)
    dataset = rdflib.Dataset(default_union=True)
    with path.open("rb") as source:
        dataset.parse(source, format=parser)
    return len(dataset)


def raw_load(path: Path, folder: Path) -> int:
    """Quads that Oxigraph's own bulk loader puts on disk."""
    store = ox.Store(str(folder))
    store.bulk_load(path=str(path), format=ox.RdfFormat.N_QUADS)
    return len(store)


def own_load(path: Path, folder: Path | None) -> int:
    """Quads in the project's store."""
    store = GraphStore(folder)
    store.bulk_load([path])
    return len(store)


def compare(path: Path, n_quads: int, scratch: Path) -> None:
    """Prints the same load in every store, and the ratios."""
    part = scratch / "part.nq"
    with path.open("rb") as source, part.open("wb") as sink:
        sink.writelines(islice(source, n_quads))
    works: dict[str, Callable[[], int]] = {
        "this project, in memory": lambda: own_load(part, None),
        "this project, on disk": lambda: own_load(part, scratch / "own"),
        "Oxigraph raw bulk load, on disk": lambda: raw_load(part, scratch / "raw"),
        "rdflib memory store, ox-nquads parser": lambda: rdflib_load(part, "ox-nquads"),
        "rdflib memory store, its own parser": lambda: rdflib_load(part, "nquads"),
    }
    seconds = {}
    print("| load | quads | CPU s | µs a quad |\n|---|---:|---:|---:|")
    for name, work in works.items():
        seconds[name], n_loaded = timed(work)
        per_quad = 1e6 * seconds[name] / max(n_loaded, 1)
        print(f"| {name} | {n_loaded:,} | {seconds[name]:.1f} | {per_quad:.1f} |", flush=True)
    memory, disk, raw, quick, slow = seconds.values()
    print(f"\nrdflib / this project, both in memory: {slow / memory:.1f}x")
    print(f"rdflib with the ox- parser / this project, both in memory: {quick / memory:.1f}x")
    print(f"rdflib in memory / this project on disk: {slow / disk:.1f}x")
    print(f"this project on disk / Oxigraph's raw bulk load: {disk / raw:.2f}x")


def main() -> None:
    """Prints the table that was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--compare", action="store_true")
    parser.add_argument("--quads", type=int, default=1_000_000)
    parser.add_argument("--scratch", type=Path, default=None)
    asked = parser.parse_args()
    if not asked.compare:
        heads = ("quads", "statements", "load s", "compile s", "map snapshot s", "read snapshot s")
        print(f"| {' | '.join((*heads, 'store MB', 'snapshot MB'))} |\n|{'---:|' * 8}")
    for path in asked.files:
        with tempfile.TemporaryDirectory(dir=asked.scratch) as folder:
            if asked.compare:
                compare(path, asked.quads, Path(folder))
            else:
                print(measure(path, Path(folder)), flush=True)


if __name__ == "__main__":
    main()
