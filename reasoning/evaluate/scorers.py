"""The rankers that face each other: a protocol, and the classical baselines.

Decides what a ranker is to the benchmark. A neural model plugs in by being a `Scorer`; it is made
for a setting, so that it learns from the training cases of that setting and nothing else.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from fusion.head_ranking import shortlist
from fusion.symbolic import SymbolicFeatures, TermSets
from fusion.symbolic.boosted import BoostedRanker

from .protocols import Setting

__all__ = ["BASELINES", "BaselineScorer", "BoostedScorer", "CaseBatch", "Scorer", "ScorerFactory"]

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CaseBatch:
    """Some cases under test, with everything symbolic that is known of them.

    Attributes:
        case_ids: Identifier of each case, to look up notes and images.
        patients: Term sets of each case.
        features: `[n_cases, n_diseases, n_features]`, made without what the protocol excludes.
        maker: What made the features: their names, the profiles, the reference cases.
        columns: The features by name, each broadcastable to `[n_cases, n_diseases]`.
    """

    case_ids: tuple[str, ...]
    patients: Sequence[TermSets]
    features: FloatArray
    maker: SymbolicFeatures
    columns: dict[str, Any]


class Scorer(Protocol):
    """Ranks every disease of the catalogue for a batch of cases."""

    @property
    def name(self) -> str:
        """Name in result tables."""

    def score(self, batch: CaseBatch) -> FloatArray:
        """`[n_cases, n_diseases]`, higher is better; any scale."""


ScorerFactory = Callable[[Setting], Scorer]
"""Makes a scorer for a setting, trained on its training cases only."""


@dataclass(frozen=True, slots=True)
class BaselineScorer:
    """A classical score, read off or computed by the scorers behind the features."""

    name: str
    compute: Callable[[CaseBatch], FloatArray]

    def score(self, batch: CaseBatch) -> FloatArray:
        """Score of every disease."""
        return self.compute(batch)


BASELINES: tuple[BaselineScorer, ...] = (
    BaselineScorer(
        "likelihood ratio", lambda batch: batch.maker.likelihood_annotated.score(batch.patients)
    ),
    BaselineScorer(
        "likelihood ratio + cases", lambda batch: batch.maker.likelihood.score(batch.patients)
    ),
    BaselineScorer(
        "likelihood ratio + cases + relatives + names",
        lambda batch: batch.maker.family.score(batch.patients),
    ),
    BaselineScorer(
        "Resnik best-match average", lambda batch: batch.maker.resnik.score(batch.patients)
    ),
    BaselineScorer("Lin best-match average", lambda batch: batch.maker.lin.score(batch.patients)),
    BaselineScorer(
        "nearest published patients",
        lambda batch: np.asarray(batch.columns["nearest_three"], dtype=np.float32),
    ),
)
"""The rankers that need no training."""


@dataclass(frozen=True, slots=True)
class BoostedScorer:
    """LambdaRank over symbolic features.

    Trees are asked about some 1,500 diseases that a score finds likely, ten times faster than about
    the whole catalogue; the rest follow in the order of the likelihood ratio.
    """

    ranker: BoostedRanker
    name: str = "LambdaRank over the classical scores"

    def score(self, batch: CaseBatch) -> FloatArray:
        """Score of every disease."""
        names = batch.maker.names
        family = np.asarray(batch.columns["family"], dtype=np.float32)
        scores = np.empty_like(family)
        for row, by, table in zip(scores, family, batch.features, strict=True):
            likely = shortlist(by, table, names, n_first=500, n_each=100)
            own = self.ranker.score_features(table[None, likely], names)[0]
            row[:] = by - by.max() + own.min() - 1.0
            row[likely] = own
        return scores
