"""Grades of an image: ordered classes, such as the stages of retinopathy, from one encoder.

Decides the head and its loss. A grade on a scale of K + 1 levels is K cumulative questions, "is it
worse than level k?", each with its own logit (Frank and Hall, doi:10.1007/3-540-44795-4_13).
Several scales may share one encoder. How it is trained is decided in `fusion.imaging.training`.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from encoders import ImageEncoder

__all__ = ["ImageGrader", "cumulative_targets", "expected_grade"]


class ImageGrader(nn.Module):
    """An image encoder with one linear head over all scales.

    Args:
        encoder: Any network of timm; what of it is trained is its own choice.
        n_levels: Levels of each scale, at least 2; a yes or no is a scale of 2.
        dropout: Share of pooled values dropped in training.

    Raises:
        ValueError: If a scale has fewer than 2 levels.
    """

    def __init__(
        self, encoder: ImageEncoder, n_levels: Sequence[int], *, dropout: float = 0.2
    ) -> None:
        super().__init__()
        if not n_levels or min(n_levels) < 2:
            raise ValueError(f"n_levels: {list(n_levels)}; each scale needs at least 2 levels")
        self.encoder = encoder
        self.n_questions = [levels - 1 for levels in n_levels]
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(encoder.d_model, sum(self.n_questions))
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(
        self, images: Float[Tensor, "n_images 3 height width"]
    ) -> tuple[Float[Tensor, "n_images n_questions"], ...]:
        """Cumulative logits of each scale; `sigmoid` of the k-th is P(level > k)."""
        pooled = self.encoder.encode(images).pooled
        logits: Tensor = self.head(self.dropout(pooled))
        return torch.split(logits.float(), self.n_questions, dim=1)

    def loss(
        self,
        logits: Sequence[Float[Tensor, "n_images n_questions"]],
        levels: Int[Tensor, "n_images n_scales"],
    ) -> Float[Tensor, ""]:
        """Mean binary cross-entropy of the questions; a level below 0 is unknown and not asked."""
        total = logits[0].new_zeros(())
        for scale, scores in enumerate(logits):
            known = levels[:, scale] >= 0
            if bool(known.any()):
                target = cumulative_targets(levels[known, scale], scores.shape[1])
                total = total + F.binary_cross_entropy_with_logits(scores[known], target)
        return total


def cumulative_targets(
    levels: Int[Tensor, " n_images"], n_questions: int
) -> Float[Tensor, "n_images n_questions"]:
    """Answer of each question: 1 where the level is above it.

    >>> cumulative_targets(torch.tensor([0, 2]), 3).tolist()
    [[0.0, 0.0, 0.0], [1.0, 1.0, 0.0]]
    """
    return (levels[:, None] > torch.arange(n_questions, device=levels.device)).float()


def expected_grade(
    logits: Float[Tensor, "n_images n_questions"],
) -> Float[Tensor, " n_images"]:
    """Expected level, the sum of the probabilities that it is above each question."""
    return logits.sigmoid().sum(dim=1)
