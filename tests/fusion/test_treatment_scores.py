"""Trees in a model folder: they rank, they come back alike, and a broken one is said."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fusion.node_text
from fusion import ModelConfig, ModelError, Predictor, TrainConfig, load_model, train
from fusion.treatment_scores import combine_treatments
from kg.case import ClinicalCase
from kg.snapshot import GraphSnapshot
from kg.vocabulary import NodeType

CONFIG = TrainConfig(
    model=ModelConfig(d_model=16, n_heads=2, d_combiner=8, d_treatment=8, text_encoder=""),
    max_steps=2,
    batch_cases=8,
    batch_diseases=2,
    n_folds=2,
    decoys_per_fold=1,
    device="cpu",
)


@pytest.fixture(scope="module")
def folder(
    graph: GraphSnapshot,
    cases: list[ClinicalCase],
    node_text: npt.NDArray[np.float32],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    folder = tmp_path_factory.mktemp("with-trees")
    names = np.random.default_rng(5).normal(size=node_text.shape)
    train(graph, cases, CONFIG, folder, node_text=node_text, node_names=names)
    return folder


def test_trees_rank_and_names_come_back_alike(folder: Path) -> None:
    loaded = load_model(folder)
    assert loaded.manifest.boosted_treatments
    assert loaded.boosted is not None
    assert loaded.context.pairs is not None
    assert loaded.context.names is not None
    nodes = loaded.context.knowledge.catalogue.nodes[:4]
    expected = loaded.boosted.score(loaded.context.pairs, nodes)
    assert expected.std(axis=1).min() > 0
    predictor = Predictor(loaded)
    np.testing.assert_allclose(predictor.score_treatments(nodes), expected, atol=1e-6)
    np.testing.assert_allclose(predictor.score_indications(nodes), expected[:, :, 0], atol=1e-6)


def test_nothing_in_the_folder_can_run_code(folder: Path) -> None:
    found = sorted(path.name for path in (folder / "treatments").iterdir())
    trees = ["contraindication.txt", "indication-1.txt", "indication.txt"]
    assert found == ["ahead.safetensors", "attention.safetensors", *trees]
    assert (folder / "treatments" / "indication.txt").read_text().startswith("tree")


def test_a_share_of_the_decoder_changes_scores_and_zero_does_not_ask_it(folder: Path) -> None:
    alone = load_model(folder)
    manifest = replace(
        alone.manifest, training={**alone.manifest.training, "neural_treatments": 0.5}
    )
    mixed = Predictor(replace(alone, manifest=manifest))
    nodes = alone.context.knowledge.catalogue.nodes[:2]
    assert not np.allclose(mixed.score_treatments(nodes), Predictor(alone).score_treatments(nodes))


def test_without_trees_the_decoder_answers(
    graph: GraphSnapshot,
    cases: list[ClinicalCase],
    node_text: npt.NDArray[np.float32],
    folder: Path,
    tmp_path: Path,
) -> None:
    out = tmp_path / "model"
    shutil.copytree(folder, out)
    train(graph, cases, replace(CONFIG, boosted_treatments=False), out, node_text=node_text)
    assert not (out / "treatments").exists()
    predictor = Predictor.load(out)
    assert np.isfinite(predictor.score_treatments(predictor.catalogue.nodes[:2])).all()


@pytest.mark.parametrize("damage", ["gone", "garbage", "other features"])
def test_broken_trees_are_one_clear_line(folder: Path, tmp_path: Path, damage: str) -> None:
    out = tmp_path / "model"
    shutil.copytree(folder, out)
    file = out / "treatments" / "indication-1.txt"
    if damage == "gone":
        file.unlink()
    elif damage == "garbage":
        file.write_text("not a model")
    else:
        file.write_text(file.read_text().replace("log_degree", "other_name"))
    with pytest.raises(ModelError, match="the model is broken") as caught:
        load_model(out)
    assert "\n" not in str(caught.value)


@given(seed=st.integers(0, 1000), shift=st.floats(-5, 5), scale=st.floats(0.1, 10))
def test_the_decoder_counts_only_by_its_order_of_magnitude(
    seed: int, shift: float, scale: float
) -> None:
    boosted, neural = np.random.default_rng(seed).normal(size=(2, 3, 7, 2)).astype(np.float32)
    one = combine_treatments(boosted, neural, 0.3)
    two = combine_treatments(boosted, np.float32(scale) * neural + np.float32(shift), 0.3)
    np.testing.assert_allclose(one, two, atol=1e-3)
    np.testing.assert_allclose(combine_treatments(boosted, neural, 0.0), boosted)


def test_names_are_labels_of_diseases_and_texts_of_the_rest(
    graph: GraphSnapshot, monkeypatch: pytest.MonkeyPatch, node_text: npt.NDArray[np.float32]
) -> None:
    asked: list[str] = []

    def embed(texts: list[str], *_: object) -> npt.NDArray[np.float32]:
        asked.extend(texts)
        return np.full((len(texts), node_text.shape[1]), 7.0, dtype=np.float32)

    monkeypatch.setattr(fusion.node_text, "_open", lambda _: (None, None))
    monkeypatch.setattr(fusion.node_text, "embed_texts", embed)
    names = fusion.node_text.embed_names(graph, CONFIG.model, node_text)
    diseases = graph.nodes_of(NodeType.DISEASE)
    assert sorted(asked) == sorted(graph.labels[node] for node in diseases.tolist())
    assert (names[diseases] == 7.0).all()
    drugs = graph.nodes_of(NodeType.DRUG)
    np.testing.assert_array_equal(names[drugs], node_text[drugs])
