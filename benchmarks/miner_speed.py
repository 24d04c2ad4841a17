"""Abstracts per second of a trained miner from end to end, and the memory it takes.

Usage: python benchmarks/miner_speed.py MINER GRAPH PAPERS [--documents 400]
       [--threads 2 | --workers 2]

With --workers, so many processes of one thread each read the papers in shares, as `iatros mine
--workers` does; the clock runs from when all are open until the last one ends. Memory is
proportional (PSS: what processes share is counted once), or the peak of the one process.
"""

import argparse
import resource
import time
from itertools import cycle, islice
from multiprocessing import get_context
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Barrier
from pathlib import Path

import psutil
import torch

from fusion.literature import TrainedMiner, load_miner
from kg.literature import Document
from kg.literature.readers import read_documents
from kg.snapshot import GraphSnapshot

_WARM = 32


def main() -> None:
    """Opens, reads and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("miner", type=Path)
    parser.add_argument("graph", type=Path)
    parser.add_argument("papers", type=Path)
    parser.add_argument("--documents", type=int, default=400)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--workers", type=int, default=0)
    options = parser.parse_args()
    found = [item for item in read_documents(options.papers) if isinstance(item, Document)]
    papers = list(islice(cycle(found), options.documents))
    if options.workers:
        _in_workers(options.miner, options.graph, papers, options.workers)
    else:
        _in_one(options.miner, options.graph, papers, options.threads)


def _opened(miner: Path, graph: Path, papers: list[Document], threads: int) -> TrainedMiner:
    torch.set_num_threads(threads)
    inner = graph / "snapshot"
    opened = load_miner(miner, GraphSnapshot.load(inner if inner.is_dir() else graph))
    list(opened.mine(papers[:_WARM]))  # the index of neighbours is made at first use
    return opened


def _in_one(miner: Path, graph: Path, papers: list[Document], threads: int) -> None:
    opened = _opened(miner, graph, papers, threads)
    wall, work = time.perf_counter(), time.process_time()
    n_statements = sum(1 for _ in opened.mine(papers))
    wall, work = time.perf_counter() - wall, time.process_time() - work
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    _say(len(papers), n_statements, wall, work, f"peak {peak:.2f} GiB")


def _in_workers(miner: Path, graph: Path, papers: list[Document], workers: int) -> None:
    context = get_context("spawn")
    ready, done = context.Barrier(workers + 1), context.Barrier(workers + 1)
    told: SimpleQueue[tuple[int, float]] = context.SimpleQueue()
    shares = [papers[number::workers] for number in range(workers)]
    jobs = [
        context.Process(target=_worker, args=(miner, graph, share, ready, done, told))
        for share in shares
    ]
    for job in jobs:
        job.start()
    ready.wait()
    wall = time.perf_counter()
    rows = [told.get() for _ in jobs]
    wall = time.perf_counter() - wall
    held = [psutil.Process(job.pid).memory_full_info() for job in jobs]
    done.wait()
    for job in jobs:
        job.join()
    _say(
        len(papers),
        sum(n for n, _ in rows),
        wall,
        sum(work for _, work in rows),
        f"{workers} workers hold {sum(one.pss for one in held) / 2**30:.2f} GiB "
        f"({sum(one.rss for one in held) / 2**30:.2f} with what they share counted twice)",
    )


def _worker(
    miner: Path,
    graph: Path,
    papers: list[Document],
    ready: Barrier,
    done: Barrier,
    told: "SimpleQueue[tuple[int, float]]",
) -> None:
    opened = _opened(miner, graph, papers, 1)
    ready.wait()
    work = time.process_time()
    n_statements = sum(1 for _ in opened.mine(papers))
    told.put((n_statements, time.process_time() - work))
    done.wait()


def _say(n_papers: int, n_statements: int, wall: float, work: float, memory: str) -> None:
    print(
        f"{n_papers} documents, {n_statements} statements: {n_papers / wall:.1f} a second, "
        f"{n_papers / work:.1f} a second of one core's work, {memory}"
    )


if __name__ == "__main__":
    main()
