"""Where a training stands, on disk: written whole or not at all, and without pickle.

Decides the files of a checkpoint: tensors in safetensors, everything else in a JSON manifest.
Random numbers need no state here, because every step draws from a generator made of the seed and
the number of the step. The finished model is written by `fusion.checkpoint`.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

__all__ = ["CheckpointError", "Progress", "load_training", "save_training"]

_PREFIX = "step-"


class CheckpointError(ValueError):
    """A checkpoint is missing, broken, or of another training."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Where the training stands.

    Attributes:
        stage: `learn` (early stop decides) or `refit` (a fixed number of steps).
        step: Steps done in all.
        stage_end: Step at which the stage ends at the latest.
        best_metric: Best development metric so far (see `fusion.trainer`); minus one before the
            first look.
        best_step: Step at which it was reached.
        looks_without_gain: Looks at the development part since then.
    """

    stage: str = "learn"
    step: int = 0
    stage_end: int = 0
    best_metric: float = -1.0
    best_step: int = 0
    looks_without_gain: int = 0


def save_training(
    folder: Path,
    *,
    progress: Progress,
    fingerprint: str,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    best: Mapping[str, Tensor] | None,
    keep: int,
) -> Path:
    """Writes a checkpoint and removes the oldest beyond `keep`.

    Args:
        folder: Where checkpoints lie.
        progress: Where the training stands.
        fingerprint: Of configuration, graph and cases; another training is refused by it.
        model: All its parameters and buffers are written, frozen ones too.
        optimizer: AdamW.
        best: Weights of the best step, or None before there is one.
        keep: Checkpoints kept.
    """
    target = folder / f"{_PREFIX}{progress.step:08d}"
    partial = folder / f".{target.name}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    save_file(_tensors(model.state_dict()), partial / "model.safetensors")
    if best is not None:
        save_file(_tensors(best), partial / "best.safetensors")
    moments, groups = _flatten_optimizer(optimizer)
    save_file(moments, partial / "optimizer.safetensors")
    manifest = {
        "fingerprint": fingerprint,
        "progress": asdict(progress),
        "optimizer_groups": groups,
        "has_best": best is not None,
    }
    (partial / "manifest.json").write_text(json.dumps(manifest, indent=1, sort_keys=True))
    for file in partial.iterdir():
        with file.open("rb") as stream:
            os.fsync(stream.fileno())
    shutil.rmtree(target, ignore_errors=True)
    partial.rename(target)
    for old in _checkpoints(folder)[:-keep]:
        shutil.rmtree(old)
    return target


def load_training(
    folder: Path,
    *,
    fingerprint: str,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
) -> tuple[Progress, dict[str, Tensor] | None] | None:
    """Restores the newest checkpoint into a model and an optimizer.

    Returns:
        Where the training stood and the best weights, or None when there is no checkpoint.

    Raises:
        CheckpointError: If the checkpoint is broken or of another configuration, graph or cohort.
    """
    found = _checkpoints(folder)
    if not found:
        return None
    newest = found[-1]
    try:
        manifest = json.loads((newest / "manifest.json").read_text())
        if manifest["fingerprint"] != fingerprint:
            raise CheckpointError(
                f"{newest}: made with another configuration, graph or cohort; resume with the same "
                "ones, or train into another folder"
            )
        model.load_state_dict(load_file(newest / "model.safetensors"))
        _fill_optimizer(
            optimizer, load_file(newest / "optimizer.safetensors"), manifest["optimizer_groups"]
        )
        best = load_file(newest / "best.safetensors") if manifest["has_best"] else None
        return Progress(**manifest["progress"]), best
    except CheckpointError:
        raise
    except Exception as error:
        raise CheckpointError(
            f"{newest}: cannot be read ({type(error).__name__}: {error}); remove this folder to "
            "resume from an older one"
        ) from error


def _checkpoints(folder: Path) -> list[Path]:
    return sorted(folder.glob(f"{_PREFIX}*")) if folder.is_dir() else []


def _tensors(values: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: value.detach().cpu().contiguous() for name, value in values.items()}


def _flatten_optimizer(
    optimizer: torch.optim.Optimizer,
) -> tuple[dict[str, Tensor], list[dict[str, Any]]]:
    state = optimizer.state_dict()
    moments = {
        f"{number}.{name}": value.detach().cpu().contiguous()
        for number, values in state["state"].items()
        for name, value in values.items()
    }
    groups = [
        {key: value for key, value in group.items() if _is_plain(value)}
        for group in state["param_groups"]
    ]
    return moments, groups


def _is_plain(value: object) -> bool:
    if isinstance(value, (list, tuple)):
        return all(_is_plain(part) for part in value)
    return value is None or isinstance(value, (bool, int, float, str))


def _fill_optimizer(
    optimizer: torch.optim.Optimizer, moments: dict[str, Tensor], groups: list[dict[str, Any]]
) -> None:
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in moments.items():
        number, _, name = key.partition(".")
        state.setdefault(int(number), {})[name] = value
    current = optimizer.state_dict()["param_groups"]
    merged = [{**now, **saved} for now, saved in zip(current, groups, strict=True)]
    optimizer.load_state_dict({"state": state, "param_groups": merged})
