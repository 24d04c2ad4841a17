"""A ViT learnt from files of images, as a folder that a model or a benchmark can start from.

Decides what is written: `model.safetensors`, the network in timm's names without head and decoder,
and `pretraining.json`, what was done and what came of it. No file name and no pixel is kept.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Literal

import torch
from safetensors.torch import save_file
from torch import Tensor

from encoders import ImageEncoder, ImageError, load_image

from .distillation import Distillation
from .masked import MaskedImages, new_positions
from .pretraining import ImageTask, PretrainingOptions, PretrainingResult, learn_images

__all__ = ["PretrainingTask", "open_vit", "pretrain_from_files"]

PretrainingTask = Literal["masked", "distil"]
_LEAST_IMAGES, _SAMPLE = 20, 128


def open_vit(name: str, *, weights: str, size: int, seed: int) -> ImageEncoder:
    """A ViT to be trained whole; without weights it starts from fixed positions.

    Raises:
        EncoderError: If the network or its weights cannot be had.
    """
    torch.manual_seed(seed)
    encoder = ImageEncoder(name, freeze="all", weights=weights, size=size)
    if encoder.weights == "random":
        new_positions(encoder)
    return encoder


def pretrain_from_files(
    files: Sequence[Path],
    out: Path,
    *,
    task: PretrainingTask = "masked",
    encoder: str,
    weights: str = "none",
    teacher: str | None = None,
    teacher_weights: str = "auto",
    size: int = 224,
    crop: bool = False,
    options: PretrainingOptions,
    resume: bool = False,
    progress: Callable[[str], None],
    warn: Callable[[str], None],
) -> PretrainingResult:
    """Pretrains a ViT and writes it to a folder.

    Args:
        files: Images; those that cannot be read are named and left out.
        out: Folder of the encoder and of its checkpoints.
        task: `masked` fills in hidden patches, `distil` says what the teacher says.
        encoder: ViT of timm.
        weights: Where it starts: "none", "auto", "hub" or a file.
        teacher: Network of timm that is distilled; None is the offline default.
        teacher_weights: Its weights, as those of any image encoder.
        size: Side of the images.
        crop: Cut off a dark frame first, as around a fundus.
        options: How.
        resume: Go on from the newest checkpoint.
        progress: Told what goes on.
        warn: Told what cannot be read.

    Raises:
        ValueError: If too few images can be read.
        EncoderError: If a network cannot be had.
        CheckpointError: If a checkpoint is broken or of another training.
    """
    readable = _readable(files, size=size, crop=crop, warn=warn)
    if len(readable) < _LEAST_IMAGES:
        raise ValueError(
            f"{len(readable)} images can be read; give at least {_LEAST_IMAGES}, without labels"
        )

    def read(rows: Tensor) -> Tensor:
        return torch.stack(
            [load_image(readable[row], size=size, crop=crop) for row in rows.tolist()]
        )

    vit = open_vit(encoder, weights=weights, size=size, seed=options.seed)
    learner: ImageTask
    if task == "distil":
        sample = torch.randperm(
            len(readable), generator=torch.Generator().manual_seed(options.seed)
        )[:_SAMPLE]
        learner = Distillation(
            ImageEncoder(teacher, weights=teacher_weights, size=size), vit, read(sample)
        )
    else:
        learner = MaskedImages(vit)
    facts = {"task": task, "encoder": vit.name, "start": vit.weights, "size": size, "crop": crop}
    found = learn_images(
        learner,
        read,
        len(readable),
        options,
        progress=progress,
        checkpoints=out / "checkpoints",
        fingerprint=json.dumps([facts, _digest(readable)]),
        resume=resume,
    )
    out.mkdir(parents=True, exist_ok=True)
    state = {
        key: value.detach().cpu().contiguous() for key, value in vit.network.state_dict().items()
    }
    partial = out / ".model.safetensors.partial"
    save_file(state, partial)
    partial.rename(out / "model.safetensors")
    report = facts | {"options": asdict(options), "result": asdict(found)}
    (out / "pretraining.json").write_text(json.dumps(report, indent=1) + "\n")
    return found


def _readable(
    files: Sequence[Path], *, size: int, crop: bool, warn: Callable[[str], None]
) -> list[Path]:
    found = []
    for file in files:
        try:
            load_image(file, size=size, crop=crop)
        except ImageError as error:
            warn(str(error))
            continue
        found.append(file)
    return found


def _digest(files: Sequence[Path]) -> str:
    """Of the contents, in order: a training goes on with the images that it began with."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()
