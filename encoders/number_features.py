"""A number as a vector: smooth features that a linear layer can read at several scales.

Decides the features only; what is standardised before is decided by the encoders that use them.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

__all__ = ["NumberFeatures"]


class NumberFeatures(nn.Module):
    """The number itself, squashed, and sines and cosines of it at doubling frequencies.

    Numbers are expected in standard units (mostly −3 to 3); far outliers are squashed by
    `tanh(x / 4)`, so that a typing error in a laboratory value cannot blow up a batch.
    """

    def __init__(self, d_model: int, *, n_frequencies: int = 6) -> None:
        super().__init__()
        self.register_buffer(
            "frequencies", 2.0 ** torch.arange(n_frequencies) * torch.pi / 4, persistent=False
        )
        self.project = nn.Linear(1 + 2 * n_frequencies, d_model)

    frequencies: Tensor

    def forward(self, number: Float[Tensor, "*batch"]) -> Float[Tensor, "*batch d_model"]:
        """Features of each number; all numbers must be finite."""
        squashed = 4 * torch.tanh(number / 4)
        angle = squashed.unsqueeze(-1) * self.frequencies
        features = torch.cat([squashed.unsqueeze(-1), angle.sin(), angle.cos()], dim=-1)
        projected: Tensor = self.project(features)
        return projected
