"""Finding and reading a BERT: by local folder, by hub name, or the one a package carries.

Decides what happens without a network: a name that is neither local nor cached falls back to the
packaged MiniLM with a warning, and the encoder carries the name of what it really is. Code that
comes with a model is never run, and weights are read from safetensors or with `weights_only`.
"""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from .weights import EncoderError, EncoderFallbackWarning, hub_is_offline, packaged_minilm

__all__ = ["OFFLINE_TEXT_ENCODER", "TextNetwork", "open_text_network"]

OFFLINE_TEXT_ENCODER = "all-MiniLM-L6-v2"
"""Name under which the packaged encoder is asked for and recorded."""

_WITHOUT_POOLER = frozenset({"bert", "roberta", "xlm-roberta", "camembert"})


@dataclass(frozen=True, slots=True, kw_only=True)
class TextNetwork:
    """A network with its tokenizer.

    Attributes:
        name: What was really opened: hub name, folder, or `OFFLINE_TEXT_ENCODER`.
        network: The transformers model; its first output is one vector per token.
        tokenizer: A fast tokenizer (one that knows offsets).
        is_fallback: True if something else was asked for.
    """

    name: str
    network: nn.Module
    tokenizer: Any
    is_fallback: bool


def open_text_network(
    name: str | Path | None, *, load_weights: bool = True, fallback: bool = True
) -> TextNetwork:
    """Open a BERT of transformers.

    Args:
        name: Local folder or hub name; None is the packaged MiniLM.
        load_weights: False gives random weights, for weights that come from a checkpoint.
        fallback: Use the packaged MiniLM, with a warning, where the hub cannot be reached.

    Raises:
        EncoderError: If nothing can be opened.
    """
    if name is None or str(name) == OFFLINE_TEXT_ENCODER:
        return _read(packaged_minilm(), OFFLINE_TEXT_ENCODER, load_weights=load_weights, local=True)
    folder = Path(name)
    if folder.is_dir():
        return _read(folder, str(name), load_weights=load_weights, local=True)
    if isinstance(name, Path) or str(name).startswith((".", "/", "~")):
        raise EncoderError(f"text encoder {name}: no such folder; give a folder with config.json")
    offline = hub_is_offline()
    try:
        return _read(str(name), str(name), load_weights=load_weights, local=offline)
    except EncoderError as error:
        if not fallback:
            raise
        why = "the hub is switched off (HF_HUB_OFFLINE)" if offline else "the hub did not give it"
        warnings.warn(
            f"text encoder {name}: not in the local cache and {why}; using the packaged "
            f"{OFFLINE_TEXT_ENCODER} instead ({error.__cause__.__class__.__name__})",
            EncoderFallbackWarning,
            stacklevel=3,
        )
    found = _read(packaged_minilm(), OFFLINE_TEXT_ENCODER, load_weights=load_weights, local=True)
    return TextNetwork(
        name=found.name, network=found.network, tokenizer=found.tokenizer, is_fallback=True
    )


def _read(place: str | Path, name: str, *, load_weights: bool, local: bool) -> TextNetwork:
    # Imported here: transformers takes seconds, and encoders of other modalities do without.
    import transformers

    library: Any = transformers  # its factories are untyped

    try:
        with _quiet_transformers():
            tokenizer = library.AutoTokenizer.from_pretrained(
                place, local_files_only=local, trust_remote_code=False
            )
            config = library.AutoConfig.from_pretrained(
                place, local_files_only=local, trust_remote_code=False
            )
            # The pooler is unused here and would be a parameter that never gets a gradient.
            options = {"add_pooling_layer": False} if config.model_type in _WITHOUT_POOLER else {}
            if load_weights:
                network, info = library.AutoModel.from_pretrained(
                    place,
                    local_files_only=local,
                    trust_remote_code=False,
                    output_loading_info=True,
                    **options,
                )
                missing = [key for key in info["missing_keys"] if "pooler" not in key]
            else:
                network, missing = library.AutoModel.from_config(config, **options), []
    except Exception as error:  # each format of weights and tokenizer fails in its own way
        raise EncoderError(
            f"text encoder {name}: cannot be opened ({_first_line(error)}); give a folder with "
            "config.json, tokenizer and model.safetensors, or a name that the hub has"
        ) from error
    if missing:
        raise EncoderError(
            f"text encoder {name}: the weights lack {len(missing)} tensors of its configuration, "
            f"first {sorted(missing)[0]}; the folder is damaged or of another kind of model"
        )
    if not getattr(tokenizer, "is_fast", False):
        raise EncoderError(
            f"text encoder {name}: its tokenizer gives no offsets; add a tokenizer.json"
        )
    if getattr(network, "pooler", None) is not None:
        network.pooler = None
    network.float()
    return TextNetwork(name=name, network=network, tokenizer=tokenizer, is_fallback=False)


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__


@contextmanager
def _quiet_transformers() -> Iterator[None]:
    """Hold back load reports and bars: what matters of them is raised as an `EncoderError`."""
    from transformers.utils import logging as module

    library_logging: Any = module
    level = library_logging.get_verbosity()
    bars = library_logging.is_progress_bar_enabled()
    library_logging.set_verbosity(logging.CRITICAL)
    library_logging.disable_progress_bar()
    try:
        yield
    finally:
        library_logging.set_verbosity(level)
        if bars:
            library_logging.enable_progress_bar()
