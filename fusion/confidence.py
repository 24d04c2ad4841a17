"""How sure a model may be: the parameters of its probabilities and sets, and their file.

Decides the form of `confidence.json` in a model folder. The distribution is decided in
`fusion.calibration`, the sets in `fusion.conformal`, on whom both are fitted in
`fusion.confidence_fit`.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from .calibration import Calibration, Posterior
from .conformal import ConformalSets

__all__ = ["CONFIDENCE", "Confidence"]

CONFIDENCE = "confidence.json"
"""File of a model folder."""

_INFINITE = 1e300  # JSON knows no infinity


@dataclass(frozen=True, slots=True, kw_only=True)
class Confidence:
    """Calibrated probabilities and sets of one model.

    Attributes:
        calibration: From scores to probabilities.
        sets: From probabilities to sets with a promise.
        n_cases: Cases that both were fitted on.
    """

    calibration: Calibration
    sets: ConformalSets
    n_cases: int

    def posterior(self, scores: npt.NDArray[np.float32]) -> Posterior:
        """See `Calibration.posterior`."""
        return self.calibration.posterior(scores)

    def save(self, path: Path) -> None:
        """Writes the parameters as JSON."""
        values = asdict(self)
        values["sets"]["threshold"] = min(self.sets.threshold, _INFINITE)
        path.write_text(json.dumps(values, indent=1, allow_nan=False) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Self:
        """Reads what `save` wrote.

        Raises:
            ValueError: The file does not hold it.
        """
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            calibration, sets = values["calibration"], values["sets"]
            neither, annotated, published = (float(b) for b in calibration.pop("biases"))
            offset, slope = (float(w) for w in calibration.pop("first"))
            shape = tuple(float(w) for w in calibration.pop("shape"))
            if sets["threshold"] >= _INFINITE:
                sets["threshold"] = float("inf")
            return cls(
                calibration=Calibration(
                    biases=(neither, annotated, published),
                    first=(offset, slope),
                    shape=shape,
                    **calibration,
                ),
                sets=ConformalSets(**sets),
                n_cases=int(values["n_cases"]),
            )
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise ValueError(f"{path.name}: cannot be read ({error})") from error
