"""Rows of numbers per term, computed once: what makes scoring the whole catalogue cheap.

Decides caching only. A scorer that adds up one row per term of the patient computes each row the
first time the term is met and keeps it, as 16-bit steps of the row's largest number: a quarter of a
thousandth of a nat, ranks, not bookkeeping. The memory is bounded; once it is full, rows of further
terms are computed each time they are met. Safe to use from several threads.
"""

from collections.abc import Callable, Iterator
from threading import Lock

import numpy as np
import numpy.typing as npt

from .compiled import add_rows, extremes_of_rows

__all__ = ["TermRows"]

IntArray = npt.NDArray[np.int32]
FloatArray = npt.NDArray[np.float32]

_STEPS = np.float32(32767.0)
_BYTES = 100 * 2**20  # of one table; the terms of 8,000 published patients fill 1.2 times as much
_BLOCK = 64


class TermRows:
    """A bounded table `[n_cached_terms, width]` in front of a function of terms."""

    def __init__(
        self,
        compute: Callable[[IntArray], FloatArray],
        *,
        n_terms: int,
        width: int,
        most_bytes: int = _BYTES,
    ) -> None:
        """Wraps `compute`, which gives one row of `width` numbers for each term position."""
        self._compute = compute
        self._width = width
        self._most = min(n_terms, max(1, most_bytes // (2 * max(width, 1))))
        self._place = np.full(n_terms, -1, dtype=np.int64)
        self._table: npt.NDArray[np.int16] | None = None
        self._step = np.zeros(self._most, dtype=np.float32)
        self._used = 0
        self._lock = Lock()

    def each(self, terms: IntArray) -> Iterator[FloatArray]:
        """One row after the other; each is overwritten by the next."""
        terms = np.asarray(terms, dtype=np.int32)
        spilled = self._remember(terms)
        row = np.empty(self._width, dtype=np.float32)
        for term in terms.tolist():
            place = self._place[term]
            if place < 0:
                row[:] = spilled[term]
            else:
                assert self._table is not None  # noqa: S101 - for the type checker
                np.multiply(self._table[place], self._step[place], out=row)
            yield row

    def rows(self, terms: IntArray) -> FloatArray:
        """Rows of the terms, `[len(terms), width]`."""
        out = np.empty((len(terms), self._width), dtype=np.float32)
        for to, row in zip(out, self.each(terms), strict=True):
            to[:] = row
        return out

    def at(self, terms: IntArray, columns: npt.NDArray[np.integer]) -> FloatArray:
        """Some numbers of each row, `[len(terms), len(columns)]`."""
        terms = np.asarray(terms, dtype=np.int32)
        spilled = self._remember(terms)
        out = np.empty((len(terms), len(columns)), dtype=np.float32)
        for to, term in zip(out, terms.tolist(), strict=True):
            place = self._place[term]
            if place < 0:
                to[:] = spilled[term][columns]
            else:
                assert self._table is not None  # noqa: S101 - for the type checker
                np.multiply(self._table[place, columns], self._step[place], out=to)
        return out

    def sum(self, terms: IntArray, out: FloatArray) -> None:
        """Sum of the rows, 0 without any, into `out`."""
        out[:] = 0.0
        table, places, rest = self._split(terms)
        add_rows(table, self._step, places, out)
        for row in rest:
            out += row

    def extremes(
        self,
        terms: IntArray,
        total: FloatArray,
        positive: FloatArray,
        best: FloatArray,
        worst: FloatArray,
    ) -> None:
        """Adds the rows to `total` and counts numbers above zero; keeps the largest and smallest.

        `best` comes as -inf and `worst` as inf, or with what is to be kept.
        """
        table, places, rest = self._split(terms)
        extremes_of_rows(table, self._step, places, total, positive, best, worst)
        for row in rest:
            total += row
            positive += row > 0
            np.maximum(best, row, out=best)
            np.minimum(worst, row, out=worst)

    def _split(
        self, terms: IntArray
    ) -> tuple[npt.NDArray[np.int16], npt.NDArray[np.int64], list[FloatArray]]:
        """The table, the places of the terms in it, and rows that found no room there."""
        terms = np.asarray(terms, dtype=np.int32)
        spilled = self._remember(terms)
        places = self._place[terms]
        table = np.empty((0, self._width), dtype=np.int16) if self._table is None else self._table
        return table, places[places >= 0], [spilled[t] for t in terms[places < 0].tolist()]

    def maximum(self, terms: IntArray) -> FloatArray:
        """Largest number of the rows in each column; of no row, -inf."""
        out = np.full(self._width, -np.inf, dtype=np.float32)
        for row in self.each(terms):
            np.maximum(out, row, out=out)
        return out

    def prepare(self, terms: IntArray) -> None:
        """Computes the missing rows of many terms at once, as long as there is room for them."""
        if self._used + len(terms) <= self._most:
            self._remember(np.asarray(terms, dtype=np.int32))

    def _remember(self, terms: IntArray) -> dict[int, FloatArray]:
        """Computes the rows that are missing; gives back those that found no room."""
        if not (self._place[terms] < 0).any():
            return {}
        spilled: dict[int, FloatArray] = {}
        with self._lock:
            missing = np.unique(terms[self._place[terms] < 0])
            if self._table is None:
                self._table = np.empty((self._most, self._width), dtype=np.int16)
            for start in range(0, len(missing), _BLOCK):
                block = missing[start : start + _BLOCK]
                for term, row in zip(block.tolist(), self._compute(block), strict=True):
                    step = max(float(np.abs(row).max(initial=0.0)), 1e-30) / _STEPS
                    steps = np.rint(row / np.float32(step))
                    if self._used < self._most:
                        self._table[self._used] = steps
                        self._step[self._used] = step
                        self._place[term] = self._used
                        self._used += 1
                    else:
                        spilled[term] = (steps * np.float32(step)).astype(np.float32)
        return spilled
