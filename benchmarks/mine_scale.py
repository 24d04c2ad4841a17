"""How fast papers are mined and in how much memory; the numbers of docs/scale.md.

Run:  python benchmarks/mine_scale.py GRAPH [--papers 100000] [--sentences 9] [--workers 2]
      [--model DIR]

Writes so many generated abstracts, sentences that name random things of the graph, in files of a
thousand, then runs `iatros mine` on them. Prints abstracts per wall second and per CPU second, and
the memory of all processes (PSS: what they share counted once) after each tenth of the files.
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil

from kg.literature.dictionary import graph_names
from kg.literature.document import Document, EntityType
from kg.literature.readers import document_to_json
from kg.snapshot import GraphSnapshot

SENTENCES = (
    "{c} is effective in the treatment of {d} in adult patients.",
    "{c}-induced {p} was seen in three of forty patients.",
    "We did not find that {c} causes {p} in children with {d}.",
    "Mutations in {g} are associated with {d}.",
    "The mean age was 52 years and the follow-up lasted 24 months.",
    "{c} may increase the risk of {p}, whereas {e} reduced it.",
    "In this retrospective study the records of 211 patients were reviewed (P < 0.05).",
    "Serum concentrations were measured by liquid chromatography before and after the dose.",
)
PER_FILE = 1000


def write_papers(graph: GraphSnapshot, folder: Path, n_papers: int, n_sentences: int) -> None:
    """Files of generated abstracts, the same every time."""
    rng = random.Random(0)  # noqa: S311
    named: dict[EntityType, list[str]] = {}
    for name in graph_names(graph):
        if name.rank == 0 and 5 < len(name.text) < 40:
            named.setdefault(name.type, []).append(name.text)
    kinds = {"c": EntityType.CHEMICAL, "e": EntityType.CHEMICAL, "d": EntityType.DISEASE,
             "p": EntityType.PHENOTYPE, "g": EntityType.GENE}  # fmt: skip
    for first in range(0, n_papers, PER_FILE):
        with (folder / f"{first:08d}.jsonl").open("w") as sink:
            for number in range(first, min(first + PER_FILE, n_papers)):
                parts = [
                    rng.choice(SENTENCES).format(
                        **{k: rng.choice(named[t]) for k, t in kinds.items() if t in named}
                    )
                    for _ in range(n_sentences)
                ]
                paper = Document.of_abstract(
                    str(number + 1),
                    title=parts[0],
                    abstract=" ".join(parts[1:]),
                    pmid=f"PMID:{number + 1}",
                )
                sink.write(document_to_json(paper) + "\n")


def memory_mb(process: psutil.Process) -> float:
    """Memory of a process and its children."""
    total = 0
    for one in (process, *process.children(recursive=True)):
        try:
            total += one.memory_full_info().pss
        except psutil.Error:
            continue
    return total / 2**20


def main() -> None:
    """Generates, mines and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("graph", type=Path)
    parser.add_argument("--papers", type=int, default=100_000)
    parser.add_argument("--sentences", type=int, default=9)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--model", type=Path)
    options = parser.parse_args()
    inner = options.graph / "snapshot"
    graph = GraphSnapshot.load(inner if inner.is_dir() else options.graph)
    with tempfile.TemporaryDirectory() as scratch:
        papers = Path(scratch, "papers")
        papers.mkdir()
        write_papers(graph, papers, options.papers, options.sentences)
        out = Path(scratch, "mined.nq.gz")
        command = [
            sys.executable, "-c", "from reasoning.cli import main; main()", "mine", str(papers),
            "--graph", str(options.graph), "--out", str(out), "--workers", str(options.workers),
        ]  # fmt: skip
        if options.model:
            command += ["--model", str(options.model)]
        began = time.perf_counter()
        child = subprocess.Popen(command)
        watched = psutil.Process(child.pid)
        samples: list[tuple[int, float]] = []
        done = threading.Event()

        def watch() -> None:
            while not done.wait(2.0):
                n_files = len(list(Path(f"{out}.parts").glob("*.json")))
                try:
                    samples.append((n_files, memory_mb(watched)))
                except psutil.Error:
                    return

        thread = threading.Thread(target=watch)
        thread.start()
        _, status, usage = os.wait4(child.pid, 0)
        cpu = usage.ru_utime + usage.ru_stime
        done.set()
        thread.join()
        seconds = time.perf_counter() - began
        print(f"exit status {status}; {options.papers} papers, {options.workers} workers")
        print(f"{options.papers / seconds:.0f} abstracts a second (wall), {seconds:.0f} s")
        print(f"{options.papers / cpu:.0f} abstracts a CPU second, {cpu:.0f} CPU s")
        print(
            f"output {out.stat().st_size / 2**20:.0f} MB; peak {max(m for _, m in samples):.0f} MB"
        )
        n_files = max(n for n, _ in samples)
        for tenth in range(1, 11):
            upto = [m for n, m in samples if 0 < n <= n_files * tenth / 10]
            if upto:
                print(f"  after {tenth * 10:3d}% of the files: {upto[-1]:.0f} MB")
        joining = [m for n, m in samples if n == n_files]
        print(f"  while joining: {max(joining):.0f} MB")


if __name__ == "__main__":
    main()
