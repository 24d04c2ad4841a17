"""Batches of one step share one pass of the graph network, and one fold."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch

from fusion.batches import collate
from fusion.config import TrainConfig
from fusion.context import GraphContext
from fusion.folds import TrainingParts
from fusion.graph import GraphTensors
from fusion.model import FusionModel, NodeVectors
from fusion.objective import Objective, StepInputs
from fusion.sampling import StepSampler
from fusion.shared_graph import SharedGraph
from fusion.trainer import prepare_training
from fusion.training_state import Progress
from kg.case import ClinicalCase
from kg.snapshot import GraphSnapshot


@pytest.mark.parametrize("n_batches", [2, 4])
def test_gradients_are_those_of_one_large_batch(
    context: GraphContext, cases: list[ClinicalCase], train_config: TrainConfig, n_batches: int
) -> None:
    parts = TrainingParts.build(context, cases, train_config)
    torch.manual_seed(0)
    model = context.new_model(train_config.model, feature_names=parts.feature_names)
    objective = Objective(model, train_config)

    def inputs(some: list[ClinicalCase]) -> StepInputs:
        return StepInputs(
            cases=collate(
                [context.indexer.encode(case) for case in some], n_diseases=context.n_diseases
            ),
            neural=torch.ones(len(some), dtype=torch.bool),
            combiner=None,
            treatments=None,
            rng=torch.Generator().manual_seed(0),
        )

    def gradients(
        batches: list[list[ClinicalCase]], *, projected: bool = True
    ) -> dict[str, torch.Tensor]:
        model.zero_grad(set_to_none=True)
        vectors = model.encode_graph(context.tensors)
        if projected:
            vectors = replace(vectors, catalogue=model.project_catalogue(vectors))
        shared = SharedGraph(vectors)
        for number, some in enumerate(batches):
            read = shared.vectors(last=number == len(batches) - 1)
            torch.autograd.backward(objective(inputs(some), read).total / len(batches))
        return {n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None}

    some = cases[:16]
    size = len(some) // n_batches
    whole = gradients([some], projected=False)
    cut = gradients([some[at : at + size] for at in range(0, len(some), size)])
    assert cut.keys() == whole.keys()
    assert any(name.startswith("graph_encoder") for name in whole)
    for name, expected in whole.items():
        torch.testing.assert_close(cut[name], expected, rtol=1e-4, atol=1e-7, msg=name)


def test_all_batches_of_a_step_are_of_the_fold_whose_papers_its_graph_lacks(
    context: GraphContext, cases: list[ClinicalCase], train_config: TrainConfig
) -> None:
    config = replace(train_config, accumulation=3)
    parts = TrainingParts.build(context, cases, config)
    sampler = StepSampler(parts, config, treatments=None, images=None, n_processes=2)

    def facts(rows: npt.NDArray[np.int64]) -> set[bytes]:
        batch = collate([parts.cases[i] for i in rows.tolist()], n_diseases=context.n_diseases)
        return {
            row.numpy().tobytes()
            for row in torch.cat([batch.demographics, batch.gold.float()], dim=1)
        }

    for step in range(4):
        fold = step % config.n_folds
        own = facts(np.flatnonzero(parts.fold_of == fold))
        assert sampler.graph_of(step) is parts.graphs[fold]
        for number in range(6 * step, 6 * step + 6):
            batch = sampler.draw(number, refit=False).cases
            seen = torch.cat([batch.demographics, batch.gold.float()], dim=1)
            assert {row.numpy().tobytes() for row in seen} <= own


@pytest.mark.parametrize(("adversary", "passes"), [(0.0, 1), (0.1, 6)])
def test_a_step_runs_the_graph_network_once(
    graph: GraphSnapshot,
    cases: list[ClinicalCase],
    node_text: "npt.NDArray[np.float32]",
    train_config: TrainConfig,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    adversary: float,
    passes: int,
) -> None:
    config = replace(train_config, accumulation=3, adversary=adversary)
    loop = prepare_training(graph, cases, config, tmp_path, node_text=node_text).loop
    encode: Callable[..., NodeVectors] = FusionModel.encode_graph
    seen: list[GraphTensors] = []

    def counted(
        self: FusionModel, graph: GraphTensors, *, rng: torch.Generator | None = None
    ) -> NodeVectors:
        seen.append(graph)
        return encode(self, graph, rng=rng)

    monkeypatch.setattr(FusionModel, "encode_graph", counted)
    loop.step(Progress(step=4, stage_end=config.max_steps))
    assert len(seen) == passes
    assert {id(one) for one in seen} == {id(loop.sampler.graph_of(4))}
