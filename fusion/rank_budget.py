"""AdaLoRA: where ranks are needed most, found out while a training runs (arXiv:2303.10512).

Decides the schedule and where its state lives. Adapters begin with twice the rank; from a tenth of
the steps on, the directions that matter least are taken away, over all adapters together, until at
half of the steps the mean rank is the one asked for. peft scores and takes away; what it remembers
of each direction is kept in buffers of the network, so that checkpoints hold it and a resumed
training takes the same ones.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

__all__ = ["add_rank_budget", "allocate_ranks", "orthogonality", "rank_config"]

_ADAPTER = "default"
_SINGULAR = f"lora_E.{_ADAPTER}"
_BUFFERS = ("rank_sensitivity", "rank_uncertainty")
_STARTS, _ENDS, _EVERY = 0.1, 0.5, 5


def rank_config(modules: list[str], *, rank: int, total_steps: int = 10**9) -> Any:
    """What peft is told.

    Args:
        modules: Names of the layers with an adapter.
        rank: Mean rank at the end.
        total_steps: Steps of the training.
    """
    from peft import AdaLoraConfig

    return AdaLoraConfig(
        init_r=2 * rank,
        target_r=rank,
        lora_alpha=2 * rank,
        lora_dropout=0.0,
        tinit=int(_STARTS * total_steps),
        tfinal=total_steps - max(int(_STARTS * total_steps) + 1, int(_ENDS * total_steps)),
        deltaT=_EVERY,
        total_step=total_steps,
        target_modules=modules,
    )


def add_rank_budget(network: nn.Module) -> None:
    """Buffers for what the schedule remembers of each parameter, and of each direction's end."""
    for name, parameter in list(network.named_parameters()):
        if "lora_" in name:
            for kind in _BUFFERS:
                network.register_buffer(_buffer(kind, name), torch.zeros_like(parameter))
            if _SINGULAR in name:
                gone = torch.zeros(len(parameter), dtype=torch.bool)
                network.register_buffer(_buffer("rank_gone", name), gone)


def allocate_ranks(network: nn.Module, step: int, *, rank: int, total_steps: int) -> None:
    """Scores directions and takes some away; after a step of the optimizer, gradients still there.

    Args:
        network: An encoder; nothing happens without AdaLoRA in it.
        step: Number of the step, from 1; beyond half of the steps no more is taken away.
        rank: Mean rank at the end.
        total_steps: Steps that the schedule is spread over.
    """
    adapted = {name: p for name, p in network.named_parameters() if "lora_" in name}
    singular = [name for name in adapted if _SINGULAR in name]
    if not singular:
        return
    from peft.tuners.adalora.layer import RankAllocator

    config = rank_config([], rank=rank, total_steps=max(total_steps, 4))
    allocate: Any = RankAllocator
    allocator = allocate(network, config, _ADAPTER)
    for name, parameter in adapted.items():
        allocator.ipt[name] = torch.zeros_like(parameter)
        allocator.exp_avg_ipt[name] = network.get_buffer(_buffer(_BUFFERS[0], name))
        allocator.exp_avg_unc[name] = network.get_buffer(_buffer(_BUFFERS[1], name))
        if parameter.grad is None:  # a batch without a note or an image says nothing of it
            parameter.grad = torch.zeros_like(parameter)
    end = config.total_step - config.tfinal
    gone = {name: network.get_buffer(_buffer("rank_gone", name)) for name in singular}
    if step >= end and any(bool(taken.any()) for taken in gone.values()):
        for name in singular:
            adapted[name].data.masked_fill_(gone[name][:, None], 0.0)
        return
    _, pattern = allocator.update_and_allocate(network, min(step, end), force_mask=step >= end)
    for name in adapted:
        network.get_buffer(_buffer(_BUFFERS[0], name)).copy_(allocator.exp_avg_ipt[name])
        network.get_buffer(_buffer(_BUFFERS[1], name)).copy_(allocator.exp_avg_unc[name])
    if step >= end:
        for name in singular:
            gone[name].copy_(~torch.tensor(pattern[name]))


def orthogonality(network: nn.Module) -> Tensor | None:
    """How far the directions of the adapters are from orthonormal; None without AdaLoRA."""
    found = []
    if not any(_SINGULAR in name for name, _ in network.named_parameters()):
        return None
    for name, parameter in network.named_parameters():
        if "lora_A" in name or "lora_B" in name:
            product = parameter @ parameter.T if "lora_A" in name else parameter.T @ parameter
            unit = torch.eye(len(product), device=product.device, dtype=product.dtype)
            found.append(torch.linalg.matrix_norm(product - unit))
    return torch.stack(found).mean()


def _buffer(kind: str, name: str) -> str:
    return f"{kind}_{name.replace('.', '_')}"
