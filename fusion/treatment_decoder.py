r"""Scores of treatments for a disease: indication and contraindication, each its own relation.

Decides the decoder. A diagonal bilinear form (DistMult, Yang et al. 2015, arXiv:1412.6575) carries
similarity in the space of the graph, a small network over the elementwise product adds what is not
bilinear, and pairwise symbolic features enter it where there are any. Which pairs train it, and
against which negatives, is decided in `fusion.treatment_batches`.

.. math:: s_\rho(d, t) = \langle \mathbf{d}, \mathbf{r}_\rho, \mathbf{t} \rangle
    + b_\rho(\mathbf{t})
    + \mathbf{m}_\rho \cdot \mathrm{GELU}(A\mathbf{d} + B\mathbf{t} + C(\mathbf{d} \odot \mathbf{t})
    + D\mathbf{f}_{dt})
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

__all__ = ["CONTRAINDICATION", "INDICATION", "TreatmentDecoder"]

INDICATION, CONTRAINDICATION = 0, 1
"""Positions on the last axis of the scores."""

_PRIOR = (
    {"kernel ridge through similar treatments": 20.0},
    {"contraindication ridge through similar treatments": 20.0},
)
"""Weights of pair features at the start, in the order of the scores; a ridge lies in [0, 1]."""


class TreatmentDecoder(nn.Module):
    """Scores every treatment of the catalogue for given diseases.

    Args:
        d_model: Width of node states and of projected texts.
        d_hidden: Width of the hidden layer.
        n_pair_features: Pairwise symbolic features, 0 for none.
        dropout: Share of values dropped in training.
    """

    def __init__(
        self, d_model: int, *, d_hidden: int = 64, n_pair_features: int = 0, dropout: float = 0.1
    ) -> None:
        super().__init__()
        self.disease = nn.Sequential(nn.Linear(2 * d_model, d_model), nn.LayerNorm(d_model))
        self.treatment = nn.Sequential(nn.Linear(2 * d_model, d_model), nn.LayerNorm(d_model))
        self.relation = nn.Parameter(torch.full((2, d_model), d_model**-0.5))
        self.popularity = nn.Linear(d_model, 2)
        self.from_disease = nn.Linear(d_model, d_hidden)
        self.from_treatment = nn.Linear(d_model, d_hidden, bias=False)
        self.from_product = nn.Linear(d_model, d_hidden, bias=False)
        self.from_features = (
            nn.Linear(n_pair_features, d_hidden, bias=False) if n_pair_features else None
        )
        self.direct = nn.Linear(n_pair_features, 2, bias=False) if n_pair_features else None
        self.out = nn.Linear(d_hidden, 2)
        self.dropout = nn.Dropout(dropout)

    @torch.no_grad()
    def start_from(self, names: Sequence[str]) -> None:
        """Lets learning start from the kernel ridge, the strongest single feature.

        Args:
            names: Names of the pair features, in order.
        """
        if self.direct is None:
            return
        self.direct.weight.zero_()
        for name, weight in _PRIOR[INDICATION].items():
            self.direct.weight[INDICATION, names.index(name)] = weight
        for name, weight in _PRIOR[CONTRAINDICATION].items():
            self.direct.weight[CONTRAINDICATION, names.index(name)] = weight

    def forward(
        self,
        diseases: Float[Tensor, "n_diseases d_double"],
        treatments: Float[Tensor, "n_drugs d_double"],
        pair_features: Float[Tensor, "n_diseases n_drugs n_features"] | None = None,
    ) -> Float[Tensor, "n_diseases n_drugs 2"]:
        """Scores of all pairs.

        Args:
            diseases: Graph state and projected text of each disease, side by side.
            treatments: The same of each treatment.
            pair_features: Symbolic features of each pair.
        """
        d = self.dropout(self.disease(diseases))
        t = self.dropout(self.treatment(treatments))
        bilinear = torch.stack([(d * relation) @ t.t() for relation in self.relation], dim=-1)
        # C (d * t) for all pairs: scale the columns of C by each disease, then one product.
        scaled = d[:, None, :] * self.from_product.weight[None]
        hidden = torch.einsum("bhd,nd->bnh", scaled, t)
        hidden = hidden + self.from_disease(d)[:, None] + self.from_treatment(t)[None]
        scores = bilinear + self.popularity(t)[None]
        if pair_features is not None and self.from_features is not None:
            hidden = hidden + self.from_features(pair_features)
        if pair_features is not None and self.direct is not None:
            scores = scores + self.direct(pair_features)
        total: Tensor = scores + self.out(F.gelu(hidden))
        return total
