"""Training on the toy world: it learns, it resumes to the bit, its folder answers alone."""

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from safetensors.torch import load_file

from fusion import (
    CheckpointError,
    ModelError,
    Predictor,
    load_model,
    train,
)
from fusion.loop import TrainingLoop
from fusion.trainer import TrainResult
from fusion.training_state import Progress
from kg.case import ClinicalCase, Observation
from kg.snapshot import GraphSnapshot
from tests.fusion.conftest import ToyWorld, toy_config

DISEASE_0, TRAP = "OMIM:100001", "OMIM:100006"


@pytest.fixture(scope="module")
def trained(
    graph: GraphSnapshot,
    cases: list[ClinicalCase],
    node_text: npt.NDArray[np.float32],
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Path, TrainResult]:
    config = toy_config(max_steps=80)
    folder = tmp_path_factory.mktemp("model")
    return folder, train(graph, cases, config, folder, node_text=node_text)


def test_learns_the_toy_world_and_avoids_the_trap(
    trained: tuple[Path, TrainResult], graph: GraphSnapshot
) -> None:
    folder, result = trained
    assert result.metrics["development"]["macro_top1"] > 0.9
    predictor = Predictor.load(folder)
    case = ClinicalCase(
        case_id="new", phenotypes=(Observation(term="HP:1000000"), Observation(term="HP:1000001"))
    )
    scores = predictor.score_diagnoses([case])[0]
    ranked = [predictor.catalogue.ids[i] for i in np.argsort(-scores)]
    assert ranked[0] == DISEASE_0
    assert scores.dtype == np.float32
    assert len(scores) == predictor.catalogue.n_diseases


def test_treatments_are_scored_for_diseases(trained: tuple[Path, TrainResult]) -> None:
    predictor = Predictor.load(trained[0])
    nodes = predictor.catalogue.nodes[:3]
    scores = predictor.score_treatments(nodes)
    assert scores.shape == (3, len(predictor.treatments), 2)
    np.testing.assert_array_equal(predictor.score_treatments(nodes[1:2])[0], scores[1])


@pytest.mark.parametrize("killed_at", [13, 26])
def test_resume_after_a_kill_gives_the_same_model_to_the_bit(
    world: ToyWorld,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    killed_at: int,
) -> None:
    # Step 26 lies in the second stage, behind the checkpoint of step 25.
    unbroken = world.train(tmp_path / "a", refit_share=0.9)
    step = TrainingLoop.step

    def killed(self: TrainingLoop, progress: Progress) -> dict[str, float]:
        if progress.step == killed_at:
            raise KeyboardInterrupt
        return step(self, progress)

    with monkeypatch.context() as patch:
        patch.setattr(TrainingLoop, "step", killed)
        with pytest.raises(KeyboardInterrupt):
            world.train(tmp_path / "b", refit_share=0.9)
    assert not (tmp_path / "b" / "manifest.json").exists()
    resumed = world.train(tmp_path / "b", resume=True, refit_share=0.9)
    assert resumed.metrics == unbroken.metrics
    first = load_file(tmp_path / "a" / "model.safetensors")
    second = load_file(tmp_path / "b" / "model.safetensors")
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_bf16_and_accumulation_train_too(
    world: ToyWorld,
    tmp_path: Path,
) -> None:
    result = world.train(tmp_path, max_steps=4, mixed_precision="bf16", accumulation=2)
    assert result.steps >= 4
    assert np.isfinite(Predictor.load(tmp_path).score_diagnoses(world.cases[:2])).all()


def test_resume_with_another_configuration_is_refused(
    world: ToyWorld,
    tmp_path: Path,
) -> None:
    world.train(tmp_path, max_steps=6)
    with pytest.raises(CheckpointError, match="another configuration"):
        world.train(tmp_path, resume=True, max_steps=6, seed=5)


def test_checkpoints_rotate_and_hold_no_pickle(
    world: ToyWorld,
    tmp_path: Path,
) -> None:
    world.train(tmp_path)
    kept = sorted(folder.name for folder in (tmp_path / "checkpoints").iterdir())
    assert len(kept) == world.config.keep_checkpoints
    suffixes = {file.suffix for file in (tmp_path / "checkpoints").rglob("*") if file.is_file()}
    assert suffixes == {".safetensors", ".json"}


def test_a_model_folder_holds_facts_of_references_but_no_note(
    world: ToyWorld,
    tmp_path: Path,
) -> None:
    noted = [case.model_copy(update={"note": "a secret sentence"}) for case in world.cases]
    world.train(tmp_path, cases=noted, max_steps=4)
    text = (tmp_path / "references.jsonl").read_text()
    assert "secret" not in text
    assert len(text.splitlines()) == len(noted)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert manifest["graph_digest"] == world.graph.digest


def test_another_graph_is_one_clear_line(
    trained: tuple[Path, TrainResult], graph: GraphSnapshot
) -> None:
    keep = np.ones(graph.n_edges, dtype=bool)
    keep[0] = False
    with pytest.raises(ModelError, match="trained on graph") as caught:
        load_model(trained[0], graph=graph.subset(keep))
    assert "\n" not in str(caught.value)


def test_a_folder_without_model_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no model here"):
        load_model(tmp_path)


def test_repeated_and_shuffled_terms_get_the_same_answer(trained: tuple[Path, TrainResult]) -> None:
    predictor = Predictor.load(trained[0])
    terms = [Observation(term=f"HP:100000{i}") for i in (0, 1, 4)]
    plain = ClinicalCase(case_id="a", phenotypes=tuple(terms))
    other = ClinicalCase(case_id="b", phenotypes=(*reversed(terms), terms[1]))
    first, second = predictor.score_diagnoses([plain]), predictor.score_diagnoses([other])
    np.testing.assert_array_equal(first, second)
