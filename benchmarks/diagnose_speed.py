"""Speed of `iatros diagnose` over the whole catalogue: batch, one at a time, notes, memory.

Usage: `python benchmarks/diagnose_speed.py MODEL CASES… [--cases 400] [--threads 2]`

Every measurement is made on the warm model (loaded, node vectors made, terms met before), with
phenotypes alone (notes and images taken off) unless said. Prints cases a second by wall clock, and
by processor time of one core times the threads, which is what an idle machine would reach; the 95th
percentile of one interactive case; the same cases one after the other as the baseline, and the
ratio to it; and the peak memory of the process.
"""

import argparse
import resource
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch

from kg.case import ClinicalCase
from kg.cases import CaseError, read_cases
from reasoning.diagnose import Asked, Diagnoser


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Wall and processor seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def report(name: str, n: int, seconds: tuple[float, float], threads: int) -> float:
    """Prints one row; gives back cases a second by the wall clock."""
    wall, cpu = seconds
    print(f"{name:44} {n / wall:7.1f} cases/s wall   {threads * n / cpu:7.1f} idle machine")
    return n / wall


def latencies(engine: Diagnoser, cases: Sequence[ClinicalCase], asked: Asked) -> np.ndarray:
    """Wall milliseconds of each case, asked alone."""
    out = []
    for case in cases:
        began = time.perf_counter()
        engine.answer([case], asked)
        out.append(1000.0 * (time.perf_counter() - began))
    return np.asarray(out)


def quantiles(milliseconds: np.ndarray) -> str:
    """Median and 95th percentile."""
    median, high = np.percentile(milliseconds, [50, 95])
    return f"median {median:.0f} ms, p95 {high:.0f} ms"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("cases", type=Path, nargs="+")
    parser.add_argument("--cases", dest="n_cases", type=int, default=400)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    began = time.perf_counter()
    engine = Diagnoser.load(options.model)
    print(f"loaded in {time.perf_counter() - began:.1f} s")
    found = [c for c in read_cases(options.cases) if not isinstance(c, CaseError)]
    step = max(len(found) // options.n_cases, 1)
    chosen = [c for c in found[::step] if c.phenotypes][: options.n_cases]
    plain = [c.model_copy(update={"note": None, "images": ()}) for c in chosen]
    catalogue = engine.predictor.catalogue.n_diseases
    terms = np.mean([len(c.phenotypes) for c in plain])
    print(f"{len(plain)} cases of {terms:.1f} terms, {catalogue} diseases")
    full, bare = Asked(top=10), Asked(top=10, evidence=False)
    cold = timed(lambda: engine.answer(plain, full))
    report("cold, with evidence", len(plain), cold, options.threads)
    with_evidence = timed(lambda: engine.answer(plain, full))
    fast = report("batch, with evidence", len(plain), with_evidence, options.threads)
    report(
        "batch, ranking alone",
        len(plain),
        timed(lambda: engine.answer(plain, bare)),
        options.threads,
    )
    some = plain[:100]
    torch.set_num_threads(1)
    slow = len(some) / timed(lambda: [engine.answer([case], full) for case in some])[0]
    print(f"{'one after the other on one thread (baseline)':44} {slow:7.1f} cases/s wall")
    print(f"ratio batch / baseline: {fast / slow:.2f}")
    torch.set_num_threads(options.threads)
    alone = latencies(engine, some, full)
    print(f"one interactive case: {quantiles(alone)}")
    everything = Asked(top=10, questions=5, counterfactual=True)
    asked = latencies(engine, some[:30], everything)
    print(f"with questions and counterfactuals: {quantiles(asked)}")
    noted = [c for c in found if c.note and c.phenotypes][:100]
    if noted and engine.predictor.manifest.config.text_encoder != "":
        noted = [c.model_copy(update={"images": ()}) for c in noted]
        once = timed(lambda: engine.answer(noted[:1], full))[0]
        print(f"the first note of all, names of findings gathered once: {once:.1f} s")
        noted = noted[1:]
        report(
            "batch, with a note, each for the first time",
            len(noted),
            timed(lambda: engine.answer(noted, full)),
            options.threads,
        )
        report(
            "batch, with a note, terms met before",
            len(noted),
            timed(lambda: engine.answer(noted, full)),
            options.threads,
        )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"peak memory: {peak:.2f} GiB")


if __name__ == "__main__":
    main()
