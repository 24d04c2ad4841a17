"""The chest benchmark: masked notes, metrics, the same splits for all, unseen folders."""

import csv
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from sklearn.metrics import balanced_accuracy_score, f1_score
from typer.testing import CliRunner

from encoders import ImageEncoder, TextEncoder
from fusion.classes import ClassTraining, PatientClassifier
from fusion.classes.cohort import RawCohort, TokenCohort, read_cohort
from fusion.classes.end_to_end import EndToEndTraining, train_together
from kg.cases.chest_classes import CHEST_CLASSES
from kg.cases.masking import MASK
from kg.snapshot import GraphSnapshot
from kg.statements import Node, Statement
from kg.vocabulary import NodeType, Predicate
from reasoning.cli import app
from reasoning.evaluate.chest_cohort import (
    ChestCohort,
    is_chest_cohort,
    read_chest_cohort,
    seen_elsewhere,
)
from reasoning.evaluate.class_metrics import class_metrics, class_samples, difference
from reasoning.evaluate.fused import FusedOptions, evaluate_fused
from reasoning.evaluate.note_words import explain_notes, render_notes

FINDINGS = (
    ("Pneumonia/Viral/COVID-19", "Fever and cough. COVID-19 positive, ground glass."),
    ("Pneumonia/Fungal/Pneumocystis", "No fever. Wasting. Jirovecii infection of the lung."),
    (
        "Pneumonia/Lipoid",
        "Cough only, with exogenous fat inhalation disease on biopsy.",
    ),
)


@pytest.fixture(scope="module")
def graph() -> GraphSnapshot:
    nodes = [
        Node(id="HP:0000118", type=NodeType.PHENOTYPE, label="Phenotypic abnormality"),
        Node(id="HP:0001945", type=NodeType.PHENOTYPE, label="Fever"),
        Node(id="HP:0012735", type=NodeType.PHENOTYPE, label="Cough"),
        Node(id="HP:0004325", type=NodeType.PHENOTYPE, label="Wasting"),
        Node(
            id="MONDO:0005826",
            type=NodeType.DISEASE,
            label="lipoid pneumonia",
            synonyms=("exogenous fat inhalation disease",),
        ),
    ]
    up = [
        Statement(subject=n.id, predicate=Predicate.SUBCLASS_OF, object="HP:0000118", source="toy")
        for n in nodes[1:4]
    ]
    return GraphSnapshot.from_records(nodes, up)


def write_cohort(folder: Path, *, n: int, first: int = 0) -> Path:
    """Patients of three classes; brightness and words tell the class."""
    (folder / "images").mkdir(parents=True)
    rng = np.random.default_rng(first)
    with (folder / "metadata.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(
            ["patientid", "finding", "clinical_notes", "image", "folder", "modality", "view"]
        )
        for i in range(n):
            finding, note = FINDINGS[i % 3]
            name = f"p{first + i}.png"
            pixels = rng.integers(0, 40, (24, 24, 3)) + 80 * (i % 3)
            Image.fromarray(pixels.astype(np.uint8)).save(folder / "images" / name)
            table.writerow([first + i, finding, note, name, "images", "X-ray", "PA"])
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_cohort(tmp_path_factory.mktemp("chest") / "a", n=12)


@pytest.fixture(scope="module")
def cohort(folder: Path, graph: GraphSnapshot) -> ChestCohort:
    return read_chest_cohort(folder, graph, warn=pytest.fail)


@pytest.fixture(scope="module")
def text() -> TextEncoder:
    return TextEncoder()


@pytest.fixture(scope="module")
def image() -> ImageEncoder:
    return ImageEncoder("test_vit", weights="none", size=32)


@pytest.fixture(scope="module")
def raw(cohort: ChestCohort, graph: GraphSnapshot, text: TextEncoder) -> RawCohort:
    return read_cohort(cohort.cases, graph, text=text, image_size=32, warn=pytest.fail)


@pytest.fixture(scope="module")
def tokens(raw: RawCohort, text: TextEncoder, image: ImageEncoder) -> TokenCohort:
    return raw.frozen(text, image)


def test_notes_are_masked_with_the_names_of_the_graph_too(cohort: ChestCohort) -> None:
    assert cohort.leaks == ()
    notes = [case.note or "" for case in cohort.cases[:3]]
    assert notes[0] == f"Fever and cough. {MASK} positive, ground glass."
    assert "Jirovecii" not in notes[1]
    assert "exogenous fat" not in notes[2]
    assert cohort.counts() == dict.fromkeys(CHEST_CLASSES, 0) | {
        "COVID-19": 4,
        "Pneumocystis": 4,
        "other": 4,
    }


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 5)), min_size=1, max_size=40))
def test_metrics_are_those_of_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    gold, said = (np.array(column) for column in zip(*pairs, strict=True))
    f1, balanced = class_metrics(gold, said)[0]
    labels = np.unique(gold)
    wanted = f1_score(gold, said, labels=labels, average="macro", zero_division=0)
    assert f1 == pytest.approx(wanted)
    seen = [np.mean(said[gold == label] == label) for label in labels]
    assert balanced == pytest.approx(np.mean(seen))
    if set(said) <= set(labels) and len(labels) > 1:
        assert balanced == pytest.approx(balanced_accuracy_score(gold, said))


def test_a_method_beside_itself_differs_by_nothing() -> None:
    gold = np.array([0, 0, 1, 2, 2, 2])
    said = np.array([0, 1, 1, 2, 0, 2])
    for value in difference(gold, [said], [said], n_samples=50):
        assert (value.value, value.low, value.high) == (0.0, 0.0, 0.0)
    drawn = class_samples(gold, [said, gold], n_samples=200)
    assert drawn.min() >= 0.0
    assert drawn.max() <= 1.0


def test_every_patient_is_tested_once_and_the_rows_share_splits(
    cohort: ChestCohort, tokens: TokenCohort
) -> None:
    options = FusedOptions(
        fusions=("attention",), n_seeds=2, n_folds=2, n_samples=50, alignment=False,
        training=ClassTraining(steps=8),
    )  # fmt: skip
    result = evaluate_fused(tokens, cohort.classes, options, progress=lambda _: None)
    assert {len(seed) for row in result.rows for seed in row.predicted} == {12}
    assert all(-1 not in seed for row in result.rows for seed in row.predicted)
    rows = {row.name: row for row in result.rows}
    assert rows["TF-IDF and logistic regression"].macro_f1.value > 0.9  # the words tell
    assert rows["majority"].balanced_accuracy.value == pytest.approx(1 / 3, abs=0.1)
    assert "all together, attention − note only" in result.differences
    again = evaluate_fused(tokens, cohort.classes, options, progress=lambda _: None)
    assert [row.predicted for row in again.rows] == [row.predicted for row in result.rows]


def test_encoders_learn_with_the_rest_and_the_given_ones_stay(
    cohort: ChestCohort,
    raw: RawCohort,
    tokens: TokenCohort,
    text: TextEncoder,
    image: ImageEncoder,
) -> None:
    before = {name: value.clone() for name, value in image.state_dict().items()}
    torch.manual_seed(0)
    model = PatientClassifier(tokens.graph, 6, d_note=text.d_model, d_image=image.d_model)
    rows = np.arange(12)
    trained = train_together(
        model, text, image, raw, rows, cohort.classes,
        training=EndToEndTraining(epochs=4, learning_rate=5e-3), seed=0,
    )  # fmt: skip
    assert np.mean(trained.losses[-3:]) < np.mean(trained.losses[:3])
    assert all(torch.equal(value, before[name]) for name, value in image.state_dict().items())
    assert not any(p.requires_grad for p in text.network.parameters())
    for own, start in ((trained.text, text), (trained.image, image)):
        assert own is not None
        pairs = zip(own.network.parameters(), start.network.parameters(), strict=True)
        assert any(not torch.equal(a, b) for a, b in pairs)
    shares = trained.classify(raw, rows, batch=5)
    torch.testing.assert_close(shares.sum(dim=1), torch.ones(12))
    at_once = trained.classify(raw, rows)
    torch.testing.assert_close(shares, at_once, atol=0.02, rtol=0.02)  # bf16, other padding


def test_a_modality_that_is_left_out_has_no_encoder(
    cohort: ChestCohort, raw: RawCohort, tokens: TokenCohort, text: TextEncoder, image: ImageEncoder
) -> None:
    model = PatientClassifier(tokens.graph, 6, d_note=text.d_model, d_image=0)
    trained = train_together(
        model, text, image, raw, np.arange(6), cohort.classes[:6],
        training=EndToEndTraining(epochs=1), modalities=frozenset({"note"}), seed=0,
    )  # fmt: skip
    assert trained.image is None
    silent = raw.tokens([0, 1], text, image, modalities=frozenset({"graph"}))
    assert silent.notes is None
    assert silent.images is None
    assert silent.roles.any()


def test_the_graph_part_is_what_the_note_says(tokens: TokenCohort) -> None:
    first, second = tokens.cases[:2]
    assert first.present == ("HP:0001945", "HP:0012735")
    assert second.excluded == ("HP:0001945",)
    assert tokens.graph.n_nodes == 4  # three findings and their root
    alone = tokens.select(np.array([0]), frozenset({"image"}))
    assert alone.notes is None
    assert not alone.roles.any()


def test_words_are_explained_by_a_model_that_did_not_see_the_note(
    cohort: ChestCohort, tokens: TokenCohort, text: TextEncoder
) -> None:
    result = explain_notes(
        tokens, cohort.classes, text, n_folds=2, n_random=2, n_samples=20,
        training=ClassTraining(steps=15), progress=lambda _: None,
    )  # fmt: skip
    assert result.notes
    for note in result.notes:
        words = [note.note[w.start : w.end] for w in note.words]
        assert all(word.isalnum() for word in words)
        assert any(w.weight != 0.0 for w in note.words)
    page = render_notes(result, CHEST_CLASSES)
    assert page.count('<p class="note">') == min(6, len(result.notes))


def test_the_command_takes_an_archive_and_an_unseen_folder(
    folder: Path, tmp_path: Path, graph: GraphSnapshot
) -> None:
    other = write_cohort(tmp_path / "b", n=6, first=100)
    (other / "images" / "p103.png").unlink()
    archive = tmp_path / "other.zip"
    with zipfile.ZipFile(archive, "w") as out:
        for path in sorted(other.rglob("*")):
            if path.is_file():
                out.write(path, Path("b") / path.relative_to(other))
    assert is_chest_cohort(folder)
    assert is_chest_cohort(archive)
    assert not is_chest_cohort(tmp_path)
    graph.save(tmp_path / "graph" / "snapshot")
    result = CliRunner().invoke(
        app,
        [
            "evaluate", "multimodal", str(folder), "--test", str(archive), "--encoder", "test_vit",
            "--weights", "none", "--image-size", "32", "--seeds", "1", "--samples", "20",
            "--folds", "2", "--end-to-end", "1",
            "--graph", str(tmp_path / "graph"), "--out", str(tmp_path / "out"),
        ],
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert f"{archive}/metadata.csv: patient 103" in " ".join(result.stderr.split())
    found = json.loads((tmp_path / "out" / "fusion.json").read_text())
    assert len(found["rows"][0]["predicted"][0]) == 6
    assert found["leaks"] == []
    trained = "all together, attention, encoders trained too"
    assert f"{trained} − all together, attention" in found["differences"]
    assert "Fever" not in (tmp_path / "out" / "fusion.json").read_text()


def test_a_patient_under_another_name_is_known_by_the_picture(
    folder: Path, tmp_path: Path, graph: GraphSnapshot
) -> None:
    other = write_cohort(tmp_path / "b", n=3, first=100)
    first = (folder / "images" / "p4.png").read_bytes()
    (other / "images" / "p101.png").write_bytes(first)
    cases = read_chest_cohort(folder, graph, warn=pytest.fail).cases
    others = read_chest_cohort(other, graph, warn=pytest.fail).cases
    (at,) = seen_elsewhere(cases, others)
    assert Path(cases[at].images[0].path).name == "p4.png"
    assert len(seen_elsewhere(cases, cases[:2])) == 2
