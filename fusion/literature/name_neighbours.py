"""The nearest known name of an unknown one, by its runs of letters.

Decides the likeness: cosine of TF-IDF weights over runs of three letters inside words. It needs no
network and finds spelling variants; what is near enough is decided in `fusion.literature.linker`.
"""

import re
from array import array
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

__all__ = ["NameNeighbours"]

_RUN = 3


class NameNeighbours:
    """An index of names.

    Args:
        names: Known keys.

    Example:
        >>> NameNeighbours(["tremor", "nephrotoxicity"]).nearest("nephrotoxic")[0]
        'nephrotoxicity'
    """

    def __init__(self, names: Sequence[str]) -> None:
        from scipy.sparse import csr_array

        self.names = tuple(names)
        self._columns: dict[str, int] = defaultdict(lambda: len(self._columns))
        # Millions of runs, which Python's own numbers would hold in ten times the memory.
        found, ends = array("i"), array("i", [0])
        for name in self.names:
            found.extend(self._columns[run] for run in _runs(name))
            ends.append(len(found))
        self._columns = dict(self._columns)
        shape = (max(len(self.names), 1), max(len(self._columns), 1))
        columns, starts = np.asarray(found, np.int32), np.asarray(ends, np.int32)
        counts = np.bincount(columns, minlength=shape[1])
        self._weights = (np.log((1 + shape[0]) / (1 + counts)) + 1).astype(np.float32)
        values = self._weights[columns]
        row = np.repeat(np.arange(len(self.names)), np.diff(starts))
        length = np.sqrt(np.bincount(row, weights=values**2, minlength=shape[0]))
        self._norm = np.maximum(length, 1e-6).astype(np.float32)
        self._by_run = csr_array((values, columns, np.resize(starts, shape[0] + 1)), shape=shape)
        self._by_run = self._by_run.tocsc()

    def nearest(self, name: str) -> tuple[str, float]:
        """The nearest known name and its likeness in [0, 1]; an empty name when nothing is near."""
        runs = _runs(name)
        known = [self._columns[run] for run in runs if run in self._columns]
        if not known:
            return "", 0.0
        weights = self._weights[known]
        # A run that no name has counts against the likeness as much as the rarest one.
        unknown = (len(runs) - len(known)) * float(self._weights.max()) ** 2
        length = float(np.sqrt((weights**2).sum() + unknown))
        scores = np.zeros(len(self.names), dtype=np.float32)
        table = self._by_run
        for column, weight in zip(known, weights, strict=True):
            begin, end = table.indptr[column], table.indptr[column + 1]
            scores[table.indices[begin:end]] += table.data[begin:end] * weight
        scores /= self._norm * length
        best = int(scores.argmax())
        return self.names[best], float(scores[best])


def _runs(name: str) -> set[str]:
    runs: set[str] = set()
    for word in re.findall(r"\S+", name):
        marked = f"<{word}>"
        runs.update(marked[i : i + _RUN] for i in range(max(len(marked) - _RUN + 1, 1)))
    return runs
