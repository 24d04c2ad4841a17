"""From scores to probabilities: one temperature, fitted on cases that nothing else has seen.

Decides how a list of scores becomes a distribution over the catalogue: `softmax(score /
temperature)` (Guo et al. 2017, arXiv:1706.04599).
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar

__all__ = ["Temperature"]

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Temperature:
    """Divisor of the scores.

    Attributes:
        value: Above 0; above 1 makes a ranker less sure.
    """

    value: float

    def __post_init__(self) -> None:
        if not self.value > 0:
            raise ValueError(f"value: {self.value} is not above 0")

    @classmethod
    def fit(cls, scores: npt.ArrayLike, gold: npt.ArrayLike) -> Self:
        """Temperature of the smallest mean negative log-likelihood.

        Args:
            scores: `[n_cases, n_diseases]`.
            gold: Position of the right answer of each case.
        """
        table = np.asarray(scores, dtype=np.float32)
        right = table[np.arange(len(table)), np.asarray(gold, dtype=np.int64)]

        def loss(log_temperature: float) -> float:
            temperature = float(np.exp(log_temperature))
            mass = _log_sum_exp(table / np.float32(temperature))
            return float((mass - right / temperature).mean())

        best = minimize_scalar(loss, bounds=(np.log(1e-2), np.log(1e2)), method="bounded")
        return cls(value=float(np.exp(best.x)))

    def first_probability(self, scores: npt.ArrayLike) -> FloatArray:
        """Probability of the best-scored disease of each case."""
        table = np.asarray(scores, dtype=np.float32) / np.float32(self.value)
        probability: FloatArray = np.exp(table.max(axis=1) - _log_sum_exp(table))
        return probability


def _log_sum_exp(table: npt.NDArray[np.float32]) -> FloatArray:
    top = table.max(axis=1, keepdims=True)
    total: FloatArray = np.log(np.exp(table - top).sum(axis=1, dtype=np.float64)) + top[:, 0]
    return total
