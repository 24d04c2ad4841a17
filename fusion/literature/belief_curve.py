"""How often a relation read with some probability is right, measured on documents held out.

Decides the calibration: isotonic regression (10.1145/775047.775151) of "is in the gold" on the
classifier's probability, and the threshold of best F on the same pairs. Which pairs are shown is
decided in `fusion.literature.held_out`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray as Array

from .relation_model import best_threshold

__all__ = ["BeliefCurve"]

_LEAST, _MOST = 0.01, 0.99  # no paper is certain, and none says nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class BeliefCurve:
    """A rising curve from probability to belief.

    Attributes:
        probabilities: Knots, rising.
        beliefs: Share of pairs that were right there.
        threshold: Probability from which on a relation is stated.
        n_pairs: Pairs that the curve rests on.
    """

    probabilities: tuple[float, ...]
    beliefs: tuple[float, ...]
    threshold: float
    n_pairs: int

    @classmethod
    def fit(
        cls, probabilities: Float[Array, "n_cases"], right: Bool[Array, "n_cases"], *, n_missed: int
    ) -> "BeliefCurve":
        """Fit to held-out pairs.

        Args:
            probabilities: What the classifier said of each pair.
            right: Whether the gold has the relation.
            n_missed: Gold relations whose pair was never asked about.
        """
        from sklearn.isotonic import IsotonicRegression

        curve = IsotonicRegression(out_of_bounds="clip").fit(probabilities, right.astype(float))
        return cls(
            probabilities=tuple(round(float(x), 5) for x in curve.X_thresholds_),
            beliefs=tuple(round(float(np.clip(y, _LEAST, _MOST)), 5) for y in curve.y_thresholds_),
            threshold=best_threshold(probabilities, right, n_missed=n_missed),
            n_pairs=len(probabilities),
        )

    def belief(self, probability: float) -> float:
        """Share of such relations that are right."""
        return float(np.interp(probability, self.probabilities, self.beliefs))

    def to_mapping(self) -> dict[str, Any]:
        """Plain values for the manifest."""
        return {
            "probabilities": list(self.probabilities),
            "beliefs": list(self.beliefs),
            "threshold": self.threshold,
            "n_pairs": self.n_pairs,
        }

    @classmethod
    def from_mapping(cls, values: dict[str, Any]) -> "BeliefCurve":
        """Read what `to_mapping` gave."""
        knots: Sequence[float] = values["probabilities"]
        return cls(
            probabilities=tuple(knots),
            beliefs=tuple(values["beliefs"]),
            threshold=float(values["threshold"]),
            n_pairs=int(values["n_pairs"]),
        )
