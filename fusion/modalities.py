r"""One vector of a patient from several modalities, each there or not.

Decides the ways to bring modalities together that stand beside the default (attention over all
tokens, `fusion.patient`). All four have the same parameters: a matrix and a bias for each modality.

- `gated`: :math:`s + \sum_m \sigma(W_m h_m) \odot h_m` (10.48550/arXiv.1702.01992).
- `cross_attention`: nodes of the graph ask the tokens of the other modalities; keys are
  :math:`W_m t`, queries :math:`W_0 v`. A patient without nodes asks with the summary alone.
- `product_of_experts`: each modality is a Gaussian with mean :math:`h_m` and log-precision
  :math:`W_m h_m`, multiplied with a prior of precision 1 (10.48550/arXiv.1802.05335).
- `late_average`: :math:`s + \operatorname{mean}_m (h_m + W_m \operatorname{gelu}(h_m))`; under a
  linear head that is the average of what each modality scores alone.

with `s` a learned summary and `h` the mean of a modality's tokens. Sums run modality by modality
and take what is absent as an exact zero, so an absent modality changes nothing to the bit.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor, nn

from .config import FUSIONS

__all__ = ["ModalityFusion", "alignment_loss", "compacted", "masked_mean"]

_LOG_PRECISION = 4.0
_WIDTH = 16
Part = tuple[Tensor, Tensor]


class ModalityFusion(nn.Module):
    """All ways but attention over all tokens.

    Args:
        kind: One of `fusion.config.FUSIONS` but the first.
        d_model: Width of tokens and of the result.
        n_modalities: Number of modalities; the first is the nodes of the graph.
        dropout: Share of the result dropped in training.
    """

    def __init__(self, kind: str, d_model: int, *, n_modalities: int, dropout: float) -> None:
        super().__init__()
        if kind not in FUSIONS[1:]:
            raise ValueError(f"kind: {kind!r}; needs one of {', '.join(FUSIONS[1:])}")
        self.kind = kind
        self.weight = nn.Parameter(torch.randn(n_modalities, d_model, d_model) * d_model**-0.5)
        self.bias = nn.Parameter(torch.zeros(n_modalities, d_model))
        self.dropout = nn.Dropout(dropout)

    def forward(
        self, summary: Float[Tensor, " d_model"], parts: Sequence[Part]
    ) -> Float[Tensor, "n_cases d_model"]:
        """One vector per patient.

        Args:
            summary: Stands for a patient of whom nothing is known.
            parts: Tokens `[n_cases, n_tokens, d_model]` and which are present, by modality.
        """
        if self.kind == "cross_attention":
            mixed = self._from_graph(summary, parts)
        else:
            mixed = self._from_means(summary, parts)
        result: Tensor = self.dropout(mixed)
        return result

    def _project(self, modality: int, x: Tensor) -> Tensor:
        return x @ self.weight[modality] + self.bias[modality]

    def _from_means(self, summary: Tensor, parts: Sequence[Part]) -> Tensor:
        n_cases = len(parts[0][0])
        mixed = summary.expand(n_cases, -1)
        total = torch.ones_like(mixed)
        count = torch.zeros_like(mixed[:, :1])
        for modality, (tokens, present) in enumerate(parts):
            known = present.any(dim=1, keepdim=True)
            mean = masked_mean(tokens, present)
            if self.kind == "gated":
                added = torch.sigmoid(self._project(modality, mean)) * mean
            elif self.kind == "product_of_experts":
                bounded = _LOG_PRECISION * torch.tanh(
                    self._project(modality, mean) / _LOG_PRECISION
                )
                precision = torch.where(known, bounded.exp(), 0.0)
                added, total = precision * mean, total + precision
            else:
                added = mean + self._project(modality, F.gelu(mean))
            if self.kind == "late_average":
                count = count + known
                total = torch.where(known, added, 0.0) + (total if modality else 0.0)
            else:
                mixed = mixed + torch.where(known, added, 0.0)
        if self.kind == "product_of_experts":
            return mixed / total
        return mixed + total / count.clamp(min=1.0) if self.kind == "late_average" else mixed

    def _from_graph(self, summary: Tensor, parts: Sequence[Part]) -> Tensor:
        nodes, there = parts[0]
        first = summary.expand(len(nodes), 1, -1)
        asking = torch.cat([first, torch.where(there[..., None], nodes, 0.0)], dim=1)
        present = torch.cat([torch.ones_like(there[:, :1]), there], dim=1)
        asking, present = compacted(asking, present)
        queries = self._project(0, asking) * nodes.shape[-1] ** -0.5
        seen = []
        # A key that says nothing, with score 0, stands for "look nowhere".
        top = queries.new_zeros(queries.shape[:2])
        for modality, (tokens, given) in enumerate(parts[1:], start=1):
            tokens, given = compacted(torch.where(given[..., None], tokens, 0.0), given)
            scores = torch.einsum("nqd,ntd->nqt", queries, self._project(modality, tokens))
            scores = scores.masked_fill(~given[:, None], -torch.inf)
            top = torch.maximum(top, scores.amax(dim=2))
            seen.append((tokens, scores))
        mixed = torch.zeros_like(queries)
        total = (-top).exp()[..., None]
        for tokens, scores in seen:
            weights = (scores - top[..., None]).exp()[..., None]
            mixed = mixed + (weights * tokens[:, None]).sum(dim=2)
            total = total + weights.sum(dim=2)
        return masked_mean(asking + mixed / total, present)


def compacted(
    tokens: Float[Tensor, "n_cases n_tokens d_model"], present: Bool[Tensor, "n_cases n_tokens"]
) -> tuple[Tensor, Tensor]:
    """Present tokens moved to the front, and a width out of few.

    A patient then meets the same sums in the same order, whatever others of the batch have.
    """
    # By number, not by `max()`: one glance at the device for the whole batch.
    most = int(present.sum(dim=1).max()) if len(present) else 0
    width = max(_WIDTH, -(-most // _WIDTH) * _WIDTH)
    order = present.to(torch.uint8).argsort(dim=1, descending=True, stable=True)[:, :width]
    tokens = tokens.gather(1, order[..., None].expand(-1, -1, tokens.shape[2]))
    present = present.gather(1, order)
    lacking = width - tokens.shape[1]
    if lacking > 0:
        tokens = F.pad(tokens, (0, 0, 0, lacking))
        present = F.pad(present, (0, lacking))
    return tokens, present


def masked_mean(
    tokens: Float[Tensor, "n_cases n_tokens d_model"], present: Bool[Tensor, "n_cases n_tokens"]
) -> Float[Tensor, "n_cases d_model"]:
    """Mean of the present tokens; zeros where a case has none."""
    total = torch.where(present[..., None], tokens, 0.0).sum(dim=1)
    return total / present.sum(dim=1, keepdim=True).clamp(min=1)


def alignment_loss(
    first: Float[Tensor, "n_cases d_model"],
    second: Float[Tensor, "n_cases d_model"],
    paired: Bool[Tensor, " n_cases"],
    *,
    temperature: float = 0.1,
) -> Float[Tensor, ""]:
    """Contrast of two modalities of the same patients, InfoNCE both ways.

    As in ConVIRT (10.48550/arXiv.2010.00747).

    Args:
        first: One vector of each patient.
        second: Another.
        paired: Patients who have both; fewer than two give no loss.
        temperature: Divides the cosines.
    """
    if int(paired.sum()) < 2:
        return (first.sum() + second.sum()) * 0.0
    one, two = F.normalize(first[paired], dim=1), F.normalize(second[paired], dim=1)
    likeness = one @ two.t() / temperature
    own = torch.arange(len(one), device=one.device)
    return 0.5 * (F.cross_entropy(likeness, own) + F.cross_entropy(likeness.t(), own))
