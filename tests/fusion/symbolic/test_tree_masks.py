"""Trees as masks against LightGBM itself."""

import lightgbm
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusion.symbolic.tree_masks import TreeMasks


def _table(rng: np.random.Generator, n_rows: int) -> np.ndarray:
    table = rng.normal(size=(n_rows, 6)).astype(np.float32)
    table[:, 1] = np.round(table[:, 1], 1)  # values that meet thresholds
    table[rng.random(n_rows) < 0.8, 2] = 0.0
    table[:, 3] = 1.0
    return table


def _booster(seed: int, **options: object) -> lightgbm.Booster:
    rng = np.random.default_rng(seed)
    table = _table(rng, 800)
    label = (table[:, 0] + table[:, 1] * table[:, 2] + rng.normal(size=800) > 0).astype(int)
    parameters = {
        "objective": "binary", "num_leaves": 12, "min_data_in_leaf": 3, "verbosity": -1,
        "num_threads": 1, "seed": seed, "max_bin": 500, **options,
    }  # fmt: skip
    return lightgbm.train(parameters, lightgbm.Dataset(table, label), num_boost_round=15)


@given(seed=st.integers(0, 1000), n_rows=st.sampled_from([1, 5, 256, 600]))
@settings(max_examples=20, deadline=None)
def test_scores_are_those_of_lightgbm(seed: int, n_rows: int) -> None:
    booster = _booster(seed % 7)
    masks = TreeMasks.of(booster)
    assert masks is not None
    table = _table(np.random.default_rng(seed), n_rows)
    expected = booster.predict(table, raw_score=True)
    np.testing.assert_allclose(masks.predict(table), expected, rtol=0, atol=1e-12)


def test_a_value_at_a_threshold_goes_the_same_way() -> None:
    booster = _booster(3)
    masks = TreeMasks.of(booster)
    assert masks is not None
    bounds = zip(masks.columns, masks.starts, masks.starts[1:], strict=False)
    for column, first, last in bounds:
        own = masks.thresholds[first:last]
        near = [np.nextafter(own, np.float32(side * np.inf)) for side in (-1, 1)]
        values = np.concatenate([own, *near])
        table = np.zeros((len(values), 6), dtype=np.float32)
        table[:, column] = values
        np.testing.assert_allclose(
            masks.predict(table), booster.predict(table, raw_score=True), rtol=0, atol=1e-12
        )


def test_features_may_stand_elsewhere() -> None:
    masks = TreeMasks.of(_booster(4))
    assert masks is not None
    table = _table(np.random.default_rng(0), 50)
    moved = np.concatenate([np.ones((50, 2), dtype=np.float32), table[:, ::-1]], axis=1)
    np.testing.assert_array_equal(masks.predict(moved, [7, 6, 5, 4, 3, 2]), masks.predict(table))


@pytest.mark.parametrize("options", [{"num_leaves": 40}, {"zero_as_missing": True}])
def test_trees_that_masks_cannot_hold_are_left_to_lightgbm(options: dict[str, object]) -> None:
    assert TreeMasks.of(_booster(1, **options)) is None


def test_no_row_is_no_score() -> None:
    masks = TreeMasks.of(_booster(2))
    assert masks is not None
    assert masks.predict(np.zeros((0, 6), dtype=np.float32)).shape == (0,)
