"""Age and sex to tokens; unknown is absent, never zero years and never a default sex.

Decides the coding of sex and the scale of age.
"""

import math
from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import nn

from .number_features import NumberFeatures
from .tokens import ModalityTokens

__all__ = ["SEXES", "DemographicsEncoder"]

SEXES: tuple[str, ...] = ("female", "male", "other")
"""Values of `ClinicalCase.sex`; None is unknown."""

_OLDEST_YEARS = 130.0


class DemographicsEncoder(nn.Module):
    """Two tokens per case: age, then sex.

    Age enters as log(1 + years), standardised: a month matters at birth and not at seventy.
    """

    modality: ClassVar[str] = "demographics"

    def __init__(self, d_model: int) -> None:
        super().__init__()
        self.d_model = d_model
        self.sex = nn.Embedding(len(SEXES), d_model)
        self.age = NumberFeatures(d_model)

    def forward(
        self, age_years: Sequence[float | None], sex: Sequence[str | None]
    ) -> ModalityTokens:
        """Embed age and sex of each case.

        Args:
            age_years: Age, 0 to 130; None is unknown. Ages outside are taken as unknown.
            sex: One of `SEXES`; None is unknown.

        Raises:
            ValueError: If the lengths differ or a sex is not in the list.
        """
        if len(age_years) != len(sex):
            raise ValueError(f"sex: {len(sex)} cases beside {len(age_years)} of age_years")
        device = self.sex.weight.device
        unknown = [s for s in sex if s is not None and s not in SEXES]
        if unknown:
            raise ValueError(f"sex: {unknown[0]!r}; needs one of {', '.join(SEXES)} or None")
        has_age = [a is not None and 0 <= a <= _OLDEST_YEARS for a in age_years]
        scaled = [
            (math.log1p(a) - 2.5) / 1.2 if known and a is not None else 0.0
            for a, known in zip(age_years, has_age, strict=True)
        ]
        codes = torch.tensor([SEXES.index(s) if s else 0 for s in sex], device=device)
        present = torch.stack(
            [
                torch.tensor(has_age, dtype=torch.bool, device=device),
                torch.tensor([s is not None for s in sex], dtype=torch.bool, device=device),
            ],
            dim=1,
        )
        age = self.age(torch.tensor(scaled, dtype=self.sex.weight.dtype, device=device))
        values = torch.stack([age, self.sex(codes.long())], dim=1)
        return ModalityTokens(
            values=values * present.unsqueeze(-1).to(values.dtype), present=present
        )
