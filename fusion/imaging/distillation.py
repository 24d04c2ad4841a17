"""A start for a ViT where no pretrained one can be had: it learns to say what another network says.

Decides targets and loss: the standardised features that a teacher's head reads, of each flipped
view, by mean squared error (Romero et al., arXiv:1412.6550). No label enters, so unlabelled images
of the same kind may be used.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from .grader import ImageGrader

__all__ = ["DistillationConfig", "distil"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DistillationConfig:
    """How a student learns.

    Attributes:
        epochs: Rounds over the images, each time in another flipped view.
        batch_images: Images in a step.
        learning_rate: Peak rate.
        weight_decay: Decay of matrices.
        colour: Largest relative change of brightness of what the student sees.
        seed: Where all randomness comes from.
    """

    epochs: int = 12
    batch_images: int = 16
    learning_rate: float = 1e-3
    weight_decay: float = 0.05
    colour: float = 0.1
    seed: int = 0


def distil(
    teacher: ImageGrader,
    student: ImageGrader,
    images: Float[Tensor, "n_images 3 height width"],
    config: DistillationConfig,
) -> list[float]:
    """Trains the encoder of the student in place; its head is left alone.

    Args:
        teacher: What it reads is the target; left as it is.
        student: Its encoder must be trained (`freeze="all"`).
        images: Pixels in [0, 1], no label.
        config: How.

    Returns:
        Mean loss of each epoch; 1 is what the mean of all images gives.
    """
    torch.manual_seed(config.seed)
    rng = torch.Generator().manual_seed(config.seed)
    views: list[tuple[int, ...]] = [(), (3,), (2,), (2, 3)]
    targets = torch.stack([_read(teacher, _seen(images, view)) for view in views])
    centre, spread = targets.mean(dim=(0, 1)), targets.std(dim=(0, 1)).clamp_min(1e-6)
    targets = (targets - centre) / spread
    width = student.head.in_features
    head = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, targets.shape[2]))
    parameters = [p for p in student.encoder.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(
        [*parameters, *head.parameters()], weight_decay=config.weight_decay
    )
    n_steps = config.epochs * -(-len(images) // config.batch_images)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=config.learning_rate, total_steps=n_steps
    )
    student.train()
    losses = []
    for epoch in range(config.epochs):
        order, total = torch.randperm(len(images), generator=rng), 0.0
        view = epoch % len(views)
        for rows in torch.split(order, config.batch_images):
            light = 1 + (torch.rand(len(rows), 1, 1, 1, generator=rng) * 2 - 1) * config.colour
            seen = (_seen(images[rows], views[view]) * light).clamp(0, 1)
            loss = F.mse_loss(head(student.read(seen)), targets[view][rows])
            optimizer.zero_grad(set_to_none=True)
            torch.autograd.backward(loss)
            torch.nn.utils.clip_grad_norm_(parameters, 1.0)
            optimizer.step()
            schedule.step()
            total += float(loss.detach()) * len(rows)
        losses.append(total / len(images))
    student.eval()
    return losses


@torch.no_grad()
def _read(teacher: ImageGrader, images: Tensor) -> Tensor:
    teacher.eval()
    return torch.cat([teacher.read(batch).float() for batch in torch.split(images, 32)])


def _seen(images: Tensor, view: tuple[int, ...]) -> Tensor:
    return images.flip(view) if view else images
