"""What goes around the steps: rates by depth, adversary, smoothing, estimate, tuning, ensemble."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import BertModel

from fusion import ModelConfig, ModelError, Predictor, TrainConfig
from fusion.adversary import perturbed
from fusion.context import GraphContext
from fusion.ensemble import EnsembleScores, SeedEnsemble, train_ensemble
from fusion.estimate import estimate_training
from fusion.losses import listwise_loss
from fusion.optimizer import new_optimizer
from fusion.tuning import tune
from tests.fusion.conftest import ToyWorld

FAST: dict[str, Any] = {"boosted_diagnoses": False, "boosted_treatments": False}


def test_layers_near_the_input_learn_more_slowly(
    context: GraphContext, small_config: ModelConfig
) -> None:
    model = context.new_model(
        replace(small_config, image_encoder="test_vit", image_weights="none", image_size=32),
        feature_names=("a",),
    )
    config = TrainConfig(layer_rate_decay=0.5, encoder_learning_rate=1e-4)
    rate = {
        id(parameter): group["peak"]
        for group in new_optimizer(model, config).param_groups
        for parameter in group["params"]
    }
    named = dict(model.named_parameters())
    network = "image_encoder.network"
    blocks = sorted(
        {int(name.split(".")[3]) for name in named if name.startswith(f"{network}.blocks.")}
    )
    found = [rate[id(named[f"{network}.blocks.{i}.mlp.fc1.weight"])] for i in blocks]
    assert found == pytest.approx([1e-4 * 0.5 ** (len(blocks) - 1 - i) for i in blocks])
    assert rate[id(named[f"{network}.patch_embed.proj.weight"])] == pytest.approx(found[0] / 2)
    assert rate[id(named["node_text.weight"])] == config.learning_rate


def test_the_adversary_raises_the_loss_and_leaves_no_trace() -> None:
    torch.manual_seed(0)
    table = torch.nn.Embedding(5, 4)
    model = torch.nn.Sequential(table, torch.nn.Flatten(), torch.nn.Linear(8, 1))
    places = torch.tensor([[0, 1], [2, 3]])

    def loss() -> torch.Tensor:
        value: torch.Tensor = model(places).square().mean()
        return value

    plain = loss()
    torch.autograd.backward(plain)
    before = table.weight.detach().clone()
    with perturbed(model, 0.05) as pushed:
        assert pushed == 1
        assert loss() > plain
        assert float((table.weight.detach() - before).norm()) == pytest.approx(0.05, rel=1e-3)
    assert torch.equal(table.weight, before)


def test_smoothing_is_that_of_torch() -> None:
    logits, target = torch.randn(4, 6), torch.tensor([0, 5, 2, 2])
    gold = torch.nn.functional.one_hot(target, 6).bool()
    expected = torch.nn.functional.cross_entropy(logits, target, label_smoothing=0.1)
    assert torch.allclose(listwise_loss(logits, gold, smoothing=0.1), expected)


def test_training_with_everything_on_is_repeatable(
    world: ToyWorld,
    tmp_path: Path,
) -> None:
    changes = {"adversary": 0.05, "label_smoothing": 0.1, "layer_rate_decay": 0.9, **FAST}
    one, two = (world.train(tmp_path / name, max_steps=6, **changes) for name in ("a", "b"))
    assert one.metrics == two.metrics
    (shown,) = (tmp_path / "a" / "tensorboard").rglob("metadata.tsv")
    assert shown.read_text().splitlines() == [f"disease {i}" for i in range(6)]


@pytest.mark.filterwarnings("ignore")  # of the libraries below MLflow
def test_a_tracker_gets_scalars_and_settings_but_no_case(
    world: ToyWorld,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mlflow = pytest.importorskip("mlflow")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    monkeypatch.chdir(tmp_path)
    noted = [case.model_copy(update={"note": "a secret sentence"}) for case in world.cases]
    world.train(tmp_path / "model", cases=noted, max_steps=3, tracker="mlflow", **FAST)
    (run,) = mlflow.search_runs(search_all_experiments=True, output_format="list")
    assert run.data.params["model.d_model"] == "16"
    assert np.isfinite(run.data.metrics["loss/total"])
    assert b"a secret sentence" not in (tmp_path / "mlflow.db").read_bytes()


def test_an_estimate_counts_and_writes_nothing(
    world: ToyWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Encoder:
        d_model = 8

        def __init__(self, name: str | None) -> None:
            assert name is None

        def eval(self) -> "Encoder":
            return self

    monkeypatch.setattr("fusion.estimate.TextEncoder", Encoder)
    monkeypatch.setattr("fusion.estimate.embed_texts", lambda texts, *_: np.zeros((len(texts), 8)))
    monkeypatch.chdir(tmp_path)
    found = estimate_training(world.graph, world.cases, world.config)
    total, trained = found.parameters["node_learned"]
    assert (total, trained) == (world.graph.n_nodes * 16, world.graph.n_nodes * 16)
    assert found.seconds_a_step > 0
    assert found.n_steps == round(24 * 1.3)
    assert any(line.startswith("together:") for line in found.lines())
    assert not list(tmp_path.iterdir())


def test_tuning_keeps_the_best_and_goes_on(
    world: ToyWorld,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("optuna")
    monkeypatch.setattr("fusion.tuning.embed_graph", lambda *_: world.node_text)
    graph, cases = world.graph, world.cases
    settings = replace(world.config, max_steps=3).to_mapping()
    space: dict[str, Any] = {"learning_rate": {"low": 1e-4, "high": 1e-2}, "model.d_model": [8, 12]}
    assert settings["model"]["d_model"] == 16  # not among the choices, and still tried first
    first = tune(graph, cases, settings, tmp_path, n_trials=2, space=space)
    again = tune(graph, cases, settings, tmp_path, n_trials=1, space=space)
    assert (first.n_trials, again.n_trials) == (2, 3)
    assert again.value >= first.value >= first.first
    written = json.loads((tmp_path / "best.json").read_text())
    assert TrainConfig.from_mapping(written).max_steps == 3
    with pytest.raises(ValueError, match="unknown key 'learning_rat'"):
        tune(graph, cases, settings, tmp_path, n_trials=1, space={"learning_rat": [1]})


def test_members_differ_and_their_spread_is_the_uncertainty(
    world: ToyWorld,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("fusion.trainer.embed_graph", lambda *_: world.node_text)
    config = replace(world.config, max_steps=4, **FAST)
    train_ensemble(world.graph, world.cases, config, tmp_path, n_seeds=2)
    ensemble = SeedEnsemble.load(tmp_path)
    found = ensemble.score(world.cases[:3])
    assert np.allclose(found.mean.sum(axis=1), 1.0, atol=1e-4)
    assert found.disagreement.shape == (3,)
    assert (found.disagreement > 0).all()
    same = SeedEnsemble([ensemble.members[0]] * 2).score(world.cases[:3])
    assert not same.deviation.any()
    with pytest.raises(ModelError, match="needs two"):
        SeedEnsemble(ensemble.members[:1])
    assert isinstance(found, EnsembleScores)


@pytest.mark.parametrize("kind", ["lora", "dora", "adalora"])
def test_adapters_alone_are_trained_and_saved(
    world: ToyWorld,
    text_encoder_folder: Path,
    tmp_path: Path,
    kind: str,
) -> None:
    pytest.importorskip("peft")
    model = replace(
        world.config.model,
        text_encoder=str(text_encoder_folder),
        text_adapter=kind,
        adapter_rank=2,
        note_window_tokens=32,
    )
    noted = [case.model_copy(update={"note": "fever and rash seen ."}) for case in world.cases]
    world.train(tmp_path, cases=noted, model=model, max_steps=4, **FAST)
    predictor = Predictor.load(tmp_path)
    state = load_file(tmp_path / "model.safetensors")
    moved = "lora_E.default" if kind == "adalora" else "lora_B"
    adapters = {name for name in state if moved in name and "rank_" not in name}
    assert len(adapters) == 2 * 3  # layers, projections
    begun = [bool(state[name].any()) for name in adapters]  # they begin at zero
    assert any(begun) if kind == "adalora" else all(begun)
    published = BertModel.from_pretrained(text_encoder_folder).state_dict()
    query = "encoder.layer.0.attention.self.query"
    kept = state[f"text_encoder.network.{query}.base_layer.weight"]
    assert torch.equal(kept, published[f"{query}.weight"])
    assert np.isfinite(predictor.score_diagnoses(noted[:2])).all()
