"""Ranks, metrics and calibration against brute force and scikit-learn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata
from sklearn.metrics import top_k_accuracy_score

from reasoning.evaluate import (
    GoldRanks,
    RankTable,
    Temperature,
    expected_calibration_error,
    paired_differences,
)

tables = st.integers(1, 6).flatmap(
    lambda n_cases: st.lists(
        st.lists(st.integers(-3, 3), min_size=5, max_size=5),
        min_size=n_cases,
        max_size=n_cases,
    )
)


@given(tables, st.data())
def test_ranks_are_those_of_scipy(rows: list[list[int]], data: st.DataObject) -> None:
    gold = data.draw(st.lists(st.integers(0, 4), min_size=len(rows), max_size=len(rows)))
    scores = np.asarray(rows, dtype=np.float32)
    ranks = GoldRanks.of(scores, gold)
    for method, found in (
        ("min", ranks.optimistic),
        ("average", ranks.realistic),
        ("max", ranks.pessimistic),
    ):
        expected = rankdata(-scores, method=method, axis=1)[np.arange(len(rows)), gold]
        np.testing.assert_allclose(found, expected)
    assert (ranks.optimistic <= ranks.realistic).all()
    assert (ranks.realistic <= ranks.pessimistic).all()


def test_a_score_that_is_no_number_ranks_last() -> None:
    ranks = GoldRanks.of([[np.nan, 1.0, -5.0]], [0])
    assert ranks.pessimistic.tolist() == [3.0]


def test_top_k_is_that_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    scores, gold = rng.normal(size=(50, 20)), rng.integers(20, size=50)
    table = RankTable(
        rank=GoldRanks.of(scores, gold).realistic,
        disease=gold.astype(np.int32),
        cluster=np.arange(50, dtype=np.int32),
    )
    for k in (1, 3, 5, 10):
        expected = top_k_accuracy_score(gold, scores, k=k, labels=np.arange(20))
        assert table.summary()[f"top{k}"] == pytest.approx(expected)


def _table(rank: list[float], disease: list[int], cluster: list[int]) -> RankTable:
    return RankTable(
        rank=np.asarray(rank, dtype=np.float64),
        disease=np.asarray(disease, dtype=np.int32),
        cluster=np.asarray(cluster, dtype=np.int32),
    )


def test_macro_counts_diseases_alike() -> None:
    table = _table([1, 1, 1, 20], [0, 0, 0, 1], [0, 0, 0, 1])
    found = table.summary()
    assert found["top1"] == 0.75
    assert found["macro_top1"] == 0.5
    assert found["macro_mrr"] == pytest.approx((1 + 1 / 20) / 2)
    assert found["mean_rank"] == pytest.approx(23 / 4)
    assert found["macro_mean_rank"] == pytest.approx(10.5)


def test_intervals_hold_the_value_and_widen_when_cases_share_papers() -> None:
    rng = np.random.default_rng(0)
    rank = np.where(rng.random(40) < 0.5, 1.0, 5.0).repeat(5)
    disease = np.arange(200) % 20
    alone = _table(rank.tolist(), disease.tolist(), list(range(200))).intervals(n_samples=200)
    shared = _table(rank.tolist(), disease.tolist(), (np.arange(200) // 5).tolist())
    together = shared.intervals(n_samples=200)
    for name in ("top1", "macro_top1"):
        assert together[name].low <= together[name].value <= together[name].high
    assert together["top1"].high - together["top1"].low > alone["top1"].high - alone["top1"].low


def test_paired_differences_of_a_ranker_with_itself_are_zero() -> None:
    table = _table([1, 2, 3, 30], [0, 1, 1, 2], [0, 1, 2, 2])
    difference = paired_differences(table, table, n_samples=50)["macro_top1"]
    assert (difference.value, difference.low, difference.high) == (0.0, 0.0, 0.0)
    with pytest.raises(ValueError, match="same cases"):
        paired_differences(table, _table([1], [0], [0]))


def test_no_case_has_no_metric() -> None:
    empty = _table([], [], [])
    assert np.isnan(empty.summary()["top1"])
    assert np.isnan(empty.intervals()["top1"].value)


def test_the_temperature_of_scaled_log_probabilities_is_the_scale() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(4000, 6)) * 2
    probability = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    gold = np.asarray([rng.choice(6, p=row) for row in probability])
    fitted = Temperature.fit(logits * 3.0, gold)
    assert fitted.value == pytest.approx(3.0, rel=0.1)
    first = fitted.first_probability(logits * 3.0)
    correct = logits.argmax(axis=1) == gold
    assert expected_calibration_error(first, correct) < 0.03
    with pytest.raises(ValueError, match="not above 0"):
        Temperature(value=0.0)
