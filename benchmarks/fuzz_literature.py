"""Thousands of damaged files through every reader of papers: each gives papers or a reason.

Run:  python benchmarks/fuzz_literature.py [5000]

Prints how many files gave papers, what was wrong by kind, the slowest file and the peak of memory.
The tests run a hundred of the same files.
"""

import random
import resource
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from kg.literature.readers import DocumentError, read_annotated
from tests.kg.literature.papers import SEEDS, mutated


def main(n_files: int) -> None:
    """Reads so many mutated files and prints what became of them."""
    kinds: Counter[str] = Counter()
    n_papers = n_with_papers = n_silent = 0
    slowest = (0.0, -1)
    seeds = [(name, make()) for name, make in SEEDS.values()]
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        for number in range(n_files):
            name, seed = seeds[number % len(seeds)]
            file, data = mutated(seed, name, random.Random(number))  # noqa: S311
            path = Path(folder, file)
            path.write_bytes(data)
            started = time.perf_counter()
            found = list(read_annotated(path))
            slowest = max(slowest, (time.perf_counter() - started, number))
            path.unlink()
            errors = [item for item in found if isinstance(item, DocumentError)]
            kinds.update(f"{error.severity}: {error.kind}" for error in errors)
            n_papers += len(found) - len(errors)
            n_with_papers += len(found) > len(errors)
            n_silent += not found
            if not all(str(e).isprintable() for e in errors):
                raise AssertionError(f"file {number}: a message is not one printable line")
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{n_files} files in {time.perf_counter() - began:.0f} s, none raised")
    print(f"{n_papers} papers from {n_with_papers} files; {n_silent} files gave nothing at all")
    print(f"slowest file {slowest[0]:.2f} s (number {slowest[1]}), peak memory {peak_mb:.0f} MB")
    for kind, count in sorted(kinds.items()):
        print(f"{count:6d} {kind}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5000)
