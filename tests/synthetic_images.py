"""Small generated images, one pattern a class: synthetic, of no patient, for image tests.

Decides what a synthetic image looks like. The classes are patterns that a tiny encoder can learn in
a few steps (`disc`, `stripes`, `checks`, `ramp`), not imitations of any disease.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo

__all__ = ["CLASSES", "synthetic_image", "write_synthetic_images"]

CLASSES: tuple[str, ...] = ("disc", "stripes", "checks", "ramp")
LABEL = "synthetic image, generated for tests, no patient"


def synthetic_image(
    kind: str, *, rng: np.random.Generator, size: int = 64, noise: float = 0.08
) -> NDArray[np.uint8]:
    """An RGB image of one class, `(size, size, 3)`; place, scale, phase and tint vary.

    Args:
        kind: One of `CLASSES`.
        rng: Draws everything that varies inside a class.
        size: Side in pixels.
        noise: Standard deviation of the noise, with brightness in [0, 1].

    Raises:
        ValueError: `kind` is not one of `CLASSES`.
    """
    y, x = np.mgrid[0:size, 0:size] / (size - 1)
    match kind:
        case "disc":
            cy, cx = rng.uniform(0.35, 0.65, size=2)
            grey = (np.hypot(y - cy, x - cx) < rng.uniform(0.18, 0.3)).astype(float)
        case "stripes":
            grey = 0.5 + 0.5 * np.sin(2 * np.pi * (rng.uniform(4, 7) * y + rng.uniform()))
        case "checks":
            cells = int(rng.integers(4, 7))
            grey = ((np.floor(y * cells) + np.floor(x * cells)) % 2).astype(float)
        case "ramp":
            grey = x if rng.uniform() < 0.5 else 1.0 - x
        case _:
            raise ValueError(f"kind: {kind!r} is not one of {', '.join(CLASSES)}")
    tint = rng.uniform(0.7, 1.0, size=3)
    colour = 0.1 + 0.8 * grey[:, :, None] * tint + rng.normal(0.0, noise, size=(size, size, 3))
    pixels: NDArray[np.uint8] = (np.clip(colour, 0.0, 1.0) * 255).round().astype(np.uint8)
    return pixels


def write_synthetic_images(
    folder: Path, *, per_class: int, rng: np.random.Generator, size: int = 64
) -> list[tuple[Path, str]]:
    """PNG files `synthetic_<class>_<n>.png`, each with a text chunk that says so, and classes."""
    folder.mkdir(parents=True, exist_ok=True)
    written: list[tuple[Path, str]] = []
    for kind in CLASSES:
        for number in range(per_class):
            path = folder / f"synthetic_{kind}_{number}.png"
            about = PngInfo()
            about.add_text("Description", LABEL)
            Image.fromarray(synthetic_image(kind, rng=rng, size=size)).save(path, pnginfo=about)
            written.append((path, kind))
    return written
