"""What the treatment decoder learns from: diseases with their treatments, and hard negatives.

Decides which pairs are compared. Every treatment of the catalogue is a negative of the listwise
loss; beside it each positive meets treatments of about the same degree and the same kind, so that
"popular" is no answer, and indications meet the contraindications of the same disease.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from .losses import multi_positive_loss, pairwise_loss
from .symbolic.pairs import PairFeatures
from .treatment_decoder import CONTRAINDICATION, INDICATION

__all__ = ["TreatmentBatch", "TreatmentSampler", "treatment_loss"]

_NEIGHBOURS = 50  # treatments on either side, by degree, that count as equally popular


@dataclass(frozen=True, slots=True, kw_only=True)
class TreatmentBatch:
    """Some diseases with all treatments.

    Attributes:
        diseases: Nodes.
        pair_features: Symbolic features, made without the disease's own treatments.
        indicated: True where the treatment is indicated.
        forbidden: True where it is contraindicated.
        matched: Rows of (disease, indicated, not indicated but as popular), positions in the batch
            and the treatment catalogue.
        opposed: Rows of (disease, indicated, contraindicated in it).
    """

    diseases: Tensor
    pair_features: Tensor
    indicated: Tensor
    forbidden: Tensor
    matched: Tensor
    opposed: Tensor


class TreatmentSampler:
    """Draws batches of diseases that have a treatment or contraindication.

    Args:
        pairs: Labels and features.
    """

    def __init__(self, pairs: PairFeatures) -> None:
        self._pairs = pairs
        degree = pairs.indicated.sum(axis=0)
        is_drug = pairs.catalogue.is_drug
        self._peers: dict[int, npt.NDArray[np.int64]] = {}
        for kind in (True, False):
            members = np.flatnonzero(is_drug == kind)
            members = members[np.argsort(-degree[members], kind="stable")]
            for at, treatment in enumerate(members.tolist()):
                near = members[max(0, at - _NEIGHBOURS) : at + _NEIGHBOURS + 1]
                self._peers[treatment] = near.astype(np.int64)

    def draw(self, n_diseases: int, rng: np.random.Generator) -> TreatmentBatch:
        """A batch; the same generator state gives the same batch."""
        pairs = self._pairs
        n = min(n_diseases, len(pairs.labelled))
        rows = np.sort(rng.choice(len(pairs.labelled), n, replace=False))
        indicated, forbidden = pairs.indicated[rows] > 0, pairs.forbidden[rows] > 0
        matched: list[tuple[int, int, int]] = []
        opposed: list[tuple[int, int, int]] = []
        for row in range(n):
            good = np.flatnonzero(indicated[row])
            bad = np.flatnonzero(forbidden[row] & ~indicated[row])
            for treatment in good.tolist():
                near = self._peers[treatment]
                near = near[~indicated[row, near]]
                others = rng.choice(near, min(4, len(near)), replace=False).tolist()
                matched += [(row, treatment, other) for other in others]
                if len(bad):
                    opposed.append((row, treatment, int(rng.choice(bad))))
        return TreatmentBatch(
            diseases=torch.from_numpy(pairs.labelled[rows].astype(np.int64)),
            pair_features=torch.from_numpy(pairs.compute(pairs.labelled[rows])),
            indicated=torch.from_numpy(indicated),
            forbidden=torch.from_numpy(forbidden),
            matched=torch.tensor(matched, dtype=torch.long).view(-1, 3),
            opposed=torch.tensor(opposed, dtype=torch.long).view(-1, 3),
        )


def treatment_loss(scores: Tensor, batch: TreatmentBatch) -> Tensor:
    """Listwise for both relations, and pairwise against the hard negatives.

    Args:
        scores: `[n_diseases, n_drugs, 2]`.
        batch: The labels.
    """
    device = scores.device
    indication, contraindication = scores[..., INDICATION], scores[..., CONTRAINDICATION]
    loss = multi_positive_loss(indication, batch.indicated.to(device))
    loss = loss + 0.5 * multi_positive_loss(contraindication, batch.forbidden.to(device))
    for triples, weight in ((batch.matched, 0.5), (batch.opposed, 0.25)):
        row, better, worse = triples.to(device).unbind(dim=1)
        loss = loss + weight * pairwise_loss(indication[row, better], indication[row, worse])
    return loss
