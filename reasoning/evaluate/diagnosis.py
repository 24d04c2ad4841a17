"""The diagnosis benchmark: every ranker, every protocol, one run.

Decides which rankers face each other, what is trained on what, which subgroups are told apart and
where the results go. The protocols are decided in `protocols`, the numbers in `metrics`.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fusion.finding_embedding import EmbeddingOptions
from fusion.symbolic import (
    CLASSICAL,
    CrossFittedFeatures,
    ReferenceCases,
    SymbolicFeatures,
    SymbolicKnowledge,
)
from fusion.symbolic.boosted import BoostedOptions, BoostedRanker, TrainingSample
from kg.case import ClinicalCase

from .ablations import EVERYTHING, train_ablations
from .calibration import Temperature
from .embedding import WatchedFolds, train_embedded
from .metrics import RankTable, paired_differences
from .plots import plot_rank_curves, plot_reliability
from .protocols import PROTOCOLS, Part, Protocol, Setting, SplitOptions
from .ranks import GoldRanks
from .results import ProtocolResult, RankerResult, write_json, write_markdown, write_ranks
from .scorers import BASELINES, BoostedScorer, CaseBatch, Scorer, ScorerFactory

__all__ = [
    "EvaluationOptions",
    "evaluate_diagnosis",
    "evaluate_setting",
    "make_batch",
    "train_boosted",
]

Masks = dict[str, dict[str, npt.NDArray[np.bool_]]]

_KNOWLEDGE = {"seen": 2, "annotated only": 1, "neither": 0}
_TERM_BINS = {"1-4": (1, 4), "5-9": (5, 9), "10-19": (10, 19), "20+": (20, 10**6)}
_AGE_BINS = {"under 2": (0, 2), "2-17": (2, 18), "18+": (18, 200)}
_TELL = 200  # cases between two words of progress


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationOptions:
    """What is run.

    Attributes:
        protocols: Which, in order.
        tested: `dev` while anything is still being chosen, `test` for the numbers to report.
        split: Seed and decoys.
        boosted: Trees of the boosted baseline; None leaves it out.
        n_folds: Folds of the cross-fitted training features.
        n_samples: Bootstrap samples.
        batch_size: Cases scored at a time.
        embedding: The learned embedding of findings, a baseline alone and beside the classical
            scores; None leaves it out.
        ablations: Also train trees without each kind of evidence.
    """

    protocols: tuple[Protocol, ...] = PROTOCOLS
    tested: Part = "test"
    split: SplitOptions = field(default_factory=SplitOptions)
    boosted: BoostedOptions | None = field(default_factory=BoostedOptions)
    n_folds: int = 5
    n_samples: int = 1000
    batch_size: int = 16
    embedding: EmbeddingOptions | None = field(default_factory=EmbeddingOptions)
    ablations: bool = False


def evaluate_diagnosis(
    knowledge: SymbolicKnowledge,
    cases: Sequence[ClinicalCase],
    *,
    out: Path,
    unseen: Sequence[ClinicalCase] = (),
    scorers: Sequence[ScorerFactory] = (),
    options: EvaluationOptions | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> tuple[ProtocolResult, ...]:
    """Runs the benchmark and writes `diagnosis.json`, `diagnosis.md` and the plots.

    Args:
        knowledge: The graph as arrays.
        cases: Published cases with their diagnoses; those without a usable term or a diagnosis of
            the catalogue are left out.
        out: Folder of the results; made when missing.
        unseen: Cases that are tested instead of a part of `cases`.
        scorers: Further rankers, each made for the setting of each protocol.
        options: What is run.
        progress: Told what is being done.

    Raises:
        ValueError: No case can be used.
    """
    chosen = options or EvaluationOptions()
    references = knowledge.references(cases)
    if not len(references):
        raise ValueError(
            "no case has both a usable phenotype term and a diagnosis of the catalogue; "
            "give cases with HPO terms and OMIM diagnoses"
        )
    of_id = {case.case_id: case for case in (*cases, *unseen)}
    given = knowledge.references(unseen) if unseen else None
    if given is not None and not len(given):
        raise ValueError(
            "no unseen case has both a usable phenotype term and a diagnosis of the catalogue; "
            "give cases with HPO terms and OMIM diagnoses"
        )
    results = []
    for protocol in chosen.protocols:
        setting = Setting.make(
            protocol,
            knowledge=knowledge,
            references=references,
            tested=chosen.tested,
            unseen=given,
            options=chosen.split,
        )
        if not len(setting.training):
            raise ValueError("no known case is without contact to the unseen ones; give others")
        results.append(
            evaluate_setting(
                setting, cases=of_id, scorers=scorers, options=chosen, progress=progress
            )
        )
    out.mkdir(parents=True, exist_ok=True)
    run = {
        "graph": knowledge.snapshot.digest,
        "n_cases": len(references),
        "n_unseen": 0 if given is None else len(given),
        "options": asdict(chosen),
    }
    write_json(results, out / "diagnosis.json", run=run)
    write_markdown(results, out / "diagnosis.md")
    for result in results:
        write_ranks(result, out / f"ranks-{result.protocol}.json")
        plot_rank_curves(result, out / f"ranks-{result.protocol}.png")
        plot_reliability(result, out / f"reliability-{result.protocol}.png")
    return tuple(results)


def train_boosted(
    setting: Setting, maker: SymbolicFeatures, *, options: EvaluationOptions
) -> tuple[list[Scorer], list[Scorer]]:
    """Everything boosted: the baselines, and the rankers that face them.

    All are trained out of publication on the same candidates of the training cases. Baselines are
    LambdaRank over the classical scores, the learned embedding, and both together.
    """
    folds = WatchedFolds(
        CrossFittedFeatures(
            setting.knowledge,
            setting.training,
            n_folds=options.n_folds,
            n_decoys=setting.options.n_decoys,
            exclude_publications=setting.excluded,
            keep_annotations=setting.protocol == "as-published",
            seed=setting.options.seed,
        )
    )
    sample = TrainingSample.from_folds(folds, options=options.boosted)
    classical = BoostedRanker.train(sample, options=options.boosted, names=CLASSICAL)
    baselines: list[Scorer] = [BoostedScorer(classical)]
    own: list[Scorer] = [
        BoostedScorer(
            BoostedRanker.train(sample, options=options.boosted), name="iatros, boosted trees alone"
        )
    ]
    if options.embedding is not None:
        alone, beside, with_all = train_embedded(
            sample, folds.worlds, maker, options=options.boosted, embedding=options.embedding
        )
        baselines += [alone, beside]
        own.append(with_all)
    if options.ablations:
        own += train_ablations(sample, options=options.boosted)
    return baselines, own


def evaluate_setting(
    setting: Setting,
    *,
    cases: Mapping[str, ClinicalCase] | None = None,
    scorers: Sequence[ScorerFactory] = (),
    options: EvaluationOptions | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> ProtocolResult:
    """All rankers on the tested cases of one setting."""
    chosen = options or EvaluationOptions()
    maker = SymbolicFeatures(
        setting.knowledge, setting.training, exclude_publications=setting.excluded
    )
    rankers: list[Scorer] = list(BASELINES)
    n_baselines = len(rankers)
    if chosen.boosted is not None:
        progress(f"{setting.protocol}: training boosted trees")
        baselines, own = train_boosted(setting, maker, options=chosen)
        rankers += [*baselines, *own]
        n_baselines += len(baselines)
    for make in scorers:
        rankers.append(make(setting))
        progress(f"{setting.protocol}: {rankers[-1].name} is ready")
    trained = rankers[len(BASELINES) :]
    temperatures = _calibrate(setting, maker, trained, chosen)
    progress(f"{setting.protocol}: scoring {len(setting.tested)} cases")
    run = _Run(
        setting.tested,
        maker,
        rankers,
        chosen.batch_size,
        temperatures,
        scored=lambda n: progress(f"{setting.protocol}: scored {n} of {len(setting.tested)}"),
    )
    tables = {
        ranker.name: RankTable(
            rank=run.ranks[at].realistic,
            disease=setting.tested.disease,
            cluster=setting.tested.components(),
        )
        for at, ranker in enumerate(rankers)
    }
    best = max(
        (ranker.name for ranker in rankers[:n_baselines]),
        key=lambda name: tables[name].summary()["macro_top1"],
    )
    against = {
        ranker.name: EVERYTHING if ranker.name.endswith("(ablation)") else best
        for ranker in rankers[n_baselines:]
        if ranker.name != EVERYTHING
    }
    masks = _subgroups(setting.tested, maker, cases or {})
    results = []
    for at, ranker in enumerate(rankers):
        table = tables[ranker.name]
        results.append(
            RankerResult(
                name=ranker.name,
                table=table,
                optimistic=float(run.ranks[at].optimistic.mean()),
                pessimistic=float(run.ranks[at].pessimistic.mean()),
                overall=table.intervals(n_samples=chosen.n_samples),
                subgroups=_by_subgroup(table, masks),
                against_best=paired_differences(
                    table, tables[against[ranker.name]], n_samples=chosen.n_samples
                )
                if ranker.name in against
                else None,
                compared_with=against.get(ranker.name),
                seconds_per_case=run.seconds[at] / len(setting.tested),
                confidence=run.confidence.get(at),
            )
        )
    return ProtocolResult(
        protocol=setting.protocol,
        control=setting.control(),
        best_baseline=best,
        rankers=tuple(results),
        features_seconds_per_case=run.feature_seconds / len(setting.tested),
    )


class _Run:
    """Scores of all rankers on some cases, batch by batch, kept as ranks."""

    def __init__(
        self,
        tested: ReferenceCases,
        maker: SymbolicFeatures,
        rankers: Sequence[Scorer],
        batch_size: int,
        temperatures: Mapping[str, Temperature],
        *,
        scored: Callable[[int], None],
    ) -> None:
        parts: list[list[GoldRanks]] = [[] for _ in rankers]
        confident: dict[int, list[npt.NDArray[np.float64]]] = {}
        self.seconds = [0.0] * len(rankers)
        self.feature_seconds = 0.0
        for start in range(0, len(tested), batch_size):
            rows = np.arange(start, min(start + batch_size, len(tested)))
            began = time.perf_counter()
            batch = make_batch(tested.select(rows), maker)
            self.feature_seconds += time.perf_counter() - began
            for at, ranker in enumerate(rankers):
                began = time.perf_counter()
                scores = ranker.score(batch)
                self.seconds[at] += time.perf_counter() - began
                parts[at].append(GoldRanks.of(scores, tested.disease[rows]))
                if ranker.name in temperatures:
                    probability = temperatures[ranker.name].first_probability(scores)
                    confident.setdefault(at, []).append(probability)
            if rows[-1] // _TELL != (rows[0] - 1) // _TELL:
                scored(int(rows[-1]) + 1)
        self.ranks = [GoldRanks.join(batches) for batches in parts]
        self.confidence = {at: np.concatenate(values) for at, values in confident.items()}


def make_batch(cases: ReferenceCases, maker: SymbolicFeatures) -> CaseBatch:
    """Features of some cases, ready for any scorer."""
    columns = maker.columns(cases.patients)
    return CaseBatch(
        case_ids=cases.case_ids,
        patients=cases.patients,
        features=maker.stack(columns, len(cases)),
        maker=maker,
        columns=columns,
    )


def _calibrate(
    setting: Setting,
    maker: SymbolicFeatures,
    rankers: Sequence[Scorer],
    options: EvaluationOptions,
) -> dict[str, Temperature]:
    """Temperature of each trained ranker on cases that are neither learnt from nor tested."""
    chosen = setting.calibration
    n = len(chosen)
    if not n or not rankers:
        return {}
    scores: dict[str, list[npt.NDArray[np.float32]]] = {ranker.name: [] for ranker in rankers}
    for start in range(0, n, options.batch_size):
        rows = np.arange(start, min(start + options.batch_size, n))
        batch = make_batch(chosen.select(rows), maker)
        for ranker in rankers:
            scores[ranker.name].append(ranker.score(batch))
    return {
        name: Temperature.fit(np.concatenate(values), chosen.disease)
        for name, values in scores.items()
    }


def _subgroups(
    tested: ReferenceCases, maker: SymbolicFeatures, cases: Mapping[str, ClinicalCase]
) -> Masks:
    known = maker.groups[tested.disease]
    n_terms = np.asarray([len(patient.present) for patient in tested.patients])
    found = [cases.get(case_id) for case_id in tested.case_ids]
    sex = np.asarray([case.sex or "unknown" if case else "unknown" for case in found])
    age = np.asarray(
        [np.nan if case is None or case.age_years is None else case.age_years for case in found]
    )
    return {
        "knowledge": {name: known == code for name, code in _KNOWLEDGE.items()},
        "n_terms": {
            name: (n_terms >= low) & (n_terms <= high) for name, (low, high) in _TERM_BINS.items()
        },
        "sex": {str(value): sex == value for value in np.unique(sex)},
        "age_years": {
            **{name: (age >= low) & (age < high) for name, (low, high) in _AGE_BINS.items()},
            "unknown": np.isnan(age),
        },
    }


def _by_subgroup(table: RankTable, masks: Masks) -> dict[str, dict[str, dict[str, float]]]:
    return {
        kind: {
            name: {**table.select(mask).summary(), "n": float(mask.sum())}
            for name, mask in named.items()
        }
        for kind, named in masks.items()
    }
