"""Learning from images without labels: order, schedule, held-out loss, checkpoints.

Decides how a task over images is learnt, whichever it is: to fill in hidden patches
(`fusion.imaging.masked`) or to say what another network says (`fusion.imaging.distillation`). A
step draws its images and everything random from the seed and its own number, so that a resumed
training ends with the weights of an unbroken one. Which images are read is the caller's decision.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from encoders.precision import autocast, fastest_dtype
from fusion.training_state import Progress, load_training, save_training

__all__ = ["ImageTask", "PretrainingOptions", "PretrainingResult", "ReadImages", "learn_images"]

ReadImages = Callable[[Int[Tensor, " n_images"]], Float[Tensor, "n_images 3 height width"]]
"""Numbers of images to their pixels in [0, 1]."""

_WARM_UP, _LOOKED_AT, _CHECKPOINTS = 0.1, 64, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class PretrainingOptions:
    """How images are learnt from.

    Attributes:
        steps: Steps of the optimiser.
        batch_images: Images in a step.
        learning_rate: Peak rate, after a tenth of the steps; then it falls as a cosine.
        weight_decay: Decay of matrices.
        held_out: Share of the images that the loss is measured on; 0 for none.
        checkpoint_every: Steps between checkpoints.
        seed: Where order, views and masks come from.
    """

    steps: int = 1000
    batch_images: int = 16
    learning_rate: float = 1e-3
    weight_decay: float = 0.05
    held_out: float = 0.1
    checkpoint_every: int = 50
    seed: int = 0

    def __post_init__(self) -> None:
        if min(self.steps, self.batch_images, self.checkpoint_every) < 1:
            raise ValueError(
                f"steps {self.steps}, batch_images {self.batch_images}, checkpoint_every "
                f"{self.checkpoint_every}; each at least 1"
            )
        if not 0 <= self.held_out < 1:
            raise ValueError(f"held_out: {self.held_out}; needs a share from 0 to below 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class PretrainingResult:
    """What came of it.

    Attributes:
        before: Loss on images that are not learnt from, before the first step; None without any.
        after: The same at the end.
        n_images: Images that were learnt from.
    """

    before: float | None
    after: float | None
    n_images: int


class ImageTask(nn.Module):
    """What is learnt from images; its parameters are the encoder and what only the task needs."""

    def loss(
        self,
        images: Float[Tensor, "n_images 3 height width"],
        rows: Int[Tensor, " n_images"],
        rng: torch.Generator,
    ) -> Float[Tensor, ""]:
        """Mean loss of a batch.

        Args:
            images: Pixels in [0, 1].
            rows: Their numbers, so that what is known of an image can be kept.
            rng: Where everything random comes from.
        """
        raise NotImplementedError


def learn_images(
    task: ImageTask,
    read: ReadImages,
    n_images: int,
    options: PretrainingOptions,
    *,
    progress: Callable[[str], None],
    checkpoints: Path | None = None,
    fingerprint: str = "",
    resume: bool = False,
) -> PretrainingResult:
    """Trains a task in place.

    Args:
        task: On the device where it is to be trained.
        read: Gives images by number.
        n_images: How many there are.
        options: How.
        progress: Told the loss some twenty times.
        checkpoints: Where checkpoints lie; None writes none.
        fingerprint: Of images and network; checkpoints of others are refused.
        resume: Go on from the newest checkpoint.

    Raises:
        ValueError: If fewer than two images are left to learn from.
        CheckpointError: If a checkpoint is broken or of another training.
    """
    order = torch.randperm(n_images, generator=_generator(options, -1))
    n_held = round(options.held_out * n_images)
    held, learnt = order[:n_held], order[n_held:]
    if len(learnt) < 2:
        raise ValueError(f"{n_images} images; give at least 2 to learn from")
    parameters = [p for p in task.parameters() if p.requires_grad]
    groups: list[dict[str, Any]] = [
        {"params": [p for p in parameters if p.dim() > 1]},
        {"params": [p for p in parameters if p.dim() <= 1], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(
        groups,
        weight_decay=options.weight_decay,
        betas=(0.9, 0.95),
    )
    of_training, found = _fingerprint(fingerprint, n_images, options), None
    if resume and checkpoints is not None:
        found = load_training(checkpoints, fingerprint=of_training, model=task, optimizer=optimizer)
    # The loss before the first step stands where a training of the whole model keeps its best.
    at = found[0] if found else Progress(best_metric=_held_out_loss(task, read, held, options))
    task.train()
    for step in range(at.step, options.steps):
        rate = options.learning_rate * _factor(step, options.steps)
        for group in optimizer.param_groups:
            group["lr"] = rate
        loss = _loss(task, read, _drawn(learnt, step, options), _generator(options, step))
        optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        done = step + 1
        if done % max(1, options.steps // 20) == 0:
            progress(f"step {done} of {options.steps}: loss {float(loss.detach()):.3f}")
        due = done % options.checkpoint_every == 0 or done == options.steps
        if checkpoints is not None and due:
            save_training(
                checkpoints,
                progress=replace(at, step=done),
                fingerprint=of_training,
                model=task,
                optimizer=optimizer,
                best=None,
                keep=_CHECKPOINTS,
            )
    after = _held_out_loss(task, read, held, options)
    task.eval()
    return PretrainingResult(
        before=at.best_metric if n_held else None,
        after=after if n_held else None,
        n_images=len(learnt),
    )


def _loss(task: ImageTask, read: ReadImages, rows: Tensor, rng: torch.Generator) -> Tensor:
    device = next(task.parameters()).device
    images = read(rows).to(device)
    with autocast(device, fastest_dtype(device)):
        return task.loss(images, rows, rng)


@torch.no_grad()
def _held_out_loss(
    task: ImageTask, read: ReadImages, held: Tensor, options: PretrainingOptions
) -> float:
    """Mean loss with the same masks and views whenever it is asked; 0 without such images."""
    task.eval()
    total = 0.0
    for number, rows in enumerate(torch.split(held, _LOOKED_AT) if len(held) else ()):
        total += float(_loss(task, read, rows, _generator(options, -2 - number))) * len(rows)
    return total / max(len(held), 1)


def _drawn(learnt: Tensor, step: int, options: PretrainingOptions) -> Tensor:
    """Images of a step: every image once a round, in the order of that round."""
    places = torch.arange(step * options.batch_images, (step + 1) * options.batch_images)
    rounds, within = places // len(learnt), places % len(learnt)
    drawn = []
    for number in sorted(set(rounds.tolist())):
        order = torch.randperm(len(learnt), generator=_generator(options, 10**9 + number))
        drawn.append(learnt[order[within[rounds == number]]])
    return torch.cat(drawn)


def _generator(options: PretrainingOptions, number: int) -> torch.Generator:
    return torch.Generator().manual_seed((options.seed * 1_000_003 + number) % 2**63)


def _factor(step: int, steps: int) -> float:
    rising = min(1.0, (step + 1) / max(1.0, _WARM_UP * steps))
    return rising * 0.5 * (1.0 + math.cos(math.pi * step / steps))


def _fingerprint(of_images: str, n_images: int, options: PretrainingOptions) -> str:
    facts = json.dumps([of_images, n_images, asdict(options)], sort_keys=True)
    return hashlib.sha256(facts.encode()).hexdigest()
