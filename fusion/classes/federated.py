"""Federated averaging in simulation: hospitals share weights and never patients.

Decides the protocol (10.48550/arXiv.1602.05629): each round every hospital trains the shared
weights on its own patients, and the mean of the results, weighed by patients, is shared again. It
is some thirty lines of its own, because the simulation needs no network: a server framework
would bring a web server, a database and a certificate store.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from .cohort import TokenCohort
from .model import PatientClassifier
from .training import ClassTraining, train_classifier

__all__ = ["average_weights", "hospitals_of", "train_federated"]

IntArray = npt.NDArray[np.int64]


def hospitals_of(rows: IntArray, n_hospitals: int, rng: np.random.Generator) -> list[IntArray]:
    """Patients dealt to hospitals of unequal size, at random."""
    shares = np.arange(1, n_hospitals + 1) / (n_hospitals * (n_hospitals + 1) / 2)
    cuts = np.round(np.cumsum(shares)[:-1] * len(rows)).astype(int)
    return [np.sort(part) for part in np.split(rng.permutation(rows), cuts)]


def average_weights(
    states: Sequence[dict[str, Tensor]], patients: Sequence[int]
) -> dict[str, Tensor]:
    """Mean of the weights, each hospital counting by its patients."""
    shares = torch.tensor(patients, dtype=torch.float64) / sum(patients)
    return {
        name: sum(
            (share * state[name].double() for share, state in zip(shares, states, strict=True)),
            start=torch.zeros_like(value, dtype=torch.float64),
        ).to(value.dtype)
        for name, value in states[0].items()
    }


def train_federated(
    make: Callable[[], PatientClassifier],
    cohort: TokenCohort,
    classes: IntArray,
    hospitals: Sequence[IntArray],
    training: ClassTraining,
    *,
    rounds: int,
    seed: int,
) -> PatientClassifier:
    """Trains one classifier over hospitals.

    Args:
        make: Gives an untrained classifier, the same each time.
        cohort: All patients; each hospital looks at its own alone.
        classes: Class of each.
        hospitals: Rows of each hospital.
        training: Of a centre with all patients; its steps are spread over the rounds.
        rounds: Exchanges of weights.
        seed: Where dropout comes from.
    """
    shared = make()
    local = replace(training, steps=max(1, training.steps // rounds))
    for number in range(rounds):
        states, sizes = [], []
        for place, rows in enumerate(hospitals):
            model = make()
            model.load_state_dict(shared.state_dict())
            train_classifier(
                model,
                cohort.select(rows),
                classes[rows],
                local,
                seed=seed * 10_000 + number * 100 + place,
            )
            states.append(model.state_dict())
            sizes.append(len(rows))
        shared.load_state_dict(average_weights(states, sizes))
    shared.eval()
    return shared
