"""Generated discs are found; masks that break their contract are one line each."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from encoders import ImageEncoder, ImageError
from fusion.imaging import (
    UNKNOWN,
    ImageSegmenter,
    LabelledMasks,
    dice,
    read_masks,
    segmentation_loss,
)


def write_discs(folder: Path, n: int) -> Path:
    """Bright discs on noise, 96 × 64, and where they are."""
    rng = np.random.default_rng(0)
    (folder / "images").mkdir(parents=True)
    (folder / "masks").mkdir()
    y, x = np.mgrid[0:64, 0:96]
    for i in range(n):
        centre = rng.uniform(16, 48), rng.uniform(16, 80)
        disc = np.hypot(y - centre[0], x - centre[1]) < rng.uniform(9, 15)
        pixels = rng.integers(0, 90, (64, 96, 3)) + 140 * disc[..., None]
        Image.fromarray(pixels.astype(np.uint8)).save(folder / "images" / f"{i}.png")
        Image.fromarray(disc.astype(np.uint8)).save(folder / "masks" / f"{i}.png")
    return folder


def test_generated_discs_are_found_on_images_held_out(tmp_path: Path) -> None:
    torch.manual_seed(0)
    data = read_masks(write_discs(tmp_path, 24), n_classes=2, size=96)
    encoder = ImageEncoder("test_vit", weights="none", freeze="all", size=96)
    model = ImageSegmenter(encoder, 2)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    for step in range(40):
        rows = torch.arange(8) + 8 * (step % 2)
        loss = segmentation_loss(model(data.pixels[rows]), data.classes[rows])
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
    model.eval()
    with torch.no_grad():
        found = dice(model(data.pixels[16:]), data.classes[16:])
    assert found[1] > 0.6, found


def test_the_border_and_unknown_pixels_do_not_count(tmp_path: Path) -> None:
    data = read_masks(write_discs(tmp_path, 1), n_classes=2, size=96)
    assert (data.classes[0, :16] == UNKNOWN).all()
    right = torch.nn.functional.one_hot(data.classes.clamp(max=1), 2).movedim(3, 1) * 20.0
    wrong = right.clone()
    wrong[:, :, :16] = -wrong[:, :, :16]
    assert dice(right, data.classes).tolist() == [1.0, 1.0]
    assert torch.equal(
        segmentation_loss(right, data.classes), segmentation_loss(wrong, data.classes)
    )


def test_broken_masks_are_one_line_each(tmp_path: Path) -> None:
    folder = write_discs(tmp_path, 1)
    mask = folder / "masks" / "0.png"
    good = mask.read_bytes()
    with pytest.raises(ImageError, match=r"0\.png: class 1; known are 0 to 0"):
        read_masks(folder, n_classes=1)
    Image.new("L", (96, 63)).save(mask)
    with pytest.raises(ImageError, match="96 × 63 pixels, its picture has 96 × 64"):
        read_masks(folder, n_classes=2)
    Image.new("RGB", (96, 64)).save(mask)
    with pytest.raises(ImageError, match="mode RGB; save a mask as 8-bit grey"):
        read_masks(folder, n_classes=2)
    mask.write_bytes(good[: len(good) // 2])
    with pytest.raises(ImageError, match="cannot be read as PNG"):
        read_masks(folder, n_classes=2)
    mask.unlink()
    with pytest.raises(ImageError, match="no such mask"):
        read_masks(folder, n_classes=2)


def test_parts_that_do_not_belong_together_are_refused() -> None:
    with pytest.raises(ValueError, match="classes: shape"):
        LabelledMasks(
            names=("a",),
            pixels=torch.zeros(1, 3, 8, 8),
            classes=torch.zeros(1, 4, 4, dtype=torch.long),
        )
