"""Embedding the texts of all nodes and the bare names of diseases, once per graph and text encoder.

Decides that nodes are embedded by the encoder as it was published, whatever of it is trained on
notes later: the vectors are then the same for every training, and the cache serves them.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from encoders import Chunking, EmbeddingCache, TextEncoder, default_cache, embed_texts
from kg.snapshot import GraphSnapshot
from kg.vocabulary import NodeType

from .config import ModelConfig
from .graph import TREATMENT_PREDICATES, embed_nodes

__all__ = ["embed_graph", "embed_names"]

_WINDOW_TOKENS = 96  # label, synonyms and the first sentence; what follows costs more than it says


def embed_graph(graph: GraphSnapshot, config: ModelConfig) -> npt.NDArray[np.float32]:
    """Text embedding of every node, zeros for nodes whose type has no text."""
    encoder, cache = _open(config)
    return embed_nodes(
        graph,
        lambda texts: embed_texts(texts, encoder, cache),
        characters=config.node_text_characters,
    )


def embed_names(
    graph: GraphSnapshot, config: ModelConfig, text: npt.NDArray[np.floating]
) -> npt.NDArray[np.float32]:
    """Embedding of the label alone, for diseases and whatever else has a treatment.

    A label says which disease it is; synonyms and definition blur that. Other nodes keep their row
    of `text`.

    Args:
        graph: The snapshot.
        config: Names the text encoder.
        text: What `embed_graph` gives.
    """
    encoder, cache = _open(config)
    treated = [graph.edges(predicate, negated=None).tail for predicate in TREATMENT_PREDICATES]
    named = np.unique(np.concatenate([graph.nodes_of(NodeType.DISEASE), *treated]))
    named = np.asarray([node for node in named.tolist() if graph.labels[node]], dtype=np.int64)
    names = np.array(text, dtype=np.float32)
    if len(named):
        names[named] = embed_texts([graph.labels[node] for node in named.tolist()], encoder, cache)
    return names


def _open(config: ModelConfig) -> tuple[TextEncoder, EmbeddingCache | None]:
    encoder = TextEncoder(
        config.text_encoder or None, chunking=Chunking(window_tokens=_WINDOW_TOKENS)
    ).eval()
    return encoder, default_cache(encoder.d_model)
