r"""From scores to probabilities that mean what they say, with a share for "none of these".

Decides the distribution over the catalogue and beside it. Among the diseases of the catalogue

.. math:: p(d \mid \text{in the catalogue}) = \mathrm{softmax}_d (s_d / T + b_{g(d)})

with one temperature (Guo et al. 2017, arXiv:1706.04599) and a bias for how much is known of the
disease (published patients, annotated only, neither). That holds for the first :math:`h` diseases:
a right answer far down the list is nearly as likely at place 1,000 as at place 3,000, whatever the
scores say, and would drag the temperature up for all. Beyond the first :math:`h` the place alone
counts, :math:`p_r = p_h \, (h / r)^{a}`. One temperature for the whole head is still a compromise
between its first place and its end, so the chance of the first disease is then mapped
by :math:`\sigma(a + b \, \mathrm{logit}(p))` (Platt 1999), never below the second, and the others
share the rest in their proportions: the order stays. How likely it is that the true disease is in
the catalogue at all is a logistic function of the shape of the list: how far the first stands
before the second, before the rest, and how many share the mass. It is fitted by leaving diseases
out: of each case once the list with its diagnosis, once the list without it. All parameters have
Gaussian priors, so that a dozen cases move them little and hundreds freely.

What is fitted on whom is decided in `fusion.confidence`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import expit, logsumexp

__all__ = ["N_GROUPS", "Calibration", "Posterior"]

FloatArray = npt.NDArray[np.float64]
ScoreArray = npt.NDArray[np.float32]

N_GROUPS = 3
"""Published patients, annotated only, neither; see `fusion.symbolic.SymbolicFeatures.groups`."""

PRIOR_NONE = 0.05
"""Share of patients whose disease is outside the catalogue, before anything is known of them: 2% of
the published patients of the mirror, doubled and rounded up because published diseases get listed.
"""

_PRIOR_LOG_TEMPERATURE = (0.2, 0.6)  # mean and deviation: rankers are rather too sure of themselves
_PRIOR_BIAS = 0.7
_PRIOR_FIRST = 1.0
_PRIOR_SHAPE = 1.5
_HEAD = 50
_EXACT, _SAMPLED = 300, 100  # of each list in the fit of the temperature
_LAST = 200  # places of the head, in which scores speak; beyond it the place alone does
_PRIOR_LOG_FALL = (0.0, 0.5)  # mean and deviation


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Posterior:
    """What is believed of some cases.

    Attributes:
        probabilities: `[n_cases, n_diseases]`; a row and its `none` sum to 1.
        none: Probability that the disease is not in the catalogue, or that the findings do not
            suffice to name any, `[n_cases]`.
    """

    probabilities: FloatArray
    none: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Parameters of the distribution.

    Attributes:
        temperature: Divides the scores; above 0.
        biases: Added to the divided scores by group: neither, annotated only, published patients.
        fall: Exponent of the power law beyond the first `head` places, above 0; None lets the
            scores speak to the end.
        first: Offset and slope of the log-odds of the first disease; (0, 1) changes nothing.
        shape: Weights of the list's shape in the log-odds of "none"; see `shape_of`.
        prior_none: Share of "none" that `shape` was fitted for.
    """

    temperature: float
    biases: tuple[float, float, float] = (0.0, 0.0, 0.0)
    fall: float | None = None
    first: tuple[float, float] = (0.0, 1.0)
    shape: tuple[float, ...] = ()
    prior_none: float = PRIOR_NONE

    def __post_init__(self) -> None:
        if not self.temperature > 0:
            raise ValueError(f"temperature: {self.temperature} is not above 0")
        if self.fall is not None and not self.fall > 0:
            raise ValueError(f"fall: {self.fall} is not above 0")
        if not self.first[1] >= 0:
            raise ValueError(f"first: a slope of {self.first[1]} turns the order around")
        if not 0 <= self.prior_none < 1:
            raise ValueError(f"prior_none: {self.prior_none} is not in [0, 1)")

    @classmethod
    def fit(
        cls,
        scores: ScoreArray,
        golds: Sequence[tuple[int, ...]],
        groups: npt.NDArray[np.integer],
        *,
        weights: FloatArray | None = None,
        prior_none: float = PRIOR_NONE,
    ) -> Self:
        """The most probable parameters.

        Args:
            scores: `[n_cases, n_diseases]` of cases that nothing else was fitted on.
            golds: Catalogue positions of the diagnoses of each.
            groups: What is known of each disease, 0 to 2.
            weights: Weight of each case; None counts all alike.
            prior_none: Share of patients whose disease is outside the catalogue.
        """
        weight = np.ones(len(scores)) if weights is None else np.asarray(weights, np.float64)
        rows = np.repeat(np.arange(len(golds)), [len(gold) for gold in golds])
        columns = np.concatenate([np.asarray(gold, dtype=np.int64) for gold in golds])
        members = np.asarray(groups)
        start = _fit_head(scores, golds, members, weight, biased=True)
        offsets = (start[0] * start[2:])[members].astype(np.float32)
        # The place of each disease is that with its bias, so that the rest is fitted after it.
        shifted = scores + offsets
        temperature, fall, *_ = _fit_head(shifted, golds, members, weight, biased=False).tolist()
        neither, annotated, _ = (start[0] * start[2:] / temperature).tolist()
        among = cls(
            temperature=temperature, fall=fall, biases=(neither, annotated, 0.0), prior_none=0.0
        )
        logits = among.logits(shifted)
        with_gold = shape_of(logits)
        best = logits.argmax(axis=1)
        right = np.asarray([float(at in gold) for at, gold in zip(best, golds, strict=True)])
        first = _fit_first(logits.max(axis=1) - logsumexp(logits, axis=1), right, weight)
        logits[rows, columns] = -np.inf
        shape = _fit_shape(with_gold, shape_of(logits), weight, prior_none)
        return cls(
            temperature=among.temperature,
            biases=among.biases,
            fall=among.fall,
            first=first,
            shape=tuple(shape.tolist()),
            prior_none=prior_none,
        )

    def offsets(self, groups: npt.NDArray[np.integer]) -> ScoreArray:
        """What the biases add to the score of each disease, so that scores and chances agree.

        Args:
            groups: What is known of each disease, 0 to 2.
        """
        biases = self.temperature * np.asarray(self.biases)
        offsets: ScoreArray = biases[np.asarray(groups)].astype(np.float32)
        return offsets

    def logits(self, scores: ScoreArray) -> FloatArray:
        """Scores over the temperature, the power law beyond the head; the order stays.

        Equal scores share the first place of them, and so stay equal.
        """
        logits: FloatArray = np.asarray(scores, dtype=np.float64) / self.temperature
        if self.fall is None or logits.shape[1] <= _LAST:
            return logits
        depth = self.fall * np.log((np.arange(logits.shape[1]) + 1.0) / _LAST)
        for row, score in zip(logits, scores, strict=True):
            order = np.argsort(-score)
            ordered = score[order]
            n_kept = int(np.searchsorted(-ordered, -ordered[_LAST - 1], side="right"))
            beyond = ordered[n_kept:]
            new = np.r_[True, beyond[1:] < beyond[:-1]][: len(beyond)]
            places = np.maximum.accumulate(np.where(new, np.arange(n_kept, len(score)), 0))
            row[order[n_kept:]] = row[order[_LAST - 1]] - depth[places]
        return logits

    def posterior(self, scores: ScoreArray) -> Posterior:
        """The distribution of each case; the higher the score, the higher the probability.

        Args:
            scores: `[n_cases, n_diseases]`, with `offsets` added.
        """
        logits = self.logits(scores)
        if self.shape:
            none = expit(shape_of(logits) @ np.asarray(self.shape))
        else:
            none = np.zeros(len(logits))
        if logits.size:
            logits -= logits.max(axis=1, keepdims=True)
        np.exp(logits, out=logits)
        logits /= np.maximum(logits.sum(axis=1, keepdims=True), 1e-300)
        if self.first != (0.0, 1.0) and logits.shape[1] > 1:
            self._mend_first(logits)
        logits *= (1.0 - none)[:, None]
        return Posterior(probabilities=logits, none=none)

    def _mend_first(self, shares: FloatArray) -> None:
        """Maps the largest share of each row, in place; rows sum to 1 before and after."""
        rows, at = np.arange(len(shares)), shares.argmax(axis=1)
        old = shares[rows, at]
        shares[rows, at] = 0.0
        second = shares.max(axis=1)
        rest = np.maximum(shares.sum(axis=1), 1e-300)  # 1 - old loses what is below 1e-16
        new = expit(self.first[0] + self.first[1] * _log_odds(old))
        new = np.maximum(new, second / (rest + second))  # the share at which both are alike
        new = np.where(second > 0.0, new, 1.0)
        shares *= ((1.0 - new) / rest)[:, None]
        shares[rows, at] = new


def shape_of(logits: FloatArray) -> FloatArray:
    """What the list of a case looks like, `[n_cases, 5]`: a constant and four numbers.

    The gap between the first and the second, between the first and the fiftieth, the level of the
    first above the middle of the catalogue in deviations, and the logarithm of how many diseases
    share the mass. None of them changes when the same is added to all scores.
    """
    shape = np.zeros((len(logits), 5))
    shape[:, 0] = 1.0
    for row, values in zip(shape, logits, strict=True):
        known = values[np.isfinite(values)]
        n = min(_HEAD, len(known))
        if n < 2:
            continue
        head = np.sort(np.partition(known, len(known) - n)[len(known) - n :])[::-1]
        deviation = max(float(known.std()), 1e-6)
        share = np.exp(head - logsumexp(head))
        row[1] = np.log1p(head[0] - head[1])
        row[2] = np.log1p(head[0] - head[-1]) - 1.5
        row[3] = (head[0] - known.mean()) / deviation / 4.0 - 1.0
        row[4] = -float(share @ np.log(np.maximum(share, 1e-12))) - 2.0
    return shape


def _fit_head(
    scores: ScoreArray,
    golds: Sequence[tuple[int, ...]],
    members: npt.NDArray[np.integer],
    weight: FloatArray,
    *,
    biased: bool,
) -> FloatArray:
    """Temperature, fall and the biases of the groups (the last is 0; all are unless wanted)."""
    rows = np.repeat(np.arange(len(golds)), [len(gold) for gold in golds])
    columns = np.concatenate([np.asarray(gold, dtype=np.int64) for gold in golds])
    starts = np.searchsorted(rows, np.arange(len(golds)))
    chosen, places, log_count = _representatives(scores)
    table = np.take_along_axis(scores, chosen, axis=1).astype(np.float64)
    last = min(_LAST, scores.shape[1])
    edge = -np.partition(-scores, last - 1, axis=1)[:, last - 1].astype(np.float64)
    depth = np.log(np.maximum((places + 1.0) / last, 1.0))
    right = scores[rows, columns].astype(np.float64)
    own = np.asarray([(scores[r] > s).sum() for r, s in zip(rows, right, strict=True)])
    own_depth = np.log(np.maximum((own + 1.0) / last, 1.0))
    head, own_head = np.maximum(table, edge[:, None]), np.maximum(right, edge[rows])
    group_of, n_biases = members[chosen], N_GROUPS - 1 if biased else 0

    def unpacked(parameters: FloatArray) -> tuple[float, float, FloatArray]:
        bias = np.zeros(N_GROUPS)
        bias[:n_biases] = parameters[2:]
        return float(np.exp(parameters[0])), float(np.exp(parameters[1])), bias

    def loss(parameters: FloatArray) -> float:
        temperature, fall, bias = unpacked(parameters)
        logits = head / temperature - fall * depth + bias[group_of] + log_count
        hits = own_head / temperature - fall * own_depth + bias[members[columns]]
        hit = np.logaddexp.reduceat(hits, starts)
        doubt = 0.0
        for value, (middle, deviation) in zip(
            parameters[:2], (_PRIOR_LOG_TEMPERATURE, _PRIOR_LOG_FALL), strict=True
        ):
            doubt += ((value - middle) / deviation) ** 2
        doubt += float(np.square(parameters[2:] / _PRIOR_BIAS).sum())
        return float(weight @ (logsumexp(logits, axis=1) - hit) + 0.5 * doubt)

    start = np.r_[_PRIOR_LOG_TEMPERATURE[0], _PRIOR_LOG_FALL[0], np.zeros(n_biases)]
    found = minimize(loss, start, method="L-BFGS-B", options={"maxiter": 60})
    temperature, fall, bias = unpacked(found.x)
    fitted: FloatArray = np.concatenate([[temperature, fall], bias])
    return fitted


def _representatives(
    scores: ScoreArray,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], FloatArray]:
    """Positions that stand for the whole list in the fit, their places, the log of how many each.

    The first of each list stand for themselves; of the rest, every so many-th by score stands for
    its neighbours, whose scores are nearly its own.
    """
    order = np.argsort(-scores, axis=1)
    n = scores.shape[1]
    step = max((n - _EXACT) // _SAMPLED, 1)
    places = np.r_[np.arange(min(_EXACT, n)), np.arange(_EXACT + step // 2, n, step)]
    count = np.ones(len(places))
    n_sampled = len(places) - min(_EXACT, n)
    if n_sampled:
        count[-n_sampled:] = (n - _EXACT) / n_sampled
    return order[:, places], places, np.log(count)


def _log_odds(chance: FloatArray) -> FloatArray:
    sure = np.clip(chance, 1e-9, 1.0 - 1e-9)
    odds: FloatArray = np.log(sure) - np.log1p(-sure)
    return odds


def _fit_first(
    log_chance: FloatArray, right: FloatArray, weight: FloatArray
) -> tuple[float, float]:
    """Logistic regression of "the first is right" on its log-odds, near the identity."""
    odds = _log_odds(np.exp(log_chance))

    def loss(parameters: FloatArray) -> float:
        mapped = parameters[0] + parameters[1] * odds
        misfit = weight @ (np.logaddexp(0.0, mapped) - right * mapped)
        doubt = (parameters[0] / _PRIOR_FIRST) ** 2 + ((parameters[1] - 1.0) / _PRIOR_FIRST) ** 2
        return float(misfit + 0.5 * doubt)

    found = minimize(loss, [0.0, 1.0], method="L-BFGS-B", bounds=[(None, None), (0.05, None)])
    return float(found.x[0]), float(found.x[1])


def _fit_shape(
    inside: FloatArray, outside: FloatArray, weight: FloatArray, prior: float
) -> FloatArray:
    """Ridge logistic regression: lists with the diagnosis against the same lists without it."""
    features = np.concatenate([inside, outside])
    outcome = np.r_[np.zeros(len(inside)), np.ones(len(outside))]
    # Both kinds count alike in the fit; how rare "none" is comes in as an offset at the end.
    both = np.r_[weight, weight] * 0.5

    def loss(parameters: FloatArray) -> float:
        odds = features @ parameters
        misfit = float(both @ (np.logaddexp(0.0, odds) - outcome * odds))
        return misfit + 0.5 * float(np.square(parameters / _PRIOR_SHAPE).sum())

    found = minimize(loss, np.zeros(features.shape[1]), method="L-BFGS-B")
    parameters: FloatArray = found.x
    parameters[0] += np.log(max(prior, 1e-9)) - np.log1p(-prior)
    return parameters
