"""Do the stores agree on the competency questions when the graph is real?

Run:  python benchmarks/competency.py GRAPH [--rdflib-edges 20000] [--start 14]
      (needs the `oxigraph` server)

The questions of docs/competency.md, the ids of the small world exchanged for real ones, are asked
of the embedded store and of an Oxigraph server over the same folder; then, since rdflib's own
store cannot hold a large graph, all three are asked over the statements around a few diseases.
Prints rows and seconds; exit status 1 when two answers differ.
"""

import argparse
import hashlib
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import rdflib

from kg.endpoint import EndpointSettings, SparqlEndpoint
from kg.graph_folder import SNAPSHOT, STORE
from kg.query import with_prefixes
from kg.snapshot import GraphSnapshot
from kg.store import GraphStore, TripleStore

PAGE = Path(__file__).resolve().parents[1] / "docs" / "competency.md"
REAL = {  # long QT syndrome 1, long QT syndrome, short QT syndrome, migraine; a paper
    "MONDO:1": "MONDO:0002442",
    "MONDO:2": "MONDO:0100316",
    "MONDO:3": "MONDO:0000453",
    "MONDO:4": "MONDO:0005277",
    "PMID:1": "PMID:26344792",
}
# All pairs of diseases that share a phenotype are hundreds of millions: one phenotype is asked.
BOUND = {"Which diseases share a phenotype?": "VALUES ?phenotype { HP:0001657 }"}

Ask = Callable[[str], Iterable[Iterable[object]]]


def questions(start: int) -> list[tuple[str, str]]:
    """Question and query with real ids, from question `start` on."""
    found = re.findall(
        r"^## \d+\. (.+?)\n\n```sparql\n(.*?)```", PAGE.read_text("utf-8"), re.M | re.S
    )
    return [(title, _real(sparql, BOUND.get(title, ""))) for title, sparql in found[start - 1 :]]


def _real(sparql: str, bound: str) -> str:
    for toy, real in REAL.items():
        sparql = re.sub(rf"\b{toy}\b", real, sparql)
    return sparql.replace("WHERE {", f"WHERE {{ {bound}", 1) if bound else sparql


def fingerprint(rows: Iterable[Iterable[object]]) -> tuple[int, str]:
    """Number of rows and a hash of them that does not depend on their order."""
    lines = sorted("\t".join(map(_text, row)) for row in rows)
    return len(lines), hashlib.sha256("\n".join(lines).encode()).hexdigest()[:12]


def _text(term: object) -> str:
    if term is None:
        return ""
    value = getattr(term, "value", None)
    text = str(term if value is None or isinstance(term, rdflib.term.Identifier) else value)
    try:
        return f"{float(text):.9g}"  # 0.5 and 5.0E-1 are one number
    except ValueError:
        return text


def compare(stores: dict[str, Ask], start: int) -> int:
    """Asks everybody the questions from `start` on; returns how many were answered unequally."""
    n_unequal = 0
    for title, sparql in questions(start):
        answers, times = {}, {}
        for name, ask in stores.items():
            began = time.perf_counter()
            answers[name] = fingerprint(ask(sparql))
            times[name] = time.perf_counter() - began
        agree = len(set(answers.values())) == 1
        n_unequal += not agree
        seconds = "  ".join(f"{name} {spent:.2f} s" for name, spent in times.items())
        shown = f"{next(iter(answers.values()))[0]:>9,} rows" if agree else f"UNEQUAL {answers}"
        print(f"{shown}  {seconds}  {title}", flush=True)
    return n_unequal


def near(store: TripleStore) -> Ask:
    """Asks a store of the project."""
    return lambda sparql: (tuple(row) for row in store.query(sparql).rows)


def served(*options: str) -> tuple["subprocess.Popen[bytes]", SparqlEndpoint]:
    """A running Oxigraph server; the caller ends it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        bind = f"127.0.0.1:{free.getsockname()[1]}"
    program = str(Path(sys.executable).with_name("oxigraph"))
    server = subprocess.Popen([program, *options, "--bind", bind], stderr=subprocess.DEVNULL)
    endpoint = SparqlEndpoint(
        f"http://{bind}/query", EndpointSettings(n_attempts=8, timeout_seconds=900)
    )
    endpoint.graphs()  # waits until it is up
    return server, endpoint


def neighbourhood(snapshot: GraphSnapshot, n_edges: int, folder: Path) -> Path:
    """N-Quads of the statements around the diseases that the questions name."""
    todo = [index for curie in REAL.values() if (index := snapshot.index(curie)) is not None]
    rows: dict[int, None] = {}
    seen = set(todo)
    for node in todo:  # grows while it is read
        if len(rows) >= n_edges:
            break
        for row in snapshot.incident(node).tolist():
            rows.setdefault(row)
            columns = snapshot.take(np.array([row]))
            for end in (int(columns.head[0]), int(columns.tail[0])):
                if end not in seen:
                    seen.add(end)
                    todo.append(end)
    keep = np.zeros(snapshot.n_edges, dtype=bool)
    keep[list(rows)[:n_edges]] = True
    path = folder / "part.nq"
    part = snapshot.subset(keep)
    print(f"{part.n_edges:,} statements, {part.to_nquads(path):,} quads for rdflib's own store")
    return path


def main() -> int:
    """Compares on the whole graph, then on a part of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("graph", type=Path)
    parser.add_argument("--rdflib-edges", type=int, default=20_000)
    parser.add_argument("--start", type=int, default=1, help="Number of the first question.")
    asked = parser.parse_args()
    server, endpoint = served("serve-read-only", "--location", str(asked.graph / STORE))
    try:
        embedded = GraphStore(asked.graph / STORE, read_only=True)
        print(f"whole graph, {len(embedded):,} quads")
        n_unequal = compare({"embedded": near(embedded), "server": near(endpoint)}, asked.start)
    finally:
        server.terminate()
    with tempfile.TemporaryDirectory() as scratch:
        snapshot = GraphSnapshot.load(asked.graph / SNAPSHOT)
        path = neighbourhood(snapshot, asked.rdflib_edges, Path(scratch))
        plain = rdflib.Dataset(default_union=True)
        plain.parse(path, format="nquads")
        embedded = GraphStore()
        embedded.bulk_load([path])
        server, endpoint = served("serve")
        try:
            endpoint.bulk_load([path])
            n_unequal += compare(
                {
                    "rdflib": lambda sparql: plain.query(with_prefixes(sparql)),  # type: ignore[return-value,dict-item]
                    "embedded": near(embedded),
                    "server": near(endpoint),
                },
                asked.start,
            )
        finally:
            server.terminate()
    print("all stores agree" if not n_unequal else f"{n_unequal} questions answered unequally")
    return 1 if n_unequal else 0


if __name__ == "__main__":
    sys.exit(main())
