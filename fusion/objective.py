"""One training step as one function of its inputs.

Decides which loss reaches which part of the model. Neural scores enter the combiner's loss
detached, and cases held aside are kept out of the neural loss: so the combiner judges scores that
were not fitted to the very cases it judges them on.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from .batches import CaseBatch
from .config import TrainConfig
from .losses import listwise_loss
from .model import FusionModel, NodeVectors
from .rank_budget import orthogonality
from .treatment_batches import TreatmentBatch, treatment_loss

__all__ = ["CombinerBatch", "Objective", "StepInputs", "StepLosses"]

_ORTHOGONALITY = 0.5  # peft's weight of the penalty of AdaLoRA


@dataclass(frozen=True, slots=True, kw_only=True)
class CombinerBatch:
    """Candidates of the cases that train the combiner.

    Attributes:
        rows: Position of each such case in the batch.
        positions: Catalogue positions of its candidates, padded with 0.
        features: Symbolic features of the candidates.
        log_count: Diseases that a candidate stands for, as logarithm; very low where padded.
    """

    rows: Int[Tensor, " n_judged"]
    positions: Int[Tensor, "n_judged n_candidates"]
    features: Float[Tensor, "n_judged n_candidates n_features"]
    log_count: Float[Tensor, "n_judged n_candidates"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepInputs:
    """What one step learns from.

    Attributes:
        cases: Cases of one fold.
        neural: True for cases that train the neural part.
        combiner: Cases that train the combiner, None for none.
        treatments: Diseases with treatments, None for none.
        rng: Where dropout of modalities comes from.
    """

    cases: CaseBatch
    neural: Bool[Tensor, " n_cases"]
    combiner: CombinerBatch | None
    treatments: TreatmentBatch | None
    rng: torch.Generator


@dataclass(frozen=True, slots=True, kw_only=True)
class StepLosses:
    """The parts of the loss, before they are weighed.

    Attributes:
        neural: Listwise loss of the neural scores over the whole catalogue.
        combined: Listwise loss of the combined scores over candidates.
        treatment: Loss of the treatment decoder.
        total: Weighted sum.
    """

    neural: Float[Tensor, ""]
    combined: Float[Tensor, ""]
    treatment: Float[Tensor, ""]
    total: Float[Tensor, ""]


class Objective(nn.Module):
    """The model with its losses; what the accelerator wraps.

    Args:
        model: The model.
        config: Weights of the losses.
    """

    def __init__(self, model: FusionModel, config: TrainConfig) -> None:
        super().__init__()
        self.model = model
        self.config = config

    def forward(self, inputs: StepInputs, vectors: NodeVectors) -> StepLosses:
        """Losses of one batch.

        Args:
            inputs: The batch.
            vectors: The graph without the publications of its fold, encoded once for all cases and
                diseases, and for all batches of a step.
        """
        model, config = self.model, self.config
        seen = model.read_patients(inputs.cases)
        patients = model.patient_encoder(seen, vectors.states, rng=inputs.rng)
        scores = model.neural_scores(patients, vectors)
        gold = inputs.cases.gold.to(scores.device)
        neural = listwise_loss(
            scores.sum(dim=-1),
            gold,
            weight=inputs.neural.float().to(scores.device),
            smoothing=config.label_smoothing,
        )
        combined = treatment = scores.new_zeros(())
        if inputs.combiner is not None:
            judged = inputs.combiner
            rows = judged.rows.to(scores.device)
            positions = judged.positions.to(scores.device)
            logits = model.combine(
                judged.features.to(scores.device), scores.detach()[rows], positions
            )
            log_count = judged.log_count.to(scores.device)
            hit = gold[rows].gather(1, positions) & (log_count > -1e3)
            combined = listwise_loss(logits, hit, log_count=log_count)
        if inputs.treatments is not None:
            batch = inputs.treatments
            pair_scores = model.treatment_scores(
                batch.diseases.to(scores.device), vectors, batch.pair_features.to(scores.device)
            )
            treatment = treatment_loss(pair_scores, batch)
        total = (
            config.neural_weight * neural
            + config.combined_weight * combined
            + config.treatment_weight * treatment
        )
        if config.alignment_weight:
            total = total + config.alignment_weight * model.patient_encoder.alignment(seen)
        for encoder in (model.text_encoder, model.image_encoder):
            crooked = orthogonality(encoder.network) if encoder is not None else None
            if crooked is not None:
                total = total + _ORTHOGONALITY * crooked
        return StepLosses(neural=neural, combined=combined, treatment=treatment, total=total)
