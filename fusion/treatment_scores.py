r"""Scores of treatments from the boosted trees and the neural decoder.

Decides how the two are put together and how the trees are trained inside a training. With the
log-odds :math:`b` of the trees (the kernel ridge is part of them) and the scores :math:`n` of the
decoder, for each disease and relation

.. math:: s = b + w \, \sigma(b) \, \frac{n - \bar n}{\sigma(n)}

with mean and spread :math:`\sigma` over the catalogue. The weight is
`TrainConfig.neural_treatments`; docs/results-treatment.md says what was measured. At 0 the decoder
is not asked at all.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from .context import GraphContext
from .symbolic.boosted_treatments import BoostedTreatments

__all__ = ["combine_treatments", "train_boosted_treatments"]

_NOTHING = 1e-9
_AHEAD = 500  # diseases that are scored once for all: 9 MB and some 20 s of a training on all data


def combine_treatments(
    boosted: Float[np.ndarray, "n_diseases n_drugs n_kinds"],
    neural: Float[np.ndarray, "n_diseases n_drugs n_kinds"],
    weight: float,
) -> Float[np.ndarray, "n_diseases n_drugs n_kinds"]:
    """The sum above.

    >>> both = np.zeros((1, 2, 2), np.float32), np.ones((1, 2, 2), np.float32)
    >>> float(np.abs(combine_treatments(*both, 0.5)).max())
    0.0
    """
    deviation = neural - neural.mean(axis=1, keepdims=True)
    standard = deviation / np.maximum(neural.std(axis=1, keepdims=True), _NOTHING)
    total: np.ndarray = boosted + weight * boosted.std(axis=1, keepdims=True) * standard
    return total.astype(np.float32)


def train_boosted_treatments(context: GraphContext) -> BoostedTreatments | None:
    """Trees over the pair features of a graph; None when it has no indication."""
    pairs = context.pairs
    if pairs is None or not pairs.indicated.any():
        return None
    total = sum(int(labels.any(axis=1).sum()) for labels in (pairs.indicated, pairs.forbidden))
    bar = Progress(
        TextColumn("treatments: {task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )
    with bar:
        task = bar.add_task("diseases with a label", total=total)
        trees = BoostedTreatments.train(pairs, progress=lambda n: bar.advance(task, n))
        return trees.with_ahead(pairs, most=_AHEAD)
