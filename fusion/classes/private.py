"""A classifier trained with differential privacy, by Opacus.

Decides what is trained so: one linear layer over the mean tokens of frozen encoders, because every
trained number costs accuracy once its gradients are noised, and some dozens of patients have little
to spare. What the privacy is worth is one number, epsilon at a given delta, which is returned and
has to be reported beside every accuracy.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from fusion.modalities import masked_mean
from fusion.patient import PatientInputs

__all__ = ["PrivacyError", "PrivacyOptions", "PrivateHead", "mean_tokens", "train_head"]


class PrivacyError(RuntimeError):
    """Training with differential privacy cannot be had; says what is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivacyOptions:
    """How a head is trained.

    Attributes:
        epsilon: Privacy loss at most; None trains without privacy.
        delta: Chance that the loss is larger.
        steps: Steps.
        sample_rate: Share of the patients in a step.
        learning_rate: Rate of plain gradient descent; 2 is the largest that is stable for a softmax
            over vectors of length one.
        clipping: Norm that the gradient of one patient is cut to.
    """

    epsilon: float | None = 8.0
    delta: float = 1e-3
    steps: int = 150
    sample_rate: float = 0.5
    learning_rate: float = 2.0
    clipping: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateHead:
    """A trained head.

    Attributes:
        head: The linear layer.
        epsilon: Privacy loss spent; infinite without privacy.
    """

    head: nn.Linear
    epsilon: float

    @torch.no_grad()
    def predict(self, features: Float[Tensor, "n_cases d_model"]) -> npt.NDArray[np.int64]:
        """Class of each patient."""
        found: npt.NDArray[np.int64] = self.head(features).argmax(dim=1).numpy().astype(np.int64)
        return found


def mean_tokens(inputs: PatientInputs) -> Float[Tensor, "n_cases d_model"]:
    """Mean token of note and image side by side, each of length one; zeros where absent."""
    parts = [
        F.normalize(masked_mean(tokens.values, tokens.present), dim=1)
        for tokens in (inputs.notes, inputs.images)
        if tokens is not None
    ]
    return torch.cat(parts, dim=1)


@torch.no_grad()
def train_head(
    features: Float[Tensor, "n_cases d_model"],
    classes: npt.NDArray[np.int64],
    n_classes: int,
    options: PrivacyOptions,
    *,
    seed: int,
) -> PrivateHead:
    """Trains a head, every step on a random sample of the patients.

    Classes are not weighed: a weight by class size would itself tell of the patients.

    Raises:
        PrivacyError: Opacus is not installed and an epsilon is asked for.
    """
    torch.manual_seed(seed)
    rng = torch.Generator().manual_seed(seed)
    head = nn.Linear(features.shape[1], n_classes)
    nn.init.zeros_(head.weight)
    nn.init.zeros_(head.bias)
    target = torch.from_numpy(classes)
    noise = 0.0 if options.epsilon is None else _noise(options)
    for _ in range(options.steps):
        drawn = torch.rand(len(features), generator=rng) < options.sample_rate
        x, y = features[drawn], target[drawn]
        # The gradient of one patient under a linear layer has a closed form.
        error = head(x).softmax(dim=1) - F.one_hot(y, n_classes)
        weight, bias = error[:, :, None] * x[:, None, :], error
        norm = (weight.square().sum((1, 2)) + bias.square().sum(1)).sqrt()
        cut = (options.clipping / norm.clamp(min=1e-9)).clamp(max=1.0)
        expected = options.sample_rate * len(features)
        for parameter, own in ((head.weight, weight), (head.bias, bias)):
            total = torch.einsum("n,n...->...", cut, own)
            noised = torch.randn(total.shape, generator=rng) * noise * options.clipping
            parameter -= options.learning_rate * (total + noised) / expected
    spent = float("inf") if options.epsilon is None else _spent(options, noise)
    return PrivateHead(head=head, epsilon=spent)


@cache
def _noise(options: PrivacyOptions) -> float:
    """Noise for an epsilon; a search of seconds, the same for every fold and seed."""
    try:
        from opacus.accountants.utils import get_noise_multiplier
    except ImportError as error:
        raise PrivacyError(
            "differential privacy needs opacus, which is not installed; "
            "pip install 'iatros[private]'"
        ) from error
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return float(
            get_noise_multiplier(
                target_epsilon=options.epsilon,
                target_delta=options.delta,
                sample_rate=options.sample_rate,
                steps=options.steps,
                accountant="rdp",
            )
        )


def _spent(options: PrivacyOptions, noise: float) -> float:
    from opacus.accountants import RDPAccountant

    accountant = RDPAccountant()
    accountant.history = [(noise, options.sample_rate, options.steps)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return float(accountant.get_epsilon(delta=options.delta))
