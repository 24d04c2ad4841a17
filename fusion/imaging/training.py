"""Fine-tuning of an image encoder on few labelled images, and its answers.

Decides augmentation, learning rates, the average of weights and the views that are averaged when
it answers. Nothing here looks at test images: the number of epochs is given, not chosen by them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from encoders.precision import fastest_dtype

from .grader import ImageGrader

__all__ = ["GradingConfig", "grade_images", "read_images", "train_grader"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GradingConfig:
    """How an image encoder is fine-tuned.

    Attributes:
        epochs: Rounds over the images; 0 leaves the encoder as it is and trains the head alone.
        probe_penalty: Penalty of the logistic regressions that the head begins from; 0 begins from
            nothing.
        batch_images: Images in a step.
        encoder_learning_rate: Peak rate of the encoder.
        head_learning_rate: Peak rate of the head, which starts from nothing.
        weight_decay: Decay of matrices.
        warmup_share: Share of the steps over which the rates rise.
        average_decay: Decay of the moving average of weights that answers; 0 takes the last ones.
        flips: Directions that mean nothing in these images: "both", "horizontal" or "none".
        colour: Largest relative change of brightness and contrast.
        zoom: Largest relative change of size.
        rotation_degrees: Largest rotation.
        dropout: Share of pooled values dropped.
        seed: Where all randomness comes from.
    """

    epochs: int = 2
    probe_penalty: float = 0.3
    batch_images: int = 16
    encoder_learning_rate: float = 2e-4
    head_learning_rate: float = 2e-4
    weight_decay: float = 0.02
    warmup_share: float = 0.15
    average_decay: float = 0.97
    flips: str = "both"
    colour: float = 0.15
    zoom: float = 0.1
    rotation_degrees: float = 20.0
    dropout: float = 0.2
    seed: int = 0

    def __post_init__(self) -> None:
        if self.flips not in ("both", "horizontal", "none"):
            raise ValueError(f"flips: {self.flips!r} is not one of both, horizontal, none")
        if self.epochs < 0 or self.batch_images < 1:
            raise ValueError(
                f"epochs {self.epochs}, batch_images {self.batch_images}; at least 0 and 1"
            )


def train_grader(
    grader: ImageGrader,
    images: Float[Tensor, "n_images 3 height width"],
    levels: Int[Tensor, "n_images n_scales"],
    config: GradingConfig,
    *,
    features: Float[Tensor, "n_images d_read"] | None = None,
) -> ImageGrader:
    """Fine-tunes a grader and returns the average of its weights.

    Args:
        grader: On the device where it is to be trained.
        images: Pixels in [0, 1].
        levels: Level of each image on each scale; below 0 is unknown.
        config: How.
        features: What the untrained grader reads of the images, as `read_images` gives it; None
            reads them again.
    """
    device = grader.head.weight.device
    rng = torch.Generator().manual_seed(config.seed)
    torch.manual_seed(config.seed)
    # Convolutions of small images are up to 1.7 times as fast in this layout on a CPU.
    grader.to(memory_format=torch.channels_last)
    if config.probe_penalty:
        if features is None:
            features = read_images(grader, images, flips=config.flips)
        grader.begin_from_probe(features, levels.to(device), penalty=config.probe_penalty)
    if not config.epochs:
        return grader.eval()
    steps_per_epoch = -(-len(images) // config.batch_images)
    total = config.epochs * steps_per_epoch
    groups = [
        {
            "params": [p for p in grader.encoder.parameters() if p.requires_grad],
            "lr": config.encoder_learning_rate,
        },
        {"params": list(grader.head.parameters()), "lr": config.head_learning_rate},
    ]
    groups = [group for group in groups if group["params"]]
    optimizer = torch.optim.AdamW(groups, weight_decay=config.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        max_lr=[float(group["lr"]) for group in groups],  # type: ignore[arg-type]
        total_steps=total,
        pct_start=config.warmup_share,
    )
    average = None
    if config.average_decay:
        average = AveragedModel(
            grader,
            multi_avg_fn=get_ema_multi_avg_fn(config.average_decay),  # type: ignore[no-untyped-call]
            use_buffers=True,
        )
    dtype = _training_dtype(device)
    grader.train()
    for _ in range(config.epochs):
        order = torch.randperm(len(images), generator=rng)
        for rows in torch.split(order, config.batch_images):
            batch = _augment(images[rows], config, rng).to(
                device, memory_format=torch.channels_last
            )
            with torch.autocast(device.type, dtype, enabled=dtype != torch.float32):
                logits = grader(batch)
            loss = grader.loss(logits, levels[rows].to(device))
            optimizer.zero_grad(set_to_none=True)
            torch.autograd.backward(loss)
            torch.nn.utils.clip_grad_norm_(grader.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            if average is not None:
                average.update_parameters(grader)
    if average is not None:
        grader.load_state_dict(average.module.state_dict())
    return grader.eval()


@torch.no_grad()
def grade_images(
    grader: ImageGrader,
    images: Float[Tensor, "n_images 3 height width"],
    *,
    flips: str = "both",
    batch_images: int = 32,
) -> tuple[Float[Tensor, "n_images n_questions"], ...]:
    """Cumulative logits of each scale, averaged over the flipped views that mean the same."""

    def logits(batch: Tensor) -> Tensor:
        return torch.cat(grader(batch), dim=1)

    grader.eval()
    seen = _over_views(logits, images, grader, flips=flips, batch_images=batch_images)
    return torch.split(seen.cpu(), grader.n_questions, dim=1)


@torch.no_grad()
def read_images(
    grader: ImageGrader,
    images: Float[Tensor, "n_images 3 height width"],
    *,
    flips: str = "both",
    batch_images: int = 32,
) -> Float[Tensor, "n_images d_read"]:
    """What the head of a grader reads, averaged likewise; the features of a linear probe."""
    grader.eval()
    return _over_views(grader.read, images, grader, flips=flips, batch_images=batch_images)


def _over_views(
    read: Callable[[Tensor], Tensor],
    images: Tensor,
    grader: ImageGrader,
    *,
    flips: str,
    batch_images: int,
) -> Tensor:
    views: list[tuple[int, ...]] = [()]
    if flips != "none":
        views.append((3,))
    if flips == "both":
        views += [(2,), (2, 3)]
    device = grader.head.weight.device
    parts = []
    for batch in torch.split(images, batch_images):
        seen = [batch.flip(view) if view else batch for view in views]
        parts.append(
            torch.stack(
                [read(v.to(device).contiguous(memory_format=torch.channels_last)) for v in seen]
            )
            .float()
            .mean(dim=0)
        )
    return torch.cat(parts)


def _training_dtype(device: torch.device) -> torch.dtype:
    """Depthwise convolutions gain nothing from bf16 on a CPU: measured 89 against 119 ms."""
    return fastest_dtype(device) if device.type == "cuda" else torch.float32


def _augment(
    images: Float[Tensor, "n_images 3 height width"],
    config: GradingConfig,
    rng: torch.Generator,
) -> Float[Tensor, "n_images 3 height width"]:
    """Turned, zoomed, flipped and re-lit copies; each image in its own way."""
    n = len(images)

    def uniform(reach: float) -> Tensor:
        return (torch.rand(n, generator=rng) * 2 - 1) * reach

    def sign(allowed: bool) -> Tensor:
        drawn = (torch.rand(n, generator=rng) < 0.5).float() * 2 - 1
        return drawn if allowed else torch.ones(n)

    angle = uniform(config.rotation_degrees) * torch.pi / 180
    scale = 1 + uniform(config.zoom)
    across, down = sign(config.flips != "none"), sign(config.flips == "both")
    cosine, sine = torch.cos(angle) * scale, torch.sin(angle) * scale
    zero = torch.zeros(n)
    moves = torch.stack(
        [
            torch.stack([cosine * across, -sine * down, zero], dim=1),
            torch.stack([sine * across, cosine * down, zero], dim=1),
        ],
        dim=1,
    )
    grid = torch.nn.functional.affine_grid(moves, list(images.shape), align_corners=False)
    moved = torch.nn.functional.grid_sample(images, grid, align_corners=False)
    gain = (1 + uniform(config.colour)).view(-1, 1, 1, 1)
    shift = uniform(config.colour / 2).view(-1, 1, 1, 1)
    return (moved * gain + shift).clamp(0, 1)
