"""One fold of an evaluation of treatments, and what several folds say together.

Decides what is kept of each ranker's scores and how folds are joined: metrics of each disease, and
the scores of right pairs and of those that a curator calls wrong. Which folds are run, and on what,
is decided in `treatment`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from fusion.symbolic.pair_sampling import BoostedTreatmentOptions

from .metrics import Interval
from .treatment_metrics import DiseaseTable, pair_auroc, paired_table_differences
from .treatment_protocol import TreatmentFold, TreatmentSplit
from .treatment_results import FoldSummary, TreatmentRankerResult, TreatmentResult
from .treatment_scorers import TreatmentBatch, TreatmentScorerFactory, baselines, boosted_scorers

__all__ = ["FoldRun", "RankerRun", "run_fold", "summarise"]

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int32]

_BLOCK = 16


@dataclass(slots=True, kw_only=True)
class RankerRun:
    """What is kept of one ranker's scores on one fold.

    Attributes:
        tables: Metrics of the tested diseases, block after block.
        bad: The same for ranking contraindications.
        right: (disease, score of indication, that less the other score) of each right pair.
        wrong: The same of each pair that a curator calls wrong.
    """

    tables: list[DiseaseTable] = field(default_factory=list)
    bad: list[DiseaseTable] = field(default_factory=list)
    right: list[npt.NDArray[np.float64]] = field(default_factory=list)
    wrong: list[npt.NDArray[np.float64]] = field(default_factory=list)

    def add(self, fold: TreatmentFold, diseases: IntArray, scores: FloatArray) -> None:
        """Adds `[n_diseases, n_treatments, 2]` scores of some tested diseases."""
        right = fold.answers[diseases].toarray() > 0
        wrong = (fold.wrong[diseases].toarray() > 0) & ~right
        given = None if fold.given is None else (fold.given[diseases].toarray() > 0) & ~right
        self.tables.append(DiseaseTable.of(scores[:, :, 0], right, given=given))
        asked = wrong.any(axis=1) & (fold.split.task.wrong == "contraindicated")
        if asked.any():
            known = None if given is None else given[asked] & ~wrong[asked]
            self.bad.append(DiseaseTable.of(scores[asked, :, 1], wrong[asked], given=known))
        single = scores[:, :, 0].astype(np.float64)
        less = single - scores[:, :, 1]
        for kept, mask in ((self.right, right), (self.wrong, wrong)):
            rows = np.nonzero(mask)[0]
            kept.append(np.stack([diseases[rows].astype(np.float64), single[mask], less[mask]]))


@dataclass(frozen=True, slots=True, kw_only=True)
class FoldRun:
    """All rankers on one fold.

    Attributes:
        number: Which fold.
        n_tested: Tested diseases.
        n_dropped: Training diseases that fell as kin of a tested one.
        rankers: By name, in their order; empty when the fold has no disease.
        n_baselines: How many of the first are baselines.
    """

    number: int
    n_tested: int
    n_dropped: int
    rankers: dict[str, RankerRun]
    n_baselines: int


def run_fold(
    split: TreatmentSplit,
    number: int,
    *,
    scorers: Sequence[TreatmentScorerFactory] = (),
    boosted: BoostedTreatmentOptions | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> FoldRun:
    """Makes all rankers from what a fold may know and ranks for its tested diseases.

    Args:
        split: The folds.
        number: Which of them.
        scorers: Further rankers, made for the fold.
        boosted: How trees are trained; None leaves them out.
        progress: Told what is being done.
    """
    fold = split.fold(number)
    runs: dict[str, RankerRun] = {}
    n_baselines, attention = 0, None
    if len(fold.tested):
        progress(f"{split.task.name}: fold {number + 1}, {len(fold.tested)} diseases")
        rankers = baselines(fold)
        if boosted is not None:
            plain, full = boosted_scorers(fold, boosted)
            attention = full.trees.attention
            rankers.append(plain)
        n_baselines = len(rankers)
        if boosted is not None:
            rankers.append(full)
        rankers += [make(fold) for make in scorers]
        runs = {ranker.name: RankerRun() for ranker in rankers}
        for start in range(0, len(fold.tested), _BLOCK):
            diseases = fold.tested[start : start + _BLOCK]
            features = fold.features(diseases, attention)
            batch = TreatmentBatch(diseases=diseases, features=features)
            for ranker in rankers:
                runs[ranker.name].add(fold, diseases, ranker.score(batch))
    return FoldRun(
        number=number,
        n_tested=len(fold.tested),
        n_dropped=fold.n_dropped,
        rankers=runs,
        n_baselines=n_baselines,
    )


def summarise(
    split: TreatmentSplit, folds: Sequence[FoldRun], *, n_samples: int = 1000
) -> TreatmentResult:
    """The numbers over all folds, with intervals over diseases.

    Args:
        split: The folds.
        folds: Those that were run and have a disease, at least one.
        n_samples: Bootstrap samples.
    """
    names = list(folds[0].rankers)
    tables = {n: DiseaseTable.join([t for f in folds for t in f.rankers[n].tables]) for n in names}
    best = max(names[: folds[0].n_baselines], key=lambda name: tables[name].summary()["ap"])
    rankers = tuple(
        TreatmentRankerResult(
            name=name,
            overall=tables[name].intervals(n_samples=n_samples),
            folds=tuple(_fold_summary(fold, name) for fold in folds),
            against_wrong=_against_wrong(folds, name, column=1),
            by_difference=_against_wrong(folds, name, column=2),
            contraindications=_contraindications(folds, name),
            against_best=None
            if name == best
            else paired_table_differences(tables[name], tables[best], n_samples=n_samples),
        )
        for name in names
    )
    return TreatmentResult(
        task=split.task.name,
        wrong=split.task.wrong,
        with_text=split.options.treatment_text,
        n_diseases=sum(fold.n_tested for fold in folds),
        n_treatments=len(split.catalogue),
        n_dropped=sum(fold.n_dropped for fold in folds),
        near_name=split.options.near_name,
        held_out=split.held_out,
        best_baseline=best,
        rankers=rankers,
    )


def _fold_summary(fold: FoldRun, name: str) -> FoldSummary:
    table = DiseaseTable.join(fold.rankers[name].tables)
    return FoldSummary(number=fold.number, n_diseases=len(table), means=table.summary())


def _contraindications(folds: Sequence[FoldRun], name: str) -> dict[str, float] | None:
    bad = [table for fold in folds for table in fold.rankers[name].bad]
    return DiseaseTable.join(bad).summary() if bad else None


def _against_wrong(folds: Sequence[FoldRun], name: str, *, column: int) -> Interval:
    right = np.concatenate([part for f in folds for part in f.rankers[name].right], axis=1)
    wrong = np.concatenate([part for f in folds for part in f.rankers[name].wrong], axis=1)
    own, other = right[0].astype(np.int64), wrong[0].astype(np.int64)
    return pair_auroc(right[column], wrong[column], own, other)
