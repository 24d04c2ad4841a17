"""The rankers of treatments that run in every evaluation, and how another one joins.

Decides the baselines. Most are one pair feature by itself; the boosted ranker reads them all. A
ranker is made anew for each fold, from what the fold may know.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt
from scipy import sparse

from fusion.symbolic.boosted_treatments import BoostedTreatments
from fusion.symbolic.pair_sampling import BoostedTreatmentOptions
from fusion.symbolic.pairs import PAIR_FEATURES
from kg.ontology import Ontology
from kg.vocabulary import NodeType

from .treatment_protocol import TreatmentFold

__all__ = [
    "BOOSTED",
    "SHIPPED",
    "SINGLE_FEATURES",
    "AreaDegree",
    "BoostedScorer",
    "FeatureScorer",
    "TreatmentBatch",
    "TreatmentScorer",
    "TreatmentScorerFactory",
    "baselines",
    "boosted_scorers",
]

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int32]

BOOSTED = "LightGBM + kernel ridge"
SHIPPED = "iatros (attention + LightGBM)"

_BASELINE_RIDGE = 0.3  # of a standard deviation, as tuned before there was attention

SINGLE_FEATURES: tuple[tuple[str, str, str | None], ...] = (
    ("drug degree", "log degree", "log contraindication degree"),
    ("shared target and disease genes", "shared gene and target", None),
    ("nearest diseases by text", "text neighbours", "contraindicated in text neighbours"),
    (
        "nearest diseases by hierarchy",
        "hierarchy neighbours",
        "contraindicated in hierarchy neighbours",
    ),
    ("nearest diseases by gene", "gene neighbours", None),
    ("nearest diseases by phenotype", "phenotype neighbours", None),
    (
        "kernel ridge",
        "kernel ridge through similar treatments",
        "contraindication ridge through similar treatments",
    ),
)
"""Name, the feature that ranks indications, the one that ranks contraindications."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TreatmentBatch:
    """Some tested diseases.

    Attributes:
        diseases: Nodes.
        features: `[n_diseases, n_treatments, n_features]`, in the order of `PAIR_FEATURES`; those
            of the attention of the shipped ranker follow.
    """

    diseases: IntArray
    features: FloatArray


class TreatmentScorer(Protocol):
    """Scores all treatments of the catalogue."""

    @property
    def name(self) -> str:
        """Name in the tables."""
        ...

    def score(self, batch: TreatmentBatch) -> FloatArray:
        """Indication and contraindication, `[n_diseases, n_treatments, 2]`, higher is likelier."""
        ...


TreatmentScorerFactory = Callable[[TreatmentFold], TreatmentScorer]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureScorer:
    """One pair feature by itself.

    Attributes:
        name: Name in the tables.
        feature: Ranks indications.
        against: Ranks contraindications; None gives 0.
    """

    name: str
    feature: str
    against: str | None = None

    def score(self, batch: TreatmentBatch) -> FloatArray:
        """The columns of the features."""
        out = np.zeros((*batch.features.shape[:2], 2), dtype=np.float32)
        out[:, :, 0] = batch.features[:, :, PAIR_FEATURES.index(self.feature)]
        if self.against is not None:
            out[:, :, 1] = batch.features[:, :, PAIR_FEATURES.index(self.against)]
        return out


class AreaDegree:
    """How many diseases of the same area a treatment is for; the whole degree breaks ties.

    Areas are the classes right under the root of the disease hierarchy.

    Args:
        fold: What may be known.
    """

    name = "type-matched degree"

    def __init__(self, fold: TreatmentFold) -> None:
        snapshot = fold.split.snapshot
        self._areas = _areas(Ontology.from_snapshot(snapshot, NodeType.DISEASE), snapshot.n_nodes)
        self._degrees = tuple(
            (self._areas.T @ labels, np.asarray(labels.sum(axis=0)).ravel())
            for labels in (fold.labels.indicated, fold.labels.forbidden)
        )

    def score(self, batch: TreatmentBatch) -> FloatArray:
        """Degrees within the areas of each disease, averaged over its areas."""
        out = np.zeros((*batch.features.shape[:2], 2), dtype=np.float32)
        own = self._areas[batch.diseases]
        n_areas = np.maximum(np.asarray(own.sum(axis=1)), 1.0).reshape(-1, 1)
        for at, (by_area, degree) in enumerate(self._degrees):
            out[:, :, at] = (own @ by_area).toarray() / n_areas + 1e-3 * degree
        return out


def _areas(ontology: Ontology, n_nodes: int) -> sparse.csr_matrix:
    """0/1 `[n_nodes, n_areas]`."""
    n_parents = np.diff(ontology.parents.indptr)
    n_below = np.diff(ontology.descendants.indptr)
    root = int(np.argmax(np.where(n_parents == 0, n_below, -1))) if ontology.n_terms else 0
    areas = np.flatnonzero(np.asarray(ontology.parents[:, [root]].todense()).ravel())
    members = ontology.ancestors[:, areas].tocoo()
    rows = np.asarray(ontology.nodes)[members.row]
    ones = np.ones(len(rows), dtype=np.float32)
    return sparse.csr_matrix((ones, (rows, members.col)), shape=(n_nodes, len(areas)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BoostedScorer:
    """Trees over all pair features.

    Attributes:
        trees: Trained on what the fold may know.
        name: Name in the tables.
    """

    trees: BoostedTreatments
    name: str

    def score(self, batch: TreatmentBatch) -> FloatArray:
        """Log-odds of both relations."""
        return self.trees.score_features(batch.features)


def baselines(fold: TreatmentFold) -> list[TreatmentScorer]:
    """All baselines of a fold but the boosted one."""
    chosen: list[TreatmentScorer] = [
        FeatureScorer(name=name, feature=feature, against=against)
        for name, feature, against in SINGLE_FEATURES
    ]
    chosen.insert(1, AreaDegree(fold))
    return chosen


def boosted_scorers(
    fold: TreatmentFold, options: BoostedTreatmentOptions
) -> tuple[BoostedScorer, BoostedScorer]:
    """The boosted baseline (no attention, a share of the ridge), and what `iatros train` trains.

    Args:
        fold: What may be known.
        options: Of the latter; the baseline differs in nothing else.
    """
    plain = replace(options, attention=None, ridge_share=_BASELINE_RIDGE, n_bags=1)
    full, bare = BoostedTreatments.train_each(fold.pairs, [options, plain])
    return BoostedScorer(trees=bare, name=BOOSTED), BoostedScorer(trees=full, name=SHIPPED)
