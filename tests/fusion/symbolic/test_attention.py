"""Learnt attention: its slope against finite differences, what it must not see, what it learns."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusion.symbolic.attention import AttentionOptions, DiseaseAttention
from fusion.symbolic.boosted_treatments import BoostedTreatments
from fusion.symbolic.pair_sampling import BoostedTreatmentOptions
from fusion.symbolic.pairs import ATTENDED_FEATURES, PAIR_FEATURES, PairFeatures
from fusion.symbolic.treatments import TreatmentCatalogue
from tests.fusion.symbolic.test_pairs import N_DRUGS, texts, world

_SMALL = AttentionOptions(n_units=3, n_steps=40, batch=8)
_NONE = np.zeros(0, dtype=np.int32)


def _toy(seed: int) -> tuple[DiseaseAttention, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    layer = DiseaseAttention.start((1.0, -0.5, 0.3), options=replace(_SMALL, seed=seed))
    inputs = rng.normal(size=(4, 6, 3)).astype(np.float32)
    carried = rng.random((6, 5)).astype(np.float32)
    labels = (rng.random((4, 5)) < 0.4).astype(np.float32)
    labels[:, 0] = 1.0
    return layer, inputs, carried, labels / labels.sum(axis=1, keepdims=True)


def _loss(layer: DiseaseAttention, inputs: np.ndarray, carried: np.ndarray, share: np.ndarray):  # type: ignore[no-untyped-def]
    score = layer.weights(inputs, [_NONE] * len(inputs)).astype(np.float64) @ carried + 1e-5
    return -(share * np.log(score / score.sum(axis=1, keepdims=True))).sum(axis=1).mean()


@pytest.mark.parametrize("name", ["direct", "inner", "offset", "outer"])
def test_slope_is_that_of_finite_differences(name: str) -> None:
    layer, inputs, carried, share = _toy(3)
    slope = layer.gradient(inputs, [_NONE] * 4, carried, share)[name]
    value, step = getattr(layer, name), 1e-2
    for at in np.ndindex(value.shape):
        moved = []
        for sign in (1, -1):
            other = value.copy()
            other[at] += sign * step
            moved.append(_loss(replace(layer, **{name: other}), inputs, carried, share))
        assert slope[at] == pytest.approx((moved[0] - moved[1]) / (2 * step), abs=2e-3)


@given(seed=st.integers(0, 50), group=st.sets(st.integers(0, 5)))
@settings(max_examples=30, deadline=None)
def test_hidden_diseases_have_no_weight_and_the_rest_sums_to_one(
    seed: int, group: set[int]
) -> None:
    layer, inputs, *_ = _toy(seed)
    hidden = np.asarray(sorted(group), dtype=np.int32)
    weight = layer.weights(inputs, [hidden] * 4)
    assert (weight[:, hidden] == 0).all()
    total = 0.0 if len(group) == 6 else 1.0
    np.testing.assert_allclose(weight.sum(axis=1), total, atol=1e-5)


def test_training_finds_the_input_that_tells() -> None:
    rng = np.random.default_rng(0)
    carried = np.eye(12, dtype=np.float32)
    inputs = rng.normal(size=(12, 12, 2)).astype(np.float32) * 0.3
    inputs[:, :, 1] += 2 * np.eye(12)
    start = DiseaseAttention.start((0.0, 0.0), options=_SMALL)
    none = [_NONE] * 12
    trained = start.trained(inputs, none, carried, np.eye(12, dtype=np.float32), options=_SMALL)
    assert _loss(trained, inputs, carried, np.eye(12)) < 0.7 * _loss(
        start, inputs, carried, np.eye(12)
    )


@given(
    seed=st.integers(0, 20),
    disease=st.integers(0, 11),
    drugs=st.sets(st.integers(0, N_DRUGS - 1), min_size=1),
)
@settings(max_examples=10, deadline=None)
def test_own_labels_never_change_own_features(seed: int, disease: int, drugs: set[int]) -> None:
    before, after = world(seed), world(seed, treats={disease: drugs})
    one, two = (
        PairFeatures(w, TreatmentCatalogue.from_snapshot(w), texts(w)) for w in (before, after)
    )
    attention = one.learn_attention(_SMALL)
    node = before.index(f"MONDO:{10 + disease}")
    asked = np.asarray([node], dtype=np.int32)
    seen = one.compute(asked, attention)
    assert seen.shape[2] == len(PAIR_FEATURES) + len(ATTENDED_FEATURES)
    np.testing.assert_allclose(seen, two.compute(asked, attention), atol=5e-5)


def test_rankers_with_and_without_attention_share_their_pairs_and_come_back_from_disk(
    tmp_path: Path,
) -> None:
    snapshot = world(2)
    pairs = PairFeatures(snapshot, TreatmentCatalogue.from_snapshot(snapshot), texts(snapshot))
    options = BoostedTreatmentOptions(n_trees=3, smallest_leaf=2, attention=_SMALL)
    full, bare = BoostedTreatments.train_each(pairs, [options, replace(options, attention=None)])
    assert full.names == (*bare.names, *ATTENDED_FEATURES)
    asked = pairs.labelled[:3]
    assert not np.allclose(full.score(pairs, asked), bare.score(pairs, asked))
    more = pairs.compute(asked, full.attention)
    np.testing.assert_allclose(bare.score_features(more), bare.score(pairs, asked))
    for ranker in (full, bare):
        ranker.save(tmp_path / "m")
        again = BoostedTreatments.load(tmp_path / "m")
        np.testing.assert_allclose(again.score(pairs, asked), ranker.score(pairs, asked))
