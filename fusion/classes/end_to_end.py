"""Text and image encoder trained together with graph, fusion and head on a small cohort.

Decides the start and the rates. The classifier starts as it was trained on tokens of the frozen
encoders, or its random gradients would spoil what the encoders know; then everything learns
together, the encoders slowest. Dropout and running statistics of the encoders keep still: a batch
of eight has no statistics worth the name.
"""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from encoders import ImageEncoder, TextEncoder, apply_freeze_level
from encoders.precision import autocast, fastest_dtype

from .cohort import ALL_MODALITIES, Modality, RawCohort
from .model import PatientClassifier
from .training import ClassTraining, class_loss, patient_weights

__all__ = ["EndToEndTraining", "TrainedTogether", "train_together"]

IntArray = npt.NDArray[np.int64]
_Encoder = TypeVar("_Encoder", TextEncoder, ImageEncoder)


@dataclass(frozen=True, slots=True, kw_only=True)
class EndToEndTraining:
    """How encoders and classifier are trained together.

    Attributes:
        epochs: Passes over the patients.
        batch: Patients in a step.
        learning_rate: Of graph network, fusion and head.
        text_rate: Of the text encoder.
        image_rate: Of the image encoder.
        loss: Weights of classes, smoothing, decay and clipping.
    """

    epochs: int = 3
    batch: int = 8
    learning_rate: float = 5e-4
    text_rate: float = 3e-5
    image_rate: float = 1e-4
    loss: ClassTraining = field(default_factory=ClassTraining)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrainedTogether:
    """A classifier with encoders of its own.

    Attributes:
        classifier: Graph network, fusion and head.
        text: The text encoder; None where notes are not read.
        image: The image encoder; None where images are not read.
        modalities: What is read of a patient.
        losses: Loss of each step.
    """

    classifier: PatientClassifier
    text: TextEncoder | None
    image: ImageEncoder | None
    modalities: frozenset[Modality]
    losses: tuple[float, ...] = ()

    def forward(
        self, cohort: RawCohort, rows: IntArray, *, rng: torch.Generator | None = None
    ) -> Tensor:
        """Scores of the classes, `[n_cases, n_classes]`.

        Args:
            cohort: The patients.
            rows: Which of them.
            rng: Where modality dropout comes from; None drops nothing.
        """
        device = self.classifier.head.weight.device
        with autocast(device, fastest_dtype(device)):
            inputs = cohort.tokens(rows.tolist(), self.text, self.image, modalities=self.modalities)
        scores: Tensor = self.classifier(inputs, rng=rng)
        return scores

    @torch.no_grad()
    def classify(self, cohort: RawCohort, rows: IntArray, *, batch: int = 16) -> Tensor:
        """Shares of the classes, `[n_cases, n_classes]`; they are not calibrated."""
        self.classifier.eval()
        parts = [self.forward(cohort, rows[at : at + batch]) for at in range(0, len(rows), batch)]
        return torch.cat(parts).softmax(dim=1)

    @property
    def n_parameters(self) -> int:
        """Numbers that are trained."""
        return sum(
            parameter.numel()
            for part in (self.classifier, self.text, self.image)
            if part is not None
            for parameter in part.parameters()
            if parameter.requires_grad
        )


def train_together(
    classifier: PatientClassifier,
    text: TextEncoder | None,
    image: ImageEncoder | None,
    cohort: RawCohort,
    rows: IntArray,
    classes: IntArray,
    *,
    training: EndToEndTraining,
    modalities: frozenset[Modality] = ALL_MODALITIES,
    seed: int,
) -> TrainedTogether:
    """Trains copies of the encoders and the classifier itself.

    Args:
        classifier: Trained on tokens of the frozen encoders.
        text: Text encoder to start from; it is not changed.
        image: Image encoder to start from; it is not changed.
        cohort: All patients; only `rows` are looked at.
        rows: Patients of the training part.
        classes: Class of each patient of the part.
        training: How.
        modalities: What is read of a patient.
        seed: Of order and dropout.
    """
    own = TrainedTogether(
        classifier=classifier,
        text=_unfrozen(text) if "note" in modalities else None,
        image=_unfrozen(image) if "image" in modalities else None,
        modalities=modalities,
    )
    rates = (
        (own.classifier, training.learning_rate),
        (own.text, training.text_rate),
        (own.image, training.image_rate),
    )
    groups = [
        {"params": [p for p in part.parameters() if p.requires_grad], "lr": rate}
        for part, rate in rates
        if part is not None
    ]
    optimizer = torch.optim.AdamW(groups, weight_decay=training.loss.weight_decay)
    per_epoch = math.ceil(len(rows) / training.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        max_lr=[float(group["lr"]) for group in groups],  # type: ignore[arg-type]
        total_steps=per_epoch * training.epochs,
        pct_start=0.1,
    )
    weights = patient_weights(classes, classifier.head.out_features, training.loss.balance)
    rng, order = torch.Generator().manual_seed(seed), np.random.default_rng([seed, 7])
    torch.manual_seed(seed)
    trained = [p for group in optimizer.param_groups for p in group["params"]]
    losses: list[float] = []
    classifier.train()
    for _ in range(training.epochs):
        for some in np.array_split(order.permutation(len(rows)), per_epoch):
            logits = own.forward(cohort, rows[some], rng=rng)
            loss = class_loss(logits, torch.from_numpy(classes[some]), weights[some], training.loss)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(trained, training.loss.gradient_norm)
            optimizer.step()
            schedule.step()
            losses.append(float(loss.detach()))
    classifier.eval()
    return replace(own, losses=tuple(losses))


def _unfrozen(encoder: _Encoder | None) -> _Encoder | None:
    """A copy whose weights are all trained, dropout and statistics held still."""
    if encoder is None:
        return None
    own = copy.deepcopy(encoder)
    apply_freeze_level(own.network, "all")
    return own.eval()
