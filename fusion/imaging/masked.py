r"""Masked autoencoder: a ViT learns from images alone by filling in hidden patches.

Decides the task of He et al. (arXiv:2111.06377): three quarters of the patches are hidden, the
encoder sees the rest, a light decoder is given the encoder's words for them and one learnt word in
each hidden place, and the loss is the squared error of the hidden patches, each standardised,

.. math:: \frac{1}{|M|} \sum_{p \in M} \Big\| \frac{x_p - \mu_p}{\sigma_p} - \hat x_p \Big\|^2 / d

so that 1 is what grey patches give. The decoder is not kept.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from encoders import EncoderError, ImageEncoder

from .pretraining import ImageTask

__all__ = ["MaskedImages", "fixed_positions", "new_positions"]

_DECODER_WIDTH, _DECODER_LAYERS, _DECODER_HEADS = 96, 2, 3


class MaskedImages(ImageTask):
    """An encoder with a decoder that paints hidden patches.

    Args:
        encoder: A ViT of timm, trained whole.
        hidden: Share of the patches that are hidden.

    Raises:
        EncoderError: If the encoder is no ViT of timm, or its patches do not fill the images.
    """

    positions: Tensor

    def __init__(self, encoder: ImageEncoder, *, hidden: float = 0.75) -> None:
        from timm.models.vision_transformer import Block, VisionTransformer

        super().__init__()
        network: Any = encoder.network
        if not isinstance(network, VisionTransformer):
            raise EncoderError(
                f"image encoder {encoder.name}: no ViT of timm, whose patches can be hidden; name "
                "one such as vit_tiny_patch16_224"
            )
        self.encoder, self.hidden = encoder, hidden
        side = int(network.patch_embed.patch_size[0])
        if encoder.size % side:
            raise EncoderError(
                f"image encoder {encoder.name}: patches of {side} do not fill images of "
                f"{encoder.size}; take {encoder.size // side * side}"
            )
        self.side, self.grid = side, encoder.size // side
        self.embed = nn.Linear(encoder.d_model, _DECODER_WIDTH)
        self.blank = nn.Parameter(torch.zeros(_DECODER_WIDTH))
        nn.init.normal_(self.blank, std=0.02)
        self.register_buffer(
            "positions", fixed_positions(self.grid, _DECODER_WIDTH), persistent=False
        )
        self.decoder = nn.Sequential(
            *[Block(_DECODER_WIDTH, _DECODER_HEADS, qkv_bias=True) for _ in range(_DECODER_LAYERS)],
            nn.LayerNorm(_DECODER_WIDTH),
        )
        self.paint = nn.Linear(_DECODER_WIDTH, 3 * side * side)

    def loss(
        self,
        images: Float[Tensor, "n_images 3 height width"],
        rows: Int[Tensor, " n_images"],  # noqa: ARG002  nothing is known of an image beforehand
        rng: torch.Generator,
    ) -> Float[Tensor, ""]:
        """Squared error of the hidden patches."""
        if self.training:
            images = _moved(images, rng)
        n_patches = self.grid**2
        n_seen = max(1, round((1 - self.hidden) * n_patches))
        draw = torch.rand(len(images), n_patches, generator=rng).to(images.device)
        order = draw.argsort(dim=1)
        seen, hidden = order[:, :n_seen], order[:, n_seen:]
        words = self.embed(self.encode_seen(images, seen))
        at = self.positions.expand(len(images), -1, -1)
        told = torch.cat([words + _pick(at, seen).to(words), self.blank + _pick(at, hidden)], dim=1)
        painted = self.paint(self.decoder(told)[:, n_seen:]).float()
        return F.mse_loss(painted, _pick(_standardised(images, self.side), hidden))

    def encode_seen(
        self,
        images: Float[Tensor, "n_images 3 height width"],
        seen: Int[Tensor, "n_images n_tokens"],
    ) -> Float[Tensor, "n_images n_tokens d_model"]:
        """Vectors of the patches that are seen, from an encoder that is given no others."""
        network: Any = self.encoder.network
        tokens: Tensor = network.patch_embed((images - self.encoder.mean) / self.encoder.std)
        tokens = network._pos_embed(tokens)
        n_prefix = int(network.num_prefix_tokens)
        tokens = torch.cat([tokens[:, :n_prefix], _pick(tokens[:, n_prefix:], seen)], dim=1)
        states: Tensor = network.norm(network.blocks(network.norm_pre(tokens)))
        return states[:, n_prefix:]


def new_positions(encoder: ImageEncoder) -> None:
    """Gives a ViT that starts from nothing the fixed positions to start from.

    A few hundred images do not teach it which patch lies beside which.
    """
    network: Any = encoder.network
    known = getattr(network, "pos_embed", None)
    patches = getattr(network, "patch_embed", None)
    if known is None or patches is None or known.dim() != 3:
        return
    n_prefix = 0 if network.no_embed_class else int(network.num_prefix_tokens)
    fixed = fixed_positions(int(patches.grid_size[0]), int(known.shape[2]))
    if known.shape[1] == n_prefix + fixed.shape[0]:
        with torch.no_grad():
            known[:, n_prefix:] = fixed.to(known)


def fixed_positions(grid: int, width: int) -> Float[Tensor, "n_tokens d_model"]:
    """Sines and cosines of row and column, a quarter of the width each.

    >>> fixed_positions(2, 8)[0].tolist()
    [0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0]
    """
    quarter = width // 4
    pace = 10_000.0 ** (-torch.arange(quarter) / quarter)
    angles = torch.arange(grid)[:, None] * pace
    line = torch.cat([angles.sin(), angles.cos()], dim=1)
    down, across = line[:, None].expand(-1, grid, -1), line[None].expand(grid, -1, -1)
    found = torch.cat([down, across], dim=2).reshape(grid * grid, 4 * quarter)
    return F.pad(found, (0, width - 4 * quarter))


def _moved(images: Tensor, rng: torch.Generator) -> Tensor:
    """A random part of at least half of each side, flipped by chance; the same for a batch."""
    size = images.shape[2]
    share = 0.5 + 0.5 * float(torch.rand((), generator=rng))
    part = max(1, round(share * size))
    top, left = torch.randint(size - part + 1, (2,), generator=rng).tolist()
    seen = images[:, :, top : top + part, left : left + part]
    if part != size:
        seen = F.interpolate(seen, size=(size, size), mode="bilinear", antialias=True)
    return seen.flip(3) if float(torch.rand((), generator=rng)) < 0.5 else seen


def _standardised(images: Tensor, side: int) -> Float[Tensor, "n_images n_tokens d_patch"]:
    patches = F.unfold(images.float(), side, stride=side).transpose(1, 2)
    centre = patches.mean(dim=2, keepdim=True)
    spread = patches.var(dim=2, keepdim=True)
    return (patches - centre) / (spread + 1e-6).sqrt()


def _pick(tokens: Tensor, chosen: Tensor) -> Tensor:
    return tokens.gather(1, chosen[..., None].expand(-1, -1, tokens.shape[2]))
