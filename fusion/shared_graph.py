"""One pass of the graph network for all batches of a step.

Decides how batches whose gradients are accumulated share the graph. Each batch but the last stops
at the node vectors, where its gradients are gathered; the last one takes them along through the
graph. Sums of gradients do not care about order, so the step is that of one large batch, for the
memory of a small one and the graph network's price of one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from torch import Tensor

from .model import NodeVectors

__all__ = ["SharedGraph"]


class SharedGraph:
    """Node vectors that several backward passes may end at.

    Args:
        vectors: Of the graph that all batches of the step see.
    """

    def __init__(self, vectors: NodeVectors) -> None:
        self._whole = vectors
        self._ends = replace(
            vectors,
            states=_end(vectors.states),
            texts=_end(vectors.texts),
            catalogue=tuple(_end(tensor) for tensor in vectors.catalogue),
        )

    def vectors(self, *, last: bool) -> NodeVectors:
        """What a batch reads; its backward pass comes before the next batch asks.

        Args:
            last: True for the last batch of the step, which goes through the graph itself.
        """
        if not last:
            return self._ends
        for whole, end in zip(_tensors(self._whole), _tensors(self._ends), strict=True):
            if end.grad is not None:
                whole.register_hook(_adding(end.grad))  # type: ignore[no-untyped-call]
        return self._whole


def _tensors(vectors: NodeVectors) -> tuple[Tensor, ...]:
    return (vectors.states, vectors.texts, *vectors.catalogue)


def _end(tensor: Tensor) -> Tensor:
    return tensor.detach().requires_grad_()


def _adding(gathered: Tensor) -> Callable[[Tensor], Tensor]:
    return lambda grad: grad + gathered
