"""Names of a whole catalogue to vectors: once per text, in good batches, kept in a cache.

Decides order, precision and caching. Each text is one window of the encoder (what follows is not
read), and no gradient comes back; notes of patients go through `TextEncoder.forward` instead.
"""

import sys
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from jaxtyping import Float
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from .cache import EmbeddingCache, embedding_key
from .precision import autocast, fastest_dtype
from .text import TextEncoder

__all__ = ["embed_texts"]

_TEXTS_PER_STEP = 2048  # between two writes to the cache and two moves of the bar


def embed_texts(
    texts: Sequence[str],
    encoder: TextEncoder,
    cache: EmbeddingCache | None = None,
    *,
    dtype: torch.dtype | None = None,
    progress: bool | None = None,
) -> Float[np.ndarray, "n_texts d_model"]:
    """Embed texts with the encoder as it stands, in evaluation mode.

    Args:
        texts: Labels, synonyms, definitions; equal ones are embedded once.
        encoder: Its weights are part of the cache key, so a trained one gets its own entries.
        cache: Where embeddings are looked up and kept; None keeps none.
        dtype: Precision of the network; None is the fastest that the device has.
        progress: Show a bar on standard error; None shows it on a terminal.

    Returns:
        One row per text in the order given, not normalised; a blank text is a row of zeros.
    """
    dtype = dtype or fastest_dtype(encoder.device)
    result = np.zeros((len(texts), encoder.d_model), dtype=np.float32)
    distinct = list(dict.fromkeys(text for text in texts if text and not text.isspace()))
    if not distinct:
        return result
    vectors = np.zeros((len(distinct), encoder.d_model), dtype=np.float32)
    missing = np.arange(len(distinct))
    keys: list[bytes] = []
    if cache is not None:
        # Precision changes the last digits: a hit must equal what would be computed here.
        recipe = f"{encoder.recipe()} {dtype}"
        keys = [embedding_key(recipe, text) for text in distinct]
        found, vectors = cache.find(keys)
        missing = np.flatnonzero(~found)
    if len(missing):
        _embed_missing(distinct, missing, vectors, keys, encoder, cache, dtype, progress)
    place = {text: i for i, text in enumerate(distinct)}
    rows = np.array([place.get(text, -1) for text in texts], dtype=np.int64)
    result[rows >= 0] = vectors[rows[rows >= 0]]
    return result


def _embed_missing(
    texts: list[str],
    missing: npt.NDArray[np.int64],
    vectors: npt.NDArray[np.float32],
    keys: list[bytes],
    encoder: TextEncoder,
    cache: EmbeddingCache | None,
    dtype: torch.dtype,
    progress: bool | None,
) -> None:
    """Fill the missing rows of `vectors`, shortest texts first, and keep them."""
    windows = encoder.first_windows([texts[i] for i in missing])
    order = sorted(range(len(missing)), key=lambda i: len(windows[i]))
    shown = sys.stderr.isatty() if progress is None else progress
    was_training = encoder.training
    encoder.eval()
    try:
        with (
            _bar(shown) as bar,
            torch.inference_mode(),
            autocast(encoder.device, dtype),
        ):
            task = bar.add_task(f"text embeddings ({encoder.name})", total=len(order))
            for begin in range(0, len(order), _TEXTS_PER_STEP):
                step = order[begin : begin + _TEXTS_PER_STEP]
                rows = missing[step]
                vectors[rows] = encoder.embed_windows([windows[i] for i in step]).cpu().numpy()
                if cache is not None:
                    cache.add([keys[i] for i in rows], vectors[rows])
                bar.advance(task, len(step))
    finally:
        encoder.train(was_training)


def _bar(shown: bool) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=not shown,
    )
