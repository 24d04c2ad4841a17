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
from sklearn.linear_model import LogisticRegression
from torch import Tensor, nn

from encoders import ImageEncoder

__all__ = ["ImageGrader", "cumulative_targets", "expected_grade"]


class ImageGrader(nn.Module):
    """An image encoder with one linear head over all scales.

    Args:
        encoder: Any network of timm; what of it is trained is its own choice.
        n_levels: Levels of each scale, at least 2; a yes or no is a scale of 2.
        n_stages: Last stages of the encoder whose means and deviations the head reads; 0 reads the
            pooled vector.
        dropout: Share of values that the head reads dropped in training.

    Raises:
        ValueError: If a scale has fewer than 2 levels.
    """

    centre: Tensor
    spread: Tensor

    def __init__(
        self,
        encoder: ImageEncoder,
        n_levels: Sequence[int],
        *,
        n_stages: int = 0,
        dropout: float = 0.2,
    ) -> None:
        super().__init__()
        if not n_levels or min(n_levels) < 2:
            raise ValueError(f"n_levels: {list(n_levels)}; each scale needs at least 2 levels")
        self.encoder = encoder
        self.n_stages = n_stages
        self.n_questions = [levels - 1 for levels in n_levels]
        self.dropout = nn.Dropout(dropout)
        width = _stage_width(encoder, n_stages) if n_stages else encoder.d_model
        self.register_buffer("centre", torch.zeros(width))
        self.register_buffer("spread", torch.ones(width))
        self.head = nn.Linear(width, sum(self.n_questions))
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def read(
        self, images: Float[Tensor, "n_images 3 height width"]
    ) -> Float[Tensor, "n_images d_read"]:
        """What the head reads of images, before it is standardised."""
        if self.n_stages:
            return self.encoder.encode_stages(images, self.n_stages)
        return self.encoder.encode(images).pooled

    def forward(
        self, images: Float[Tensor, "n_images 3 height width"]
    ) -> tuple[Float[Tensor, "n_images n_questions"], ...]:
        """Cumulative logits of each scale; `sigmoid` of the k-th is P(level > k)."""
        seen = (self.read(images).float() - self.centre) / self.spread
        logits: Tensor = self.head(self.dropout(seen))
        return torch.split(logits.float(), self.n_questions, dim=1)

    def begin_from_probe(
        self,
        features: Float[Tensor, "n_images d_read"],
        levels: Int[Tensor, "n_images n_scales"],
        *,
        penalty: float,
    ) -> None:
        """Sets the head to logistic regressions over frozen features, one a question.

        Fine-tuning then begins from the probe and does not bend the features while the head is
        still random (arXiv:2202.10054).

        Args:
            features: What `read` gives for training images.
            levels: Their levels; below 0 is unknown.
            penalty: Squared weights are charged this much for each feature.
        """
        self.centre.copy_(features.mean(dim=0))
        self.spread.copy_(features.std(dim=0).clamp_min(1e-6))
        seen = ((features - self.centre) / self.spread).double().cpu().numpy()
        question = 0
        with torch.no_grad():
            for scale, n_questions in enumerate(self.n_questions):
                known = (levels[:, scale] >= 0).cpu().numpy()
                for bound in range(n_questions):
                    above = (levels[:, scale] > bound).cpu().numpy()[known]
                    if 0 < above.sum() < len(above):
                        probe = LogisticRegression(C=1 / (penalty * seen.shape[1]), max_iter=1000)
                        probe.fit(seen[known], above)
                        self.head.weight[question] = torch.from_numpy(probe.coef_[0])
                        self.head.bias[question] = float(probe.intercept_[0])
                    question += 1

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


@torch.no_grad()
def _stage_width(encoder: ImageEncoder, n_stages: int) -> int:
    training = encoder.training
    encoder.eval()
    blank = torch.zeros(1, 3, encoder.size, encoder.size, device=encoder.mean.device)
    width = int(encoder.encode_stages(blank, n_stages).shape[1])
    encoder.train(training)
    return width
