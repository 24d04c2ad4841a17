r"""Features of a (disease, treatment) pair, computed without the treatments of the disease's kin.

Decides what a treatment scorer may know. Every feature of a labelled disease is made as if the
disease and its kin (`fusion.symbolic.kin`) had no treatment, so that a feature never holds its own
label and looks in training as it does for a disease whose family has none. A disease without labels
sees all others. Features are weights over other diseases times their labels, some spread over
similar treatments; descriptions of diseases are eked out by those of like text
(`fusion.symbolic.borrowing`); the kernel ridge is the two-sided form

.. math:: F = K_{q,L} (K_L + \lambda I)^{-1} Y (I + K_T)

with `K_L` the mean of the disease kernels and `K_T` that of the treatment kernels (after the
Kronecker regularised least squares of van Laarhoven et al. 2011, doi:10.1093/bioinformatics/btr500).
"""  # noqa: E501

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from kg.snapshot import GraphSnapshot

from .attended_features import ATTENDED, ATTENDED_FEATURES, RIDGE, attended_columns
from .attention import AttentionOptions, DiseaseAttention
from .kernels import TREATMENT_KINDS
from .kin import Kin
from .labelled_side import ATTENTION_START, COMBINED, COMPARED, LabelledSide, neighbour_weights
from .pair_knowledge import PairKnowledge
from .treatments import TreatmentCatalogue, TreatmentLabels

__all__ = ["ATTENDED_FEATURES", "PAIR_FEATURES", "PairAttention", "PairFeatures", "PairOptions"]

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int32]
_Columns = dict[str, npt.NDArray[np.floating]]

PAIR_FEATURES: tuple[str, ...] = (
    "log degree",
    "log contraindication degree",
    *(f"{kind} neighbours" for kind in (*COMPARED, "combined", "treatment profile")),
    *(f"nearest {kind} neighbour" for kind in (*COMPARED, "combined")),
    "mean text similarity",
    "kernel ridge",
    "kernel ridge through similar treatments",
    *(f"ridge by {kind} of treatments" for kind in (*TREATMENT_KINDS, "text")),
    "nearest neighbour through similar treatments",
    "contraindicated in text neighbours",
    "contraindicated in hierarchy neighbours",
    "contraindicated in combined neighbours",
    "nearest contraindicated neighbour",
    "contraindication ridge",
    "contraindication ridge through similar treatments",
    "shared gene and target",
    "disease text and treatment text",
    "name mentioned in treatment text",
    "is a drug",
)
"""Names of the features, in their order."""

_RECEIVED = "nearest neighbour through similar treatments"  # without the treatment's own
_PROFILE = "treatment profile neighbours"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PairAttention:
    """Learnt attention over diseases with an indication and over those with a contraindication.

    Attributes:
        good: Over the former.
        bad: Over the latter; None when there are none.
    """

    good: DiseaseAttention
    bad: DiseaseAttention | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PairOptions:
    """Settings of the pair features.

    Attributes:
        n_neighbours: Diseases that a neighbour feature of one kind looks at.
        sharpness: Weight of a neighbour by text or name is `exp(sharpness * cosine)`.
        n_combined: Diseases that the combined neighbours hold.
        combined_sharpness: The same for the weighted sum of several similarities.
        text_width: The text kernel of the ridge is `exp(text_width * (cosine - 1))`.
        ridge: Regularisation of the kernel ridge.
        near_name: Text cosine from which another disease is kin.
        family: Parents, children and siblings are kin.
        treatment_text: Use the texts of treatments.
        treatment_classes: Use classes and adverse events of drugs.
    """

    n_neighbours: int = 20
    sharpness: float = 12.0
    n_combined: int = 100
    combined_sharpness: float = 20.0
    text_width: float = 5.0
    ridge: float = 0.4
    near_name: float = 0.75
    family: bool = True
    treatment_text: bool = True
    treatment_classes: bool = True


class PairFeatures:
    """Features of any disease against all treatments.

    Args:
        snapshot: The graph.
        catalogue: The treatments, columns of every result.
        text: Unit-length text embedding of every node, `[n_nodes, d_text]`.
        options: Settings.
        names: Unit-length embedding of the bare name of every node; it decides who is kin by
            name and adds to the features. None takes `text`.
        labels: What is known of pairs; None for all that the graph says.
        knowledge: Made before from the same graph, catalogue and texts; None makes it.

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
        names: FloatArray | None = None,
        labels: TreatmentLabels | None = None,
        knowledge: PairKnowledge | None = None,
    ) -> None:
        self.catalogue = catalogue
        self.options = chosen = options or PairOptions()
        self.knowledge = knowledge or PairKnowledge.from_snapshot(
            snapshot,
            catalogue,
            text,
            names=names,
            treatment_text=chosen.treatment_text,
            treatment_classes=chosen.treatment_classes,
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
            self.knowledge.names,
            near_name=chosen.near_name,
            family=chosen.family,
        )
        self._good, self._bad = (
            LabelledSide(
                matrix,
                self.labelled,
                self.knowledge,
                text_width=chosen.text_width,
                ridge=chosen.ridge,
            )
            for matrix in (known.indicated, known.forbidden)
        )

    @property
    def n_features(self) -> int:
        """Length of the last axis of `compute`."""
        return len(self.names)

    def kin(self, disease: int) -> IntArray:
        """Positions in `labelled` of what the features of a disease are made without."""
        empty = np.zeros(0, dtype=np.int32)
        return self._kin.of(disease) if self._is_labelled[disease] else empty

    def learn_attention(self, options: AttentionOptions | None = None) -> PairAttention:
        """Trains attention on all labelled diseases, the kin of each hidden from it.

        Raises:
            ValueError: No disease has an indication.
        """
        chosen = options or AttentionOptions()
        good, bad = self._learnt(self._good, chosen), self._learnt(self._bad, chosen)
        if good is None:
            raise ValueError(
                "the graph has no indication to learn from; add a source that gives some"
            )
        return PairAttention(good=good, bad=bad)

    def _learnt(self, side: LabelledSide, options: AttentionOptions) -> DiseaseAttention | None:
        if not len(side):
            return None
        inputs = side.attention_inputs(side.compare(self.knowledge.describe(side.nodes)))
        hidden = side.hide([self.kin(node) for node in side.nodes.tolist()])
        held = np.flatnonzero(np.asarray(side.labels.sum(axis=0)).ravel() > 0)
        carried = side.scaled_labels.toarray()
        carried = (carried + carried @ self.knowledge.spread)[:, held].astype(np.float32)
        labels = side.labels[:, held].toarray()
        start = DiseaseAttention.start(ATTENTION_START, options=options)
        return start.trained(inputs, hidden, carried, labels, options=options)

    def compute(
        self,
        diseases: IntArray,
        attention: PairAttention | None = None,
        *,
        hide_kin: bool = True,
    ) -> FloatArray:
        """Features of each disease node against all treatments.

        Args:
            diseases: Node positions, `[n_diseases]`.
            attention: Adds `ATTENDED_FEATURES`.
            hide_kin: Make features of a labelled disease without its own labels and those of its
                kin; False reads them all, as of a disease that has none.

        Returns:
            `[n_diseases, n_treatments, n_features]`, float32, in the order of `PAIR_FEATURES` and,
            with attention, of `ATTENDED_FEATURES`.
        """
        nodes = np.asarray(diseases, dtype=np.int32)
        nobody = np.zeros(0, dtype=np.int32)
        kin = [self.kin(node) if hide_kin else nobody for node in nodes.tolist()]
        described = self.knowledge.describe(nodes)
        good, good_along = self._indicated(described, kin, attention)
        bad, bad_along = self._forbidden(described, kin, attention)
        columns = {**good, **bad, **self._through_similar({**good_along, **bad_along})}
        genes = self.knowledge.diseases["gene"][nodes]
        columns["shared gene and target"] = (genes @ self.knowledge.targets).toarray()
        if self.knowledge.treatment_text is not None:
            cosine = self.knowledge.text[nodes] @ self.knowledge.treatment_text.T
            columns["disease text and treatment text"] = cosine
        if self.knowledge.mentions is not None:
            names, mentions = self.knowledge.mentions
            columns["name mentioned in treatment text"] = (names[nodes] @ mentions).toarray()
        columns["is a drug"] = self.catalogue.is_drug.astype(np.float32)[None, :]
        names = PAIR_FEATURES
        if attention is not None:
            names = (*names, *ATTENDED_FEATURES)
            columns |= attended_columns(self.knowledge, nodes, columns)
        # Feature after feature in memory: that is how they are made, and how trees read them.
        out = np.zeros((len(nodes), len(names), len(self.catalogue)), dtype=np.float32)
        for at, name in enumerate(names):
            if name in columns:
                out[:, at] = columns[name]
        return out.transpose(0, 2, 1)

    def _through_similar(self, along: _Columns) -> _Columns:
        """Scores spread over similar treatments, all in one product: it reads a large matrix."""
        if not along:
            return {}
        spread = np.split(np.concatenate(list(along.values())) @ self.knowledge.spread, len(along))
        out: _Columns = {}
        for (name, own), received in zip(along.items(), spread, strict=True):
            out[name] = received if name == _RECEIVED else own + received
        return out

    def attended(self, disease: int, attention: PairAttention) -> FloatArray:
        """How much of a disease's score each node's treatments say, `[n_nodes]`.

        The learnt weight of each labelled disease, divided as in the features by the square root of
        the number of its treatments; 0 for kin and for nodes without a treatment.
        """
        side, node = self._good, np.asarray([disease], dtype=np.int32)
        inputs = side.attention_inputs(side.compare(self.knowledge.describe(node)))
        weights = attention.good.weights(inputs, side.hide([self.kin(disease)]))[0]
        out = np.zeros(len(self._is_labelled), dtype=np.float32)
        out[side.nodes] = weights / np.sqrt(np.diff(side.labels.indptr))
        return out

    def _indicated(
        self,
        described: Mapping[str, Any],
        kin: Sequence[IntArray],
        attention: PairAttention | None,
    ) -> tuple[_Columns, _Columns]:
        """Features, and scores that are to be spread over similar treatments."""
        side = self._good
        if not len(side) or not len(kin):
            return {}, {}
        hidden = side.hide(kin)
        degree = side.log_degree(hidden)
        every = side.compare(described)
        ridge = side.spread(side.ridge_weights(every, hidden))
        out: _Columns = {"log degree": degree, "kernel ridge": ridge}
        along: _Columns = {RIDGE: ridge}
        if attention is not None:
            weights = attention.good.weights(side.attention_inputs(every), hidden)
            attended = np.asarray(weights @ side.scaled_labels, dtype=np.float32)
            out["attention"] = along[ATTENDED] = attended
        _hide(every, hidden)
        weights_of = {f"{kind} neighbours": self._weights(kind, every[kind]) for kind in every}
        weights_of["mean text similarity"] = every["text"]
        weights_of[_PROFILE] = side.profile_weights(ridge, degree, hidden)
        out |= side.spread_each(weights_of)
        out["mean text similarity"] = out["mean text similarity"] / np.maximum(
            np.expm1(degree), 1.0
        )
        out |= {f"nearest {kind} neighbour": side.nearest(every[kind]) for kind in every}
        along[_RECEIVED] = out["nearest combined neighbour"]
        for kind, nearest in self.knowledge.nearest.items():
            out[f"ridge by {kind} of treatments"] = np.asarray((nearest @ ridge.T).T)
        return out, along

    def _forbidden(
        self,
        described: Mapping[str, Any],
        kin: Sequence[IntArray],
        attention: PairAttention | None,
    ) -> tuple[_Columns, _Columns]:
        side = self._bad
        if not len(side) or not len(kin):
            return {}, {}
        hidden = side.hide(kin)
        every = side.compare(described)
        ridge = side.spread(side.ridge_weights(every, hidden))
        along: _Columns = {"contraindication ridge through similar treatments": ridge}
        if attention is not None and attention.bad is not None:
            weights = attention.bad.weights(side.attention_inputs(every), hidden)
            scores = np.asarray(weights @ side.scaled_labels, dtype=np.float32)
            along["contraindication attention"] = scores
        _hide(every, hidden)
        out: _Columns = {
            "contraindication ridge": ridge,
            "log contraindication degree": side.log_degree(hidden),
            "nearest contraindicated neighbour": side.nearest(every["combined"]),
        }
        out |= side.spread_each(
            {
                f"contraindicated in {kind} neighbours": self._weights(kind, every[kind])
                for kind in ("text", "hierarchy", "combined")
            }
        )
        return out, along

    def _weights(self, kind: str, similarity: FloatArray) -> FloatArray:
        options = self.options
        if kind == "combined":
            n, sharpness = options.n_combined, options.combined_sharpness
            return neighbour_weights(similarity, n_neighbours=n, sharpness=sharpness)
        sharpness_of = {"text": options.sharpness, "name": options.sharpness}
        return neighbour_weights(
            similarity, n_neighbours=options.n_neighbours, sharpness=sharpness_of.get(kind)
        )


def _hide(every: dict[str, FloatArray], hidden: Sequence[IntArray]) -> None:
    """Sets similarities to hidden diseases to 0 and adds the combined similarity."""
    for similarity in every.values():
        for row, group in enumerate(hidden):
            similarity[row, group] = 0.0
    total = sum(weight * every[kind] for kind, weight in COMBINED.items())
    every["combined"] = np.asarray(total, dtype=np.float32) / np.float32(sum(COMBINED.values()))
