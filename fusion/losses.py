"""What training minimises: listwise losses over catalogues, and ranks against hard negatives.

Decides the losses alone; which cases and pairs enter them is decided in `fusion.trainer` and
`fusion.treatment_batches`.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

__all__ = ["listwise_loss", "multi_positive_loss", "pairwise_loss"]


def listwise_loss(
    logits: Float[Tensor, "n_cases n_candidates"],
    gold: Bool[Tensor, "n_cases n_candidates"],
    *,
    weight: Float[Tensor, " n_cases"] | None = None,
    log_count: Float[Tensor, "n_cases n_candidates"] | None = None,
    smoothing: float = 0.0,
) -> Float[Tensor, ""]:
    r"""Softmax cross-entropy over candidates; several gold ones are one event.

    .. math:: -\log \sum_{g} p_g, \quad p \propto \exp(s + \log c)

    Args:
        logits: Scores.
        gold: True at the diagnoses; a case without any counts nothing.
        weight: Weight of each case, normalised over the batch.
        log_count: Logarithm of how many diseases a sampled candidate stands for; minus infinity
            at places that hold no candidate.
        smoothing: Share of the target that is spread evenly over all candidates
            (arXiv:1512.00567); all places must then hold a candidate.
    """
    logits = logits.float()
    if log_count is not None:
        logits = logits + log_count
    # Finite, so that a case without gold has a gradient of zero and not of nothing.
    below = torch.finfo(logits.dtype).min / 4
    hit = torch.where(gold, logits, below).logsumexp(dim=1)
    total = logits.logsumexp(dim=1)
    loss = total - hit
    if smoothing:
        loss = (1 - smoothing) * loss + smoothing * (total - logits.mean(dim=1))
    usable = gold.any(dim=1)
    weight = usable.float() if weight is None else weight * usable
    return (torch.where(usable, loss, 0.0) * weight).sum() / weight.sum().clamp(min=1e-9)


def multi_positive_loss(
    logits: Float[Tensor, "n_diseases n_drugs"],
    positive: Bool[Tensor, "n_diseases n_drugs"],
) -> Float[Tensor, ""]:
    """Mean log-loss of each positive against everything that is not positive.

    Unlike `listwise_loss`, each positive must be found: two treatments of a disease are two facts.
    Rows without positives count nothing.
    """
    logits = logits.float()
    below = torch.finfo(logits.dtype).min / 4
    others = torch.where(positive, below, logits).logsumexp(dim=1, keepdim=True)
    loss = F.softplus(others - logits)
    per_row = torch.where(positive, loss, 0.0).sum(dim=1) / positive.sum(dim=1).clamp(min=1)
    rows = positive.any(dim=1)
    return (per_row * rows).sum() / rows.sum().clamp(min=1)


def pairwise_loss(
    better: Float[Tensor, " n_pairs"], worse: Float[Tensor, " n_pairs"]
) -> Float[Tensor, ""]:
    """Logistic loss of pairs in the wrong order; 0 without pairs."""
    if not len(better):
        return better.sum()
    return F.softplus(worse.float() - better.float()).mean()
