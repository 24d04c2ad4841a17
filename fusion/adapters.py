"""Low-rank adapters in a frozen encoder: LoRA (arXiv:2106.09685), DoRA (arXiv:2402.09353), AdaLoRA.

Decides where adapters sit: beside the projections of attention, in every layer. The encoder itself
stays as it was published, so a model differs from it by a few hundred kilobytes. Which layers of an
encoder are trained without adapters is decided in `encoders.freezing`.
"""

from __future__ import annotations

import warnings

from torch import nn

from .config import ADAPTERS
from .rank_budget import add_rank_budget, rank_config

__all__ = ["ADAPTERS", "AdapterError", "add_adapters"]

_PROJECTIONS = frozenset(
    {
        "query",
        "key",
        "value",
        "qkv",
        "Wqkv",
        "q_proj",
        "k_proj",
        "v_proj",
        "q_lin",
        "k_lin",
        "v_lin",
    }
)


class AdapterError(RuntimeError):
    """Adapters cannot be added; one line with the mend."""


def add_adapters(network: nn.Module, kind: str, *, rank: int) -> int:
    """Freezes a network and puts adapters beside its attention.

    Args:
        network: A BERT of transformers or a ViT of timm; changed in place.
        kind: One of `ADAPTERS`.
        rank: Width of each adapter; of AdaLoRA the mean width once ranks are handed out.

    Returns:
        Number of trained parameters.

    Raises:
        AdapterError: If peft is not installed, or the network has no attention that is known here.
    """
    try:
        from peft import LoraConfig, inject_adapter_in_model
    except ImportError as error:
        raise AdapterError(f"{kind} needs peft; pip install 'iatros[adapters]'") from error
    found = [
        name
        for name, module in network.named_modules()
        if isinstance(module, nn.Linear) and name.rpartition(".")[2] in _PROJECTIONS
    ]
    if not found:
        raise AdapterError(
            f"{kind}: no attention found in {type(network).__name__}; train its last layers instead"
        )
    config = (
        rank_config(found, rank=rank)
        if kind == "adalora"
        else LoraConfig(
            r=rank,
            lora_alpha=2 * rank,
            lora_dropout=0.0,
            target_modules=found,
            use_dora=kind == "dora",
        )
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        inject_adapter_in_model(config, network)
    for name, parameter in network.named_parameters():
        parameter.requires_grad_("lora_" in name)
    if kind == "adalora":
        add_rank_budget(network)
    return sum(p.numel() for p in network.parameters() if p.requires_grad)
