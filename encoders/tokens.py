"""The form in which every encoder hands its result to fusion: tokens and which of them are there.

Decides the border between encoders and fusion. An absent modality is `present` false everywhere;
the values at such places are finite and mean nothing, so nothing may read them unmasked.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

__all__ = ["ModalityTokens", "concatenate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModalityTokens:
    """Vectors of one modality for a batch of cases.

    Attributes:
        values: One row of tokens per case, padded to the longest; finite everywhere.
        present: True where a token stands for something that was observed.

    Raises:
        ValueError: If the shapes disagree or `present` is not boolean.

    Example:
        >>> tokens = ModalityTokens(values=torch.ones(2, 3, 4), present=torch.ones(2, 3).bool())
        >>> tokens.pooled().shape
        torch.Size([2, 4])
    """

    values: Float[Tensor, "n_cases n_tokens d_model"]
    present: Bool[Tensor, "n_cases n_tokens"]

    def __post_init__(self) -> None:
        if self.values.dim() != 3:
            raise ValueError(
                f"values: shape {tuple(self.values.shape)}; needs [n_cases, n_tokens, d_model]"
            )
        if self.present.dtype != torch.bool:
            raise ValueError(f"present: type {self.present.dtype}; needs torch.bool")
        if self.present.shape != self.values.shape[:2]:
            raise ValueError(
                f"present: shape {tuple(self.present.shape)} beside values of shape "
                f"{tuple(self.values.shape)}; needs [n_cases, n_tokens]"
            )

    @property
    def n_cases(self) -> int:
        """Number of cases in the batch."""
        return int(self.values.shape[0])

    @property
    def n_tokens(self) -> int:
        """Number of token places per case, absent ones included."""
        return int(self.values.shape[1])

    @property
    def d_model(self) -> int:
        """Width of a token."""
        return int(self.values.shape[2])

    def observed(self) -> Bool[Tensor, " n_cases"]:
        """True for the cases that have at least one token."""
        return self.present.any(dim=1)

    def pooled(self) -> Float[Tensor, "n_cases d_model"]:
        """Mean of the present tokens; zeros where a case has none."""
        weight = self.present.unsqueeze(-1).to(self.values.dtype)
        total = (self.values * weight).sum(dim=1)
        return total / weight.sum(dim=1).clamp(min=1.0)

    def with_values(self, values: Float[Tensor, "n_cases n_tokens d_out"]) -> "ModalityTokens":
        """The same mask over other values, such as projected ones."""
        return ModalityTokens(values=values, present=self.present)

    @classmethod
    def absent(cls, n_cases: int, d_model: int, *, like: Tensor) -> "ModalityTokens":
        """One absent token per case, with the device and type of `like`."""
        return cls(
            values=torch.zeros(n_cases, 1, d_model, device=like.device, dtype=like.dtype),
            present=torch.zeros(n_cases, 1, dtype=torch.bool, device=like.device),
        )


def concatenate(parts: Sequence[ModalityTokens]) -> ModalityTokens:
    """Tokens of several modalities of equal width side by side, in the order given.

    Raises:
        ValueError: If there is no part, or the parts differ in cases or width.
    """
    if not parts:
        raise ValueError("parts: empty; concatenate needs at least one modality")
    first = parts[0]
    for position, part in enumerate(parts):
        if (part.n_cases, part.d_model) != (first.n_cases, first.d_model):
            raise ValueError(
                f"parts[{position}]: {part.n_cases} cases of width {part.d_model} beside "
                f"{first.n_cases} of width {first.d_model}; project to one width first"
            )
    return ModalityTokens(
        values=torch.cat([part.values for part in parts], dim=1),
        present=torch.cat([part.present for part in parts], dim=1),
    )
