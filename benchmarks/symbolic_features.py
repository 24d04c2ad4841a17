"""Throughput of the symbolic features over the whole catalogue, on a built graph.

Usage: `python benchmarks/symbolic_features.py GRAPH CASES.jsonl [--cases 300]`

GRAPH is a snapshot folder, CASES the project's JSON lines. Prints cases a second (process time, one
thread) cold, with every term met for the first time, and warm; and the share of each part.
"""

import argparse
import cProfile
import pstats
import resource
import time
from pathlib import Path

from fusion.symbolic import SymbolicFeatures, SymbolicKnowledge
from kg.case import ClinicalCase
from kg.snapshot import GraphSnapshot


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("graph", type=Path)
    parser.add_argument("cases", type=Path)
    parser.add_argument("--cases", dest="n_cases", type=int, default=300)
    options = parser.parse_args()
    lines = options.cases.read_text(encoding="utf-8").splitlines()
    cases = [ClinicalCase.from_json(line) for line in lines]
    knowledge = SymbolicKnowledge.from_snapshot(GraphSnapshot.load(options.graph))
    references = knowledge.references(cases)
    features = SymbolicFeatures(knowledge, references)
    step = max(len(references) // options.n_cases, 1)
    patients = references.patients[::step][: options.n_cases]
    sizes = features.n_diseases, len(references), len(features.names)
    print("{} diseases, {} references, {} features".format(*sizes))
    for label in ("cold", "warm"):
        began = time.process_time()
        for start in range(0, len(patients), 16):
            features.compute(patients[start : start + 16])
        seconds = time.process_time() - began
        print(f"{label}: {len(patients) / seconds:.0f} cases/s")
    peak_gib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"peak memory: {peak_gib:.2f} GiB")
    profile = cProfile.Profile()
    profile.runcall(features.compute, patients[:64])
    pstats.Stats(profile).sort_stats("tottime").print_stats(12)


if __name__ == "__main__":
    main()
