"""The compiled loops against the plain meaning of each."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from fusion.symbolic.comparable import log_rank
from fusion.symbolic.compiled import best_of_others, first_of_groups
from fusion.symbolic.cosine import dense_product
from fusion.symbolic.rows import TermRows

FloatArray = npt.NDArray[np.float32]


def drawn(kind: str, n: int, seed: int) -> FloatArray:
    """Scores as rankers meet them: smooth, tied, at a floor, far apart, close together."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(2, n)).astype(np.float32)
    if kind == "tied":
        scores = np.round(scores * rng.choice([0, 1, 3, 100])).astype(np.float32)
    elif kind == "far apart":
        scores = np.exp(8 * scores)
    elif kind == "floor":
        scores[:, rng.random(n) < 0.97] = 0.0
    elif kind == "a floor inside":
        scores[:, rng.random(n) < 0.9] = -0.5
    elif kind == "close together":
        scores = (1e-3 * scores + 1000 * (rng.random(n) < 0.01)).astype(np.float32)
    return scores


@pytest.mark.parametrize(
    "kind", ["smooth", "tied", "far apart", "floor", "a floor inside", "close together"]
)
@pytest.mark.parametrize("n", [1, 2, 50, 999, 1000, 1001, 6000])
def test_log_rank_counts_what_is_higher(kind: str, n: int) -> None:
    scores = drawn(kind, n, seed=n)
    ranks = log_rank(scores)
    for row, values in zip(ranks, scores, strict=True):
        least = np.sort(values)[::-1][min(1000, n) - 1]
        higher = n - np.searchsorted(np.sort(values), values, side="right")
        expected = np.where(values > least, higher, (values > least).sum())
        np.testing.assert_array_equal(row, np.log1p(expected).astype(np.float32))


def test_log_rank_of_members_is_that_of_their_columns() -> None:
    scores, members = drawn("tied", 300, 1), np.arange(0, 300, 7)
    np.testing.assert_array_equal(log_rank(scores, members), log_rank(scores[:, members]))
    assert log_rank(scores, members[:0]).shape == (2, 0)


@pytest.mark.parametrize("wrong", [np.inf, -np.inf, np.nan])
def test_scores_that_are_no_numbers_are_refused(wrong: float) -> None:
    scores = drawn("smooth", 20, 0)
    scores[1, 3] = wrong
    with pytest.raises(ValueError, match="finite"):
        log_rank(scores)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_the_best_of_others_is_that_of_brute_force(seed: int) -> None:
    rng = np.random.default_rng(seed)
    member = rng.random((5, 12)) < 0.4
    groups = sparse.csr_matrix(member[member.sum(axis=1) > 1])
    scores = rng.integers(-3, 3, size=(2, 12)).astype(np.float32)
    out = np.full((2, 12), -np.inf, dtype=np.float32)
    best_of_others(scores, groups.indptr, groups.indices, out)
    for case in range(2):
        for disease in range(12):
            others = [
                scores[case, other]
                for row in groups.toarray()
                for other in np.flatnonzero(row)
                if row[disease] and other != disease
            ]
            assert out[case, disease] == max(others, default=-np.inf)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), n_each=st.integers(1, 6))
def test_the_first_of_groups_are_stable(seed: int, n_each: int) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, 6, size=30).astype(np.float32)
    groups = rng.integers(0, 3, size=30).astype(np.int32)
    taken = np.zeros(30, dtype=bool)
    first_of_groups(scores, groups, 3, n_each, taken)
    for group in range(3):
        members = np.flatnonzero(groups == group)
        best = members[np.argsort(-scores[members], kind="stable")[:n_each]]
        assert sorted(best) == np.flatnonzero(taken & (groups == group)).tolist()


def test_rows_without_room_count_too() -> None:
    table = np.random.default_rng(0).normal(size=(6, 40)).astype(np.float32)
    roomy = TermRows(lambda terms: table[terms], n_terms=6, width=40)
    narrow = TermRows(lambda terms: table[terms], n_terms=6, width=40, most_bytes=2 * 2 * 40)
    terms = np.asarray([0, 3, 4, 5], dtype=np.int32)
    for rows in (roomy, narrow):
        total, positive = np.zeros(40, dtype=np.float32), np.zeros(40, dtype=np.float32)
        best, worst = np.full(40, -np.inf, np.float32), np.full(40, np.inf, np.float32)
        rows.extremes(terms, total, positive, best, worst)
        np.testing.assert_allclose(total, table[terms].sum(axis=0), atol=1e-3)
        np.testing.assert_array_equal(positive, (table[terms] > 0).sum(axis=0))
        np.testing.assert_allclose(best, table[terms].max(axis=0), atol=1e-3)
        np.testing.assert_allclose(worst, table[terms].min(axis=0), atol=1e-3)
        out = np.empty(40, dtype=np.float32)
        rows.sum(terms, out)
        np.testing.assert_allclose(out, total, atol=1e-3)


def test_a_dense_product_is_the_sparse_one() -> None:
    queries = sparse.random(3, 20, density=0.3, random_state=0, format="csr", dtype=np.float32)
    terms = sparse.random(20, 9, density=0.3, random_state=1, format="csr", dtype=np.float32)
    np.testing.assert_allclose(
        dense_product(queries, terms), (queries @ terms).toarray(), rtol=1e-6
    )
