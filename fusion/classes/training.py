"""Training a classifier of patients on a small cohort, all patients in each step.

Decides the loss (cross-entropy, classes weighed towards equal say) and the schedule. The number of
steps is fixed: some dozens of patients leave none to stop on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from fusion.patient import PatientInputs

from .model import PatientClassifier

__all__ = ["ClassTraining", "class_loss", "classify", "patient_weights", "train_classifier"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassTraining:
    """How a classifier is trained.

    Attributes:
        steps: Steps, each over all patients.
        learning_rate: Peak rate; it rises over a tenth of the steps and falls to zero.
        weight_decay: Decay of all weights.
        balance: Exponent b; a patient weighs (patients of the class) ** -b.
        label_smoothing: Share of the target that is spread over all classes.
        alignment_weight: Weight of the contrast between note and image of the same patient.
        gradient_norm: Gradients are clipped to this norm.
    """

    steps: int = 50
    learning_rate: float = 5e-3
    weight_decay: float = 0.05
    balance: float = 1.0
    label_smoothing: float = 0.05
    alignment_weight: float = 0.0
    gradient_norm: float = 1.0


def train_classifier(
    model: PatientClassifier,
    inputs: PatientInputs,
    classes: npt.NDArray[np.int64],
    training: ClassTraining,
    *,
    seed: int,
) -> list[float]:
    """Trains in place.

    Args:
        model: The classifier.
        inputs: Patients of the training part.
        classes: Class of each.
        training: How.
        seed: Where dropout comes from.

    Returns:
        The loss of each step.
    """
    target = torch.from_numpy(classes)
    of_patient = patient_weights(classes, model.head.out_features, training.balance)
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=training.learning_rate, weight_decay=training.weight_decay
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, training.learning_rate, total_steps=training.steps, pct_start=0.1
    )
    rng = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)
    losses = []
    model.train()
    for _ in range(training.steps):
        loss = class_loss(model(inputs, rng=rng), target, of_patient, training)
        if training.alignment_weight:
            loss = loss + training.alignment_weight * model.patient_encoder.alignment(inputs)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), training.gradient_norm)
        optimizer.step()
        schedule.step()
        losses.append(float(loss.detach()))
    model.eval()
    return losses


def patient_weights(
    classes: npt.NDArray[np.int64], n_classes: int, balance: float
) -> Float[Tensor, " n_cases"]:
    """Weight of each patient, (patients of the class) ** -balance, of mean 1."""
    counts = np.bincount(classes, minlength=n_classes).astype(np.float64)
    weights = np.where(counts > 0, np.maximum(counts, 1.0) ** -balance, 0.0)
    return torch.from_numpy(weights[classes] / weights[classes].mean()).float()


def class_loss(
    logits: Float[Tensor, "n_cases n_classes"],
    target: Int[Tensor, " n_cases"],
    weights: Float[Tensor, " n_cases"],
    training: ClassTraining,
) -> Float[Tensor, ""]:
    """Weighed mean of the smoothed cross-entropy."""
    each = F.cross_entropy(
        logits, target, reduction="none", label_smoothing=training.label_smoothing
    )
    loss: Tensor = (each * weights).mean()
    return loss


@torch.no_grad()
def classify(model: PatientClassifier, inputs: PatientInputs) -> Float[Tensor, "n_cases n_classes"]:
    """Shares of the classes for each patient; they are not calibrated."""
    model.eval()
    shares: Tensor = model(inputs).softmax(dim=1)
    return shares
