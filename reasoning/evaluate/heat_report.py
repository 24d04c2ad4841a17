"""Heat maps of held-out images in an HTML page, with the test that they mean something.

Decides which images are shown, how a map lies over its picture, and the deletion test: painting
over the hottest part with its blurred surroundings must lower the expected grade more than doing so
with random parts of equal size within the picture. Maps show what raises the grade above what is
usual at that place in these images. The maps are made in `fusion.imaging`.
"""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from importlib import resources

import jinja2
import matplotlib
import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from fusion.imaging import ImageGrader, delete_region, expected_grade, heat_maps, usual_activations

from .graded_images import GradedImages
from .metrics import Interval

__all__ = ["DeletionTest", "deletion_test", "render_heat_maps"]

_SHARE = 0.1
_N_RANDOM = 5
_BLOCKS = 14  # random parts are as blotchy as the maps
_DARK = 20 / 255


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletionTest:
    """What painting over does to the expected grade.

    Attributes:
        n_images: Images tested, those with disease.
        n_random: Random parts an image.
        hot: Mean fall without the hottest part.
        random: Mean fall without random parts.
        difference: Of both, with its interval over images.
        n_more: Images whose grade falls more without the hottest part.
    """

    n_images: int
    n_random: int
    hot: float
    random: float
    difference: Interval
    n_more: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Deleted:
    maps: Float[Tensor, "n_images height width"]
    whole: Float[Tensor, " n_images"]
    without_hot: Float[Tensor, " n_images"]
    without_random: Float[Tensor, " n_images"]


def deletion_test(
    grader: ImageGrader, images: GradedImages, *, rng: torch.Generator
) -> DeletionTest:
    """Runs the test on the images that show disease.

    Raises:
        ValueError: If none does.
    """
    ill = np.flatnonzero(images.levels[:, 0] > 0)
    if not len(ill):
        raise ValueError("deletion test: no image shows disease")
    found = _delete(grader, images.some(ill).pixels, images.pixels, rng)
    hot = (found.whole - found.without_hot).double().numpy()
    random = (found.whole - found.without_random).double().numpy()
    draws = np.random.default_rng(0).integers(0, len(ill), (1000, len(ill)))
    low, high = np.percentile((hot - random)[draws].mean(axis=1), [2.5, 97.5])
    return DeletionTest(
        n_images=len(ill),
        n_random=_N_RANDOM,
        hot=float(hot.mean()),
        random=float(random.mean()),
        difference=Interval(value=float((hot - random).mean()), low=float(low), high=float(high)),
        n_more=int((hot > random).sum()),
    )


def render_heat_maps(
    grader: ImageGrader, images: GradedImages, *, n_shown: int = 6, seed: int = 0
) -> tuple[str, DeletionTest]:
    """The page and the test behind it.

    Args:
        grader: A trained grader.
        images: Images that it was not trained on.
        n_shown: Images on the page, as many of each grade of disease as can be.
        seed: Of the random parts.
    """
    rng = torch.Generator().manual_seed(seed)
    test = deletion_test(grader, images, rng=rng)
    rows = _of_each_grade(images, n_shown)
    shown = images.some(rows)
    found = _delete(grader, shown.pixels, images.pixels, rng)
    cases = [
        {
            "name": shown.names[i],
            "gold": int(shown.levels[i, 0]),
            "expected": float(found.whole[i]),
            "without": float(found.without_hot[i]),
            "random": float(found.without_random[i]),
            "picture": _png(_pixels(shown.pixels[i])),
            "overlay": _png(_overlay(shown.pixels[i], found.maps[i])),
        }
        for i in range(len(rows))
    ]
    template = resources.files("reasoning").joinpath("templates/heatmaps.html").read_text("utf-8")
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    page = environment.from_string(template).render(
        title="Heat maps of held-out images",
        method=(
            f"{grader.encoder.name}, gradient times activation of what the head reads, less what "
            "is usual at that place"
        ),
        cases=cases,
        share=_SHARE,
        test=test,
    )
    return page, test


def _delete(grader: ImageGrader, pixels: Tensor, many: Tensor, rng: torch.Generator) -> _Deleted:
    grader.eval()

    def score(batch: Tensor) -> Tensor:
        # Logits: the grade itself is flat where it is sure.
        logits: Tensor = grader(batch)[0].sum(dim=1)
        return logits

    @torch.no_grad()
    def grades(batch: Tensor) -> Tensor:
        return torch.cat([expected_grade(grader(part)[0]) for part in torch.split(batch, 16)])

    n_stages, encoder = grader.n_stages, grader.encoder
    usual = usual_activations(encoder, score, many, n_stages=n_stages)
    maps = torch.cat(
        [
            heat_maps(encoder, score, part, n_stages=n_stages, usual=usual)
            for part in torch.split(pixels, 8)
        ]
    )
    # Within the picture, its rim left out.
    dark = (pixels.amax(dim=1, keepdim=True) <= _DARK).float()
    rim = 2 * (pixels.shape[2] // 40) + 1
    inside = 1 - F.max_pool2d(dark, rim, 1, rim // 2)[:, 0]
    maps = maps * inside
    maps = maps / maps.flatten(1).amax(dim=1).clamp(min=1e-12).view(-1, 1, 1)
    lost = torch.zeros(len(pixels))
    for _ in range(_N_RANDOM):
        noise = torch.rand(len(pixels), 1, _BLOCKS, _BLOCKS, generator=rng)
        blots = F.interpolate(noise, size=pixels.shape[2:], mode="bilinear", align_corners=False)
        lost += grades(delete_region(pixels, (blots[:, 0] + 1e-3) * inside, _SHARE))
    return _Deleted(
        maps=maps,
        whole=grades(pixels),
        without_hot=grades(delete_region(pixels, maps, _SHARE)),
        without_random=lost / _N_RANDOM,
    )


def _of_each_grade(images: GradedImages, n_shown: int) -> npt.NDArray[np.int64]:
    """The first images of each grade in turn, disease before none."""
    grades = images.levels[:, 0]
    queues = [np.flatnonzero(grades == grade).tolist() for grade in (4, 3, 2, 1, 0)]
    chosen: list[int] = []
    while len(chosen) < min(n_shown, len(grades)):
        for queue in queues:
            if queue and len(chosen) < n_shown:
                chosen.append(queue.pop(0))
    return np.asarray(chosen, dtype=np.int64)


def _pixels(image: Tensor) -> npt.NDArray[np.uint8]:
    pixels: npt.NDArray[np.uint8] = (image.permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)
    return pixels


def _overlay(image: Tensor, heat: Tensor) -> npt.NDArray[np.uint8]:
    colours = matplotlib.colormaps["inferno"](heat.numpy())[..., :3]
    strength = heat.sqrt()[..., None].numpy() * 0.75
    grey = image.mean(dim=0)[..., None].numpy()
    mixed = grey * (1 - strength) + colours * strength
    pixels: npt.NDArray[np.uint8] = (mixed * 255).round().astype(np.uint8)
    return pixels


def _png(pixels: npt.NDArray[np.uint8]) -> str:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return base64.b64encode(stream.getvalue()).decode("ascii")
