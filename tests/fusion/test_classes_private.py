"""Privacy in training of small classifiers: noise, epsilon, and averages over hospitals."""

import sys
from importlib.util import find_spec

import numpy as np
import numpy.typing as npt
import pytest
import torch

from benchmarks.step_shares import random_graph
from encoders import ModalityTokens
from fusion.classes import ClassTraining, PatientClassifier, classify, train_classifier
from fusion.classes.cohort import TokenCohort
from fusion.classes.federated import FederatedError, hospitals_of, train_federated
from fusion.classes.private import PrivacyOptions, train_head
from fusion.patient import ABSENT, N_DEMOGRAPHICS, PatientInputs


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


def toy_cohort(n: int = 60) -> tuple[TokenCohort, npt.NDArray[np.int64]]:
    """Patients with a note of one token that tells the class."""
    rng = np.random.default_rng(0)
    classes = rng.integers(0, 3, n)
    values = torch.from_numpy(rng.normal(size=(n, 1, 6)) * 0.3).float()
    values[torch.arange(n), 0, torch.from_numpy(classes)] += 1.0
    inputs = PatientInputs(
        nodes=torch.zeros(n, 1, dtype=torch.long),
        roles=torch.full((n, 1), ABSENT),
        demographics=torch.zeros(n, N_DEMOGRAPHICS),
        notes=ModalityTokens(values=values, present=torch.ones(n, 1, dtype=torch.bool)),
        images=None,
    )
    return TokenCohort(cases=(), inputs=inputs, graph=random_graph(20, 60, rng)), classes


def new_classifier(cohort: TokenCohort) -> PatientClassifier:
    torch.manual_seed(0)
    return PatientClassifier(cohort.graph, 3, d_note=6, d_image=0, modality_dropout=0.0)


@pytest.mark.skipif(find_spec("flwr") is None, reason="needs flwr")
def test_one_round_is_the_mean_of_the_hospitals_weighed_by_patients() -> None:
    cohort, classes = toy_cohort()
    hospitals = hospitals_of(np.arange(60), 3, np.random.default_rng(0))
    training = ClassTraining(steps=4)
    shared = train_federated(
        lambda: new_classifier(cohort), cohort, classes, hospitals, training, rounds=1, seed=3
    )
    own = []
    for place, rows in enumerate(hospitals):
        model = new_classifier(cohort)
        train_classifier(
            model, cohort.select(rows), classes[rows], training, seed=30_000 + 100 + place
        )
        own.append(model.state_dict())
    for name, value in shared.state_dict().items():
        mean = sum(len(rows) / 60 * one[name] for rows, one in zip(hospitals, own, strict=True))
        assert torch.allclose(value, torch.as_tensor(mean), atol=1e-6), name


@pytest.mark.skipif(find_spec("flwr") is None, reason="needs flwr")
def test_hospitals_learn_together_what_each_has_little_of() -> None:
    cohort, classes = toy_cohort()
    hospitals = hospitals_of(np.arange(60), 3, np.random.default_rng(0))
    training = ClassTraining(steps=60)
    runs = [
        train_federated(
            lambda: new_classifier(cohort), cohort, classes, hospitals, training, rounds=3, seed=0
        )
        for _ in range(2)
    ]
    said = classify(runs[0], cohort.inputs).argmax(dim=1).numpy()
    assert (said == classes).mean() > 0.85
    for one, two in zip(runs[0].parameters(), runs[1].parameters(), strict=True):
        assert torch.equal(one, two)  # the same seed, the same weights


def test_without_flower_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "flwr.app", None)
    cohort, classes = toy_cohort(6)
    with pytest.raises(FederatedError, match=r"pip install 'iatros\[federated\]'"):
        train_federated(
            lambda: new_classifier(cohort),
            cohort,
            classes,
            [np.arange(6)],
            ClassTraining(),
            rounds=1,
            seed=0,
        )
