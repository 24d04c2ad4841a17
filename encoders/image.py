"""Images to tokens: any ViT or other network of timm, several images per case.

Decides normalisation, sizes, freezing and which tokens come out. Reading files is decided in
`encoders.image_files`, where the weights are from in `encoders.image_source`.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from .freezing import FreezeLevel, apply_freeze_level, hold_frozen_parts_still
from .image_source import open_image_network
from .tokens import ModalityTokens
from .weights import EncoderError

__all__ = ["ImageEncoder", "ImageFeatures"]

_MOST_STAGES = 12

TokenChoice = Literal["pooled", "patches", "both"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageFeatures:
    """What the network says of images.

    Attributes:
        pooled: One vector per image, as timm pools it.
        patches: The grid of patch vectors, row by row, without class and register tokens.
        grid: Height and width of the grid.
    """

    pooled: Float[Tensor, "n_images d_model"]
    patches: Float[Tensor, "n_images n_tokens d_model"]
    grid: tuple[int, int]


class ImageEncoder(nn.Module):
    """A network of timm whose pooled or patch vectors become the tokens of the image modality.

    Args:
        name: Name in timm; None is the packaged EfficientNet-Lite0 where installed, otherwise
            `vit_tiny_patch16_224` (random without a hub).
        freeze: `"frozen"`, number of last blocks to train, or `"all"`.
        weights: "auto", "hub", "none" or a file; see `open_image_network`.
        size: Side of the images that `load_image` should make; others are taken as well.
        tokens: One pooled token per image, its patches, or both (pooled first).

    Attributes:
        name: Name in timm.
        weights: Where the weights are from: "hub", "package", "random" or a file.
        d_model: Width of the embeddings.
        trained_parameters: Names of the trained parameters of `network`.

    Raises:
        EncoderError: If the network or its weights cannot be had.
    """

    modality: ClassVar[str] = "image"
    mean: Tensor
    std: Tensor

    def __init__(
        self,
        name: str | None = None,
        *,
        freeze: FreezeLevel = "frozen",
        weights: str | Path = "auto",
        size: int = 224,
        tokens: TokenChoice = "pooled",
    ) -> None:
        super().__init__()
        if tokens not in ("pooled", "patches", "both"):
            raise ValueError(f"tokens: {tokens!r}; needs 'pooled', 'patches' or 'both'")
        source = open_image_network(name, weights=weights, size=size)
        self.name = source.name
        self.weights = source.weights
        self.network: Any = source.network
        # Where the feature grid passes, so that attribution can take hold of it.
        self.feature_grid = nn.Identity()
        # Likewise the stages that a head reads, each on a way of its own.
        self.stage_taps = nn.ModuleList([_Tap() for _ in range(_MOST_STAGES)])
        self.size = size
        self.tokens = tokens
        self.d_model = int(source.width)
        self.register_buffer("mean", torch.tensor(source.mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(source.std).view(1, 3, 1, 1), persistent=False)
        self.trained_parameters = apply_freeze_level(self.network, freeze)
        self.train(self.training)

    def train(self, mode: bool = True) -> "ImageEncoder":
        """Training mode for the trained blocks; frozen ones keep still."""
        super().train(mode)
        if mode:
            hold_frozen_parts_still(self.network)
        return self

    def forward(
        self,
        images: Float[Tensor, "n_images 3 height width"],
        case_of_image: Int[Tensor, " n_images"],
        *,
        n_cases: int,
    ) -> ModalityTokens:
        """Embed images and lay their tokens out by case.

        Args:
            images: Pixels in [0, 1], as `load_image` gives them; may be none at all.
            case_of_image: Position of the case that each image belongs to.
            n_cases: Cases in the batch; those without an image are absent.
        """
        if images.shape[0] == 0:
            like = images if images.is_floating_point() else self.mean
            return ModalityTokens.absent(n_cases, self.d_model, like=like)
        if int(case_of_image.min()) < 0 or int(case_of_image.max()) >= n_cases:
            raise ValueError(
                f"case_of_image: {case_of_image.tolist()}; needs positions in 0 to {n_cases - 1}"
            )
        vectors = self._tokens_of(self.encode(images))
        per_image = vectors.shape[1]
        owner = case_of_image.to(vectors.device)
        # Number of each image within its case: images before it that have the same case.
        earlier = (owner.unsqueeze(0) == owner.unsqueeze(1)).tril(diagonal=-1).sum(dim=1)
        most = int(earlier.max()) + 1
        values = vectors.new_zeros(n_cases, most, per_image, self.d_model)
        values = values.index_put((owner, earlier), vectors)
        present = torch.zeros(n_cases, most, per_image, dtype=torch.bool, device=vectors.device)
        present[owner, earlier] = True
        return ModalityTokens(values=values.flatten(1, 2), present=present.flatten(1, 2))

    def encode(self, images: Float[Tensor, "n_images 3 height width"]) -> ImageFeatures:
        """Pooled and patch vectors of images, without regard to cases.

        Raises:
            EncoderError: If the network cannot take images of this size.
        """
        if images.dim() != 4 or images.shape[1] != 3:
            raise ValueError(f"images: shape {tuple(images.shape)}; needs [n_images, 3, h, w]")
        try:
            features: Tensor = self.feature_grid(
                self.network.forward_features((images - self.mean) / self.std)
            )
        except AssertionError as error:
            raise EncoderError(
                f"image encoder {self.name}: takes no images of {images.shape[2]}×"
                f"{images.shape[3]}; resize them to {self.size} or make it with that size"
            ) from error
        patches, grid = self.patches_of(features, images)
        pooled: Tensor = self.network.forward_head(features, pre_logits=True)
        if pooled.shape[-1] != self.d_model:
            # Networks that widen after pooling: patches and pooled must share one width.
            pooled = patches.mean(dim=1)
        return ImageFeatures(pooled=pooled.float(), patches=patches.float(), grid=grid)

    def encode_stages(
        self, images: Float[Tensor, "n_images 3 height width"], n_stages: int
    ) -> Float[Tensor, "n_images d_stages"]:
        """Mean and deviation of every channel of the last stages, coarse and fine side by side.

        What is small in a picture, a bleeding of some pixels, moves the deviation of an early stage
        more than the mean of the last.

        Args:
            images: Pixels in [0, 1].
            n_stages: Stages of a convolutional network, or blocks of a ViT, counted from the end.

        Raises:
            EncoderError: If the network cannot show its stages.
        """
        reader = getattr(self.network, "forward_intermediates", None)
        if reader is None:
            raise EncoderError(
                f"image encoder {self.name}: shows no stages; use its pooled vector (n_stages=0)"
            )
        if not 1 <= n_stages <= len(self.stage_taps):
            raise ValueError(f"n_stages: {n_stages}; needs 1 to {len(self.stage_taps)}")
        stages = reader((images - self.mean) / self.std, indices=n_stages, intermediates_only=True)
        grids = [tap(stage).float() for tap, stage in zip(self.stage_taps, stages, strict=False)]
        return torch.cat([part for grid in grids for part in _moments(grid)], dim=1)

    @property
    def attribution_layer(self) -> nn.Module:
        """Where the parts of an image still stand apart and all of them reach the pooled vector.

        The last grid of a convolutional network; what the last attention of a ViT reads, because
        after it the class token alone may be pooled.
        """
        blocks = getattr(self.network, "blocks", None)
        if getattr(self.network, "num_prefix_tokens", None) is not None and blocks is not None:
            layer: nn.Module = blocks[-1].norm1
            return layer
        return self.feature_grid

    def patches_of(
        self, features: Tensor, images: Float[Tensor, "n_images 3 height width"]
    ) -> tuple[Float[Tensor, "n_images n_tokens d_model"], tuple[int, int]]:
        """The patch vectors within what the network computes, and the sides of their grid.

        Args:
            features: What `attribution_layer` gave, or an attribution of that shape.
            images: The images it was computed from.
        """
        if features.dim() == 4:
            if getattr(self.network, "output_fmt", "NCHW") == "NHWC":
                features = features.permute(0, 3, 1, 2)
            grid = (int(features.shape[2]), int(features.shape[3]))
            return features.flatten(2).transpose(1, 2), grid
        patches = features[:, int(getattr(self.network, "num_prefix_tokens", 0)) :]
        # Patches are square in timm's ViTs, so the sides of the grid are in the ratio of the image.
        ratio = images.shape[2] / images.shape[3]
        height = max(1, round((patches.shape[1] * ratio) ** 0.5))
        return patches, (height, int(patches.shape[1]) // height)

    def _tokens_of(self, features: ImageFeatures) -> Float[Tensor, "n_images n_tokens d_model"]:
        pooled = features.pooled.unsqueeze(1)
        if self.tokens == "pooled":
            return pooled
        if self.tokens == "patches":
            return features.patches
        return torch.cat([pooled, features.patches], dim=1)


class _Tap(nn.Module):
    """Passes a grid on as a tensor of its own, so that a gradient here is that of one reader."""

    def forward(self, grid: Tensor) -> Tensor:
        return grid.view_as(grid)


def _moments(grid: Float[Tensor, "n_images channels rows columns"]) -> tuple[Tensor, Tensor]:
    mean = grid.mean(dim=(2, 3))
    # The root of nothing has no gradient.
    spread = (grid - mean[:, :, None, None]).square().mean(dim=(2, 3))
    return mean, (spread + 1e-6).sqrt()
