"""Heat maps: which part of an image a score rests on.

Decides the attribution: gradient times activation on the last grid of the encoder (captum's
`LayerGradientXActivation`), summed over channels; only what raises the score is kept, as in
Grad-CAM (doi:10.1109/ICCV.2017.74). It works alike for convolutional networks and ViTs, whose
prefix tokens are left out. How a map is drawn over the picture is decided in `reasoning`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from encoders import ImageEncoder

__all__ = ["HeatMapError", "delete_region", "heat_maps", "usual_activations"]


class HeatMapError(RuntimeError):
    """A heat map cannot be made; says what is missing and how to get it."""


def heat_maps(
    encoder: ImageEncoder,
    score: Callable[[Tensor], Float[Tensor, " n_images"]],
    images: Float[Tensor, "n_images 3 height width"],
    *,
    n_stages: int = 0,
    usual: Sequence[Tensor] | None = None,
) -> Float[Tensor, "n_images height width"]:
    """How much each place of each image raises its score, in [0, 1] by image.

    Args:
        encoder: The encoder that `score` runs; its feature grid is what is looked at.
        score: Images to one number each; runs `encoder` once.
        images: Pixels in [0, 1].
        n_stages: Stages that the score reads; their maps are added, which for a linear head is
            how much each place gives it. 0 where it reads the pooled vector.
        usual: What `usual_activations` gives: each place is then compared with what is usual there,
            so that what all images share, such as the rim of a round picture, stays dark.

    Returns:
        Maps of the size of the images; all zeros where nothing raises the score.

    Raises:
        HeatMapError: If captum is not installed.
    """
    try:
        from captum.attr import LayerGradientXActivation
    except ImportError as error:
        raise HeatMapError(
            "heat maps need captum, which is not installed; pip install 'iatros[explain]'"
        ) from error
    layers = list(encoder.stage_taps[:n_stages]) if n_stages else [encoder.attribution_layer]
    with torch.enable_grad():
        # A frozen encoder has no gradient of its own; the input must carry one.
        seen = images.detach().clone().requires_grad_(True)
        method = LayerGradientXActivation(score, layers, multiply_by_inputs=usual is None)
        raw = [part.detach() for part in method.attribute(seen)]
    if usual is not None:
        found = _activations(layers, score, images)
        raw = [slope * (own - mean) for slope, own, mean in zip(raw, found, usual, strict=True)]
    if n_stages:
        return _normalise([part.float().sum(dim=1) for part in raw], images)
    return _normalise([_on_grid(part, encoder, images) for part in raw], images)


@torch.no_grad()
def usual_activations(
    encoder: ImageEncoder,
    score: Callable[[Tensor], Float[Tensor, " n_images"]],
    images: Float[Tensor, "n_images 3 height width"],
    *,
    n_stages: int = 0,
) -> tuple[Tensor, ...]:
    """Mean of what `heat_maps` looks at over many images of one kind; no label is needed."""
    layers = list(encoder.stage_taps[:n_stages]) if n_stages else [encoder.attribution_layer]
    sums: list[Tensor] = []
    for batch in torch.split(images, 16):
        found = [part.sum(dim=0) for part in _activations(layers, score, batch)]
        sums = [a + b for a, b in zip(sums, found, strict=True)] if sums else found
    return tuple(part / len(images) for part in sums)


@torch.no_grad()
def _activations(
    layers: Sequence[nn.Module], score: Callable[[Tensor], Tensor], images: Tensor
) -> list[Tensor]:
    found: dict[int, Tensor] = {}

    def keep(number: int) -> Callable[[nn.Module, object, Tensor], None]:
        def hook(_module: nn.Module, _inputs: object, output: Tensor) -> None:
            found[number] = output.detach()

        return hook

    handles = [layer.register_forward_hook(keep(n)) for n, layer in enumerate(layers)]
    try:
        score(images)
    finally:
        for handle in handles:
            handle.remove()
    return [found[n] for n in range(len(layers))]


def delete_region(
    images: Float[Tensor, "n_images 3 height width"],
    maps: Float[Tensor, "n_images height width"],
    share: float,
) -> Float[Tensor, "n_images 3 height width"]:
    """The images with their hottest pixels replaced by what lies around them, blurred.

    Blurring takes away what is small and makes no edge; a flat colour would look like a lesion
    itself.

    Args:
        images: Pixels.
        maps: What to delete first; a random map gives the null of the deletion test.
        share: Share of the pixels that is deleted.
    """
    n_deleted = round(share * maps[0].numel())
    order = maps.flatten(1).argsort(dim=1, descending=True, stable=True)
    gone = torch.zeros_like(maps.flatten(1), dtype=torch.bool)
    gone.scatter_(1, order[:, :n_deleted], True)
    reach = max(1, min(images.shape[2:]) // 10)
    shown = (images.amax(dim=1, keepdim=True) > 0).float()
    blurred = _blur(images * shown, reach) / _blur(shown, reach).clamp(min=1e-3)
    return torch.where(gone.view_as(maps)[:, None], blurred, images)


def _blur(images: Tensor, reach: int) -> Tensor:
    side = 2 * reach + 1
    for _ in range(2):  # twice a box is a smooth hill; rows and columns apart cost far less
        images = F.avg_pool2d(images, (side, 1), 1, (reach, 0), count_include_pad=False)
        images = F.avg_pool2d(images, (1, side), 1, (0, reach), count_include_pad=False)
    return images


def _on_grid(
    attribution: Tensor, encoder: ImageEncoder, images: Tensor
) -> Float[Tensor, "n_images rows columns"]:
    patches, (rows, columns) = encoder.patches_of(attribution, images)
    return patches.float().sum(dim=2).view(len(images), rows, columns)


def _normalise(
    grids: Sequence[Float[Tensor, "n_images rows columns"]], images: Tensor
) -> Float[Tensor, "n_images height width"]:
    size = (int(images.shape[2]), int(images.shape[3]))
    wide = torch.zeros(len(images), *size)
    for grid in grids:
        # A place of a coarse grid is many pixels, which share what it gives.
        pixels = size[0] * size[1] / (grid.shape[1] * grid.shape[2])
        fine = F.interpolate(grid[:, None], size=size, mode="bilinear", align_corners=False)
        wide = wide + fine[:, 0].cpu() / pixels
    wide = wide.clamp(min=0)
    top = wide.flatten(1).amax(dim=1).view(-1, 1, 1)
    return torch.where(top > 0, wide / top.clamp(min=1e-12), torch.zeros_like(wide))
