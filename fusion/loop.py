"""The steps of a training: two stages, early stop, checkpoints, resume, scalars, progress.

First stage, `learn`: the neural part learns from the cases that are not held aside, the combiner
from those that are, until the development part stops gaining. Second stage, `refit`: from the best
weights on, all cases train the neural part and the combiner stands still. What comes before and
after the steps is decided in `fusion.trainer`.
"""

from __future__ import annotations

import math
from contextlib import nullcontext
from dataclasses import asdict, replace
from pathlib import Path
from typing import cast

import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as ProgressBar
from torch import Tensor

from .adversary import perturbed
from .batches import ImageCache
from .config import TrainConfig
from .context import GraphContext
from .development import evaluate_development
from .folds import TrainingParts
from .hardware import open_accelerator
from .model import FusionModel, NodeVectors
from .objective import Objective
from .optimizer import new_optimizer, rate_factor, set_rates
from .rank_budget import allocate_ranks
from .sampling import StepSampler
from .shared_graph import SharedGraph
from .simulate import PatientSimulator
from .trackers import Trackers
from .training_state import Progress, load_training, save_training
from .treatment_batches import TreatmentSampler

__all__ = ["TrainingLoop"]

_NEURAL_SHARE = 0.5
_SHOWN_DISEASES = 2000
_LOSSES = ("neural", "combined", "treatment", "total")


class TrainingLoop:
    """Both stages over prepared parts.

    Args:
        model: The model.
        parts: Cases by what they train.
        context: The graph.
        config: How.
        out: Where checkpoints and scalars go.
        simulator: Where drawn patients come from; None for none.
    """

    def __init__(
        self,
        model: FusionModel,
        parts: TrainingParts,
        context: GraphContext,
        config: TrainConfig,
        out: Path,
        simulator: PatientSimulator | None,
    ) -> None:
        self.config = config
        self.model = model
        self.labels = context.graph.labels
        self.checkpoints = out / "checkpoints"
        self.accelerator = open_accelerator(config)
        self.n_processes = self.accelerator.num_processes
        self.rank = self.accelerator.process_index
        device = self.accelerator.device
        self.parts = replace(
            parts,
            graphs=tuple(graph.to(device) for graph in parts.graphs),
            development=(
                replace(parts.development, graph=parts.development.graph.to(device))
                if parts.development
                else None
            ),
        )
        reads_images = model.image_encoder is not None
        self.images = ImageCache(size=config.model.image_size) if reads_images else None
        self.sampler = StepSampler(
            self.parts,
            config,
            treatments=TreatmentSampler(context.pairs) if context.pairs is not None else None,
            images=self.images,
            simulator=simulator,
            n_processes=self.n_processes,
        )
        self.objective, self.optimizer = self.accelerator.prepare(
            Objective(model, config), new_optimizer(model, config)
        )
        self.trackers = Trackers(self.accelerator, config, out)
        self.best: dict[str, Tensor] | None = None

    def run(self, *, fingerprint: str, resume: bool) -> Progress:
        """Trains to the end of the second stage; the model then holds the final weights."""
        progress = Progress(stage_end=self.config.max_steps)
        if resume:
            found = load_training(
                self.checkpoints,
                fingerprint=fingerprint,
                model=self.model,
                optimizer=self.optimizer,
            )
            if found is not None:
                progress, self.best = found
        bar = ProgressBar(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            disable=self.rank > 0,
        )
        with bar:
            task = bar.add_task("learn")
            while True:
                if progress.step >= progress.stage_end:
                    if progress.stage == "refit":
                        break
                    progress = self._begin_refit(progress)
                    continue
                losses = self.step(progress)
                progress = replace(progress, step=progress.step + 1)
                bar.update(
                    task,
                    description=f"{progress.stage} loss {losses['total']:.3f}",
                    total=progress.stage_end,
                    completed=progress.step,
                )
                if progress.stage == "learn":
                    progress = self._look(progress)
                if progress.step % self.config.checkpoint_every == 0:
                    self._save(progress, fingerprint)
        self._show_diseases()
        self.trackers.close()
        return progress

    @torch.no_grad()
    def _show_diseases(self) -> None:
        graph = self.parts.graphs[0]
        nodes = self.model.disease_nodes[:_SHOWN_DISEASES]
        self.model.eval()
        states = self.model.encode_graph(graph).states[nodes]
        self.trackers.show_vectors(states, [self.labels[node] or "?" for node in nodes.tolist()])

    def step(self, progress: Progress) -> dict[str, float]:
        """One step of the optimizer; everything random in it follows from seed and step."""
        config = self.config
        self.objective.train()
        self.model.combiner.requires_grad_(progress.stage == "learn")
        self.optimizer.zero_grad(set_to_none=True)
        sums = torch.zeros(len(_LOSSES))
        shared = None if config.adversary else SharedGraph(self._encode(progress.step))
        for part in range(config.accumulation):
            # Batches are numbered over all processes: two processes take the steps of one process
            # that accumulates twice as many batches.
            number = (progress.step * config.accumulation + part) * self.n_processes + self.rank
            last = part == config.accumulation - 1
            vectors = shared.vectors(last=last) if shared else self._encode(progress.step)
            with nullcontext() if last else self.accelerator.no_sync(self.objective):
                sums += self._learn(number, vectors, progress)
        if self.n_processes > 1:
            sums = cast("Tensor", self.accelerator.reduce(sums, reduction="mean"))
        losses = dict(zip(_LOSSES, sums.tolist(), strict=True))
        if not math.isfinite(losses["total"]):
            raise FloatingPointError(
                f"the loss is {losses['total']} at step {progress.step}; lower learning_rate"
            )
        self.accelerator.clip_grad_norm_(self.model.parameters(), config.gradient_norm)
        set_rates(self.optimizer, rate_factor(progress, config))
        self.optimizer.step()
        # Past the first stage no rank is taken away; what early stop left over goes at once.
        at = progress.step + 1 if progress.stage == "learn" else config.max_steps
        for encoder in (self.model.text_encoder, self.model.image_encoder):
            if encoder is not None:
                allocate_ranks(
                    encoder.network,
                    at,
                    rank=config.model.adapter_rank,
                    total_steps=config.max_steps,
                )
        self.trackers.log({f"loss/{k}": v for k, v in losses.items()}, progress.step)
        return losses

    def _encode(self, step: int) -> NodeVectors:
        """Graph and catalogue of a step, shared by its batches: dropout follows from the step."""
        seed = (self.config.seed * 1_000_003 - 1 - step) % 2**63
        torch.manual_seed(seed)
        rng = torch.Generator().manual_seed(seed)
        with self.accelerator.autocast():
            vectors = self.model.encode_graph(self.sampler.graph_of(step), rng=rng)
            return replace(vectors, catalogue=self.model.project_catalogue(vectors))

    def _learn(self, number: int, vectors: NodeVectors, progress: Progress) -> Tensor:
        """Gradients of one batch, and its losses as shares of the step."""
        config = self.config
        torch.manual_seed((config.seed * 1_000_003 + number) % 2**63)
        inputs = self.sampler.draw(number, refit=progress.stage == "refit")
        losses = self.objective(inputs, vectors)
        self.accelerator.backward(losses.total / config.accumulation)
        if config.adversary:
            again = replace(inputs, rng=torch.Generator().manual_seed(number))
            with perturbed(self.model, config.adversary):
                pushed = self.objective(again, self._encode(progress.step)).total
                self.accelerator.backward(pushed / config.accumulation)
        values = [float(getattr(losses, name).detach()) for name in _LOSSES]
        return torch.tensor(values) / config.accumulation

    def _look(self, progress: Progress) -> Progress:
        """Early stop: remembers the best weights, ends the stage when nothing is gained."""
        at_end = progress.step >= progress.stage_end
        if self.parts.development is None:
            return replace(progress, best_step=progress.step)
        if progress.step % self.config.evaluate_every and not at_end:
            return progress
        result = evaluate_development(self.model, self.parts.development, images=self.images)
        # The neural part learns more slowly than the combiner and would be cut off too early.
        metric = result.combined.macro_mrr + _NEURAL_SHARE * result.neural.macro_mrr
        scalars = {f"development/{name}": value for name, value in asdict(result.combined).items()}
        scalars["development/neural_macro_mrr"] = result.neural.macro_mrr
        self.trackers.log(scalars, progress.step)
        if metric > progress.best_metric:
            self.best = {k: v.detach().cpu().clone() for k, v in self.model.state_dict().items()}
            return replace(
                progress, best_metric=metric, best_step=progress.step, looks_without_gain=0
            )
        looks = progress.looks_without_gain + 1
        end = progress.step if looks >= self.config.patience else progress.stage_end
        return replace(progress, looks_without_gain=looks, stage_end=end)

    def _begin_refit(self, progress: Progress) -> Progress:
        if self.best is not None:
            self.model.load_state_dict(self.best)
        self.optimizer.state.clear()
        n_steps = round(self.config.refit_share * progress.best_step)
        return replace(progress, stage="refit", stage_end=progress.step + n_steps)

    def _save(self, progress: Progress, fingerprint: str) -> None:
        if self.rank > 0:
            return
        save_training(
            self.checkpoints,
            progress=progress,
            fingerprint=fingerprint,
            model=self.model,
            optimizer=self.optimizer,
            best=self.best if progress.stage == "learn" else None,
            keep=self.config.keep_checkpoints,
        )
