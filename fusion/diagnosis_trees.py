r"""Boosted trees beside the neural ranker: what any score finds likely, ordered by both.

Decides how LambdaRank over the symbolic features joins the combined logits :math:`s`. The first
diseases by the logits, and the first by each of a handful of scores among the diseases of which as
much is known, are scored by the trees too, and

.. math:: s' = s + w \, (b - \min b)

while the rest keep their logits: nobody falls out of the catalogue, and a case costs milliseconds
where trees over the whole catalogue cost a tenth of a second. The weight is fitted on development
cases, which neither part has learnt from; 0 when the trees do not help.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from lightgbm.basic import LightGBMError
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp

from .symbolic.boosted import BoostedOptions, BoostedRanker, TrainingSample

__all__ = ["DiagnosisTrees", "shortlist"]

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
_WEIGHTS = (0.0, 0.1, 0.2, 0.3, 0.45, 0.6, 0.8, 1.0, 1.3, 1.7, 2.2, 3.0, 4.5, 7.0, 12.0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DiagnosisTrees:
    """Trees with their weight.

    Attributes:
        ranker: LambdaRank over symbolic features.
        weight: Weight beside the combined logits, at least 0.
    """

    ranker: BoostedRanker
    weight: float

    @classmethod
    def train(
        cls,
        sample: TrainingSample,
        logits: FloatArray,
        features: Sequence[npt.NDArray[np.floating]],
        gold: npt.NDArray[np.integer],
        *,
        options: BoostedOptions | None = None,
    ) -> DiagnosisTrees:
        """Trees from training cases, their weight from development cases.

        Args:
            sample: Candidates of training cases, with out-of-publication features.
            logits: Combined logits of the development cases, `[n_cases, n_diseases]`.
            features: Symbolic features of each, `[n_diseases, n_features]`.
            gold: Catalogue position of the diagnosis of each.
            options: Of the trees.
        """
        ranker = BoostedRanker.train(sample, options=options)
        own = cls(ranker=ranker, weight=1.0)
        gains = [
            own.gains(row, table, sample.names) for row, table in zip(logits, features, strict=True)
        ]
        losses = [_loss(logits, gains, gold, weight) for weight in _WEIGHTS]
        return cls(ranker=ranker, weight=_WEIGHTS[int(np.argmin(losses))])

    def gains(
        self, logits: FloatArray, features: npt.NDArray[np.floating], names: Sequence[str]
    ) -> tuple[npt.NDArray[np.int64], FloatArray]:
        """Likely diseases of one case, and what the trees add to each, at least 0."""
        head = shortlist(logits, features, names)
        scores = self.ranker.score_features(features[None, head].astype(np.float32), names)[0]
        return head, scores - scores.min()

    def rerank(self, logits: FloatArray, features: FloatArray, names: Sequence[str]) -> FloatArray:
        """Logits with what the trees add.

        Args:
            logits: `[n_cases, n_diseases]`.
            features: `[n_cases, n_diseases, n_features]`.
            names: Names of the features.
        """
        out = logits.copy()
        for row, table in zip(out, features, strict=True):
            head, gain = self.gains(row, table, names)
            row[head] += np.float32(self.weight) * gain
        return out

    def save(self, path: Path) -> None:
        """Writes the trees; the weight stands in the manifest."""
        self.ranker.save(path)

    @classmethod
    def load(cls, path: Path, *, weight: float) -> DiagnosisTrees:
        """Reads what `save` wrote.

        Raises:
            ValueError: The file is missing or holds no trees.
        """
        try:
            ranker = BoostedRanker.load(path)
        except LightGBMError as error:
            raise ValueError(f"{path.name}: {error}") from error
        return cls(ranker=ranker, weight=weight)


def shortlist(
    first_by: FloatArray,
    features: npt.NDArray[np.floating],
    names: Sequence[str],
    *,
    n_first: int = _HEAD,
    n_each: int = _FROM_EACH,
) -> npt.NDArray[np.int64]:
    """Positions of the diseases that trees are asked about, ascending.

    Args:
        first_by: A score of every disease of one case.
        features: Symbolic features of every disease.
        names: Names of the features.
        n_first: How many are taken by the score.
        n_each: How many more by each of a handful of features, of each group of diseases of which
            as much is known.
    """
    parts = [_first(first_by, n_first)]
    if "group" in names:
        group = features[:, names.index("group")]
        columns = [names.index(name) for name in _SHORTLISTED_BY if name in names]
        for value in np.unique(group):
            members = np.flatnonzero(group == value)
            parts += [members[_first(features[members, at], n_each)] for at in columns]
    return np.unique(np.concatenate(parts))


def _first(scores: npt.NDArray[np.floating], n: int) -> npt.NDArray[np.int64]:
    """Positions of the `n` highest."""
    n = min(n, len(scores))
    return np.argpartition(-scores, n - 1)[:n]


def _loss(
    logits: FloatArray,
    gains: Sequence[tuple[npt.NDArray[np.int64], FloatArray]],
    gold: npt.NDArray[np.integer],
    weight: float,
) -> float:
    """Mean negative log-likelihood at the best temperature, between cases and diseases."""
    table = logits.astype(np.float64)
    for row, (head, gain) in zip(table, gains, strict=True):
        row[head] += weight * gain
    right = table[np.arange(len(table)), gold]
    share = np.bincount(gold)[gold].astype(np.float64) ** -0.5
    share /= share.sum()

    def at(log_temperature: float) -> float:
        temperature = np.exp(log_temperature)
        return float(share @ (logsumexp(table / temperature, axis=1) - right / temperature))

    return float(minimize_scalar(at, bounds=(np.log(0.05), np.log(20.0)), method="bounded").fun)
