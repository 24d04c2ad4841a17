"""Probabilities: they sum to one, keep the order, find the temperature back, and admit "none"."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusion.calibration import Calibration, shape_of

N_DISEASES = 300
GROUPS = np.zeros(N_DISEASES, dtype=np.int32)


def world(
    n_cases: int, scale: float, seed: int
) -> tuple[npt.NDArray[np.float32], list[tuple[int, ...]]]:
    """Scores that are `scale` times the log-probabilities that the diagnoses are drawn from."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(n_cases, N_DISEASES)) * rng.uniform(0.5, 3.0, size=(n_cases, 1))
    chances = np.exp(logits)
    chances /= chances.sum(axis=1, keepdims=True)
    golds: list[tuple[int, ...]] = [(int(rng.choice(N_DISEASES, p=row)),) for row in chances]
    return (scale * logits).astype(np.float32), golds


@pytest.mark.parametrize("scale", [0.5, 1.0, 4.0])
def test_the_temperature_of_scaled_scores_is_found(scale: float) -> None:
    scores, golds = world(1500, scale, 0)
    found = Calibration.fit(scores, golds, GROUPS)
    assert found.temperature == pytest.approx(scale, rel=0.15)


def test_answers_that_nothing_leads_to_do_not_blur_the_others() -> None:
    scores, golds = world(1500, 1.0, 0)
    rng = np.random.default_rng(1)
    lost = rng.random(len(golds)) < 0.2
    golds = [
        (int(rng.integers(N_DISEASES)),) if gone else gold
        for gone, gold in zip(lost, golds, strict=True)
    ]
    scores[scores < 0.0] *= 8.0  # the scorer is very sure of what it knows nothing of
    found = Calibration.fit(scores, golds, GROUPS)
    assert found.fall is not None
    assert found.temperature < 2.5
    first = found.posterior(scores).probabilities.max(axis=1)
    right = [at in gold for at, gold in zip(scores.argmax(axis=1), golds, strict=True)]
    assert first.mean() == pytest.approx(np.mean(right), abs=0.04)


def test_a_handful_of_lucky_cases_does_not_make_the_model_certain() -> None:
    scores = np.zeros((4, N_DISEASES), dtype=np.float32)
    scores[:, 0] = 5.0
    found = Calibration.fit(scores, [(0,)] * 4, GROUPS)
    assert found.temperature > 0.4
    assert found.posterior(scores).probabilities[0, 0] < 0.999


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 1000),
    temperature=st.floats(0.1, 10.0),
    shape=st.lists(st.floats(-2.0, 2.0), min_size=5, max_size=5),
    added=st.floats(-50.0, 50.0),
    first=st.tuples(st.floats(-3.0, 3.0), st.floats(0.05, 3.0)),
    fall=st.none() | st.floats(0.1, 3.0),
)
def test_probabilities_and_none_sum_to_one_keep_the_order_and_ignore_a_constant(
    seed: int,
    temperature: float,
    shape: list[float],
    added: float,
    first: tuple[float, float],
    fall: float | None,
) -> None:
    scores, _ = world(3, 1.0, seed)
    calibration = Calibration(temperature=temperature, shape=tuple(shape), first=first, fall=fall)
    posterior = calibration.posterior(scores)
    assert np.allclose(posterior.probabilities.sum(axis=1) + posterior.none, 1.0)
    assert (posterior.probabilities >= 0).all()
    for row, values in zip(posterior.probabilities, scores, strict=True):
        assert (np.diff(row[np.argsort(values)]) >= -1e-12).all()
    shifted = calibration.posterior(scores + np.float32(added))
    assert np.allclose(shifted.none, posterior.none, atol=1e-3)


def test_none_is_likelier_when_the_right_disease_is_taken_out() -> None:
    rng = np.random.default_rng(1)
    scores = rng.normal(size=(400, N_DISEASES)).astype(np.float32)
    golds: list[tuple[int, ...]] = [(int(rng.integers(N_DISEASES)),) for _ in range(400)]
    for row, gold in zip(scores, golds, strict=True):
        row[gold[0]] += rng.choice([2.0, 6.0, 9.0])
    found = Calibration.fit(scores[:200], golds[:200], GROUPS)
    inside = found.posterior(scores[200:]).none
    outside = scores[200:].copy()
    outside[np.arange(200), [gold[0] for gold in golds[200:]]] = -np.inf
    assert found.posterior(outside).none.mean() > 2.0 * inside.mean()
    assert inside.mean() < 0.1


def test_the_shape_of_a_list_has_no_order_and_survives_lists_of_one() -> None:
    rng = np.random.default_rng(2)
    logits = rng.normal(size=(1, 80))
    assert np.allclose(shape_of(logits), shape_of(logits[:, rng.permutation(80)]))
    assert np.isfinite(shape_of(np.zeros((2, 1)))).all()
    assert np.isfinite(shape_of(np.zeros((2, 5)))).all()


def test_impossible_parameters_are_refused() -> None:
    with pytest.raises(ValueError, match="temperature"):
        Calibration(temperature=0.0)
    with pytest.raises(ValueError, match="prior_none"):
        Calibration(temperature=1.0, prior_none=1.0)
