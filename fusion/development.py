"""How good the model is on cases that nothing was fitted to, and how sure it may be.

Decides the metric of early stop and the temperature that turns scores into probabilities
(Guo et al. 2017, arXiv:1706.04599). Full evaluations with baselines are in `reasoning.evaluate`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp

from .batches import ImageCache, collate
from .folds import DevelopmentPart
from .model import FusionModel
from .ranks import RankSummary, realistic_rank, summarise_ranks

__all__ = ["DevelopmentResult", "evaluate_development", "fit_temperature"]

_CASES_AT_ONCE = 16


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DevelopmentResult:
    """Ranks of the development cases.

    Attributes:
        combined: By symbolic and neural evidence together.
        neural: By the neural scores alone.
        logits: Combined logits, `[n_cases, n_diseases]`.
    """

    combined: RankSummary
    neural: RankSummary
    logits: npt.NDArray[np.float32]


@torch.no_grad()
def evaluate_development(
    model: FusionModel, part: DevelopmentPart, *, images: ImageCache | None
) -> DevelopmentResult:
    """Ranks the whole catalogue for each case of the part."""
    was_training = model.training
    model.eval()
    vectors = model.encode_graph(part.graph)
    combined: list[npt.NDArray[np.float32]] = []
    neural: list[npt.NDArray[np.float32]] = []
    for start in range(0, len(part.cases), _CASES_AT_ONCE):
        cases = part.cases[start : start + _CASES_AT_ONCE]
        batch = collate(
            cases,
            n_diseases=len(model.disease_nodes),
            images=images,
            images_per_case=model.config.images_per_case,
        )
        symbolic = np.stack(part.features[start : start + _CASES_AT_ONCE]).astype(np.float32)
        scores = model.neural_scores(model.encode_patients(batch, vectors), vectors)
        logits = model.combine(torch.from_numpy(symbolic).to(scores.device), scores)
        combined.extend(logits.float().cpu().numpy())
        neural.extend(scores.sum(dim=-1).cpu().numpy())
    model.train(was_training)
    golds = [case.gold for case in part.cases]
    firsts = [gold[0] for gold in golds]
    return DevelopmentResult(
        combined=summarise_ranks(
            [realistic_rank(s, g) for s, g in zip(combined, golds, strict=True)], firsts
        ),
        neural=summarise_ranks(
            [realistic_rank(s, g) for s, g in zip(neural, golds, strict=True)], firsts
        ),
        logits=np.stack(combined),
    )


def fit_temperature(logits: npt.NDArray[np.float32], golds: list[tuple[int, ...]]) -> float:
    """Temperature at which softmax probabilities have the best log-likelihood.

    Searched between 0.05 and 20, so that a handful of lucky cases cannot make the model certain.
    """
    values = logits.astype(np.float64)
    rows = np.repeat(np.arange(len(golds)), [len(gold) for gold in golds])
    columns = np.concatenate([np.asarray(gold, dtype=np.int64) for gold in golds])
    starts = np.searchsorted(rows, np.arange(len(golds)))

    def loss(log_temperature: float) -> float:
        scaled = values / np.exp(log_temperature)
        total = logsumexp(scaled, axis=1)
        hit = np.logaddexp.reduceat(scaled[rows, columns], starts)
        return float((total - hit).mean())

    found = minimize_scalar(loss, bounds=(np.log(0.05), np.log(20.0)), method="bounded")
    return float(np.exp(found.x))
