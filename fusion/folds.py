"""Which case may learn from what: development part, folds, and the cases held aside.

Decides leakage control in training. Publications are dealt out by connected components, so no paper
stands in two parts.

- *Development* cases end the training early and calibrate; nothing is fitted on them.
- *Training* cases are cut into folds. A case meets the graph and the symbolic features of its fold:
  without the statements and published patients that rest on a publication of that fold, and without
  those of as many random other diseases (decoys), or the model learns to love emptiness.
- Of each fold a share is *held aside*: in the first stage these cases train the combiner and
  nothing else, so that it sees neural scores as good as, and no better than, on a new patient.
  In the second stage they train the neural part too, and the combiner stands still.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from kg.case import ClinicalCase
from kg.cases.split import publication_components, split_by_publication

from .batches import CaseArrays
from .config import TrainConfig
from .context import GraphContext
from .graph import GraphTensors
from .simulate import worse_account
from .symbolic import SymbolicFeatures
from .symbolic.boosted import BoostedOptions, TrainingSample
from .symbolic.crossfit import Fold, balanced_folds, decoy_publications
from .symbolic.damage import PatientDamage

__all__ = ["Candidates", "DevelopmentPart", "TrainingParts"]

_DEV_LOOKS = 300  # cases that early stop looks at; more would cost more than a step


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candidates:
    """What the combiner learns from, for one held-aside case.

    Attributes:
        positions: Catalogue positions: the diagnoses, the best by each feature, random others.
        features: Symbolic features of each.
        log_count: Logarithm of how many diseases each stands for.
    """

    positions: npt.NDArray[np.int64]
    features: npt.NDArray[np.float32]
    log_count: npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DevelopmentPart:
    """Cases for early stop and calibration.

    Attributes:
        cases: The cases.
        graph: The graph without their publications.
        features: Symbolic features over the whole catalogue, half precision, one array a case.
    """

    cases: tuple[CaseArrays, ...]
    graph: GraphTensors
    features: tuple[npt.NDArray[np.float16], ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrainingParts:
    """Everything that training reads, made before the first step.

    Attributes:
        n_diseases: Size of the catalogue.
        cases: Training cases with a diagnosis in the catalogue.
        fold_of: Fold of each.
        aside: True for the cases held aside.
        graphs: The graph of each fold.
        candidates: Of each case held aside, by its position in `cases`.
        worse: A worse account of each case, see `fusion.symbolic.damage`.
        worse_candidates: Of the worse account of each case held aside.
        development: None when there are too few publications for one.
        feature_names: Names of the symbolic features.
        mean: Mean of each feature over the catalogue.
        deviation: Standard deviation likewise.
        head_sample: What trees and listwise network learn from: candidates of each patient, and of
            a worse account of the same patient; None when they are not wanted.
        held_out: The whole development part as cases, to fit probabilities on.
    """

    n_diseases: int
    cases: tuple[CaseArrays, ...]
    fold_of: npt.NDArray[np.int64]
    aside: npt.NDArray[np.bool_]
    graphs: tuple[GraphTensors, ...]
    candidates: dict[int, Candidates]
    worse: tuple[CaseArrays, ...]
    worse_candidates: dict[int, Candidates]
    development: DevelopmentPart | None
    feature_names: tuple[str, ...]
    mean: npt.NDArray[np.float32]
    deviation: npt.NDArray[np.float32]
    head_sample: TrainingSample | None = None
    held_out: tuple[ClinicalCase, ...] = ()

    @classmethod
    def build(
        cls, context: GraphContext, cases: Sequence[ClinicalCase], config: TrainConfig
    ) -> TrainingParts:
        """Deals the cases out and computes what each may know.

        Args:
            context: The graph.
            cases: All cases that training may use; those without a known diagnosis fall.
            config: Shares and numbers.

        Raises:
            ValueError: If no case has a diagnosis of the catalogue.
        """
        indexed = [(case, context.indexer.encode(case)) for case in cases]
        indexed = [(case, arrays) for case, arrays in indexed if arrays.gold and case.has_input()]
        if not indexed:
            raise ValueError(
                f"none of {len(cases)} cases has a diagnosis that the graph knows; "
                "give cases with diagnoses, or build the graph with their disease source"
            )
        by_id = {case.case_id: arrays for case, arrays in indexed}
        kept = [case for case, _ in indexed]
        rng = np.random.default_rng([config.seed, 1])
        train, dev = _split(kept, config.dev_share, rng)
        components = publication_components(train)
        n_folds = min(config.n_folds, int(components.max()) + 1)
        fold_of = balanced_folds(components, n_folds=n_folds, rng=rng).astype(np.int64)
        aside = _held_aside(components, fold_of, config.held_aside, rng)
        arrays = tuple(by_id[case.case_id] for case in train)
        damage = PatientDamage(context.knowledge)
        worse = tuple(worse_account(case, damage, rng) for case in arrays)
        graphs, candidates, worse_candidates, moments = [], {}, {}, _Moments()
        names: tuple[str, ...] = ()
        samples: list[TrainingSample] = []
        for fold in range(n_folds):
            rows = np.flatnonzero(fold_of == fold)
            held = [train[i] for i in rows]
            known = [case for case, f in zip(train, fold_of, strict=True) if f != fold]
            graph, features = _without(context, held, known, config, rng)
            names = features.names
            graphs.append(graph)
            for i in rows[aside[rows]].tolist():
                values = features.compute([arrays[i].terms])[0]
                moments.add(values)
                candidates[i] = _choose(values, arrays[i].gold, config, rng)
                values = features.compute([worse[i].terms])[0]
                worse_candidates[i] = _choose(values, arrays[i].gold, config, rng)
            if dev and config.boosted_diagnoses:
                samples += _head_sample(context, held, features, config.seed + fold)
                samples += _head_sample(context, held, features, config.seed + fold, damage=damage)
            if not aside.any() and len(rows):
                moments.add(features.compute([arrays[rows[0]].terms])[0])
        development = None
        if dev:
            graph, features = _without(context, dev, train, config, rng)
            looked = [by_id[case.case_id] for case in dev]
            if len(looked) > _DEV_LOOKS:
                chosen = sorted(rng.choice(len(looked), _DEV_LOOKS, replace=False).tolist())
                looked = [looked[i] for i in chosen]
            development = DevelopmentPart(
                cases=tuple(looked),
                graph=graph,
                features=tuple(
                    features.compute([case.terms])[0].astype(np.float16) for case in looked
                ),
            )
        mean, deviation = moments.result(len(names))
        return cls(
            n_diseases=context.n_diseases,
            cases=arrays,
            fold_of=fold_of,
            aside=aside,
            graphs=tuple(graphs),
            candidates=candidates,
            worse=worse,
            worse_candidates=worse_candidates,
            development=development,
            feature_names=names,
            mean=mean,
            deviation=deviation,
            head_sample=TrainingSample.join(samples) if samples else None,
            held_out=tuple(dev),
        )


class _Moments:
    """Running mean and variance of features over cases and catalogue."""

    def __init__(self) -> None:
        self._n = 0
        self._sum: npt.NDArray[np.float64] | float = 0.0
        self._squares: npt.NDArray[np.float64] | float = 0.0

    def add(self, values: npt.NDArray[np.float32]) -> None:
        self._n += len(values)
        self._sum = self._sum + values.sum(axis=0, dtype=np.float64)
        self._squares = self._squares + (values.astype(np.float64) ** 2).sum(axis=0)

    def result(self, n_features: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        if not self._n:
            return np.zeros(n_features, np.float32), np.ones(n_features, np.float32)
        mean = self._sum / self._n
        variance = np.maximum(self._squares / self._n - np.square(mean), 0.0)
        return (
            np.asarray(mean, dtype=np.float32),
            np.asarray(np.sqrt(variance), dtype=np.float32),
        )


def _split(
    cases: list[ClinicalCase], dev_share: float, rng: np.random.Generator
) -> tuple[list[ClinicalCase], list[ClinicalCase]]:
    n_components = int(publication_components(cases).max()) + 1
    if dev_share <= 0.0 or n_components < 5:
        return cases, []
    parts = split_by_publication(cases, {"train": 1.0 - dev_share, "dev": dev_share}, rng)
    return list(parts["train"]), list(parts["dev"])


def _held_aside(
    components: npt.NDArray[np.int64],
    fold_of: npt.NDArray[np.int64],
    share: float,
    rng: np.random.Generator,
) -> npt.NDArray[np.bool_]:
    """Whole components of each fold, so that no paper stands on both sides."""
    aside = np.zeros(len(components), dtype=bool)
    for fold in np.unique(fold_of):
        inside = np.unique(components[fold_of == fold])
        n = min(round(share * len(inside)), len(inside) - 1)
        aside |= np.isin(components, rng.permutation(inside)[:n])
    return aside


def _without(
    context: GraphContext,
    held: Sequence[ClinicalCase],
    known: Sequence[ClinicalCase],
    config: TrainConfig,
    rng: np.random.Generator,
) -> tuple[GraphTensors, SymbolicFeatures]:
    """Graph and features that know nothing of the publications of the held cases."""
    knowledge = context.knowledge
    if config.keep_annotations:
        return context.tensors, SymbolicFeatures(knowledge, knowledge.references(known))
    golds = {position for case in held for position in context.indexer.encode(case).gold}
    n_decoys = config.decoys_per_fold
    decoys = decoy_publications(knowledge, n_decoys=n_decoys, rng=rng, spare=sorted(golds))
    excluded = decoys.union(*(case.publications for case in held))
    features = SymbolicFeatures(
        knowledge, knowledge.references(known), exclude_publications=excluded
    )
    graph = context.tensors.without_rows(context.graph.without_publications(excluded))
    return graph, features


def _head_sample(
    context: GraphContext,
    held: Sequence[ClinicalCase],
    features: SymbolicFeatures,
    seed: int,
    *,
    damage: PatientDamage | None = None,
) -> list[TrainingSample]:
    """Candidates of the held cases that have findings; their features know nothing of them."""
    cases = context.knowledge.references(held)
    if not len(cases):
        return []
    if damage is not None:
        worse = damage.damage_all(cases.patients, np.random.default_rng([seed, 7]))
        cases = replace(cases, patients=worse)
    rows = np.arange(len(cases), dtype=np.int32)
    fold = Fold(rows=rows, cases=cases, features=features, excluded=frozenset())
    return [TrainingSample.from_folds([fold], options=BoostedOptions(seed=seed))]


def _choose(
    features: npt.NDArray[np.float32],
    gold: tuple[int, ...],
    config: TrainConfig,
    rng: np.random.Generator,
) -> Candidates:
    n_diseases = len(features)
    chosen = set(gold)
    top = min(config.candidates_per_feature, n_diseases)
    for column in features.T:
        # Features that are the same for all diseases, or count things, rank nothing.
        if column.min() < column.max():
            chosen.update(np.argpartition(-column, top - 1)[:top].tolist())
    sure = np.array(sorted(chosen), dtype=np.int64)
    rest = np.setdiff1d(np.arange(n_diseases), sure)
    drawn = np.sort(rng.choice(rest, min(config.negatives, len(rest)), replace=False))
    log_count = np.zeros(len(sure) + len(drawn), dtype=np.float32)
    if len(drawn):
        log_count[len(sure) :] = np.log(len(rest) / len(drawn))
    positions = np.concatenate([sure, drawn]).astype(np.int64)
    return Candidates(positions=positions, features=features[positions], log_count=log_count)
