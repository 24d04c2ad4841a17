"""Finding a network for images: any model of timm, with the weights that can be had.

Decides the offline default and what happens without weights. How pixels become tokens is decided
in `encoders.image`.
"""

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from .weights import (
    EncoderError,
    EncoderFallbackWarning,
    hub_is_offline,
    packaged_efficientnet,
)

__all__ = ["ImageNetwork", "default_image_encoder", "open_image_network"]

_EFFICIENTNET = "tf_efficientnet_lite0"
_SMALL_VIT = "vit_tiny_patch16_224"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageNetwork:
    """A network with the facts that its input needs.

    Attributes:
        name: Name in timm.
        network: Without a classification head.
        weights: Where its weights are from: "hub", "package", "random" or a file.
        width: Length of its feature vectors.
        mean: Channel means that it was trained with, for pixels in [0, 1].
        std: Channel standard deviations, likewise.
    """

    name: str
    network: nn.Module
    weights: str
    width: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]


def default_image_encoder() -> str:
    """What is used when no network is named.

    The EfficientNet-Lite0 of its package where that is installed, because a pretrained network
    beats a random one by far on few images; otherwise a small ViT that starts from nothing.
    """
    return _EFFICIENTNET if packaged_efficientnet() is not None else _SMALL_VIT


def open_image_network(
    name: str | None, *, weights: str | Path = "auto", size: int
) -> ImageNetwork:
    """Open a network of timm.

    Args:
        name: Name in timm; None is `default_image_encoder()`.
        weights: "auto" takes the package's or the hub's weights and warns where there are none;
            "hub" insists on the hub; "none" is random; anything else is a file (.safetensors, or
            .pth read with `weights_only`).
        size: Side of the square images; position embeddings are interpolated to it.

    Raises:
        EncoderError: If the name is unknown or the weights cannot be had or do not fit.
    """
    name = name or default_image_encoder()
    packaged = packaged_efficientnet() if name == _EFFICIENTNET else None
    if weights == "none":
        network, origin = _create(name, size=size, pretrained=False), "random"
    elif weights == "auto" and packaged is not None:
        network, origin = _create(name, size=size, pretrained=False), "package"
        _load_in_order(network, packaged)
    elif weights in ("auto", "hub"):
        network, origin = _from_hub(name, size=size, insist=weights == "hub")
    else:
        network, origin = _create(name, size=size, pretrained=False), str(weights)
        _load_file(network, Path(weights))
    described: Any = network  # timm adds attributes that nn.Module does not declare
    facts = getattr(described, "pretrained_cfg", {})
    mean, std = facts.get("mean", (0.5, 0.5, 0.5)), facts.get("std", (0.5, 0.5, 0.5))
    return ImageNetwork(
        name=name,
        network=network,
        weights=origin,
        width=int(described.num_features),
        mean=(float(mean[0]), float(mean[1]), float(mean[2])),
        std=(float(std[0]), float(std[1]), float(std[2])),
    )


def _create(name: str, *, size: int, pretrained: bool) -> nn.Module:
    # Imported here: timm takes a second, and encoders of other modalities do without.
    import timm

    if not timm.is_model(name):
        near = timm.list_models(f"*{name.split('_')[0]}*")[:3]
        hint = f"; near: {', '.join(near)}" if near else ""
        raise EncoderError(f"image encoder {name}: timm has no model of this name{hint}")
    attempts: tuple[dict[str, Any], ...] = (
        {"img_size": size, "dynamic_img_size": True},  # ViT
        {"img_size": size},  # Swin and its like
        {},  # convolutional networks take any size and know no such option
    )
    for sized in attempts:
        try:
            network = timm.create_model(name, pretrained=pretrained, num_classes=0, **sized)
        except TypeError:
            continue
        assert isinstance(network, nn.Module)  # noqa: S101  timm is untyped
        return network
    raise EncoderError(f"image encoder {name}: timm cannot make it without a head")


def _from_hub(name: str, *, size: int, insist: bool) -> tuple[nn.Module, str]:
    reason = "the hub is switched off (HF_HUB_OFFLINE) and has no cached copy"
    try:
        return _create(name, size=size, pretrained=True), "hub"
    except EncoderError:
        raise
    except (OSError, RuntimeError, ValueError) as error:
        if not hub_is_offline():
            reason = f"the hub did not give them ({type(error).__name__})"
        if insist:
            raise EncoderError(
                f"image encoder {name}: no pretrained weights, {reason}; "
                "give a weights file or weights='none'"
            ) from error
    warnings.warn(
        f"image encoder {name}: no pretrained weights, {reason}; it starts from random ones",
        EncoderFallbackWarning,
        stacklevel=4,
    )
    return _create(name, size=size, pretrained=False), "random"


def _load_in_order(network: nn.Module, path: Path) -> None:
    """Fill `network` from a file of other names but the same tensors in the same order."""
    tensors = list(_read_tensors(path).values())
    own = network.state_dict()
    # The file ends with the classifier, which the network here does not have.
    matched = list(zip(own.items(), tensors, strict=False))
    if len(tensors) != len(own) + 2 or any(a.shape != b.shape for (_, a), b in matched):
        raise EncoderError(f"image weights {path}: not the tensors of this network; reinstall it")
    network.load_state_dict({key: tensor for (key, _), tensor in matched})


def _load_file(network: nn.Module, path: Path) -> None:
    from timm.models import clean_state_dict

    tensors: Any = clean_state_dict(_read_tensors(path))
    try:
        found = network.load_state_dict(_vit_filter(tensors, network), strict=False)
    except RuntimeError as error:
        raise EncoderError(
            f"image weights {path}: shapes differ from the network's; name the model they are of"
        ) from error
    if found.missing_keys:
        raise EncoderError(
            f"image weights {path}: {len(found.missing_keys)} tensors are missing, first "
            f"{found.missing_keys[0]}; name the model that they are of"
        )


def _vit_filter(tensors: dict[str, Tensor], network: nn.Module) -> dict[str, Tensor]:
    """Interpolate position embeddings of a ViT file to the size of `network`."""
    from timm.models.vision_transformer import VisionTransformer, checkpoint_filter_fn

    if not isinstance(network, VisionTransformer):
        return tensors
    reshaped: dict[str, Tensor] = checkpoint_filter_fn(tensors, network)
    return reshaped


def _read_tensors(path: Path) -> dict[str, Tensor]:
    if not path.is_file():
        raise EncoderError(f"image weights {path}: no such file")
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # damaged files fail in many ways, all of them meaning the same
        raise EncoderError(
            f"image weights {path}: cannot be read ({type(error).__name__}); needs .safetensors or "
            "a .pth that holds tensors only"
        ) from error
    tensors = loaded.get("state_dict", loaded) if isinstance(loaded, dict) else {}
    if not tensors or not all(isinstance(value, Tensor) for value in tensors.values()):
        raise EncoderError(f"image weights {path}: holds no table of tensors")
    return tensors
