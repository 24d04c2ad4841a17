"""Adversarial training on embeddings: the fast gradient method (arXiv:1605.07725).

Decides which embeddings are pushed, and how far. The push follows the gradient that the step has
just found; the gradients of the pushed batch are added to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

__all__ = ["perturbed"]


@contextmanager
def perturbed(model: nn.Module, length: float) -> Iterator[int]:
    """Within the block every embedding with a gradient stands a little nearer to a higher loss.

    Args:
        model: After a backward pass.
        length: Length of the push of each table of embeddings.

    Yields:
        Number of tables that were pushed.
    """
    tables = [
        module.weight
        for module in model.modules()
        if isinstance(module, nn.Embedding)
        and module.weight.grad is not None
        and bool(module.weight.grad.any())
    ]
    before = [table.detach().clone() for table in tables]
    with torch.no_grad():
        for table in tables:
            assert table.grad is not None  # noqa: S101  chosen above
            table.add_(table.grad, alpha=length / float(table.grad.norm()))
    try:
        yield len(tables)
    finally:
        with torch.no_grad():
            for table, old in zip(tables, before, strict=True):
                table.copy_(old)
