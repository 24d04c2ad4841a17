"""Photographs with grades, in the form of IDRiD.

Decides how they are read; what is trained on them is decided in `grading_methods`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from jaxtyping import Float
from torch import Tensor

from encoders import ImageError, load_image
from kg.cases.idrid import idrid_images, read_idrid_grades

__all__ = ["GradedImages", "read_graded_images"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GradedImages:
    """Photographs with their grades.

    Attributes:
        names: Case of each photograph.
        pixels: In [0, 1], without the dark frame.
        levels: Retinopathy grade, 0 to 4, and risk of macular edema, 0 to 2.
    """

    names: tuple[str, ...]
    pixels: Float[Tensor, "n_images 3 size size"]
    levels: npt.NDArray[np.int64]

    def some(self, rows: npt.NDArray[np.int64]) -> GradedImages:
        """Some of the photographs."""
        return GradedImages(
            names=tuple(self.names[row] for row in rows.tolist()),
            pixels=self.pixels[torch.from_numpy(rows)],
            levels=self.levels[rows],
        )

    def without(self, other: GradedImages) -> GradedImages:
        """Those that do not stand in `other` too, pixel for pixel and whatever their names.

        Names say little: the upstream sets number both their parts from 1.

        Raises:
            ValueError: If none is left.
        """
        theirs = {_fingerprint(image) for image in other.pixels}
        left = [row for row, image in enumerate(self.pixels) if _fingerprint(image) not in theirs]
        if not left:
            raise ValueError(
                "all images stand in both folders; test on images that are not trained on"
            )
        return self if len(left) == len(self.names) else self.some(np.asarray(left))

    def joined(self, other: GradedImages) -> GradedImages:
        """These and then others."""
        return GradedImages(
            names=self.names + other.names,
            pixels=torch.cat([self.pixels, other.pixels]),
            levels=np.concatenate([self.levels, other.levels]),
        )


def _fingerprint(image: Tensor) -> bytes:
    return hashlib.sha256(image.contiguous().numpy().tobytes()).digest()


def read_graded_images(folder: Path, *, size: int, warn: Callable[[str], None]) -> GradedImages:
    """Reads a folder in the form of IDRiD; an image that cannot be read is named and left out.

    Raises:
        ValueError: If the table is broken or no image of it can be read.
    """
    grades = read_idrid_grades(folder)
    files = idrid_images(folder)
    names, pixels, levels = [], [], []
    for case, level in grades.items():
        path = files.get(case.removeprefix("idrid-"))
        try:
            if path is None:
                raise ImageError(f"{folder}: no image {case.removeprefix('idrid-')}; add the file")
            pixels.append(load_image(path, size=size, crop=True))
        except ImageError as error:
            warn(str(error))
            continue
        names.append(case)
        levels.append(level)
    if not names:
        raise ValueError(f"{folder}: no image can be read; give the images folder too")
    return GradedImages(
        names=tuple(names),
        pixels=torch.stack(pixels),
        levels=np.asarray(levels, dtype=np.int64),
    )
