"""How much of a pretrained network is trained: nothing, the last n layers, or all of it.

Decides which parameters get gradients and keeps the frozen part in evaluation mode, so that its
dropout and batch statistics stay still. Learning rates per layer are decided in `fusion`.
"""

from collections.abc import Sized
from typing import Literal, cast

from torch import nn

__all__ = [
    "FreezeLevel",
    "apply_freeze_level",
    "hold_frozen_parts_still",
    "parse_freeze_level",
]

FreezeLevel = int | Literal["frozen", "all"]
"""`"frozen"`, `"all"`, or how many of the last layers are trained."""

# Where networks of transformers and timm keep their stack of layers, tried in this order.
_STACKS: tuple[str, ...] = (
    "encoder.layer",  # BERT, RoBERTa, ELECTRA
    "encoder.layers",
    "transformer.layer",  # DistilBERT
    "layers",  # ModernBERT, Swin
    "blocks",  # timm ViT, EfficientNet
    "stages",  # timm ConvNeXt
)


def parse_freeze_level(value: str | int) -> FreezeLevel:
    """Read a freeze level as it stands in a configuration or on a command line.

    Raises:
        ValueError: If it is neither a word of the list nor a number of layers.

    Example:
        >>> parse_freeze_level("2"), parse_freeze_level("all")
        (2, 'all')
    """
    if value in ("frozen", "all"):
        return cast(FreezeLevel, value)
    text = str(value)
    if text.isascii() and text.isdigit():
        return int(text)
    raise ValueError(
        f"freeze: {value!r}; needs 'frozen', 'all' or the number of last layers to train"
    )


def apply_freeze_level(network: nn.Module, level: FreezeLevel) -> tuple[str, ...]:
    """Set which parameters of `network` are trained.

    With a number n, the last n layers of the stack are trained and so is what comes after the
    stack (final norm, head); everything before it (embeddings, patch projection) is frozen.

    Args:
        network: A BERT of transformers, a ViT or another network of timm.
        level: `"frozen"`, `"all"` or the number of last layers; 0 is the same as `"frozen"`.

    Returns:
        The names of the trained parameters, in the order of the network.

    Raises:
        ValueError: If the network has fewer layers, or no stack of layers is found in it.
    """
    level = parse_freeze_level(level)
    names = [name for name, _ in network.named_parameters()]
    if level == "all":
        trained = set(names)
    elif level in ("frozen", 0):
        trained = set()
    else:
        trained = _last_layers(network, names, int(level))
    for name, parameter in network.named_parameters():
        parameter.requires_grad_(name in trained)
    return tuple(name for name in names if name in trained)


def hold_frozen_parts_still(network: nn.Module) -> None:
    """Put every part without a trained parameter into evaluation mode.

    Called after `train(True)`: dropout and batch norm of frozen layers must not move, or the same
    input would give another embedding at each step.
    """
    parameters = list(network.parameters())
    if parameters and not any(parameter.requires_grad for parameter in parameters):
        network.eval()
        return
    for child in network.children():
        hold_frozen_parts_still(child)


def _last_layers(network: nn.Module, names: list[str], n_layers: int) -> set[str]:
    path, depth = _stack_of(network)
    if n_layers > depth:
        raise ValueError(f"freeze: {n_layers} layers asked of a stack of {depth} ({path})")
    inside = [i for i, name in enumerate(names) if name.startswith(f"{path}.")]
    kept = {
        name
        for name in names
        if name.startswith(f"{path}.")
        and int(name[len(path) + 1 :].split(".", 1)[0]) >= depth - n_layers
    }
    # Registration order is the order of computation in both libraries: what follows the stack
    # reads its output.
    return kept | set(names[inside[-1] + 1 :])


def _stack_of(network: nn.Module) -> tuple[str, int]:
    for path in _STACKS:
        try:
            stack = network.get_submodule(path)
        except AttributeError:
            continue
        if isinstance(stack, nn.ModuleList | nn.Sequential):
            return path, len(cast(Sized, stack))
    raise ValueError(
        f"freeze: no stack of layers found in {type(network).__name__} (looked for "
        f"{', '.join(_STACKS)}); use 'frozen' or 'all'"
    )
