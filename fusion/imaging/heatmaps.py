"""Heat maps: which part of an image a score rests on.

Decides the attribution: gradient times activation on the last grid of the encoder (captum's
`LayerGradientXActivation`), summed over channels; only what raises the score is kept, as in
Grad-CAM (doi:10.1109/ICCV.2017.74). It works alike for convolutional networks and ViTs, whose
prefix tokens are left out. How a map is drawn over the picture is decided in `reasoning`.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from encoders import ImageEncoder

__all__ = ["HeatMapError", "delete_region", "heat_maps"]


class HeatMapError(RuntimeError):
    """A heat map cannot be made; says what is missing and how to get it."""


def heat_maps(
    encoder: ImageEncoder,
    score: Callable[[Tensor], Float[Tensor, " n_images"]],
    images: Float[Tensor, "n_images 3 height width"],
) -> Float[Tensor, "n_images height width"]:
    """How much each place of each image raises its score, in [0, 1] by image.

    Args:
        encoder: The encoder that `score` runs; its feature grid is what is looked at.
        score: Images to one number each; runs `encoder` once.
        images: Pixels in [0, 1].

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
    with torch.enable_grad():
        # A frozen encoder has no gradient of its own; the input must carry one.
        seen = images.detach().clone().requires_grad_(True)
        method = LayerGradientXActivation(score, encoder.attribution_layer)
        attribution: Tensor = method.attribute(seen)
    return _normalise(_on_grid(attribution.detach(), encoder, images), images)


def delete_region(
    images: Float[Tensor, "n_images 3 height width"],
    maps: Float[Tensor, "n_images height width"],
    share: float,
) -> Float[Tensor, "n_images 3 height width"]:
    """The images with their hottest pixels replaced by the mean colour of the image.

    Args:
        images: Pixels.
        maps: What to delete first; a random map gives the null of the deletion test.
        share: Share of the pixels that is deleted.
    """
    n_deleted = round(share * maps[0].numel())
    order = maps.flatten(1).argsort(dim=1, descending=True, stable=True)
    gone = torch.zeros_like(maps.flatten(1), dtype=torch.bool)
    gone.scatter_(1, order[:, :n_deleted], True)
    ground = images.mean(dim=(2, 3), keepdim=True)
    return torch.where(gone.view_as(maps)[:, None], ground, images)


def _on_grid(
    attribution: Tensor, encoder: ImageEncoder, images: Tensor
) -> Float[Tensor, "n_images rows columns"]:
    patches, (rows, columns) = encoder.patches_of(attribution, images)
    return patches.float().sum(dim=2).view(len(images), rows, columns)


def _normalise(maps: Tensor, images: Tensor) -> Float[Tensor, "n_images height width"]:
    raised = maps.clamp(min=0)[:, None]
    size = (int(images.shape[2]), int(images.shape[3]))
    wide = F.interpolate(raised, size=size, mode="bilinear", align_corners=False)[:, 0]
    top = wide.flatten(1).amax(dim=1).view(-1, 1, 1)
    return torch.where(top > 0, wide / top.clamp(min=1e-12), torch.zeros_like(wide))
