"""Loops over the catalogue that numpy makes several passes of, compiled by numba.

Decides nothing but speed: each function has its meaning stated where it is called. They let go of
the interpreter's lock, so that cases run side by side on threads. The first process to call one
compiles it (a second or less each) and keeps it in `__pycache__`.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
import numpy.typing as npt

__all__ = [
    "add_masked_trees",
    "add_rows",
    "best_of_groups",
    "best_of_others",
    "extremes_of_rows",
    "first_of_groups",
    "log_ranks",
    "weigh_columns",
]

IntArray = npt.NDArray[np.int32]
LongArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float32]
_Function = TypeVar("_Function", bound=Callable[..., Any])

_BINS = 4096
_STRIDE = 16
_FEW = 32  # values in one bin that are compared pair by pair
_MASK_ROWS = 64  # rows whose masks stay in the cache of a core

_LOWEST_BIT = np.zeros(37, dtype=np.int64)
"""Number of the lowest bit by the remainder of its value: 37 tells all powers of two apart."""
_LOWEST_BIT[[(1 << bit) % 37 for bit in range(32)]] = range(32)


def _compiled(function: _Function) -> _Function:
    """Compiled without the lock; kept on disk where a folder can be written."""
    try:
        return cast(_Function, numba.njit(nogil=True, cache=True)(function))
    except RuntimeError:  # numba finds no folder for its cache
        return cast(_Function, numba.njit(nogil=True)(function))


@_compiled
def add_rows(
    table: npt.NDArray[np.int16], steps: FloatArray, places: LongArray, out: FloatArray
) -> None:  # pragma: no cover - compiled
    """Adds rows of a table of 16-bit steps to `out`."""
    for place in places:
        step = steps[place]
        row = table[place]
        for i in range(len(out)):
            out[i] += row[i] * step


@_compiled
def extremes_of_rows(
    table: npt.NDArray[np.int16],
    steps: FloatArray,
    places: LongArray,
    total: FloatArray,
    positive: FloatArray,
    best: FloatArray,
    worst: FloatArray,
) -> None:  # pragma: no cover - compiled
    """Adds up rows; counts those above zero, keeps the largest and the smallest number."""
    for place in places:
        step = steps[place]
        row = table[place]
        for i in range(len(total)):
            value = row[i] * step
            total[i] += value
            positive[i] += np.float32(value > 0)
            best[i] = max(best[i], value)
            worst[i] = min(worst[i], value)


@_compiled
def add_masked_trees(
    features: FloatArray, columns: LongArray, starts: LongArray, thresholds: FloatArray,
    kept: IntArray, leaves: npt.NDArray[np.float64], out: npt.NDArray[np.float64],
) -> None:  # fmt: skip  # pragma: no cover - compiled
    """Adds the scores of an ensemble of trees; see `fusion.symbolic.tree_masks`."""
    n_trees = len(leaves)
    masks = np.empty((_MASK_ROWS, n_trees), dtype=np.int32)
    for begin in range(0, len(features), _MASK_ROWS):
        n_rows = min(_MASK_ROWS, len(features) - begin)
        masks[:] = -1
        for number in range(len(columns)):
            first, column = starts[number], columns[number]
            for row in range(n_rows):
                value = features[begin + row, column]
                low, high = first, starts[number + 1]
                while low < high:
                    middle = (low + high) // 2
                    if thresholds[middle] < value:
                        low = middle + 1
                    else:
                        high = middle
                if low > first:
                    own, left = masks[row], kept[low + number]
                    for tree in range(n_trees):
                        own[tree] &= left[tree]
        for row in range(n_rows):
            total = 0.0
            for tree in range(n_trees):
                mask = np.int64(masks[row, tree])
                total += leaves[tree, _LOWEST_BIT[(mask & -mask) % 37]]
            out[begin + row] += total


@_compiled
def best_of_others(
    scores: FloatArray, indptr: IntArray, indices: IntArray, out: FloatArray
) -> None:  # pragma: no cover - compiled
    """Raises `out` to the best score among the others of each group (CSR).

    The best of the others is the best of the group, but for the best itself, whose is the second
    best: a group costs its size, not the square of it.
    """
    for case in range(len(scores)):
        own, to = scores[case], out[case]
        for group in range(len(indptr) - 1):
            first, second, at = np.float32(-np.inf), np.float32(-np.inf), -1
            for place in range(indptr[group], indptr[group + 1]):
                value = own[indices[place]]
                if value > first:
                    first, second, at = value, first, place
                elif value > second:
                    second = value
            for place in range(indptr[group], indptr[group + 1]):
                disease = indices[place]
                to[disease] = max(to[disease], second if place == at else first)


@_compiled
def best_of_groups(
    scores: FloatArray, groups: IntArray, out: FloatArray
) -> None:  # pragma: no cover - compiled
    """Largest score of each group of columns, `[n_cases, n_groups]`; `out` comes as -inf."""
    for case in range(len(scores)):
        own, to = scores[case], out[case]
        for i in range(len(groups)):
            to[groups[i]] = max(to[groups[i]], own[i])


@_compiled
def first_of_groups(
    scores: FloatArray, groups: IntArray, n_groups: int, n_each: int, taken: npt.NDArray[np.bool_]
) -> None:  # pragma: no cover - compiled
    """Marks the `n_each` highest scores of each group; of equal ones the first positions."""
    values = np.empty((n_groups, n_each), dtype=np.float32)
    places = np.empty((n_groups, n_each), dtype=np.int64)
    sizes = np.zeros(n_groups, dtype=np.int64)
    for i in range(len(scores)):
        group, value = groups[i], scores[i]
        size = sizes[group]
        if size == n_each:
            if not value > values[group, size - 1]:
                continue
        else:
            size += 1
            sizes[group] = size
        at = size - 1
        while at > 0 and values[group, at - 1] < value:
            values[group, at] = values[group, at - 1]
            places[group, at] = places[group, at - 1]
            at -= 1
        values[group, at] = value
        places[group, at] = i
    for group in range(n_groups):
        for at in range(sizes[group]):
            taken[places[group, at]] = True


@_compiled
def weigh_columns(
    terms: IntArray, weights: FloatArray, indptr: IntArray, indices: IntArray, data: FloatArray,
    out: FloatArray,
) -> None:  # fmt: skip  # pragma: no cover - compiled
    """Adds sparse rows, each times its weight, to `out`."""
    for i in range(len(terms)):
        weight = weights[i]
        for place in range(indptr[terms[i]], indptr[terms[i] + 1]):
            out[indices[place]] += weight * data[place]


@_compiled
def _above(
    values: FloatArray, bound: np.float32, kept: FloatArray, places: IntArray
) -> int:  # pragma: no cover - compiled
    """Values above a bound and their places; gives their number."""
    m = 0
    for i in range(len(values)):
        if values[i] > bound:
            kept[m] = values[i]
            places[m] = i
            m += 1
    return m


@_compiled
def log_ranks(
    scores: FloatArray, members: LongArray, logarithms: FloatArray, out: FloatArray
) -> None:  # pragma: no cover - compiled
    """Logarithm of the optimistic rank among `members`, `[n_cases, n_members]`.

    Only ranks above the k-th largest score count, k the last place of `logarithms`; the rest share
    the next one. Equal width bins over the range of the scores find what is above, and the number
    of what is higher: only scores of one bin are compared.
    """
    n = len(members)
    k = min(len(logarithms) - 1, n)
    values = np.empty(n, dtype=np.float32)
    kept = np.empty(n, dtype=np.float32)
    places = np.empty(n, dtype=np.int32)
    bins = np.empty(n, dtype=np.int32)
    ends = np.empty(_BINS + 1, dtype=np.int32)
    in_order = np.empty(n, dtype=np.float32)
    for case in range(len(scores)):
        own, to = scores[case], out[case]
        low = high = own[members[0]]
        for i in range(n):
            value = own[members[i]]
            values[i] = value
            low, high = min(low, value), max(high, value)
        to[:] = logarithms[0]
        if not high > low:
            continue
        scale = np.float32(_BINS - 1) / (high - low)
        ends[:] = 0
        for i in range(0, n, _STRIDE):
            ends[int((values[i] - low) * scale)] += 1
        wanted, edge, above = 3 * k // (2 * _STRIDE) + 1, _BINS - 1, ends[_BINS - 1]
        while edge > 0 and above < wanted:
            edge -= 1
            above += ends[edge]
        bound = low + np.float32(edge) / scale if edge > 1 else low
        m = _above(values, bound, kept, places)
        if m < k and bound > low:  # the sample reached too few by chance
            bound = low
            m = _above(values, bound, kept, places)
        ends[:] = 0
        for i in range(m):
            bins[i] = int((kept[i] - low) * scale)
            ends[bins[i]] += 1
        begin, last = 0, _BINS - 1  # ends become the places where the bins begin, the highest first
        for at in range(_BINS - 1, -1, -1):
            size = ends[at]
            ends[at] = begin
            begin += size
            if begin < k:
                last = at - 1
        for i in range(m):
            in_order[ends[bins[i]]] = kept[i]
            ends[bins[i]] += 1
        least, n_above = low, m
        if m >= k:
            begin = ends[last + 1] if last < _BINS - 1 else 0
            tail = in_order[begin : ends[last]]
            least = tail[0]
            for value in tail:
                least = min(least, value)
            n_above = begin
            for value in tail:
                n_above += value > least
            if n_above >= k:  # not all of them are alike
                tail = np.sort(tail)
                least = tail[len(tail) - (k - begin)]
                n_above = begin
                for value in tail:
                    n_above += value > least
        to[:] = logarithms[n_above]
        for at in range(_BINS):
            begin = ends[at + 1] if at < _BINS - 1 else 0
            if begin < n_above and ends[at] - begin > _FEW:
                in_order[begin : ends[at]] = np.sort(in_order[begin : ends[at]])[::-1]
        for i in range(m):
            value = kept[i]
            if not value > least:
                continue
            at = bins[i]
            begin = ends[at + 1] if at < _BINS - 1 else 0
            rank, end = begin, ends[at]
            if end - begin > _FEW:  # descending: the first place that is not higher
                while rank < end:
                    middle = (rank + end) // 2
                    if in_order[middle] > value:
                        rank = middle + 1
                    else:
                        end = middle
            else:
                for place in range(begin, end):
                    rank += in_order[place] > value
            to[places[i]] = logarithms[rank]
