"""What a training would cost, found by taking a few steps of it and writing nothing.

Decides what is measured (parameters, memory, seconds a step, texts to embed) and what is only
extrapolated (the whole time, at most all steps). A sample of the cases is prepared, because a step
costs the same whatever the number of cases.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from torch import nn

from encoders import TextEncoder, embed_texts
from kg.case import ClinicalCase
from kg.snapshot import GraphSnapshot

from .config import TrainConfig
from .trainer import prepare_training
from .training_state import Progress

__all__ = ["TrainingEstimate", "estimate_training"]

_TEXTS, _SAMPLE_CASES, _STEPS = 32, 512, 3


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingEstimate:
    """What was measured, and what follows from it.

    Attributes:
        parameters: Number of parameters of each part of the model, and how many are trained.
        state_bytes: Weights, gradients, both moments of the optimizer and the best weights.
        peak_bytes: Most memory that this process held so far.
        seconds_a_step: Mean of the steps taken, the first left out.
        n_steps: Steps of both stages at most.
        n_texts: Texts of nodes to embed.
        seconds_of_texts: If none of them is in the cache.
    """

    parameters: dict[str, tuple[int, int]]
    state_bytes: int
    peak_bytes: int
    seconds_a_step: float
    n_steps: int
    n_texts: int
    seconds_of_texts: float

    @property
    def seconds(self) -> float:
        """Of embedding and all steps; looks at the development part and trees come on top."""
        return self.seconds_of_texts + self.n_steps * self.seconds_a_step

    def lines(self) -> tuple[str, ...]:
        """For people."""
        total = sum(all_ for all_, _ in self.parameters.values())
        trained = sum(own for _, own in self.parameters.values())
        return (
            *(
                f"{name}: {n:,} parameters, {own:,} trained"
                for name, (n, own) in self.parameters.items()
            ),
            f"together: {total:,} parameters, {trained:,} trained",
            f"memory: {self.state_bytes / 2**20:,.0f} MB of weights, gradients and moments; "
            f"{self.peak_bytes / 2**20:,.0f} MB at the peak of {_STEPS} steps, the graph included",
            f"time: {self.seconds_a_step:.2f} s a step, at most {self.n_steps} steps; "
            f"{self.seconds_of_texts:,.0f} s for {self.n_texts:,} texts if none is cached; "
            f"together {self.seconds / 60:,.1f} min, without preparing the cases and without trees",
        )


def estimate_training(
    graph: GraphSnapshot, cases: Sequence[ClinicalCase], config: TrainConfig
) -> TrainingEstimate:
    """Takes three steps of a training in a folder that is then removed.

    Raises:
        ValueError: If no case has a known diagnosis.
    """
    encoder = TextEncoder(config.model.text_encoder or None).eval()
    labels = [label for label in graph.labels if label]
    begin = time.monotonic()
    embed_texts(labels[:_TEXTS], encoder, None)
    per_text = (time.monotonic() - begin) / max(min(len(labels), _TEXTS), 1)
    rng = np.random.default_rng(config.seed)
    text = rng.standard_normal((graph.n_nodes, encoder.d_model), dtype=np.float32)
    del encoder
    chosen = rng.permutation(len(cases))[:_SAMPLE_CASES].tolist()
    small = replace(
        config, n_folds=2, boosted_diagnoses=False, boosted_treatments=False, tracker=""
    )
    with tempfile.TemporaryDirectory() as scratch:
        prepared = prepare_training(
            graph, [cases[i] for i in chosen], small, Path(scratch), node_text=text
        )
        seconds = []
        for step in range(_STEPS):
            begin = time.monotonic()
            prepared.loop.step(Progress(step=step, stage_end=config.max_steps))
            seconds.append(time.monotonic() - begin)
        prepared.loop.trackers.close()
    parameters = {name: _count(part) for name, part in prepared.model.named_children()}
    total = sum(n for n, _ in parameters.values())
    trained = sum(own for _, own in parameters.values())
    return TrainingEstimate(
        parameters={name: counts for name, counts in parameters.items() if counts[0]},
        state_bytes=4 * (2 * total + 3 * trained),
        peak_bytes=_peak_bytes(),
        seconds_a_step=float(np.mean(seconds[1:])),
        n_steps=round(config.max_steps * (1 + config.refit_share)),
        n_texts=len(labels),
        seconds_of_texts=per_text * len(labels),
    )


def _count(part: nn.Module) -> tuple[int, int]:
    sizes = [(p.numel(), p.numel() * p.requires_grad) for p in part.parameters()]
    return sum(n for n, _ in sizes), sum(own for _, own in sizes)


def _peak_bytes() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
