"""A start for a ViT where no pretrained one can be had: it learns to say what another network says.

Decides targets and loss: what the stages of a teacher say of each place, means and deviations
within the patch of the student, standardised, by mean squared error (Romero et al.,
arXiv:1412.6550). A picture thus gives as many examples as it has patches. No label enters, so
unlabelled images may be used; images under test should not be.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from encoders import ImageEncoder

from .pretraining import ImageTask

__all__ = ["Distillation"]

_STAGES, _KEPT_VIEWS = 3, 4000
_VIEWS: tuple[tuple[int, ...], ...] = ((), (3,), (2,), (2, 3))


class Distillation(ImageTask):
    """A student with a linear head that says what its teacher says of each patch.

    Args:
        teacher: Its last stages are the target; left as it is.
        student: Its encoder must be trained (`freeze="all"`); 1 as loss is what the mean of all
            places gives.
        sample: Images whose places give the mean and deviation of each target.
        colour: Largest relative change of brightness of what the student sees.
    """

    centre: Tensor
    spread: Tensor

    def __init__(
        self,
        teacher: ImageEncoder,
        student: ImageEncoder,
        sample: Float[Tensor, "n_images 3 height width"],
        *,
        colour: float = 0.1,
    ) -> None:
        super().__init__()
        # In a tuple, so that it is neither trained nor saved.
        self._teacher = (teacher.eval(),)
        self.encoder, self.colour = student, colour
        with torch.no_grad():
            self.grid = student.encode(sample[:1]).grid
        places = self._ask(sample)
        self.register_buffer("centre", places.mean(dim=(0, 2, 3))[:, None, None])
        self.register_buffer("spread", places.std(dim=(0, 2, 3))[:, None, None].clamp_min(1e-6))
        self.head = nn.Sequential(
            nn.LayerNorm(student.d_model), nn.Linear(student.d_model, places.shape[1])
        )
        self._kept: dict[tuple[int, int], Tensor] = {}

    def loss(
        self,
        images: Float[Tensor, "n_images 3 height width"],
        rows: Int[Tensor, " n_images"],
        rng: torch.Generator,
    ) -> Float[Tensor, ""]:
        """Squared error over all places; the teacher is asked about the very view."""
        number = 0
        if self.training:
            number = int(torch.randint(len(_VIEWS), (), generator=rng))
            images = images.flip(_VIEWS[number]) if number else images
        target = self._targets(images, [(row, number) for row in rows.tolist()])
        if self.training:
            light = 1 + (torch.rand(len(images), 1, 1, 1, generator=rng) * 2 - 1) * self.colour
            images = (images * light.to(images)).clamp(0, 1)
        said: Tensor = self.head(self.encoder.encode(images).patches)
        return F.mse_loss(said.float(), target.flatten(2).transpose(1, 2))

    @torch.no_grad()
    def _targets(self, images: Tensor, keys: list[tuple[int, int]]) -> Tensor:
        """Standardised targets; those of the first views are kept in half precision."""
        new = [i for i, key in enumerate(keys) if key not in self._kept]
        found = {key: self._kept[key] for key in keys if key in self._kept}
        if new:
            asked = (self._ask(images[new]) - self.centre) / self.spread
            found |= {keys[i]: t.half() for i, t in zip(new, asked.clamp(-1e4, 1e4), strict=True)}
            room = _KEPT_VIEWS - len(self._kept)
            self._kept |= {keys[i]: found[keys[i]] for i in new[:room]}
        return torch.stack([found[key].float() for key in keys])

    @torch.no_grad()
    def _ask(self, images: Tensor) -> Float[Tensor, "n_images channels rows columns"]:
        """Mean, and where a place holds several values their deviation, of each channel."""
        (teacher,) = self._teacher
        network: Any = teacher.network
        asked = []
        # Depthwise convolutions gain nothing from bf16 on a CPU.
        with torch.autocast(images.device.type, enabled=False):
            for batch in torch.split(images, 32):
                seen = (batch.float() - teacher.mean) / teacher.std
                stages = network.forward_intermediates(
                    seen, indices=_STAGES, intermediates_only=True
                )
                asked.append(torch.cat([p for s in stages for p in _placed(s, self.grid)], dim=1))
        return torch.cat(asked)


def _placed(stage: Tensor, grid: tuple[int, int]) -> list[Tensor]:
    stage = stage.float()
    if stage.shape[2] < grid[0] or stage.shape[3] < grid[1]:
        return [F.interpolate(stage, size=grid, mode="bilinear")]
    mean = F.adaptive_avg_pool2d(stage, grid)
    if tuple(stage.shape[2:]) == grid:
        return [mean]
    spread = F.adaptive_avg_pool2d(stage.square(), grid) - mean.square()
    return [mean, (spread.clamp_min(0) + 1e-6).sqrt()]
