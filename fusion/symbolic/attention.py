r"""Learnt attention: which diseases of known treatment speak for a disease of unknown treatment.

Decides the weights that a disease gives to labelled ones. Similarities of several kinds go through
one small layer, and a softmax over all labelled diseases that may be known makes weights of them:

.. math:: w_{qd} = \mathrm{softmax}_d\,(a^\top x_{qd} + v^\top \tanh(B^\top x_{qd} + c))

The layer is trained so that the treatments of labelled diseases are likely under
:math:`p_q \propto w_q M`, with `M` the labels scaled by the square root of their number and spread
over similar treatments; for each query its kin are hidden, so training looks like a disease
without treatments. A hundred and fifty numbers cannot learn the labels by heart.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Self

import numpy as np
import numpy.typing as npt

__all__ = ["AttentionOptions", "DiseaseAttention"]

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int32]

_LEAST = 1e-5  # of a score: a treatment that no weight reaches is unlikely, not impossible
_FORBIDDEN = -1e9


@dataclass(frozen=True, slots=True, kw_only=True)
class AttentionOptions:
    """How attention is trained.

    Attributes:
        n_units: Width of the layer.
        n_steps: Steps of Adam.
        batch: Diseases in a step.
        learning_rate: At the start; it falls to nothing.
        seed: Of the layer and the batches.
    """

    n_units: int = 16
    n_steps: int = 200
    batch: int = 128
    learning_rate: float = 0.03
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DiseaseAttention:
    """A trained layer.

    Attributes:
        direct: a, `[n_inputs]`.
        inner: B, `[n_inputs, n_units]`.
        offset: c, `[n_units]`.
        outer: v, `[n_units]`.
    """

    direct: FloatArray
    inner: FloatArray
    offset: FloatArray
    outer: FloatArray

    @classmethod
    def start(cls, direct: Sequence[float], *, options: AttentionOptions) -> Self:
        """An untrained layer: the given weights of the inputs and a little noise."""
        rng = np.random.default_rng([options.seed, 1])
        n = len(direct)
        return cls(
            direct=np.asarray(direct, dtype=np.float32),
            inner=rng.normal(0, n**-0.5, (n, options.n_units)).astype(np.float32),
            offset=np.zeros(options.n_units, dtype=np.float32),
            outer=rng.normal(0, 0.3, options.n_units).astype(np.float32),
        )

    def weights(self, inputs: FloatArray, hidden: Sequence[IntArray]) -> FloatArray:
        """Weight of each labelled disease for each query; rows sum to 1, or to 0 if all is hidden.

        Args:
            inputs: `[n_queries, n_known, n_inputs]`.
            hidden: For each query the positions that it must not know.
        """
        logits = inputs @ self.direct + np.tanh(inputs @ self.inner + self.offset) @ self.outer
        for row, group in enumerate(hidden):
            logits[row, group] = _FORBIDDEN
        top = logits.max(axis=1, keepdims=True)
        weight = np.where(logits > _FORBIDDEN / 2, np.exp(logits - top), 0.0)
        scaled: FloatArray = weight / np.maximum(weight.sum(axis=1, keepdims=True), 1e-12)
        return scaled.astype(np.float32)

    def trained(
        self,
        inputs: FloatArray,
        hidden: Sequence[IntArray],
        carried: FloatArray,
        labels: FloatArray,
        *,
        options: AttentionOptions,
    ) -> Self:
        """The layer after training.

        Args:
            inputs: `[n_queries, n_known, n_inputs]`.
            hidden: For each query the positions that it must not know.
            carried: What a known disease says of treatments, M, `[n_known, n_treatments]`.
            labels: 0/1, `[n_queries, n_treatments]`; every query needs one.
            options: How long and how fast.
        """
        rng = np.random.default_rng([options.seed, 2])
        share = labels / labels.sum(axis=1, keepdims=True)
        layer, mean, square = self, self._zeros(), self._zeros()
        for step in range(options.n_steps):
            rows = rng.choice(len(inputs), size=min(options.batch, len(inputs)), replace=False)
            own = [hidden[row] for row in rows.tolist()]
            slope = layer.gradient(inputs[rows], own, carried, share[rows])
            rate = options.learning_rate * (1.0 - step / options.n_steps)
            moved = {}
            for name, value in slope.items():
                mean[name] += 0.1 * (value - mean[name])
                square[name] += 0.001 * (value**2 - square[name])
                push = (mean[name] / (1 - 0.9 ** (step + 1))) / (
                    np.sqrt(square[name] / (1 - 0.999 ** (step + 1))) + 1e-8
                )
                moved[name] = (getattr(layer, name) - rate * push).astype(np.float32)
            layer = type(self)(**moved)
        return layer

    def gradient(
        self,
        inputs: FloatArray,
        hidden: Sequence[IntArray],
        carried: FloatArray,
        share: FloatArray,
    ) -> dict[str, FloatArray]:
        """Slope of the mean cross-entropy between `share` and the treatments foretold.

        Args:
            inputs: `[n_queries, n_known, n_inputs]`.
            hidden: For each query the positions that it must not know.
            carried: M, `[n_known, n_treatments]`.
            share: Rows sum to 1, `[n_queries, n_treatments]`.
        """
        weight = self.weights(inputs, hidden)
        score = weight @ carried + _LEAST
        by_score = (1.0 / score.sum(axis=1, keepdims=True) - share / score) / len(inputs)
        by_weight = by_score @ carried.T
        by_logit = weight * (by_weight - (weight * by_weight).sum(axis=1, keepdims=True))
        flat = inputs.reshape(-1, inputs.shape[2])
        towards = by_logit.reshape(-1).astype(np.float32)
        units = np.tanh(flat @ self.inner + self.offset)
        by_unit = towards[:, None] * self.outer * (1.0 - units**2)
        return {
            "direct": flat.T @ towards,
            "inner": flat.T @ by_unit,
            "offset": by_unit.sum(axis=0),
            "outer": units.T @ towards,
        }

    def to_arrays(self, name: str) -> dict[str, FloatArray]:
        """The numbers, each named after the layer."""
        return {f"{name}.{field.name}": getattr(self, field.name) for field in fields(self)}

    @classmethod
    def from_arrays(cls, arrays: dict[str, FloatArray], name: str) -> Self | None:
        """The layer of that name; None where there is none."""
        own = {field.name: arrays.get(f"{name}.{field.name}") for field in fields(cls)}
        if any(value is None for value in own.values()):
            return None
        return cls(**own)  # type: ignore[arg-type]

    def _zeros(self) -> dict[str, FloatArray]:
        return {field.name: np.zeros_like(getattr(self, field.name)) for field in fields(self)}
