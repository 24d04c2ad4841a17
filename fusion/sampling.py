"""Which cases make the batch of a step, as a function of the seed and the step alone.

Decides balance and order. Nothing is remembered between steps, so a training that was killed goes
on with the very batches that it would have had.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from .batches import ImageCache, collate
from .config import TrainConfig
from .folds import Candidates, TrainingParts
from .graph import GraphTensors
from .objective import CombinerBatch, StepInputs
from .simulate import PatientSimulator
from .treatment_batches import TreatmentSampler

__all__ = ["StepSampler", "combiner_batch"]

_NO_CANDIDATE = -1e9


class StepSampler:
    """Draws the inputs of any step.

    Args:
        parts: Cases with their folds.
        config: Sizes and balance.
        treatments: Where treatment batches come from; None for none.
        images: Where images are read; None reads none.
        simulator: Where drawn patients come from; None for none.
        n_processes: Processes that each take as many batches of a step.
    """

    def __init__(
        self,
        parts: TrainingParts,
        config: TrainConfig,
        *,
        treatments: TreatmentSampler | None,
        images: ImageCache | None,
        simulator: PatientSimulator | None = None,
        n_processes: int = 1,
    ) -> None:
        self._batches_per_step = config.accumulation * n_processes
        self._parts = parts
        self._config = config
        self._treatments = treatments if config.treatment_weight else None
        self._images = images
        self._simulator = simulator if config.simulated_cases else None
        self._n_diseases = parts.n_diseases
        self._folds = [np.flatnonzero(parts.fold_of == fold) for fold in range(len(parts.graphs))]
        first_gold = np.array([case.gold[0] for case in parts.cases])
        _, group, counts = np.unique(first_gold, return_inverse=True, return_counts=True)
        self._weight = counts[group].astype(np.float64) ** -config.balance

    def graph_of(self, step: int) -> GraphTensors:
        """The graph that all batches of a step see: all are of one fold, and it is without it."""
        return self._parts.graphs[step % len(self._folds)]

    def draw(self, number: int, *, refit: bool) -> StepInputs:
        """Inputs of one batch.

        Args:
            number: Running number of the batch over the whole training.
            refit: True in the second stage, in which all cases train the neural part.
        """
        config, parts = self._config, self._parts
        rng = np.random.default_rng([config.seed, 2, number])
        step = number // self._batches_per_step
        members = self._folds[step % len(self._folds)]
        p = self._weight[members]
        size = min(config.batch_cases, len(members))
        rows = np.sort(rng.choice(members, size, replace=False, p=p / p.sum()))
        aside = parts.aside[rows]
        worse = rng.random(size) < config.worse_share
        judged = np.empty(0, dtype=np.int64) if refit else np.flatnonzero(aside)
        combiner = None
        if len(judged):
            chosen = (parts.worse_candidates if worse[i] else parts.candidates for i in judged)
            of_row = zip(chosen, rows[judged].tolist(), strict=True)
            combiner = combiner_batch(judged, [found[row] for found, row in of_row])
        cases = [
            (parts.worse if bad else parts.cases)[i] for i, bad in zip(rows, worse, strict=True)
        ]
        neural = np.ones(size, dtype=bool) if refit else ~aside
        if self._simulator is not None:
            drawn = self._simulator.draw(config.simulated_cases, rng)
            cases += drawn
            neural = np.concatenate([neural, np.ones(len(drawn), dtype=bool)])
        has_treatments = self._treatments is not None and number % config.treatment_every == 0
        return StepInputs(
            cases=collate(
                cases,
                n_diseases=self._n_diseases,
                images=self._images,
                images_per_case=config.model.images_per_case,
            ),
            neural=torch.from_numpy(neural),
            combiner=combiner,
            treatments=(
                self._treatments.draw(config.batch_diseases, rng)
                if self._treatments is not None and has_treatments
                else None
            ),
            rng=torch.Generator().manual_seed(int(rng.integers(2**62))),
        )


def combiner_batch(rows: npt.NDArray[np.int64], candidates: list[Candidates]) -> CombinerBatch:
    """Pads the candidates of some cases to one width."""
    width = max(len(c.positions) for c in candidates)
    n, n_features = len(candidates), candidates[0].features.shape[1]
    positions = np.zeros((n, width), dtype=np.int64)
    features = np.zeros((n, width, n_features), dtype=np.float32)
    log_count = np.full((n, width), _NO_CANDIDATE, dtype=np.float32)
    for i, own in enumerate(candidates):
        positions[i, : len(own.positions)] = own.positions
        features[i, : len(own.positions)] = own.features
        log_count[i, : len(own.positions)] = own.log_count
    return CombinerBatch(
        rows=torch.from_numpy(rows),
        positions=torch.from_numpy(positions),
        features=torch.from_numpy(features),
        log_count=torch.from_numpy(log_count),
    )
