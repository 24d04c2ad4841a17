"""Privacy in training of small classifiers: noise, epsilon, and averages over hospitals."""

from importlib.util import find_spec

import numpy as np
import numpy.typing as npt
import pytest
import torch

from fusion.classes.federated import average_weights, hospitals_of
from fusion.classes.private import PrivacyOptions, train_head


def toy(n: int = 120) -> tuple[torch.Tensor, npt.NDArray[np.int64]]:
    rng = np.random.default_rng(0)
    classes = rng.integers(0, 3, n)
    x = rng.normal(size=(n, 6)) * 0.3
    x[np.arange(n), classes] += 1.0
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    return torch.from_numpy(x).float(), classes


def test_without_privacy_the_head_learns_and_says_so() -> None:
    x, classes = toy()
    found = train_head(x, classes, 3, PrivacyOptions(epsilon=None), seed=0)
    assert found.epsilon == float("inf")
    assert (found.predict(x) == classes).mean() > 0.9


@pytest.mark.skipif(find_spec("opacus") is None, reason="needs opacus")
def test_epsilon_is_kept_and_a_smaller_one_costs_more() -> None:
    x, classes = toy()
    accuracy = {}
    for epsilon in (0.05, 8.0):
        found = train_head(x, classes, 3, PrivacyOptions(epsilon=epsilon), seed=0)
        assert 0 < found.epsilon <= epsilon + 1e-6
        accuracy[epsilon] = (found.predict(x) == classes).mean()
    assert accuracy[8.0] > accuracy[0.05]


def test_clipping_bounds_what_one_patient_can_change() -> None:
    x, classes = toy()
    options = PrivacyOptions(epsilon=None, steps=1, sample_rate=0.999999, clipping=0.01)
    other = x.clone()
    other[0] = 1000.0 * other[0]
    heads = [train_head(data, classes, 3, options, seed=0).head for data in (x, other)]
    moved = sum(
        float((a - b).detach().square().sum())
        for a, b in zip(heads[0].parameters(), heads[1].parameters(), strict=True)
    )
    assert moved**0.5 <= 2 * options.clipping * options.learning_rate / len(x) + 1e-6


def test_hospitals_share_all_patients_out_once() -> None:
    parts = hospitals_of(np.arange(20), 3, np.random.default_rng(0))
    assert sorted(np.concatenate(parts).tolist()) == list(range(20))
    assert [len(part) for part in parts] == [3, 7, 10]


def test_weights_are_averaged_by_patients() -> None:
    one, two = {"w": torch.zeros(2)}, {"w": torch.tensor([4.0, 8.0])}
    assert average_weights([one, two], [3, 1])["w"].tolist() == [1.0, 2.0]
    assert average_weights([one, one], [1, 5])["w"].tolist() == [0.0, 0.0]
