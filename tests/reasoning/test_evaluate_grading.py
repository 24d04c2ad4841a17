"""Grading of images is measured on folds, and on a folder that nothing was trained on."""

import json
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from torch import Tensor
from typer.testing import CliRunner, Result

from encoders import ImageEncoder
from fusion.imaging import Distillation, GradingConfig
from reasoning.cli import app
from reasoning.evaluate.graded_images import read_graded_images
from reasoning.evaluate.grading import evaluate_grading, grading_markdown
from reasoning.evaluate.grading_methods import GradingOptions

OPTIONS = GradingOptions(
    encoder="test_vit",
    weights="none",
    image_size=32,
    n_folds=2,
    n_samples=50,
    vit=False,
    training=GradingConfig(epochs=2, batch_images=8, average_decay=0.5),
)


def write_cohort(folder: Path, part: str, n: int, seed: int = 0) -> Path:
    """Squares whose brightness is their grade."""
    rng = np.random.default_rng(seed)
    rows = ["Image name,Retinopathy grade,Risk of macular edema ,,"]
    (folder / "images" / part).mkdir(parents=True)
    for i in range(n):
        grade = i % 5
        pixels = rng.integers(0, 20, (24, 24, 3)) + 40 + 45 * grade
        Image.fromarray(pixels.astype(np.uint8)).save(folder / "images" / part / f"{part}_{i}.jpg")
        rows.append(f"{part}_{i},{grade},{min(grade, 2)},,")
    (folder / f"{part}_Labels.csv").write_text("\n".join(rows))
    return folder


def grade(cohort: Path, *options: str) -> Result:
    args = ["evaluate", "multimodal", str(cohort), "--no-vit", "--encoder", "test_vit"]
    args += ["--weights", "none", "--image-size", "32", "--epochs", "1", "--samples", "20"]
    return CliRunner().invoke(app, [*args, *options])


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_cohort(tmp_path_factory.mktemp("cohort"), "a", 30)


def test_each_image_is_tested_once_by_every_row(cohort: Path) -> None:
    images = read_graded_images(cohort, size=32, warn=pytest.fail)
    rows = evaluate_grading(images, OPTIONS, progress=lambda _: None)
    assert [len(row.grades) for row in rows] == [30, 30, 30]
    for row in rows:
        assert row.kappa.low <= row.kappa.value <= row.kappa.high
    assert rows[0].auroc.value > 0.6  # brightness is there for any network to see
    assert grading_markdown(rows).count("\n") == 5


def test_a_vit_learns_from_the_images_of_its_part_alone(
    cohort: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = read_graded_images(cohort, size=32, warn=pytest.fail)
    options = replace(
        OPTIONS, vit=True, encoder="test_efficientnet", vit_name="test_vit", vit_size=32
    )
    taught: list[int] = []

    class Spy(Distillation):
        def __init__(self, teacher: ImageEncoder, student: ImageEncoder, sample: Tensor) -> None:
            taught.append(len(sample))
            super().__init__(teacher, student, sample)

    monkeypatch.setattr("reasoning.evaluate.grading_methods.Distillation", Spy)
    rows = evaluate_grading(images, replace(options, distil_epochs=1), progress=lambda _: None)
    assert taught == [15, 15]
    assert [("distilled" in row.name, "fine-tuned" in row.name) for row in rows[2:5]] == [
        (False, False),
        (True, False),
        (True, True),
    ]


@pytest.mark.parametrize("packed", [False, True])
def test_an_unseen_folder_or_archive_is_only_tested(
    cohort: Path, tmp_path: Path, packed: bool
) -> None:
    # Both parts of the upstream set number their images alike: names may well be the same.
    unseen = write_cohort(tmp_path / "unseen", "a", 10, seed=1)
    (unseen / "images" / "a" / "a_3.jpg").write_bytes(b"\xff\xd8 broken")
    if packed:
        unseen = Path(shutil.make_archive(str(tmp_path / "packed"), "zip", unseen))
    found = grade(cohort, "--test", str(unseen), "--out", str(tmp_path / "out"))
    assert found.exit_code == 0, found.output
    assert "a_3.jpg" in found.stderr
    assert "stand in both" not in found.stderr
    rows = json.loads((tmp_path / "out" / "grading.json").read_text())["rows"]
    assert {len(row["grades"]) for row in rows} == {9}


def test_images_are_known_again_under_other_names(cohort: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    (other / "images").mkdir(parents=True)
    rows = (cohort / "a_Labels.csv").read_text().splitlines()
    for i in range(1, 11):
        file = cohort / "images" / "a" / f"{rows[i].split(',')[0]}.jpg"
        shutil.copy(file, other / "images" / f"x_{i}.jpg")
        rows[i] = f"x_{i}," + rows[i].split(",", 1)[1]
    (other / "other_Labels.csv").write_text("\n".join(rows[:11]))
    found = grade(cohort, "--test", str(other), "--out", str(tmp_path / "out"))
    assert found.exit_code == 0, found.output
    assert "10 images stand in both folders; tested, not trained on" in found.stderr


def test_a_test_of_nothing_but_trained_images_is_refused(cohort: Path) -> None:
    images = read_graded_images(cohort, size=32, warn=pytest.fail)
    with pytest.raises(ValueError, match="all images stand in both folders"):
        evaluate_grading(images, OPTIONS, test=images, progress=lambda _: None)


def test_a_test_that_cannot_be_read_is_one_line_that_names_it(cohort: Path, tmp_path: Path) -> None:
    empty, text = tmp_path / "empty.zip", tmp_path / "notes.txt"
    with zipfile.ZipFile(empty, "w") as out:
        out.writestr("images/a.png", b"x")
    text.write_text("no folder")
    for path, problem in (
        (tmp_path / "none", "no such folder or zip archive. Check the path"),
        (text, "neither a folder nor a zip archive"),
        (empty, "holds no *Labels*.csv. Pack the folder"),
        (tmp_path, "no table *Labels*.csv"),
    ):
        found = grade(cohort, "--test", str(path), "--out", str(tmp_path / "out"))
        assert found.exit_code == 1
        assert str(found.exception).startswith(f"{path}: ")
        assert problem in str(found.exception)


def test_a_folder_without_a_table_is_one_clear_line(tmp_path: Path) -> None:
    result = CliRunner().invoke(
        app, ["evaluate", "multimodal", str(tmp_path), "--out", str(tmp_path / "out")]
    )
    assert result.exit_code == 1
    assert "no table *Labels*.csv" in str(result.exception)


def test_heat_maps_of_held_out_images_are_one_page(cohort: Path, tmp_path: Path) -> None:
    pytest.importorskip("captum")
    args = ["evaluate", "multimodal", str(cohort), "--out", str(tmp_path), "--no-vit"]
    args += ["--encoder", "test_efficientnet", "--weights", "none", "--heat-maps"]
    args += ["--image-size", "32", "--epochs", "1", "--samples", "5", "--folds", "2"]
    result = CliRunner().invoke(app, args)
    assert result.exit_code == 0, result.output
    page = (tmp_path / "heatmaps.html").read_text()
    assert page.count("data:image/png;base64,") == 12
    assert "http" not in page
    found = json.loads((tmp_path / "heatmaps.json").read_text())
    assert found["n_images"] == 12
