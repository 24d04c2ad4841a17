r"""A network over symbolic features that ranks lists: the smooth ranker beside the trees.

Decides shape and training. With the standardised features :math:`\mathbf{f}` of a disease for a
patient,

.. math:: s = \mathbf{w} \cdot \mathbf{f} + M(\mathbf{f})

where :math:`M` has two hidden layers, and the loss of a patient is the negative log-softmax of the
diagnosis among its candidates (ListNet's top-one probability, Cao et al. 2007,
doi:10.1145/1273496.1273513). What is kept is the exponential moving average of the weights. Trees
cut features at thresholds and a network bends them: their errors differ, and the sum of both scores
is better than either.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from .boosted import TrainingSample, case_weights, columns_of, readable

__all__ = ["ListwiseNetwork", "ListwiseOptions"]

FloatArray = npt.NDArray[np.float32]

_LARGEST = 6.0  # standard deviations; a feature beyond says no more
_AVERAGED = 0.01  # share of the newest weights in the average
_RISE = 50  # steps


@dataclass(frozen=True, slots=True, kw_only=True)
class ListwiseOptions:
    """Shape and training.

    Attributes:
        hidden: Widths of the hidden layers.
        dropout: Share of hidden values dropped in training.
        n_rounds: Passes over the cases.
        n_cases: Cases in a batch.
        learning_rate: Peak rate; it rises over some steps and falls as a cosine.
        decay: Weight decay (AdamW).
        macro: 0 weighs cases alike, 1 weighs diseases alike, between is between.
        seed: Of weights, order and dropout.
    """

    hidden: tuple[int, ...] = (128, 64)
    dropout: float = 0.2
    n_rounds: int = 5
    n_cases: int = 32
    learning_rate: float = 2e-3
    decay: float = 1e-3
    macro: float = 0.5
    seed: int = 0


class ListwiseNetwork(nn.Module):
    """The network.

    Args:
        names: Names of the features that it reads, in its order.
        hidden: Widths of the hidden layers.
        dropout: Share of hidden values dropped in training.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(
        self, names: Sequence[str], *, hidden: Sequence[int], dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.names = tuple(names)
        self.hidden = tuple(hidden)
        self.register_buffer("mean", torch.zeros(len(self.names)))
        self.register_buffer("deviation", torch.ones(len(self.names)))
        self.direct = nn.Linear(len(self.names), 1)
        layers: list[nn.Module] = []
        width = len(self.names)
        for wider in self.hidden:
            layers += [nn.Linear(width, wider), nn.GELU(), nn.Dropout(dropout)]
            width = wider
        self.network = nn.Sequential(*layers, nn.Linear(width, 1))

    def forward(self, features: Tensor) -> Tensor:
        """Scores of candidates.

        Args:
            features: Raw features, `[..., n_features]`.

        Returns:
            `[...]`, on the scale of log-probabilities.
        """
        x = ((features - self.mean) / self.deviation).clamp(-_LARGEST, _LARGEST)
        scores: Tensor = (self.direct(x) + self.network(x))[..., 0]
        return scores

    @classmethod
    def train_on(
        cls,
        sample: TrainingSample,
        *,
        options: ListwiseOptions | None = None,
        names: Sequence[str] | None = None,
    ) -> Self:
        """Learns from the candidates of training cases.

        Args:
            sample: With out-of-publication features.
            options: How.
            names: Features that may be read; those that tell single diseases apart never are.
        """
        chosen = options or ListwiseOptions()
        read = readable(sample.names, names)
        features = sample.features[:, [sample.names.index(name) for name in read]]
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(chosen.seed)
            own = cls(read, hidden=chosen.hidden, dropout=chosen.dropout)
            own.mean.copy_(torch.from_numpy(features.mean(axis=0, dtype=np.float64)))
            spread = torch.from_numpy(features.std(axis=0, dtype=np.float64))
            own.deviation.copy_(torch.where(spread > 1e-6, spread, torch.ones_like(spread)))
            own._learn(features, sample, chosen)
        return own.eval()

    def _learn(
        self, features: FloatArray, sample: TrainingSample, options: ListwiseOptions
    ) -> None:
        starts = np.r_[0, np.cumsum(sample.sizes, dtype=np.int64)]
        gold = torch.from_numpy(np.flatnonzero(sample.relevant) - starts[:-1])
        weight = torch.from_numpy(case_weights(sample.disease, options.macro)).float()
        rng = np.random.default_rng([options.seed, 5])
        n_batches = math.ceil(len(sample.sizes) / options.n_cases)
        n_steps = options.n_rounds * n_batches
        parameters: list[Tensor] = list(self.parameters())
        average = [parameter.detach().clone() for parameter in parameters]
        optimizer = torch.optim.AdamW(
            parameters, lr=options.learning_rate, weight_decay=options.decay
        )
        self.train()
        for step in range(n_steps):
            if step % n_batches == 0:
                order = rng.permutation(len(sample.sizes))
            at = step % n_batches * options.n_cases
            cases = order[at : at + options.n_cases]
            rows = np.concatenate([features[starts[case] : starts[case + 1]] for case in cases])
            scores = self(torch.from_numpy(rows)).split(sample.sizes[cases].tolist())
            losses = torch.stack(
                [
                    own.logsumexp(0) - own[gold[case]]
                    for own, case in zip(scores, cases, strict=True)
                ]
            )
            loss = (losses * weight[torch.from_numpy(cases)]).mean()
            rate = 0.01 + 0.5 * (1.0 + math.cos(math.pi * step / n_steps))
            for group in optimizer.param_groups:
                group["lr"] = options.learning_rate * rate * min(1.0, (step + 1) / _RISE)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]  # torch does not annotate it
            nn.utils.clip_grad_norm_(parameters, 1.0)
            optimizer.step()
            with torch.no_grad():
                torch._foreach_lerp_(average, parameters, max(_AVERAGED, 1.0 / (step + 1)))
        with torch.no_grad():
            for parameter, value in zip(parameters, average, strict=True):
                parameter.copy_(value)

    @torch.no_grad()
    def score_features(
        self, features: npt.NDArray[np.floating], names: Sequence[str]
    ) -> FloatArray:
        """Score of every candidate from its features `[..., n_features]`.

        Raises:
            ValueError: A feature that the network reads is not among `names`.
        """
        chosen = features[..., columns_of(self.names, names)]
        scores: FloatArray = self(torch.from_numpy(np.asarray(chosen, dtype=np.float32))).numpy()
        return scores

    def save(self, path: Path) -> None:
        """Writes the weights as safetensors, names and widths in the header."""
        save_file(
            {name: value.contiguous() for name, value in self.state_dict().items()},
            path,
            metadata={
                "features": ",".join(self.names),
                "hidden": ",".join(map(str, self.hidden)),
            },
        )

    @classmethod
    def load(cls, path: Path) -> Self:
        """Reads what `save` wrote.

        Raises:
            ValueError: The file holds no network of this form.
        """
        try:
            with safe_open(path, framework="pt") as file:
                said = file.metadata() or {}
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except (OSError, SafetensorError) as error:
            raise ValueError(f"{path.name}: {error}") from error
        if "features" not in said or "hidden" not in said:
            raise ValueError(f"{path.name}: no names of features in its header")
        own = cls(
            said["features"].split(","), hidden=[int(width) for width in said["hidden"].split(",")]
        )
        own.load_state_dict(tensors)
        return own.eval()
