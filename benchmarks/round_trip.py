"""Does a built graph survive the way out and back: through N-Quads, and from snapshot to RDF.

Run:  python benchmarks/round_trip.py GRAPH [--scratch DIR]  (folder that `iatros build` wrote)

Prints the digest at each station and the seconds between; exit status 1 when two that must be
equal differ. GRAPH is left as it is.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from kg.canonical import digest_of_dump
from kg.compile import compile_snapshot
from kg.graph_folder import SNAPSHOT, STORE
from kg.snapshot import GraphSnapshot
from kg.store import GraphStore

T = TypeVar("T")


def told(what: str, work: Callable[[], T]) -> T:
    """Does the work and prints how long it took."""
    began = time.perf_counter()
    result = work()
    print(f"{what}: {result}  [{time.perf_counter() - began:.1f} s]", flush=True)
    return result


def loaded(quads: Path) -> GraphStore:
    """A fresh store of one file, in memory: some 150 bytes a quad, and read ten times as fast."""
    store = GraphStore()
    store.bulk_load([quads])
    return store


def main() -> int:
    """Runs the round trips."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("graph", type=Path)
    parser.add_argument("--scratch", type=Path, default=None)
    asked = parser.parse_args()
    snapshot = GraphSnapshot.load(asked.graph / SNAPSHOT)
    print(f"snapshot {snapshot.digest}: {snapshot.n_nodes:,} nodes, {snapshot.n_edges:,} edges")
    good = []
    if asked.scratch is not None:
        asked.scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=asked.scratch) as scratch:
        folder = Path(scratch)
        plain = folder / "graph.nq"
        there = GraphStore(asked.graph / STORE, read_only=True)
        told("out of the store of the build", lambda: there.dump(plain))
        first = told("its quads", lambda: digest_of_dump(plain))
        store = loaded(plain)
        told("quads loaded", lambda: len(store))
        plain.unlink()
        told("out of the new store", lambda: store.dump(plain))
        again = told("its quads", lambda: digest_of_dump(plain))
        plain.unlink()
        good.append(first == again)
        compiled = told("compiled from RDF", lambda: compile_snapshot(store).digest)
        good.append(compiled == snapshot.digest)
        del store
        told("snapshot to RDF, quads", lambda: snapshot.to_nquads(folder / "s.nq"))
        store = loaded(folder / "s.nq")
        back = told("snapshot to RDF to snapshot", lambda: compile_snapshot(store).digest)
        good.append(back == snapshot.digest)
    print("graph -> N-Quads -> graph: " + ("the same quads" if good[0] else "DIFFERENT"))
    print("RDF -> snapshot: " + ("digest of the build" if good[1] else "DIFFERENT"))
    print("snapshot -> RDF -> snapshot: " + ("the same digest" if good[2] else "DIFFERENT"))
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
