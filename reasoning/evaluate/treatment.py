"""Every ranker of treatments on diseases whose treatments nobody has seen.

Decides the run: folds of diseases under the strict control of `treatment_protocol`, the baselines
and any further rankers on the same folds, the whole catalogue ranked, with and without the texts of
treatments. Ranking is for diseases alone; patients are measured elsewhere.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from fusion.symbolic.pair_sampling import BoostedTreatmentOptions
from fusion.symbolic.pairs import PairOptions
from kg.snapshot import GraphSnapshot

from .treatment_pairs import HeldOutPairs
from .treatment_protocol import (
    EVERY_CURE,
    PHARMACOTHERAPY,
    PHARMACOTHERAPY_ALONE,
    TreatmentSplit,
    TreatmentTask,
)
from .treatment_results import TreatmentResult, write_treatment_results
from .treatment_runs import run_fold, summarise
from .treatment_scorers import TreatmentScorerFactory

__all__ = ["TreatmentEvaluationOptions", "evaluate_split", "evaluate_treatment"]

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class TreatmentEvaluationOptions:
    """What is run.

    Attributes:
        tasks: Label sets.
        n_folds: Folds of diseases.
        folds: Which of the folds are run, from 0; None for all.
        held_out: Whole diseases with their family, or `pairs`, which is easier.
        texts: With the texts of treatments, without, or both.
        pairs: Settings of the features.
        boosted: How trees are trained; None leaves them out.
        n_samples: Bootstrap samples.

    Raises:
        ValueError: A fold has another number than there are.
    """

    tasks: tuple[TreatmentTask, ...] = (
        EVERY_CURE,
        PHARMACOTHERAPY,
        PHARMACOTHERAPY_ALONE,
    )
    n_folds: int = 5
    folds: tuple[int, ...] | None = None
    held_out: Literal["diseases", "pairs"] = "diseases"
    texts: tuple[bool, ...] = (True, False)
    pairs: PairOptions = field(default_factory=PairOptions)
    boosted: BoostedTreatmentOptions | None = field(default_factory=BoostedTreatmentOptions)
    n_samples: int = 1000

    def __post_init__(self) -> None:
        outside = [number for number in self.folds or () if not 0 <= number < self.n_folds]
        if outside:
            raise ValueError(f"fold {outside[0]} is not one of 0 to {self.n_folds - 1}")


def evaluate_treatment(
    snapshot: GraphSnapshot,
    text: FloatArray,
    out: Path,
    *,
    names: FloatArray | None = None,
    scorers: Sequence[TreatmentScorerFactory] = (),
    options: TreatmentEvaluationOptions | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> tuple[TreatmentResult, ...]:
    """Runs all tasks and writes `treatment.json` and `treatment.md`.

    Args:
        snapshot: The graph with all treatments; each fold hides its own.
        text: Text embedding of every node.
        out: Folder of the results; made when missing.
        names: Embedding of the bare name of every node, see `TreatmentSplit`.
        scorers: Further rankers, each made for each fold.
        options: What is run.
        progress: Told what is being done.

    Raises:
        ValueError: The graph has no treatment of a task, or no disease is tested.
    """
    chosen = options or TreatmentEvaluationOptions()
    unit = _unit(text)
    bare = None if names is None else _unit(names)
    results = []
    for task in chosen.tasks:
        for with_text in chosen.texts:
            split = TreatmentSplit(
                snapshot,
                unit,
                task,
                n_folds=chosen.n_folds,
                options=replace(chosen.pairs, treatment_text=with_text),
                names=bare,
                dealt=HeldOutPairs() if chosen.held_out == "pairs" else None,
            )
            results.append(
                evaluate_split(split, scorers=scorers, options=chosen, progress=progress)
            )
    out.mkdir(parents=True, exist_ok=True)
    write_treatment_results(results, out, digest=snapshot.digest, options=chosen)
    return tuple(results)


def evaluate_split(
    split: TreatmentSplit,
    *,
    scorers: Sequence[TreatmentScorerFactory] = (),
    options: TreatmentEvaluationOptions | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> TreatmentResult:
    """All rankers on the folds of one task."""
    chosen = options or TreatmentEvaluationOptions()
    numbers = range(split.n_folds) if chosen.folds is None else sorted(set(chosen.folds))
    runs = [
        run_fold(split, number, scorers=scorers, boosted=chosen.boosted, progress=progress)
        for number in numbers
    ]
    found = [run for run in runs if run.rankers]
    if not found:
        raise ValueError(f"{split.task.name}: no disease is tested in the folds chosen")
    return summarise(split, found, n_samples=chosen.n_samples)


def _unit(vectors: FloatArray) -> FloatArray:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: FloatArray = (vectors / np.maximum(length, 1e-9)).astype(np.float32)
    return unit
