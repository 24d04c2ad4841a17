"""Every ranker of treatments on diseases whose treatments nobody has seen.

Decides the run: folds of diseases under the strict control of `treatment_protocol`, the baselines
and any further rankers on the same folds, the whole catalogue ranked, with and without the texts of
treatments. Ranking is for diseases alone; patients are measured elsewhere.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fusion.symbolic.boosted_treatments import BoostedTreatmentOptions
from fusion.symbolic.pairs import PairOptions
from kg.snapshot import GraphSnapshot

from .metrics import Interval
from .treatment_metrics import DiseaseTable, pair_auroc, paired_table_differences
from .treatment_protocol import (
    EVERY_CURE,
    PHARMACOTHERAPY,
    PHARMACOTHERAPY_ALONE,
    TreatmentSplit,
    TreatmentTask,
)
from .treatment_results import (
    FoldSummary,
    TreatmentRankerResult,
    TreatmentResult,
    write_treatment_results,
)
from .treatment_scorers import TreatmentBatch, TreatmentScorerFactory, baselines

__all__ = ["TreatmentEvaluationOptions", "evaluate_split", "evaluate_treatment"]

FloatArray = npt.NDArray[np.float32]

_BLOCK = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class TreatmentEvaluationOptions:
    """What is run.

    Attributes:
        tasks: Label sets.
        n_folds: Folds of diseases.
        run_folds: How many of the folds are run; fewer than `n_folds` is a quick look.
        texts: With the texts of treatments, without, or both.
        pairs: Settings of the features.
        boosted: How trees are trained; None leaves them out.
        n_samples: Bootstrap samples.
    """

    tasks: tuple[TreatmentTask, ...] = (
        EVERY_CURE,
        PHARMACOTHERAPY,
        PHARMACOTHERAPY_ALONE,
    )
    n_folds: int = 5
    run_folds: int = 5
    texts: tuple[bool, ...] = (True, False)
    pairs: PairOptions = field(default_factory=PairOptions)
    boosted: BoostedTreatmentOptions | None = field(default_factory=BoostedTreatmentOptions)
    n_samples: int = 1000

    def quick(self) -> "TreatmentEvaluationOptions":
        """The same on two of the folds."""
        return replace(self, run_folds=min(2, self.n_folds))


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
        ValueError: The graph has no treatment of a task.
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
    runs: dict[str, _Run] = {}
    n_baselines = n_dropped = n_tested = 0
    for number in range(min(chosen.run_folds, split.n_folds)):
        fold = split.fold(number)
        if not len(fold.tested):
            continue
        progress(f"{split.task.name}: fold {number + 1}, {len(fold.tested)} diseases")
        rankers = list(baselines(fold, boosted=chosen.boosted))
        n_baselines = len(rankers)
        rankers += [make(fold) for make in scorers]
        n_dropped += fold.n_dropped
        n_tested += len(fold.tested)
        for start in range(0, len(fold.tested), _BLOCK):
            diseases = fold.tested[start : start + _BLOCK]
            batch = TreatmentBatch(diseases=diseases, features=fold.pairs.compute(diseases))
            for ranker in rankers:
                run = runs.setdefault(ranker.name, _Run(split))
                run.add(number, diseases, ranker.score(batch))
    tables = {name: DiseaseTable.join(list(run.folds.values())) for name, run in runs.items()}
    names = list(tables)
    best = max(names[:n_baselines], key=lambda name: tables[name].summary()["ap"])
    results = tuple(
        TreatmentRankerResult(
            name=name,
            overall=tables[name].intervals(n_samples=chosen.n_samples),
            folds=tuple(
                FoldSummary(number=number, n_diseases=len(table), means=table.summary())
                for number, table in runs[name].folds.items()
            ),
            against_wrong=runs[name].against_wrong(),
            contraindications=DiseaseTable.join(runs[name].bad).summary()
            if runs[name].bad
            else None,
            against_best=None
            if name == best
            else paired_table_differences(tables[name], tables[best], n_samples=chosen.n_samples),
        )
        for name in names
    )
    return TreatmentResult(
        task=split.task.name,
        wrong=split.task.wrong,
        with_text=split.options.treatment_text,
        n_diseases=n_tested,
        n_treatments=len(split.catalogue),
        n_dropped=n_dropped,
        near_name=split.options.near_name,
        best_baseline=best,
        rankers=results,
    )


class _Run:
    """What is kept of one ranker's scores."""

    def __init__(self, split: TreatmentSplit) -> None:
        self._split = split
        self.folds: dict[int, DiseaseTable] = {}
        self.bad: list[DiseaseTable] = []
        self._pairs: tuple[list[npt.NDArray[np.float64]], ...] = ([], [], [], [])

    def add(self, fold: int, diseases: npt.NDArray[np.int32], scores: FloatArray) -> None:
        right = self._split.answers[diseases].toarray() > 0
        wrong = (self._split.wrong[diseases].toarray() > 0) & ~right
        table = DiseaseTable.of(scores[:, :, 0], right)
        so_far = self.folds.get(fold)
        self.folds[fold] = table if so_far is None else DiseaseTable.join([so_far, table])
        forbids = self._split.task.wrong == "contraindicated"
        asked = wrong.any(axis=1) & forbids
        if asked.any():
            self.bad.append(DiseaseTable.of(scores[asked, :, 1], wrong[asked]))
        margin = scores[:, :, 0].astype(np.float64)
        if forbids:
            margin = margin - scores[:, :, 1]
        for at, mask in enumerate((right, wrong)):
            rows = np.nonzero(mask)[0]
            self._pairs[at].append(margin[mask])
            self._pairs[at + 2].append(diseases[rows].astype(np.float64))

    def against_wrong(self) -> Interval:
        right, wrong, own, other = (np.concatenate(part) for part in self._pairs)
        return pair_auroc(right, wrong, own.astype(np.int64), other.astype(np.int64))


def _unit(vectors: FloatArray) -> FloatArray:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: FloatArray = (vectors / np.maximum(length, 1e-9)).astype(np.float32)
    return unit
