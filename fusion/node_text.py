"""Embedding the names of all nodes, once per graph and text encoder.

Decides that nodes are embedded by the encoder as it was published, whatever of it is trained on
notes later: the vectors are then the same for every training, and the cache serves them.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from encoders import Chunking, EmbeddingCache, TextEncoder, default_cache_folder, embed_texts
from kg.snapshot import GraphSnapshot

from .config import ModelConfig
from .graph import embed_nodes

__all__ = ["embed_graph"]

_WINDOW_TOKENS = 96  # label, synonyms and the first sentence; what follows costs more than it says


def embed_graph(graph: GraphSnapshot, config: ModelConfig) -> npt.NDArray[np.float32]:
    """Text embedding of every node, zeros for nodes whose type has no text."""
    encoder = TextEncoder(
        config.text_encoder or None, chunking=Chunking(window_tokens=_WINDOW_TOKENS)
    ).eval()
    cache = EmbeddingCache(default_cache_folder(), d_model=encoder.d_model)
    return embed_nodes(
        graph,
        lambda texts: embed_texts(texts, encoder, cache),
        characters=config.node_text_characters,
    )
