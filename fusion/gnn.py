r"""Relational graph convolution whose cost is that of the edges, forward and backward.

Decides the layer equation and how it is computed. Which edges there are is decided in
`fusion.graph`, their layout in `fusion.adjacency`.

.. math::
    \mathbf{x}'_i = \mathbf{x}_i \mathbf{W}_0 + \mathbf{b} +
        \sum_r \frac{1}{|N_r(i)|} \sum_{j \in N_r(i)} \mathbf{x}_j \mathbf{W}_r

(Schlichtkrull et al. 2018, arXiv:1703.06103). The means of all relations are taken in one pass over
the edges (a weighted embedding bag, which is several times faster than gather and scatter on a
CPU), then multiplied relation by relation and added to the targets. The backward pass does the
same on the transposed layout, so nothing of the size of edges times width is ever stored.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from .adjacency import RelationalAdjacency

__all__ = ["GraphEncoder", "RelationalConv", "relational_mean_product"]


class _RelationalMeanProduct(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, adjacency: RelationalAdjacency) -> Tensor:
        means = _bag(x, adjacency.sources, adjacency.row_starts, adjacency.weights)
        out = means.new_zeros(adjacency.n_nodes, weight.shape[2])
        starts = adjacency.relation_starts
        largest = max((b - a for a, b in pairwise(starts)), default=0)
        # One buffer for all relations: writing to fresh pages costs as much as the product.
        buffer = means.new_empty(largest, weight.shape[2])
        for r in range(adjacency.n_relations):
            if starts[r] < starts[r + 1]:
                rows = slice(starts[r], starts[r + 1])
                messages = buffer[: starts[r + 1] - starts[r]]
                torch.mm(means[rows], weight[r], out=messages)
                out.index_add_(0, adjacency.row_targets[rows], messages)
        ctx.save_for_backward(means, weight)
        ctx.adjacency = adjacency
        return out

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, Tensor, None]:
        means, weight = ctx.saved_tensors
        adjacency: RelationalAdjacency = ctx.adjacency
        grad = grads[0].contiguous()
        grad_weight = torch.zeros_like(weight)
        grad_means = torch.empty_like(means) if ctx.needs_input_grad[0] else None
        starts = adjacency.relation_starts
        for r in range(adjacency.n_relations):
            if starts[r] < starts[r + 1]:
                rows = slice(starts[r], starts[r + 1])
                # Gathered relation by relation: the piece stays in the cache for both products.
                piece = grad.index_select(0, adjacency.row_targets[rows])
                torch.mm(means[rows].t(), piece, out=grad_weight[r])
                if grad_means is not None:
                    torch.mm(piece, weight[r].t(), out=grad_means[rows])
        if grad_means is None:
            return None, grad_weight, None
        grad_x = _bag(
            grad_means, adjacency.source_rows, adjacency.source_starts, adjacency.source_weights
        )
        return grad_x, grad_weight, None


def _bag(values: Tensor, indices: Tensor, starts: Tensor, weights: Tensor) -> Tensor:
    if not len(indices):
        return values.new_zeros(len(starts) - 1, values.shape[1])
    return F.embedding_bag(
        indices,
        values,
        starts,
        mode="sum",
        per_sample_weights=weights.to(values.dtype),
        include_last_offset=True,
    )


def relational_mean_product(
    x: Float[Tensor, "n_nodes d_in"],
    weight: Float[Tensor, "n_relations d_in d_out"],
    adjacency: RelationalAdjacency,
) -> Float[Tensor, "n_nodes d_out"]:
    """Sum over relations of the mean over neighbours, times the weight of the relation.

    Runs in float32 also under autocast: the means of hubs lose too much in half precision.
    """
    with torch.autocast(x.device.type, enabled=False):
        dtype = torch.promote_types(x.dtype, torch.float32)
        result: Tensor = _RelationalMeanProduct.apply(x.to(dtype), weight.to(dtype), adjacency)
    return result


class RelationalConv(nn.Module):
    """One relational convolution, without normalisation or activation.

    Args:
        d_in: Width of the input.
        d_out: Width of the output.
        n_relations: Number of relations.
        n_bases: When positive, relation weights are mixtures of that many matrices.
    """

    def __init__(self, d_in: int, d_out: int, n_relations: int, *, n_bases: int = 0) -> None:
        super().__init__()
        n_matrices = n_bases or n_relations
        self.weight = nn.Parameter(torch.empty(n_matrices, d_in, d_out))
        self.mixture = nn.Parameter(torch.empty(n_relations, n_bases)) if n_bases else None
        self.root = nn.Linear(d_in, d_out)
        bound = 1.0 / math.sqrt(d_in)
        nn.init.uniform_(self.weight, -bound, bound)
        if self.mixture is not None:
            nn.init.normal_(self.mixture, std=1.0 / math.sqrt(n_bases))

    def relation_weights(self) -> Float[Tensor, "n_relations d_in d_out"]:
        """The matrix of each relation."""
        if self.mixture is None:
            return self.weight
        return torch.einsum("rb,bio->rio", self.mixture, self.weight)

    def forward(
        self, x: Float[Tensor, "n_nodes d_in"], adjacency: RelationalAdjacency
    ) -> Float[Tensor, "n_nodes d_out"]:
        """Convolves node states once."""
        messages = relational_mean_product(x, self.relation_weights(), adjacency)
        result: Tensor = self.root(x) + messages.to(x.dtype)
        return result


class GraphEncoder(nn.Module):
    """Layers of relational convolution with residuals; run once a batch, shared by its cases.

    Args:
        d_model: Width of the node states.
        n_relations: Number of relations.
        n_layers: Number of convolutions; 0 leaves the states as they are.
        n_bases: See `RelationalConv`.
        dropout: Share of the convolved values that are dropped in training.
    """

    def __init__(
        self,
        d_model: int,
        n_relations: int,
        *,
        n_layers: int = 2,
        n_bases: int = 0,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            RelationalConv(d_model, d_model, n_relations, n_bases=n_bases) for _ in range(n_layers)
        )
        self.norms = nn.ModuleList(nn.LayerNorm(d_model) for _ in range(n_layers))
        self.dropout = nn.Dropout(dropout)

    def forward(
        self, x: Float[Tensor, "n_nodes d_model"], adjacency: RelationalAdjacency
    ) -> Float[Tensor, "n_nodes d_model"]:
        """Node states after all layers."""
        for layer, norm in zip(self.layers, self.norms, strict=True):
            x = x + self.dropout(F.gelu(norm(layer(x, adjacency))))
        return x
