"""In which number format a model is trained on this machine.

Decides mixed precision. Only encoders gain from bf16; message passing and losses run in single
precision whatever is chosen.
"""

from __future__ import annotations

import torch
from accelerate import Accelerator, DistributedDataParallelKwargs
from accelerate.state import AcceleratorState

from encoders.precision import fastest_dtype

from .config import TrainConfig

__all__ = ["choose_precision", "open_accelerator"]


def choose_precision(config: TrainConfig) -> str:
    """`bf16` or `no`, as `accelerate` calls them.

    With `auto`, bf16 is taken on CUDA devices that have it, and on CPUs that multiply it in
    hardware when an encoder is trained.
    """
    if config.mixed_precision != "auto":
        return config.mixed_precision
    use_cuda = config.device != "cpu" and torch.cuda.is_available()
    device = torch.device("cuda" if use_cuda else "cpu")
    model = config.model
    trains_text = model.text_encoder != "" and (
        bool(model.text_adapter) or model.text_freeze not in ("frozen", "0")
    )
    trains_images = bool(model.image_encoder) and model.image_freeze not in ("frozen", "0")
    if not use_cuda and not (trains_text or trains_images):
        return "no"
    return "bf16" if fastest_dtype(device) == torch.bfloat16 else "no"


def open_accelerator(config: TrainConfig) -> Accelerator:
    """The accelerator of one training.

    `accelerate` keeps device and precision for the whole process; a second training in the same
    process may want others, so what a single-process one left behind is cleared.
    """
    if AcceleratorState._shared_state and AcceleratorState().num_processes == 1:
        AcceleratorState._reset_state(reset_partial_state=True)
    # In the second stage, and in batches without treatments, some parts have no gradient.
    unused = DistributedDataParallelKwargs(find_unused_parameters=True)
    return Accelerator(
        cpu=config.device == "cpu",
        mixed_precision=choose_precision(config),
        log_with=config.tracker or None,
        kwargs_handlers=[unused],
    )
