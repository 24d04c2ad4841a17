"""Leakage control in training is a law, not an intention."""

from collections.abc import Collection
from dataclasses import replace

import numpy as np
import pytest

from fusion.config import TrainConfig
from fusion.context import GraphContext
from fusion.folds import TrainingParts
from fusion.sampling import StepSampler
from kg.case import ClinicalCase


def papers(cases: list[ClinicalCase], ids: Collection[str]) -> set[str]:
    return {p for case in cases if case.case_id in ids for p in case.publications}


def shared_papers(cases: list[ClinicalCase], n: int = 7) -> list[ClinicalCase]:
    return [
        case.model_copy(update={"publications": (f"PMID:{900 + i % n}",)})
        for i, case in enumerate(cases)
    ]


def test_no_publication_stands_in_two_parts(
    context: GraphContext, cases: list[ClinicalCase], train_config: TrainConfig
) -> None:
    cases = shared_papers(cases, n=20)
    parts = TrainingParts.build(context, cases, train_config)
    ids = [case.case_id for case in parts.cases]
    groups = [
        {ids[i] for i in np.flatnonzero((parts.fold_of == fold) & (parts.aside == aside))}
        for fold in range(len(parts.graphs))
        for aside in (True, False)
    ]
    assert parts.development is not None
    groups.append({case.case_id for case in parts.development.cases})
    found = [papers(cases, group) for group in groups]
    for i, first in enumerate(found):
        for second in found[i + 1 :]:
            assert not first & second
    assert sum(len(group) for group in groups) == len(cases)


def test_the_graph_of_a_fold_holds_no_statement_of_its_papers(
    context: GraphContext, cases: list[ClinicalCase], train_config: TrainConfig
) -> None:
    cases = shared_papers(cases)
    parts = TrainingParts.build(context, cases, train_config)
    by_id = {case.case_id: case for case in cases}
    for fold, tensors in enumerate(parts.graphs):
        held = {
            by_id[c.case_id].publications[0]
            for c, f in zip(parts.cases, parts.fold_of, strict=True)
            if f == fold
        }
        rows = np.flatnonzero(context.graph.without_publications(held))
        assert len(rows)
        kept = context.tensors.without_rows(context.graph.without_publications(held))
        assert tensors.adjacency.n_edges <= kept.adjacency.n_edges


def test_annotations_kept_leave_the_graph_of_every_fold_whole(
    context: GraphContext, cases: list[ClinicalCase], train_config: TrainConfig
) -> None:
    cases = shared_papers(cases)
    kept = TrainingParts.build(context, cases, replace(train_config, keep_annotations=True))
    parts = TrainingParts.build(context, cases, train_config)
    assert all(graph is context.tensors for graph in kept.graphs)
    assert np.array_equal(kept.fold_of, parts.fold_of)
    assert not all(graph is context.tensors for graph in parts.graphs)


def test_cases_held_aside_train_the_combiner_alone(
    context: GraphContext, cases: list[ClinicalCase], train_config: TrainConfig
) -> None:
    parts = TrainingParts.build(context, cases, train_config)
    assert parts.aside.any()
    assert set(parts.candidates) == set(np.flatnonzero(parts.aside).tolist())
    sampler = StepSampler(parts, train_config, treatments=None, images=None)
    inputs = sampler.draw(0, refit=False)
    assert inputs.combiner is not None
    assert set(inputs.combiner.rows.tolist()) == set(np.flatnonzero(~inputs.neural.numpy()))
    refit = sampler.draw(0, refit=True)
    assert refit.combiner is None
    assert refit.neural.all()


@pytest.mark.parametrize("number", [0, 1, 77])
def test_a_batch_follows_from_seed_and_step_alone(
    context: GraphContext, cases: list[ClinicalCase], train_config: TrainConfig, number: int
) -> None:
    parts = TrainingParts.build(context, cases, train_config)
    first, second = (
        StepSampler(parts, train_config, treatments=None, images=None).draw(number, refit=False)
        for _ in range(2)
    )
    assert np.array_equal(first.cases.nodes, second.cases.nodes)
    assert np.array_equal(first.cases.gold, second.cases.gold)


def test_every_gold_diagnosis_is_a_candidate(
    context: GraphContext, cases: list[ClinicalCase], train_config: TrainConfig
) -> None:
    parts = TrainingParts.build(context, cases, train_config)
    for i, candidates in parts.candidates.items():
        assert set(parts.cases[i].gold) <= set(candidates.positions.tolist())
        assert len(set(candidates.positions.tolist())) == len(candidates.positions)
