"""Several trainings that differ in their seed alone, and their disagreement as uncertainty.

Decides how members are joined (mean of probabilities, arXiv:1612.01474) and what is called
uncertain: the spread of the members over the same case. One model's own probability is decided in
`fusion.confidence`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.special import softmax

from kg.case import ClinicalCase
from kg.snapshot import GraphSnapshot

from .checkpoint import ModelError
from .config import TrainConfig
from .predictor import Predictor
from .trainer import TrainResult, train

__all__ = ["EnsembleScores", "SeedEnsemble", "train_ensemble"]

_MEMBER = "seed-"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EnsembleScores:
    """What the members say of some cases.

    Attributes:
        mean: Mean softmax of each disease over the members.
        deviation: Standard deviation of it over the members.
    """

    mean: npt.NDArray[np.float32]
    deviation: npt.NDArray[np.float32]

    @property
    def disagreement(self) -> npt.NDArray[np.float32]:
        """One number a case: deviation of the disease that the mean ranks first."""
        first = self.mean.argmax(axis=1)
        result: npt.NDArray[np.float32] = self.deviation[np.arange(len(first)), first]
        return result


def train_ensemble(
    graph: GraphSnapshot,
    cases: Sequence[ClinicalCase],
    config: TrainConfig,
    out: Path,
    *,
    n_seeds: int,
    resume: bool = False,
) -> tuple[TrainResult, ...]:
    """Trains members into `out/seed-0` and on; a finished one is kept when resuming.

    Each member is a model folder that every command takes. Their parts of the cases differ too, so
    the spread holds the choice of development cases as well.
    """
    results = []
    for number in range(n_seeds):
        own = replace(config, seed=config.seed + number)
        results.append(train(graph, cases, own, out / f"{_MEMBER}{number}", resume=resume))
    return tuple(results)


class SeedEnsemble:
    """Members that answer together.

    Args:
        members: Predictors over the same graph.

    Raises:
        ModelError: If there are fewer than two, or their catalogues differ.
    """

    def __init__(self, members: Sequence[Predictor]) -> None:
        if len(members) < 2:
            raise ModelError(
                f"ensemble: {len(members)} member; needs two, see iatros train --seeds"
            )
        if len({member.catalogue.ids for member in members}) > 1:
            raise ModelError("ensemble: members rank different diseases; train them on one graph")
        self.members = tuple(members)

    @classmethod
    def load(cls, folder: Path) -> SeedEnsemble:
        """Opens all `seed-*` of a folder."""
        found = sorted(folder.glob(f"{_MEMBER}*"), key=lambda p: int(p.name.removeprefix(_MEMBER)))
        return cls([Predictor.load(member) for member in found])

    def score(self, cases: Sequence[ClinicalCase]) -> EnsembleScores:
        """Mean and spread of the probabilities over the whole catalogue."""
        shares = np.stack(
            [softmax(member.score_diagnoses(cases), axis=1) for member in self.members]
        )
        return EnsembleScores(
            mean=shares.mean(axis=0).astype(np.float32),
            deviation=shares.std(axis=0).astype(np.float32),
        )
