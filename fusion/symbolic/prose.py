"""What is written of a treatment, and of what it is made of.

Decides that a combination, a salt or a product is read as its ingredients are, beside its own text:
a fifth of the treatments that labels name have no text themselves and a part that has.
"""

from collections import defaultdict

import numpy as np
import numpy.typing as npt

from kg.snapshot import GraphSnapshot
from kg.vocabulary import NodeType, Predicate

from .mentions import MENTION_FEATURES, Mentions

__all__ = ["PROSE_FEATURES", "Prose", "with_parts"]

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int32]

PROSE_FEATURES: tuple[str, ...] = (
    *MENTION_FEATURES,
    *(f"{name} with parts" for name in MENTION_FEATURES),
    "disease name and text with parts",
    "disease text and nearest text of a part",
    "disease text and text with parts",
)
"""Names of the features, in their order."""


class Prose:
    """`PROSE_FEATURES` of any disease against all treatments.

    Args:
        snapshot: The graph.
        treatments: Nodes of the treatments.
        text: Unit-length text embedding of every node.
        names: Unit-length embedding of the bare name of every node.
    """

    def __init__(
        self, snapshot: GraphSnapshot, treatments: IntArray, text: FloatArray, names: FloatArray
    ) -> None:
        self._text, self._names = text, names
        groups = with_parts(snapshot, treatments)
        said = {node: snapshot.node(node).definition for group in groups for node in group}
        self._own = Mentions(snapshot, [said[group[0]] for group in groups])
        self._whole = Mentions(snapshot, [" . ".join(said[node] for node in g) for g in groups])
        self._parts = text[np.concatenate(groups)]
        self._starts = np.cumsum([0, *map(len, groups)])[:-1]
        mean = np.add.reduceat(self._parts, self._starts, axis=0)
        length = np.linalg.norm(mean, axis=1, keepdims=True)
        self._mean: FloatArray = (mean / np.maximum(length, 1e-9)).astype(np.float32)

    def of(self, nodes: IntArray) -> FloatArray:
        """`[n_nodes, n_treatments, len(PROSE_FEATURES)]`."""
        cosine = self._text[nodes] @ self._parts.T
        alike = (
            self._names[nodes] @ self._mean.T,
            np.maximum.reduceat(cosine, self._starts, axis=1),
            self._text[nodes] @ self._mean.T,
        )
        mentions = [self._own.of(nodes), self._whole.of(nodes)]
        return np.concatenate([*mentions, np.stack(alike, axis=2)], axis=2)


def with_parts(snapshot: GraphSnapshot, treatments: IntArray) -> list[list[int]]:
    """Each treatment followed by what it is made of."""
    edges = snapshot.edges(Predicate.HAS_PART, head_type=NodeType.DRUG)
    parts: dict[int, list[int]] = defaultdict(list)
    for whole, part in zip(edges.head.tolist(), edges.tail.tolist(), strict=True):
        parts[whole].append(part)
    return [[node, *dict.fromkeys(parts[node])] for node in treatments.tolist()]
