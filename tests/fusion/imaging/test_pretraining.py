"""Images alone teach a ViT: the loss on held-out ones falls, and a break leaves no trace."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from torch import Tensor
from typer.testing import CliRunner

from encoders import EncoderError, ImageEncoder
from fusion.imaging import (
    Distillation,
    MaskedImages,
    PretrainingOptions,
    learn_images,
    open_vit,
    pretrain_from_files,
)
from fusion.imaging.masked import fixed_positions
from fusion.training_state import CheckpointError
from reasoning.cli import app

OPTIONS = PretrainingOptions(steps=60, batch_images=8, learning_rate=3e-3, checkpoint_every=20)


def stripes(n: int = 40, size: int = 32) -> Tensor:
    """Bands of a random direction and place: a hidden part follows from what is seen."""
    rng = torch.Generator().manual_seed(0)
    slope = torch.randn(n, 2, 1, 1, generator=rng)
    shift = torch.rand(n, 1, 1, generator=rng) * 6
    line = torch.arange(size) / size * 6
    wave = (slope[:, 0] * line[:, None] + slope[:, 1] * line[None] + shift).sin()
    return (0.5 + 0.4 * wave)[:, None].expand(-1, 3, -1, -1).contiguous()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("images")
    for number, image in enumerate(stripes(24)):
        pixels = (image.permute(1, 2, 0) * 255).numpy().astype(np.uint8)
        Image.fromarray(pixels).save(out / f"patient-{number}.png")
    return out


def vit() -> ImageEncoder:
    return open_vit("test_vit", weights="none", size=32, seed=0)


def test_hidden_patches_of_new_images_are_filled_in_better() -> None:
    images = stripes()
    found = learn_images(
        MaskedImages(vit()),
        lambda rows: images[rows],
        40,
        replace(OPTIONS, steps=150, held_out=0.2),
        progress=lambda _: None,
    )
    assert found.n_images == 32
    assert found.before is not None
    assert found.after is not None
    assert 0.8 < found.before < 2.0  # 1 is what grey patches give
    assert found.after < 0.8 * found.before


def test_the_encoder_never_sees_what_is_hidden() -> None:
    task = MaskedImages(vit()).eval()
    images = stripes(2)
    seen = torch.tensor([[0], [0]])
    other = images.clone()
    other[:, :, 16:] = 0.9  # patches of the test ViT are 16 pixels wide: the lower row
    with torch.no_grad():
        one, two = task.encode_seen(images, seen), task.encode_seen(other, seen)
    assert torch.equal(one, two)


def test_all_patches_seen_are_what_the_encoder_says() -> None:
    encoder = vit().eval()
    task = MaskedImages(encoder).eval()
    images = stripes(2)
    everything = torch.arange(4).expand(2, -1)
    with torch.no_grad():
        assert torch.allclose(
            task.encode_seen(images, everything), encoder.encode(images).patches, atol=1e-5
        )


def test_a_student_learns_what_its_teacher_says_of_each_place() -> None:
    images = stripes()
    torch.manual_seed(0)
    teacher = ImageEncoder("test_efficientnet", weights="none", size=32)
    before = {name: value.clone() for name, value in teacher.state_dict().items()}
    task = Distillation(teacher, vit(), images)
    found = learn_images(
        task, lambda rows: images[rows], 40, replace(OPTIONS, steps=100), progress=lambda _: None
    )
    assert found.before is not None
    assert found.after is not None
    assert found.after < 0.8 * found.before
    assert all(torch.equal(value, before[name]) for name, value in teacher.state_dict().items())
    assert not any("teacher" in name for name, _ in task.named_parameters())


def test_a_resumed_training_ends_like_an_unbroken_one(tmp_path: Path, folder: Path) -> None:
    files = sorted(folder.iterdir())

    def run(out: Path, *, resume: bool) -> dict[str, Tensor]:
        pretrain_from_files(
            files,
            out,
            encoder="test_vit",
            size=32,
            options=OPTIONS,
            resume=resume,
            progress=lambda _: None,
            warn=pytest.fail,
        )
        return load_file(out / "model.safetensors")

    whole = run(tmp_path / "whole", resume=False)
    stopped = tmp_path / "whole" / "checkpoints" / "step-00000060"
    assert stopped.is_dir()
    for file in stopped.iterdir():
        file.unlink()
    stopped.rmdir()  # as if it had been killed after step 40
    resumed = run(tmp_path / "whole", resume=True)
    assert all(torch.equal(resumed[name], value) for name, value in whole.items())
    with pytest.raises(CheckpointError, match="another configuration"):
        pretrain_from_files(
            files[1:],
            tmp_path / "whole",
            encoder="test_vit",
            size=32,
            options=OPTIONS,
            resume=True,
            progress=lambda _: None,
            warn=pytest.fail,
        )


@pytest.mark.parametrize("task", ["masked", "distil"])
def test_the_command_writes_an_encoder_and_nothing_of_the_images(
    tmp_path: Path, folder: Path, task: str
) -> None:
    out = tmp_path / "vit"
    args = ["pretrain-image", str(folder), "--out", str(out), "--encoder", "test_vit"]
    args += ["--image-size", "32", "--steps", "4", "--batch-images", "4", "--task", task]
    args += ["--teacher", "test_efficientnet", "--teacher-weights", "none"]
    found = CliRunner().invoke(app, args, catch_exceptions=False)
    assert found.exit_code == 0, found.output
    assert "22 images, held-out loss" in found.stdout
    encoder = ImageEncoder("test_vit", weights=str(out / "model.safetensors"), size=64)
    assert encoder.encode(torch.rand(1, 3, 64, 64)).grid == (4, 4)
    report = json.loads((out / "pretraining.json").read_text())
    assert report["task"] == task
    assert not any(b"patient-" in file.read_bytes() for file in out.rglob("*") if file.is_file())


def test_bad_input_is_one_line(tmp_path: Path, folder: Path) -> None:
    def said(*args: str) -> str:
        result = CliRunner().invoke(app, ["pretrain-image", *args, "--out", str(tmp_path / "o")])
        assert result.exit_code == 1
        assert not (tmp_path / "o").exists()
        return str(result.exception)

    assert "no such file or folder" in said(str(tmp_path / "none"))
    assert "0 images can be read. Give at least 20" in said(str(tmp_path))
    dream = ["pretrain-image", str(folder), "--out", str(tmp_path / "o"), "--task", "dream"]
    assert CliRunner().invoke(app, dream).exit_code == 2
    assert "no ViT of timm" in said(
        str(folder), "--encoder", "test_efficientnet", "--image-size", "32"
    )
    assert "do not fill images of 40" in said(
        str(folder), "--encoder", "test_vit", "--image-size", "40"
    )
    with pytest.raises(EncoderError, match="no ViT of timm"):
        MaskedImages(ImageEncoder("test_efficientnet", weights="none", size=32))
    with pytest.raises(ValueError, match="steps 0"):
        PretrainingOptions(steps=0)


def test_the_place_most_alike_lies_beside() -> None:
    at = fixed_positions(6, 32)
    assert at.shape == (36, 32)
    nearest = (at @ at.T).fill_diagonal_(float("-inf")).argmax(dim=1)
    places = torch.arange(36)
    apart = (nearest // 6 - places // 6).abs() + (nearest % 6 - places % 6).abs()
    assert apart.eq(1).all()
