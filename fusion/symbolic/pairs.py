r"""Features of a (disease, treatment) pair, computed without the treatments of the disease's kin.

Decides what a treatment scorer may know. Every feature of a labelled disease is made as if the
disease and its kin (`fusion.symbolic.kin`) had no treatment, so that a feature never holds its own
label and looks in training as it does for a disease whose family has none. A disease without labels
sees all others. Features are weights over other diseases times their labels, spread over similar
treatments; the kernel ridge is the two-sided form

.. math:: F = K_{q,L} (K_L + \lambda I)^{-1} Y K_T

with `K_L` the mean of the disease kernels and `K_T` that of the treatment kernels (after the
Kronecker regularised least squares of van Laarhoven et al. 2011, doi:10.1093/bioinformatics/btr500).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from kg.snapshot import GraphSnapshot

from .kernels import DISEASE_KINDS
from .kin import Kin
from .pair_knowledge import PairKnowledge
from .ridge import ForgettingRidge
from .treatments import TreatmentCatalogue, TreatmentLabels

__all__ = ["PAIR_FEATURES", "PairFeatures", "PairOptions"]

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int32]

_KINDS = ("text", *DISEASE_KINDS)
_SPREADS = ("target", "class", "adverse event", "ingredient", "name", "text")

PAIR_FEATURES = (
    "log degree",
    "log contraindication degree",
    *(f"{kind} neighbours" for kind in _KINDS),
    *(f"nearest {kind} neighbour" for kind in _KINDS),
    "mean text similarity",
    "kernel ridge",
    "kernel ridge through similar treatments",
    *(f"neighbours by {kind} of treatments" for kind in _SPREADS),
    "nearest neighbour through similar treatments",
    "contraindicated in text neighbours",
    "contraindicated in hierarchy neighbours",
    "nearest contraindicated neighbour",
    "contraindication ridge",
    "contraindication ridge through similar treatments",
    "shared gene and target",
    "disease text and treatment text",
    "is a drug",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PairOptions:
    """Settings of the pair features.

    Attributes:
        n_neighbours: Diseases that a neighbour feature looks at.
        sharpness: Weight of a text neighbour is `exp(sharpness * (cosine - 1))`.
        text_width: The text kernel of the ridge is `exp(text_width * (cosine - 1))`.
        ridge: Regularisation of the kernel ridge.
        near_name: Text cosine from which another disease is kin.
        family: Parents, children and siblings are kin.
        treatment_text: Use the texts of treatments.
        treatment_classes: Use classes and adverse events of drugs.
    """

    n_neighbours: int = 20
    sharpness: float = 12.0
    text_width: float = 5.0
    ridge: float = 0.3
    near_name: float = 0.75
    family: bool = True
    treatment_text: bool = True
    treatment_classes: bool = True


class _Side:
    """The diseases with one kind of label, ready to be weighed and multiplied."""

    def __init__(
        self, labels: Any, labelled: IntArray, knowledge: PairKnowledge, options: PairOptions
    ) -> None:
        own = labels[labelled]
        self.members: IntArray = np.flatnonzero(np.diff(own.indptr) > 0).astype(np.int32)
        self.nodes = labelled[self.members]
        self.labels = own[self.members].tocsr()
        self.degree: FloatArray = np.asarray(self.labels.sum(axis=0), np.float32).ravel()
        columns = self.labels.tocsc()
        columns.sort_indices()
        self._holders, self._starts = columns.indices, columns.indptr[:-1]
        self._filled = np.flatnonzero(np.diff(columns.indptr) > 0)
        self.position = np.full(len(labelled), -1, dtype=np.int32)
        self.position[self.members] = np.arange(len(self.members), dtype=np.int32)
        self.ridge: ForgettingRidge | None = None
        if len(self.nodes):
            every = {kind: knowledge.similarity(kind, self.nodes, self.nodes) for kind in _KINDS}
            self.ridge = ForgettingRidge(mean_kernel(every, options), ridge=options.ridge)

    def hide(self, kin: Sequence[IntArray]) -> list[IntArray]:
        """Positions among the labelled to positions here."""
        found = [self.position[group] for group in kin]
        return [group[group >= 0] for group in found]

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


def mean_kernel(similarity: dict[str, FloatArray], options: PairOptions) -> FloatArray:
    """Kernel of the ridge from the similarities of each kind."""
    total = np.exp(options.text_width * (similarity["text"] - 1.0))
    for kind in DISEASE_KINDS:
        total += similarity[kind]
    mean: FloatArray = (total / np.float32(len(_KINDS))).astype(np.float32)
    return mean


class PairFeatures:
    """Features of any disease against all treatments.

    Args:
        snapshot: The graph.
        catalogue: The treatments, columns of every result.
        text: Unit-length text embedding of every node, `[n_nodes, d_text]`.
        options: Settings.
        labels: What is known of pairs; None for all that the graph says.
        knowledge: Made before from the same graph, catalogue and text; None makes it.

    Attributes:
        labelled: Nodes with a label, ascending.
        indicated: `[n_labelled, n_treatments]`.
        forbidden: `[n_labelled, n_treatments]`.
    """

    names = PAIR_FEATURES

    def __init__(
        self,
        snapshot: GraphSnapshot,
        catalogue: TreatmentCatalogue,
        text: FloatArray,
        options: PairOptions | None = None,
        *,
        labels: TreatmentLabels | None = None,
        knowledge: PairKnowledge | None = None,
    ) -> None:
        self.catalogue = catalogue
        self.options = options or PairOptions()
        self.knowledge = knowledge or PairKnowledge.from_snapshot(
            snapshot,
            catalogue,
            text,
            treatment_text=self.options.treatment_text,
            treatment_classes=self.options.treatment_classes,
        )
        known = labels or TreatmentLabels.from_snapshot(snapshot, catalogue)
        self.labelled: IntArray = known.labelled
        self.indicated: npt.NDArray[np.bool_] = known.indicated[self.labelled].toarray() > 0
        self.forbidden: npt.NDArray[np.bool_] = known.forbidden[self.labelled].toarray() > 0
        self._is_labelled = np.zeros(snapshot.n_nodes, dtype=bool)
        self._is_labelled[self.labelled] = True
        self._kin = Kin(
            snapshot,
            self.labelled,
            text,
            near_name=self.options.near_name,
            family=self.options.family,
        )
        self._good = _Side(known.indicated, self.labelled, self.knowledge, self.options)
        self._bad = _Side(known.forbidden, self.labelled, self.knowledge, self.options)

    @property
    def n_features(self) -> int:
        """Length of the last axis of `compute`."""
        return len(self.names)

    def kin(self, disease: int) -> IntArray:
        """Positions in `labelled` of what the features of a disease are made without."""
        empty = np.zeros(0, dtype=np.int32)
        return self._kin.of(disease) if self._is_labelled[disease] else empty

    def compute(self, diseases: IntArray) -> FloatArray:
        """Features of each disease node against all treatments.

        Args:
            diseases: Node positions, `[n_diseases]`.

        Returns:
            `[n_diseases, n_treatments, n_features]`, float32, in the order of `PAIR_FEATURES`.
        """
        nodes = np.asarray(diseases, dtype=np.int32)
        kin = [self.kin(node) for node in nodes.tolist()]
        columns = {**self._indicated_columns(nodes, kin), **self._forbidden_columns(nodes, kin)}
        genes = self.knowledge.diseases["gene"][nodes]
        columns["shared gene and target"] = (genes @ self.knowledge.targets).toarray()
        if self.knowledge.treatment_text is not None:
            cosine = self.knowledge.text[nodes] @ self.knowledge.treatment_text.T
            columns["disease text and treatment text"] = cosine
        columns["is a drug"] = self.catalogue.is_drug[None, :]
        shape = (len(nodes), len(self.catalogue), self.n_features)
        out = np.zeros(shape, dtype=np.float32)
        for at, name in enumerate(self.names):
            if name in columns:
                out[:, :, at] = columns[name]
        return out

    def _indicated_columns(self, nodes: IntArray, kin: Sequence[IntArray]) -> dict[str, FloatArray]:
        side, knowledge, options = self._good, self.knowledge, self.options
        if side.ridge is None:
            return {}
        hidden = side.hide(kin)
        out = {"log degree": _log_degree(side, hidden)}
        every = {kind: knowledge.similarity(kind, nodes, side.nodes) for kind in _KINDS}
        kernel = mean_kernel(every, options)
        for similarity in every.values():
            _set_hidden(similarity, hidden, 0.0)
        total = np.zeros((len(nodes), len(self.catalogue)), dtype=np.float32)
        for kind, similarity in every.items():
            weights = neighbour_weights(kind, similarity, options)
            scores = side.spread(weights)
            out[f"{kind} neighbours"] = scores
            out[f"nearest {kind} neighbour"] = side.nearest(similarity)
            total += scores
        _mean = side.spread(every["text"])
        out["mean text similarity"] = _mean / np.maximum(np.expm1(out["log degree"]), 1.0)
        ridge = side.spread(side.ridge.weights(kernel, hidden))
        out["kernel ridge"] = ridge
        out["kernel ridge through similar treatments"] = ridge @ knowledge.similar
        total += ridge
        for kind, nearest in knowledge.nearest.items():
            out[f"neighbours by {kind} of treatments"] = (nearest @ total.T).T
        best = out["nearest text neighbour"]
        out["nearest neighbour through similar treatments"] = np.asarray(
            best @ knowledge.similar
        ) / knowledge.similar.sum(axis=0)
        return out

    def _forbidden_columns(self, nodes: IntArray, kin: Sequence[IntArray]) -> dict[str, FloatArray]:
        side, knowledge, options = self._bad, self.knowledge, self.options
        if side.ridge is None:
            return {}
        hidden = side.hide(kin)
        every = {kind: knowledge.similarity(kind, nodes, side.nodes) for kind in _KINDS}
        kernel = mean_kernel(every, options)
        for similarity in every.values():
            _set_hidden(similarity, hidden, 0.0)
        ridge = side.spread(side.ridge.weights(kernel, hidden))
        text = neighbour_weights("text", every["text"], options)
        above = neighbour_weights("hierarchy", every["hierarchy"], options)
        return {
            "log contraindication degree": _log_degree(side, hidden),
            "contraindicated in text neighbours": side.spread(text),
            "contraindicated in hierarchy neighbours": side.spread(above),
            "nearest contraindicated neighbour": side.nearest(every["text"]),
            "contraindication ridge": ridge,
            "contraindication ridge through similar treatments": ridge @ knowledge.similar,
        }


def neighbour_weights(kind: str, similarity: FloatArray, options: PairOptions) -> FloatArray:
    """Weights of the nearest diseases, each row summing to at most 1.

    Args:
        kind: `text` is weighed exponentially, the others by the square.
        similarity: `[n_queries, n_known]`, 0 for what must not be known.
        options: Settings.
    """
    n = min(options.n_neighbours, similarity.shape[1])
    cut = np.partition(similarity, -n, axis=1)[:, -n][:, None]
    near = (similarity >= cut) & (similarity > 0)
    if kind == "text":
        weight = np.where(near, np.exp(options.sharpness * (similarity - 1.0)), 0.0)
    else:
        weight = np.where(near, similarity**2, 0.0)
    total = weight.sum(axis=1, keepdims=True)
    scaled: FloatArray = (weight / np.maximum(total, 1e-9)).astype(np.float32)
    return scaled


def _log_degree(side: _Side, hidden: Sequence[IntArray]) -> FloatArray:
    """Log of one plus the diseases that carry each treatment, without the hidden ones."""
    own = [np.asarray(side.labels[group].sum(axis=0)).ravel() for group in hidden]
    return np.log1p(side.degree[None, :] - np.stack(own)).astype(np.float32)


def _set_hidden(table: FloatArray, hidden: Sequence[IntArray], value: float) -> None:
    for row, group in enumerate(hidden):
        table[row, group] = value
