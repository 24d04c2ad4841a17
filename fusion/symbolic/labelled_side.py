"""The diseases that carry one kind of label, ready to be compared with and learnt from.

Decides how a disease is compared with those of known treatment (neighbours, nearest one, kernel
ridge, similar treatment profiles) and how that becomes scores of treatments. Which of them a
disease must not know is decided by the caller; what becomes a feature in `fusion.symbolic.pairs`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from .kernels import DISEASE_KINDS
from .pair_knowledge import PairKnowledge
from .ridge import ForgettingRidge

__all__ = ["ATTENTION_START", "COMBINED", "COMPARED", "LabelledSide", "neighbour_weights"]

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int32]

COMPARED: tuple[str, ...] = ("text", "name", *DISEASE_KINDS)
"""Ways in which two diseases are compared."""

COMBINED = {"text": 1.0, "name": 1.0, "word": 1.0, "hierarchy": 0.5}
"""Share of each comparison in the combined one."""

ATTENTION_START = (8.0, 8.0, 4.0, 1.0, 1.0, 8.0, 0.0)
"""Where learnt attention starts: weights of `COMPARED` and of the number of labels."""

_KERNEL = {"text": 2.0, "name": 2.0, "word": 1.0, "hierarchy": 1.0, "phenotype": 1.0, "gene": 0.25}
_EMBEDDED = ("text", "name")


class LabelledSide:
    """Diseases with one kind of label.

    Args:
        labels: 0/1 CSR `[n_nodes, n_treatments]`.
        labelled: Nodes that carry any label; positions of hidden diseases are among these.
        knowledge: Similarities.
        text_width: The text kernel of the ridge is `exp(text_width * (cosine - 1))`.
        ridge: Regularisation of the kernel ridge.

    Attributes:
        nodes: Those that carry this kind.
        labels: Their rows.
        scaled_labels: The same divided by the square root of the number in the row.
    """

    def __init__(
        self,
        labels: Any,
        labelled: IntArray,
        knowledge: PairKnowledge,
        *,
        text_width: float,
        ridge: float,
    ) -> None:
        own = labels[labelled]
        members = np.flatnonzero(np.diff(own.indptr) > 0)
        self.nodes: IntArray = labelled[members]
        self.labels = own[members].tocsr()
        self._text_width = text_width
        self._position = np.full(len(labelled), -1, dtype=np.int32)
        self._position[members] = np.arange(len(members), dtype=np.int32)
        count = np.maximum(np.asarray(self.labels.sum(axis=1)).ravel(), 1.0)
        self.scaled_labels: Any = (sparse.diags(1.0 / np.sqrt(count)) @ self.labels).tocsr()
        self._log_count = (np.log(count) / 3.0).astype(np.float32)
        self._degree: FloatArray = np.asarray(self.labels.sum(axis=0), np.float32).ravel()
        columns = self.labels.tocsc()
        columns.sort_indices()
        self._holders, self._starts = columns.indices, columns.indptr[:-1]
        self._filled = np.flatnonzero(np.diff(columns.indptr) > 0)
        described = knowledge.describe(self.nodes)
        self._described = {kind: described[kind].T for kind in COMPARED}
        for kind in DISEASE_KINDS:
            self._described[kind] = self._described[kind].tocsr()
        every = self.compare(described)
        self._ridge = ForgettingRidge(self._kernel(every), ridge=ridge) if len(members) else None

    def __len__(self) -> int:
        return len(self.nodes)

    def hide(self, kin: Sequence[IntArray]) -> list[IntArray]:
        """Positions among the labelled to positions here."""
        found = [self._position[group] for group in kin]
        return [group[group >= 0] for group in found]

    def compare(self, described: Mapping[str, Any]) -> dict[str, FloatArray]:
        """Similarity of queries with each disease here, by every kind of `COMPARED`.

        Args:
            described: What `PairKnowledge.describe` says of the queries.
        """
        out: dict[str, FloatArray] = {}
        for kind in COMPARED:
            product = described[kind] @ self._described[kind]
            out[kind] = product if kind in _EMBEDDED else product.toarray()
        return out

    def attention_inputs(self, every: Mapping[str, FloatArray]) -> FloatArray:
        """What learnt attention sees, `[n_queries, n_known, len(ATTENTION_START)]`.

        Args:
            every: What `compare` gives.
        """
        shape = every["text"].shape
        columns = [*(every[kind] for kind in COMPARED), np.broadcast_to(self._log_count, shape)]
        return np.stack(columns, axis=-1).astype(np.float32)

    def ridge_weights(
        self, every: Mapping[str, FloatArray], hidden: Sequence[IntArray]
    ) -> FloatArray:
        """Weights of the kernel ridge, 0 for hidden diseases."""
        if self._ridge is None:
            raise ValueError("no disease carries this kind of label")
        weights: FloatArray = self._ridge.weights(self._kernel(every), hidden)
        return weights

    def log_degree(self, hidden: Sequence[IntArray]) -> FloatArray:
        """Log of one plus the diseases that carry each treatment, the hidden ones not counted."""
        rows = np.repeat(np.arange(len(hidden)), [len(group) for group in hidden])
        columns = np.concatenate([*hidden, np.zeros(0, dtype=np.int32)])
        shape = (len(hidden), len(self))
        ones = np.ones(len(rows), dtype=np.float32)
        own = sparse.csr_matrix((ones, (rows, columns)), shape=shape) @ self.labels
        left: FloatArray = np.log1p(self._degree[None, :] - own.toarray()).astype(np.float32)
        return left

    def nearest(self, similarity: FloatArray) -> FloatArray:
        """Largest similarity over the diseases that carry each treatment, 0 where none does."""
        out = np.zeros((len(similarity), self.labels.shape[1]), dtype=np.float32)
        if len(self._filled):
            held = similarity[:, self._holders]
            out[:, self._filled] = np.maximum.reduceat(held, self._starts[self._filled], axis=1)
        return np.maximum(out, 0.0)

    def spread(self, weights: FloatArray) -> FloatArray:
        """Weights over diseases to scores of treatments."""
        scores: FloatArray = np.asarray(weights @ self.labels, dtype=np.float32)
        return scores

    def spread_each(self, weights: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
        """`spread` for several weights of the same queries, in one product."""
        scores = self.spread(np.concatenate(list(weights.values())))
        return dict(zip(weights, np.split(scores, len(weights)), strict=True))

    def profile_weights(
        self, scores: FloatArray, log_degree: FloatArray, hidden: Sequence[IntArray]
    ) -> FloatArray:
        """Weights of diseases whose treatments look like those that scores foretell.

        Squared cosine of the squared scores and the labels, both weighted by the rarity of the
        treatment; rows sum to at most 1.

        Args:
            scores: Scores of treatments for each query, made without the hidden diseases.
            log_degree: Without the hidden diseases either.
            hidden: For each query the positions it must not know.
        """
        rarity = np.log(len(self)) - log_degree
        wanted = np.maximum(scores, 0.0) ** 2 * rarity**2
        length = np.sqrt(np.asarray(self.labels @ (rarity**2).T).T)
        alike = np.asarray(self.labels @ wanted.T).T / np.maximum(length, 1e-6)
        for row, group in enumerate(hidden):
            alike[row, group] = 0.0
        return _scaled(alike**2)

    def _kernel(self, every: Mapping[str, FloatArray]) -> FloatArray:
        total = np.zeros_like(every["text"])
        for kind, weight in _KERNEL.items():
            cosine = every[kind]
            width = self._text_width
            total += weight * (np.exp(width * (cosine - 1.0)) if kind in _EMBEDDED else cosine)
        mean: FloatArray = (total / np.float32(sum(_KERNEL.values()))).astype(np.float32)
        return mean


def neighbour_weights(
    similarity: FloatArray, *, n_neighbours: int, sharpness: float | None = None
) -> FloatArray:
    """Weights of the nearest diseases, each row summing to at most 1.

    Args:
        similarity: `[n_queries, n_known]`, 0 for what must not be known.
        n_neighbours: How many are looked at; ties at the edge count.
        sharpness: Weight is `exp(sharpness * similarity)`; None squares the similarity.
    """
    near = similarity > 0
    for own, values in zip(near, similarity, strict=True):
        above = values[own]
        if len(above) > n_neighbours:
            own &= values >= np.partition(above, -n_neighbours)[-n_neighbours]
    if sharpness is None:
        return _scaled(np.where(near, similarity**2, 0.0))
    top = similarity.max(axis=1, keepdims=True)
    return _scaled(np.where(near, np.exp(sharpness * (similarity - top)), 0.0))


def _scaled(weight: FloatArray) -> FloatArray:
    total = weight.sum(axis=1, keepdims=True)
    scaled: FloatArray = (weight / np.maximum(total, 1e-9)).astype(np.float32)
    return scaled
