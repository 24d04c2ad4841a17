r"""Who stands first: trees and a listwise network beside the combined logits.

Decides how the two rankers of symbolic features (`fusion.symbolic.boosted`,
`fusion.symbolic.listwise`) join the combined logits :math:`s`. The first diseases by the logits,
and the first by each of a handful of scores among the diseases of which as much is known, are
scored by trees (:math:`b`) and network (:math:`m`) too, and

.. math:: s' = s + w \, (b - \min b + m - \min m)

while the rest keep their logits: nobody falls out of the catalogue, and a case costs milliseconds
where the whole catalogue would cost a tenth of a second. The weight is that of a conditional logit
on development cases, which no part has learnt from; 0 when it does not help. Trees and network
share it: two weights for scores this alike would be fitted to the chance of a few hundred cases.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from lightgbm.basic import LightGBMError
from scipy.optimize import minimize
from scipy.special import logsumexp

from .symbolic.boosted import BoostedOptions, BoostedRanker, TrainingSample
from .symbolic.compiled import first_of_groups
from .symbolic.listwise import ListwiseNetwork, ListwiseOptions

__all__ = ["HeadRanker", "shortlist"]

FloatArray = npt.NDArray[np.float32]

_HEAD = 300
_FROM_EACH = 25
_SHORTLISTED_BY = (
    "family",
    "family_cosine",
    "likelihood_annotated",
    "nearest_three",
    "gene_likelihood",
    "parent_likelihood",
    "series_likelihood",
    "name_mean",
)
_BOUNDS = ((0.05, 20.0), (0.0, 20.0))  # of logits, and of what trees and network give
_TREES, _NETWORK = "diagnoses.txt", "diagnoses.safetensors"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeadRanker:
    """Trees and network with their weight.

    Attributes:
        trees: LambdaRank over symbolic features.
        network: Listwise network over the same features.
        weight: Weight of their sum beside the combined logits, at least 0.
    """

    trees: BoostedRanker
    network: ListwiseNetwork
    weight: float = 1.0

    @classmethod
    def train(
        cls,
        sample: TrainingSample,
        logits: FloatArray,
        features: Sequence[npt.NDArray[np.floating]],
        gold: npt.NDArray[np.integer],
        *,
        boosted: BoostedOptions | None = None,
        listwise: ListwiseOptions | None = None,
    ) -> HeadRanker:
        """Both rankers from training cases, their weight from development cases.

        Args:
            sample: Candidates of training cases and of worse accounts of them, with
                out-of-publication features.
            logits: Combined logits of the development cases, `[n_cases, n_diseases]`.
            features: Symbolic features of each, `[n_diseases, n_features]`.
            gold: Catalogue position of the diagnosis of each.
            boosted: Of the trees.
            listwise: Of the network.
        """
        own = cls(
            trees=BoostedRanker.train(sample, options=boosted),
            network=ListwiseNetwork.train_on(sample, options=listwise),
        )
        gains = [
            own._gains(row, table, sample.names)
            for row, table in zip(logits, features, strict=True)
        ]
        return replace(own, weight=_weight(logits, gains, gold))

    def rerank(self, logits: FloatArray, features: FloatArray, names: Sequence[str]) -> FloatArray:
        """Logits with what both add.

        Args:
            logits: `[n_cases, n_diseases]`.
            features: `[n_cases, n_diseases, n_features]`.
            names: Names of the features.
        """
        out = logits.copy()
        for row, table in zip(out, features, strict=True):
            head, gains = self._gains(row, table, names)
            row[head] += np.float32(self.weight) * gains
        return out

    def save(self, folder: Path) -> None:
        """Writes both rankers into the model folder; the weight stands in the manifest."""
        self.trees.save(folder / _TREES)
        self.network.save(folder / _NETWORK)

    @classmethod
    def load(cls, folder: Path, *, weight: float) -> HeadRanker:
        """Reads what `save` wrote.

        Raises:
            ValueError: A file is missing or holds no ranker.
        """
        try:
            trees = BoostedRanker.load(folder / _TREES)
        except LightGBMError as error:
            raise ValueError(f"{_TREES}: {error}") from error
        return cls(trees=trees, network=ListwiseNetwork.load(folder / _NETWORK), weight=weight)

    @staticmethod
    def remove(folder: Path) -> None:
        """Takes away what `save` wrote before."""
        for name in (_TREES, _NETWORK):
            (folder / name).unlink(missing_ok=True)

    def _gains(
        self, logits: FloatArray, features: npt.NDArray[np.floating], names: Sequence[str]
    ) -> tuple[npt.NDArray[np.int64], FloatArray]:
        """Likely diseases of one case, and what trees and network give to each, at least 0."""
        head = shortlist(logits, features, names)
        table = features[head].astype(np.float32)
        trees = self.trees.score_features(table[None], names)[0]
        network = self.network.score_features(table, names)
        return head, trees - trees.min() + network - network.min()


def shortlist(
    first_by: FloatArray,
    features: npt.NDArray[np.floating],
    names: Sequence[str],
    *,
    n_first: int = _HEAD,
    n_each: int = _FROM_EACH,
) -> npt.NDArray[np.int64]:
    """Positions of the diseases that trees and network are asked about, ascending.

    Args:
        first_by: A score of every disease of one case.
        features: Symbolic features of every disease.
        names: Names of the features.
        n_first: How many are taken by the score.
        n_each: How many more by each of a handful of features, of each group of diseases of which
            as much is known.
    """
    taken = np.zeros(len(first_by), dtype=bool)
    n_first = min(n_first, len(first_by))
    taken[np.argpartition(-first_by, n_first - 1)[:n_first]] = True
    if "group" in names:
        group = features[:, names.index("group")].astype(np.int32)
        n_groups = int(group.max()) + 1
        for name in _SHORTLISTED_BY:
            if name in names:
                column = np.ascontiguousarray(features[:, names.index(name)], dtype=np.float32)
                first_of_groups(column, group, n_groups, n_each, taken)
    return np.flatnonzero(taken)


def _weight(
    logits: FloatArray,
    gains: Sequence[tuple[npt.NDArray[np.int64], FloatArray]],
    gold: npt.NDArray[np.integer],
) -> float:
    """Weight of the gains beside logits of weight 1.

    The likelihood of a conditional logit (McFadden 1974) is concave in its weights, so that the
    optimum is the only one; cases weigh between cases alike and diseases alike.
    """
    scores = np.zeros((2, *logits.shape))
    scores[0] = logits - logits.max(axis=1, keepdims=True)
    for row, (head, gain) in enumerate(gains):
        scores[1, row, head] = gain
    right = scores[:, np.arange(len(gold)), gold]
    share = np.bincount(gold)[gold].astype(np.float64) ** -0.5
    share /= share.sum()

    def loss(weights: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        total = np.tensordot(weights, scores, axes=1)
        normaliser = logsumexp(total, axis=1)
        chance = np.exp(total - normaliser[:, None])
        expected = np.einsum("rd,srd->sr", chance, scores)
        return float(share @ (normaliser - weights @ right)), (expected - right) @ share

    found = minimize(loss, x0=(0.5, 0.3), jac=True, bounds=_BOUNDS, method="L-BFGS-B")
    return float(found.x[1] / found.x[0])
