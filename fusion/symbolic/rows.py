"""Rows of numbers per term, computed once: what makes scoring the whole catalogue cheap.

Decides caching only. A scorer that adds up one row per term of the patient computes each row the
first time the term is met and keeps it (float16: ranks, not bookkeeping).
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

__all__ = ["TermRows"]

IntArray = npt.NDArray[np.int32]
FloatArray = npt.NDArray[np.float32]


class TermRows:
    """A growing table `[n_cached_terms, width]` in front of a function of terms."""

    def __init__(
        self,
        compute: Callable[[IntArray], FloatArray],
        *,
        n_terms: int,
        width: int,
        precision: str = "float16",
    ) -> None:
        """Wraps `compute`, which gives one row of `width` numbers for each term position."""
        self._compute = compute
        self._place = np.full(n_terms, -1, dtype=np.int64)
        self._table = np.zeros((0, width), dtype=precision)
        self._used = 0

    def places(self, terms: IntArray) -> npt.NDArray[np.int64]:
        """Row numbers of the terms in `table`; computes the rows that are missing."""
        terms = np.asarray(terms, dtype=np.int32)
        missing = np.unique(terms[self._place[terms] < 0])
        if len(missing):
            self._grow(self._used + len(missing))
            for start in range(0, len(missing), 64):
                block = missing[start : start + 64]
                stop = self._used + len(block)
                self._table[self._used : stop] = self._compute(block)
                self._place[block] = np.arange(self._used, stop)
                self._used = stop
        return self._place[terms]

    def rows(self, terms: IntArray) -> FloatArray:
        """Rows of the terms, `[len(terms), width]` in float32."""
        places = self.places(terms)  # first: it may replace the table
        return self._table[places].astype(np.float32)

    def _grow(self, size: int) -> None:
        if size > len(self._table):
            room = max(size, 2 * len(self._table), 256)
            shape = (min(room, len(self._place)), self._table.shape[1])
            table = np.empty(shape, dtype=self._table.dtype)
            table[: self._used] = self._table[: self._used]
            self._table = table
