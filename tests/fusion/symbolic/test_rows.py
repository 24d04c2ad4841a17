"""Rows per term: the same numbers whether there is room for them or not."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusion.symbolic.comparable import log_rank
from fusion.symbolic.rows import TermRows

_WIDTH = 7
_TRUTH = np.random.default_rng(0).normal(size=(9, _WIDTH)).astype(np.float32)


def _rows(*, room: int) -> tuple[TermRows, list[int]]:
    computed: list[int] = []

    def compute(terms: np.ndarray) -> np.ndarray:
        computed.extend(terms.tolist())
        return np.asarray(_TRUTH[terms])

    return TermRows(compute, n_terms=9, width=_WIDTH, most_bytes=2 * _WIDTH * room), computed


@pytest.mark.parametrize("room", [1, 4, 9])
def test_rows_sums_and_maxima_are_those_of_the_function(room: int) -> None:
    rows, _ = _rows(room=room)
    terms = np.asarray([3, 0, 8, 3, 5], dtype=np.int32)
    for _ in range(2):
        np.testing.assert_allclose(rows.rows(terms), _TRUTH[terms], atol=2e-4)
        total = np.empty(_WIDTH, dtype=np.float32)
        rows.sum(terms, total)
        np.testing.assert_allclose(total, _TRUTH[terms].sum(axis=0), atol=1e-3)
        np.testing.assert_allclose(rows.maximum(terms), _TRUTH[terms].max(axis=0), atol=2e-4)
        columns = np.asarray([6, 1])
        np.testing.assert_allclose(rows.at(terms, columns), _TRUTH[terms][:, columns], atol=2e-4)


def test_a_row_that_has_room_is_computed_once_and_memory_is_bounded() -> None:
    rows, computed = _rows(room=2)
    for _ in range(3):
        rows.rows(np.asarray([1, 2, 4], dtype=np.int32))
    assert sorted(computed) == [1, 2, 4, 4, 4]


def test_no_term_is_no_row() -> None:
    rows, computed = _rows(room=2)
    nothing = np.zeros(0, dtype=np.int32)
    assert rows.rows(nothing).shape == (0, _WIDTH)
    assert not computed


@given(
    seed=st.integers(0, 2**32 - 1),
    distinct=st.sampled_from([1, 3, 40, 10**6]),
    n=st.integers(900, 4000),
)
def test_ranks_of_a_long_list_are_those_of_sorting(seed: int, distinct: int, n: int) -> None:
    values = np.random.default_rng(seed).integers(0, distinct, n).astype(np.float32)
    descending = -np.sort(-values)
    rank = np.searchsorted(-descending, -values, side="left")
    deepest = np.searchsorted(-descending, -descending[min(1000, n) - 1], side="left")
    expected = np.log1p(np.minimum(rank, deepest))
    np.testing.assert_allclose(log_rank(values[None])[0], expected, rtol=1e-6)
