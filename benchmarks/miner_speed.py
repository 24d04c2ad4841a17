"""Abstracts per second of a trained miner from end to end, and the memory it takes.

Usage: python benchmarks/miner_speed.py MINER GRAPH PAPERS [--documents 400] [--threads 2]
"""

import argparse
import resource
import time
from itertools import cycle, islice
from pathlib import Path

import torch

from fusion.literature import load_miner
from kg.literature import Document
from kg.literature.readers import read_documents
from kg.snapshot import GraphSnapshot


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("miner", type=Path)
    parser.add_argument("graph", type=Path)
    parser.add_argument("papers", type=Path)
    parser.add_argument("--documents", type=int, default=400)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    inner = options.graph / "snapshot"
    begin = time.perf_counter()
    miner = load_miner(
        options.miner, GraphSnapshot.load(inner if inner.is_dir() else options.graph)
    )
    print(f"opened in {time.perf_counter() - begin:.1f} s")
    found = [item for item in read_documents(options.papers) if isinstance(item, Document)]
    papers = list(islice(cycle(found), options.documents))
    list(miner.mine(papers[:32]))  # the index of neighbours is made at first use
    wall, work = time.perf_counter(), time.process_time()
    n_statements = sum(1 for _ in miner.mine(papers))
    wall, work = time.perf_counter() - wall, time.process_time() - work
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"{len(papers)} documents, {n_statements} statements: {len(papers) / wall:.1f} a second, "
        f"{len(papers) / work:.1f} a second of one core's work, peak {peak:.2f} GiB"
    )


if __name__ == "__main__":
    main()
