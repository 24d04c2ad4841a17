"""Laboratory values and other measurements to tokens; a missing value is absent, never zero.

Decides which measurements are known (`MeasurementVocabulary`, fitted on training cases), how they
are standardised, and their tokens. A code in another unit is another measurement.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from .number_features import NumberFeatures
from .tokens import ModalityTokens

__all__ = ["MeasurementBatch", "MeasurementEncoder", "MeasurementVocabulary"]

Reading = tuple[str, str | None, float | None]
"""Code, unit and value of one measurement; a value of None or not a number was not measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasurementVocabulary:
    """The measurements that an encoder knows, with their usual value and spread.

    Attributes:
        names: Code and unit, joined as `code|unit`; sorted.
        centre: Median over the training cases.
        spread: Interquartile range over 1.349 (the standard deviation, if normal); positive.

    Example:
        >>> readings = [[("LOINC:718-7", "g/dL", x)] for x in (11.0, 13.0, 15.0)]
        >>> MeasurementVocabulary.fit(readings, min_cases=2).names
        ('LOINC:718-7|g/dL',)
    """

    names: tuple[str, ...]
    centre: tuple[float, ...]
    spread: tuple[float, ...]

    def __post_init__(self) -> None:
        if not len(self.names) == len(self.centre) == len(self.spread):
            raise ValueError("names, centre, spread: lengths differ; need one entry per name")
        if len(set(self.names)) != len(self.names):
            raise ValueError("names: not distinct; need each code and unit once")
        if any(not s > 0 for s in self.spread):
            raise ValueError("spread: needs positive numbers")

    @classmethod
    def fit(
        cls, cases: Iterable[Sequence[Reading]], *, min_cases: int = 5
    ) -> "MeasurementVocabulary":
        """Learn the measurements that at least `min_cases` cases have, from training cases only."""
        values: dict[str, list[float]] = {}
        for readings in cases:
            for name, value in _last_values(readings).items():
                values.setdefault(name, []).append(value)
        names = tuple(sorted(n for n, found in values.items() if len(found) >= min_cases))
        centre: list[float] = []
        spread: list[float] = []
        for name in names:
            low, middle, high = np.quantile(values[name], (0.25, 0.5, 0.75))
            width = float(high - low) / 1.349
            centre.append(float(middle))
            # Constant in training: any deviation is measured against the size of the value.
            spread.append(width if width > 0 else max(abs(float(middle)), 1.0))
        return cls(names=names, centre=tuple(centre), spread=tuple(spread))

    def batch(self, cases: Sequence[Sequence[Reading]]) -> "MeasurementBatch":
        """Standardise the readings of cases; of repeated ones the last counts.

        Measurements out of the vocabulary are left out and counted.
        """
        place = {name: i for i, name in enumerate(self.names)}
        rows: list[list[tuple[int, float]]] = []
        n_unknown = 0
        for readings in cases:
            found = _last_values(readings)
            known = sorted((place[name], value) for name, value in found.items() if name in place)
            n_unknown += len(found) - len(known)
            rows.append([(i, (v - self.centre[i]) / self.spread[i]) for i, v in known])
        longest = max((len(row) for row in rows), default=0)
        index = torch.zeros(len(rows), longest, dtype=torch.long)
        value = torch.zeros(len(rows), longest)
        present = torch.zeros(len(rows), longest, dtype=torch.bool)
        for case, row in enumerate(rows):
            for column, (i, standardised) in enumerate(row):
                index[case, column] = i
                value[case, column] = standardised
                present[case, column] = True
        return MeasurementBatch(index=index, value=value, present=present, n_unknown=n_unknown)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasurementBatch:
    """Standardised measurements of a batch of cases, padded.

    Attributes:
        index: Position in `MeasurementVocabulary.names`.
        value: In standard units; 0 is the usual value.
        present: True where a value was measured.
        n_unknown: Readings left out because the vocabulary does not know them.
    """

    index: Int[Tensor, "n_cases n_tokens"]
    value: Float[Tensor, "n_cases n_tokens"]
    present: Bool[Tensor, "n_cases n_tokens"]
    n_unknown: int = 0


class MeasurementEncoder(nn.Module):
    """One token per measured value: what was measured plus how far it is from usual."""

    modality: ClassVar[str] = "measurements"

    def __init__(self, vocabulary: MeasurementVocabulary, d_model: int) -> None:
        super().__init__()
        self.vocabulary = vocabulary
        self.d_model = d_model
        self.kind = nn.Embedding(max(1, len(vocabulary.names)), d_model)
        self.number = NumberFeatures(d_model)

    def forward(self, batch: MeasurementBatch) -> ModalityTokens:
        """Embed the measured values; a batch without any has one absent place."""
        weight = self.kind.weight
        n_cases, longest = batch.index.shape
        if longest == 0:
            return ModalityTokens.absent(n_cases, self.d_model, like=weight)
        present = batch.present.to(weight.device)
        value = batch.value.to(weight).masked_fill(~present, 0.0)
        values = self.kind(batch.index.to(weight.device)) + self.number(value)
        return ModalityTokens(
            values=values * present.unsqueeze(-1).to(values.dtype), present=present
        )


def _last_values(readings: Sequence[Reading]) -> dict[str, float]:
    return {
        f"{code}|{unit or ''}": float(value)
        for code, unit, value in readings
        if value is not None and np.isfinite(value)
    }
