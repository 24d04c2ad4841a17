"""Where the numbers of a training go: TensorBoard always, W&B or MLflow when they are asked for.

Decides that only scalars and the configuration leave, and vectors of diseases stay in a file beside
the model: no case, no text, no image and no file name of a case is recorded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from accelerate import Accelerator
from torch import Tensor
from torch.utils.tensorboard import SummaryWriter

from .config import TrainConfig

__all__ = ["Trackers"]

_PROJECT = "iatros"


class Trackers:
    """Scalars of one training.

    Args:
        accelerator: Opened for the tracker that `config` names.
        config: Names the tracker; its plain values are recorded.
        out: TensorBoard files go into a folder of it.
    """

    def __init__(self, accelerator: Accelerator, config: TrainConfig, out: Path) -> None:
        self._accelerator = accelerator
        main = accelerator.is_main_process
        self._writer = SummaryWriter(str(out / "tensorboard")) if main else None
        self._service = config.tracker
        if self._service:
            accelerator.init_trackers(_PROJECT, config=_flat(config.to_mapping()))

    def log(self, scalars: Mapping[str, float], step: int) -> None:
        """Records some numbers of one step."""
        if self._writer is not None:
            for name, value in scalars.items():
                self._writer.add_scalar(name, value, step)
        if self._service:
            self._accelerator.log(dict(scalars), step=step)

    def show_vectors(self, vectors: Tensor, labels: Sequence[str]) -> None:
        """Names and vectors of things of the graph, for TensorBoard's projector."""
        if self._writer is not None:
            self._writer.add_embedding(vectors.float().cpu(), metadata=list(labels))

    def close(self) -> None:
        """Ends the record."""
        if self._writer is not None:
            self._writer.close()
        if self._service:
            self._accelerator.end_training()


def _flat(values: Mapping[str, object], prefix: str = "") -> dict[str, object]:
    """Nested values by dotted names.

    >>> _flat({"a": 1, "b": {"c": 2}})
    {'a': 1, 'b.c': 2}
    """
    flat: dict[str, object] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value
    return flat
