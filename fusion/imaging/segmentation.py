"""Segmentation: which part of an image is what, from the patch vectors of an encoder.

Decides the head, its loss and what a labelled mask is. A mask is a PNG of whole numbers beside its
picture, of the same size: the value of a pixel is its class, 0 is ground, 255 is unknown and is
neither learnt from nor counted. Pictures stand in `images/`, masks of the same name in `masks/`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from PIL import Image
from torch import Tensor, nn

from encoders import ImageEncoder, ImageError, load_image

__all__ = [
    "UNKNOWN",
    "ImageSegmenter",
    "LabelledMasks",
    "dice",
    "read_masks",
    "segmentation_loss",
]

UNKNOWN = 255
_MAX_PIXELS = 64_000_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LabelledMasks:
    """Pictures with masks, both fitted into the same square.

    Attributes:
        names: Name of each picture.
        pixels: In [0, 1]; the border around a picture that is not square is black.
        classes: Class of each pixel, `UNKNOWN` at the border and where the mask says so.

    Raises:
        ValueError: If the parts do not belong together.
    """

    names: tuple[str, ...]
    pixels: Float[Tensor, "n_images 3 size size"]
    classes: Int[Tensor, "n_images size size"]

    def __post_init__(self) -> None:
        n, size = len(self.names), self.pixels.shape[-2:]
        if self.pixels.shape[0] != n or tuple(self.classes.shape) != (n, *size):
            raise ValueError(
                f"classes: shape {tuple(self.classes.shape)}; needs {(n, *size)}, as pixels has"
            )


class ImageSegmenter(nn.Module):
    """An encoder with a small head that says the class of every pixel.

    The head reads each patch with its neighbours and raises the grid to the size of the image; what
    is smaller than a patch is therefore blurred. The last grid of a convolutional network is coarse
    (32 pixels a place): take a ViT.

    Args:
        encoder: Any network of timm.
        n_classes: Classes, ground included; at least 2.
        d_hidden: Width between the two layers of the head.
    """

    def __init__(self, encoder: ImageEncoder, n_classes: int, *, d_hidden: int = 64) -> None:
        super().__init__()
        if n_classes < 2:
            raise ValueError(f"n_classes: {n_classes}; needs at least 2, the ground is one")
        self.encoder = encoder
        self.n_classes = n_classes
        self.head = nn.Sequential(
            nn.Conv2d(encoder.d_model, d_hidden, 3, padding=1),
            nn.GELU(),
            nn.Conv2d(d_hidden, n_classes, 1),
        )

    def forward(
        self, images: Float[Tensor, "n_images 3 height width"]
    ) -> Float[Tensor, "n_images n_classes height width"]:
        """Logits of each class at each pixel."""
        features = self.encoder.encode(images)
        rows, columns = features.grid
        grid = features.patches.transpose(1, 2).reshape(len(images), -1, rows, columns)
        size = (int(images.shape[2]), int(images.shape[3]))
        return F.interpolate(self.head(grid).float(), size=size, mode="bilinear")


def segmentation_loss(
    logits: Float[Tensor, "n_images n_classes height width"],
    classes: Int[Tensor, "n_images height width"],
) -> Float[Tensor, ""]:
    """Cross-entropy plus one minus soft Dice of the classes above 0 (arXiv:1606.04797).

    Cross-entropy alone is content with a small lesion lost in much ground.
    """
    known = classes != UNKNOWN
    target = torch.where(known, classes, 0).long()
    entropy = F.cross_entropy(logits, target, reduction="none")
    entropy = (entropy * known).sum() / known.sum().clamp(min=1)
    shares = logits.softmax(dim=1)[:, 1:] * known[:, None]
    gold = F.one_hot(target, logits.shape[1]).movedim(3, 1)[:, 1:] * known[:, None]
    both = 2 * (shares * gold).sum(dim=(0, 2, 3)) + 1.0
    overlap = both / (shares.sum(dim=(0, 2, 3)) + gold.sum(dim=(0, 2, 3)) + 1.0)
    return entropy + (1 - overlap).mean()


def dice(
    logits: Float[Tensor, "n_images n_classes height width"],
    classes: Int[Tensor, "n_images height width"],
) -> Float[Tensor, " n_classes"]:
    """Dice coefficient of each class over all known pixels; one where it is nowhere, rightly."""
    known = classes != UNKNOWN
    found = logits.argmax(dim=1)
    values = []
    for number in range(logits.shape[1]):
        ours, gold = (found == number) & known, (classes == number) & known
        total = int(ours.sum() + gold.sum())
        values.append(2 * int((ours & gold).sum()) / total if total else 1.0)
    return torch.tensor(values)


def read_masks(folder: Path, *, n_classes: int, size: int = 224) -> LabelledMasks:
    """Reads `images/` and `masks/` of a folder.

    Raises:
        ImageError: If a mask is missing, of another size, no PNG of whole numbers, or holds a class
            that there is not; one line that names the file.
    """
    names, pixels, classes = [], [], []
    for path in sorted((folder / "images").glob("*")):
        mask = folder / "masks" / f"{path.stem}.png"
        if not mask.is_file():
            raise ImageError(f"{mask}: no such mask; each picture of images/ needs one")
        pixels.append(load_image(path, size=size))
        classes.append(torch.from_numpy(_fit(_read_mask(mask, path, n_classes), size)))
        names.append(path.stem)
    if not names:
        raise ImageError(f"{folder}: no picture in images/; give a folder of images/ and masks/")
    return LabelledMasks(
        names=tuple(names), pixels=torch.stack(pixels), classes=torch.stack(classes)
    )


def _read_mask(mask: Path, picture: Path, n_classes: int) -> npt.NDArray[np.uint8]:
    try:
        with Image.open(mask, formats=["PNG"]) as image, Image.open(picture) as beside:
            if image.size != beside.size:
                raise ImageError(
                    f"{mask}: {image.size[0]} × {image.size[1]} pixels, its picture has "
                    f"{beside.size[0]} × {beside.size[1]}; make them the same"
                )
            if image.mode not in ("L", "P", "1") or image.width * image.height > _MAX_PIXELS:
                raise ImageError(f"{mask}: mode {image.mode}; save a mask as 8-bit grey PNG")
            values = np.asarray(image.convert("L") if image.mode == "1" else image).astype(np.uint8)
            if image.mode == "1":
                values //= UNKNOWN
    except ImageError:
        raise
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise ImageError(f"{mask}: cannot be read as PNG; export it again") from error
    wrong = np.setdiff1d(values, [*range(n_classes), UNKNOWN])
    if len(wrong):
        raise ImageError(
            f"{mask}: class {int(wrong[0])}; known are 0 to {n_classes - 1}, and {UNKNOWN}"
        )
    return values


def _fit(values: npt.NDArray[np.uint8], size: int) -> npt.NDArray[np.int64]:
    """As `encoders.fit_to_square` lays pictures out, with the nearest class instead of a mean."""
    height, width = values.shape
    scale = size / max(height, width)
    new_height, new_width = max(1, round(height * scale)), max(1, round(width * scale))
    top, left = (size - new_height) // 2, (size - new_width) // 2
    small = Image.fromarray(values).resize((new_width, new_height), Image.Resampling.NEAREST)
    square = np.full((size, size), UNKNOWN, dtype=np.int64)
    square[top : top + new_height, left : left + new_width] = np.asarray(small)
    return square
