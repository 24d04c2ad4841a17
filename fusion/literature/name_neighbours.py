"""The nearest known name of an unknown one, by its runs of letters.

Decides the likeness: cosine of TF-IDF weights over runs of three letters inside words. It needs no
network and finds spelling variants; what is near enough is decided in `fusion.literature.linker`.
"""

import re
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
        rows, columns = [], []
        for row, name in enumerate(self.names):
            for run in _runs(name):
                rows.append(row)
                columns.append(self._columns[run])
        self._columns = dict(self._columns)
        shape = (max(len(self.names), 1), max(len(self._columns), 1))
        counts = np.bincount(columns, minlength=shape[1]) if columns else np.zeros(shape[1])
        self._weights = (np.log((1 + shape[0]) / (1 + counts)) + 1).astype(np.float32)
        values = self._weights[columns] if columns else np.zeros(0, np.float32)
        table = csr_array((values, (rows, columns)), shape=shape, dtype=np.float32)
        norm = np.sqrt(np.asarray(table.multiply(table).sum(axis=1)).ravel())
        self._norm = np.maximum(norm, 1e-6)
        self._by_run = table.tocsc()

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
