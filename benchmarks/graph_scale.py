"""How loading, compiling and reading a graph grow with its size; the numbers of docs/scale.md.

Run:  python benchmarks/graph_scale.py graph.nq [graph.nq ...]     (N-Quads, one line a size)

Prints CPU seconds of this process, which other work on the machine disturbs less than wall time.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

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


def measure(path: Path, folder: Path) -> str:
    """One line of the table."""
    store = GraphStore(folder / "store")
    load, _ = timed(lambda: store.bulk_load([path]))
    compiling, snapshot = timed(lambda: compile_snapshot(store))
    snapshot.save(folder / "snapshot")
    reading, _ = timed(lambda: GraphSnapshot.load(folder / "snapshot").edges())
    sizes = [size_of(folder / part) / 2**20 for part in ("store", "snapshot")]
    cells = (
        *(f"{len(store):,}", f"{snapshot.n_edges:,}", f"{load:.1f}", f"{compiling:.1f}"),
        *(f"{reading:.2f}", f"{sizes[0]:.0f}", f"{sizes[1]:.0f}"),
    )
    return f"| {' | '.join(cells)} |"


def main(paths: list[str]) -> None:
    """Prints the table."""
    print("| quads | statements | load s | compile s | read snapshot s | store MB | snapshot MB |")
    print("|---:|---:|---:|---:|---:|---:|---:|")
    for path in paths:
        with tempfile.TemporaryDirectory() as folder:
            print(measure(Path(path), Path(folder)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
