"""The training loop: two stages, early stop, checkpoints, resume, scalars, progress.

Decides the order of things. First stage, `learn`: the neural part learns from the cases that are
not held aside, the combiner from those that are, until the development part stops gaining. Second
stage, `refit`: from the best weights on, all cases train the neural part and the combiner stands
still. Last, boosted trees learn to rank treatments. Who is held aside is decided in `fusion.folds`,
what is minimised in `fusion.objective`.
"""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as ProgressBar
from torch import Tensor
from torch.utils.tensorboard import SummaryWriter

from kg.case import ClinicalCase
from kg.snapshot import GraphSnapshot

from .batches import ImageCache
from .checkpoint import LoadedModel, save_model
from .confidence import CONFIDENCE
from .confidence_fit import fit_confidence
from .config import TrainConfig
from .context import GraphContext
from .development import evaluate_development, fit_temperature
from .diagnosis_trees import DiagnosisTrees
from .folds import TrainingParts
from .hardware import open_accelerator
from .model import FusionModel
from .node_text import embed_graph, embed_names
from .objective import Objective
from .predictor import Predictor
from .ranks import RankSummary, realistic_rank, summarise_ranks
from .sampling import StepSampler
from .simulate import PatientSimulator
from .symbolic.boosted import TrainingSample
from .training_state import Progress, load_training, save_training
from .treatment_batches import TreatmentSampler
from .treatment_scores import train_boosted_treatments

__all__ = ["TrainResult", "train"]

_NEURAL_SHARE = 0.5
_LEARNED_RATE = 5.0  # of the learned part of nodes, whose rows see few cases each


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainResult:
    """What came of a training.

    Attributes:
        folder: The model folder.
        steps: Steps of both stages.
        metrics: Results on the development part; empty when there was none.
        seconds: Time of the steps of this run, without preparation.
    """

    folder: Path
    steps: int
    metrics: dict[str, Any]
    seconds: float


def train(
    graph: GraphSnapshot,
    cases: Sequence[ClinicalCase],
    config: TrainConfig,
    out: Path,
    resume: bool = False,
    *,
    node_text: npt.NDArray[np.floating] | None = None,
    node_names: npt.NDArray[np.floating] | None = None,
) -> TrainResult:
    """Trains a model and writes it to a folder.

    Args:
        graph: The snapshot; treatments and publications under test are not in it.
        cases: Cases with diagnoses; those under test are not among them.
        config: How.
        out: Model folder; checkpoints and scalars lie in it too.
        resume: Go on from the newest checkpoint in `out`, if there is one.
        node_text: Embedding of every node; None embeds them with the text encoder.
        node_names: Embedding of the bare name of every node, for the trees that rank treatments;
            None embeds them too, or takes `node_text` where that is given.

    Raises:
        ValueError: If no case has a known diagnosis.
        CheckpointError: If the checkpoint is of another configuration, graph or cohort.
    """
    torch.manual_seed(config.seed)
    text = node_text if node_text is not None else embed_graph(graph, config.model)
    also = sorted({diagnosis for case in cases for diagnosis in case.diagnoses})
    names = node_names
    if names is None and node_text is None and config.boosted_treatments:
        names = embed_names(graph, config.model, text)
    context = GraphContext.build(
        graph,
        text,
        names=names,
        also=also,
        adverse_events=config.model.adverse_events,
        patient_genes=config.model.patient_genes,
    )
    parts = TrainingParts.build(context, cases, config)
    torch.manual_seed(config.seed)
    model = context.new_model(config.model, feature_names=parts.feature_names)
    model.combiner.standardise(torch.from_numpy(parts.mean), torch.from_numpy(parts.deviation))
    papers = {publication for case in cases for publication in case.publications}
    simulator = PatientSimulator(context.knowledge, exclude_publications=papers)
    loop = _Loop(model, parts, context, config, out, simulator)
    started = time.monotonic()
    progress = loop.run(fingerprint=_fingerprint(graph, cases, config), resume=resume)
    seconds = time.monotonic() - started
    metrics: dict[str, Any] = {"steps": progress.step, "best_step": progress.best_step}
    temperature = None
    trees: DiagnosisTrees | None = None
    if parts.development is not None:
        result = evaluate_development(model, parts.development, images=loop.images)
        golds = [case.gold for case in parts.development.cases]
        logits = result.logits
        if parts.trees_sample is not None:
            trees, logits, ranks = _train_trees(parts, parts.trees_sample, logits)
            metrics |= {"trees_weight": trees.weight, "development_with_trees": asdict(ranks)}
        temperature = fit_temperature(logits, golds)
        metrics |= {
            "development": asdict(result.combined),
            "development_neural_alone": asdict(result.neural),
        }
    references = tuple(case for case in cases if case.diagnoses)
    manifest = save_model(
        out,
        model=model,
        context=context,
        references=references,
        catalogue_also=also,
        training=config.to_mapping(),
        metrics=metrics,
        temperature=temperature,
        trees=trees,
        boosted=train_boosted_treatments(context) if config.boosted_treatments else None,
    )
    if parts.held_out:
        finished = LoadedModel(
            model=model, context=context, references=references, manifest=manifest, trees=trees
        )
        confidence = fit_confidence(
            Predictor(finished),
            parts.held_out,
            n_decoys=config.decoys_per_fold,
            seed=config.seed,
        )
        if confidence is not None:
            confidence.save(out / CONFIDENCE)
    return TrainResult(folder=out, steps=progress.step, metrics=metrics, seconds=seconds)


def _train_trees(
    parts: TrainingParts, sample: TrainingSample, logits: npt.NDArray[np.float32]
) -> tuple[DiagnosisTrees, npt.NDArray[np.float32], RankSummary]:
    """Trees, the logits of the development part with them, and its ranks."""
    part = parts.development
    if part is None:
        raise ValueError("trees: there is no development part to weigh them on")
    golds = [case.gold for case in part.cases]
    firsts = np.asarray([gold[0] for gold in golds])
    trees = DiagnosisTrees.train(sample, logits, part.features, firsts)
    with_trees = np.stack(
        [
            trees.rerank(own[None], table[None].astype(np.float32), parts.feature_names)[0]
            for own, table in zip(logits, part.features, strict=True)
        ]
    )
    ranks = [realistic_rank(own, gold) for own, gold in zip(with_trees, golds, strict=True)]
    return trees, with_trees, summarise_ranks(ranks, firsts.tolist())


class _Loop:
    """Both stages over prepared parts."""

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
        self.checkpoints = out / "checkpoints"
        self.accelerator = open_accelerator(config)
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
        )
        self.objective, self.optimizer = self.accelerator.prepare(
            Objective(model, config), _optimizer(model, config)
        )
        self.writer = SummaryWriter(str(out / "tensorboard"))
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
        self.writer.close()
        return progress

    def step(self, progress: Progress) -> dict[str, float]:
        """One step of the optimizer; everything random in it follows from seed and step."""
        config = self.config
        self.objective.train()
        self.model.combiner.requires_grad_(progress.stage == "learn")
        self.optimizer.zero_grad(set_to_none=True)
        sums: dict[str, float] = {}
        for part in range(config.accumulation):
            number = progress.step * config.accumulation + part
            torch.manual_seed((config.seed * 1_000_003 + number) % 2**63)
            inputs = self.sampler.draw(number, refit=progress.stage == "refit")
            losses = self.objective(inputs)
            self.accelerator.backward(losses.total / config.accumulation)
            for name in ("neural", "combined", "treatment", "total"):
                value = float(getattr(losses, name).detach())
                sums[name] = sums.get(name, 0.0) + value / config.accumulation
        if not math.isfinite(sums["total"]):
            raise FloatingPointError(
                f"the loss is {sums['total']} at step {progress.step}; lower learning_rate"
            )
        self.accelerator.clip_grad_norm_(self.model.parameters(), config.gradient_norm)
        factor = _rate(progress, config)
        for group in self.optimizer.param_groups:
            group["lr"] = group["peak"] * factor
        self.optimizer.step()
        for name, value in sums.items():
            self.writer.add_scalar(f"loss/{name}", value, progress.step)
        return sums

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
        for name, value in asdict(result.combined).items():
            self.writer.add_scalar(f"development/{name}", value, progress.step)
        self.writer.add_scalar(
            "development/neural_macro_mrr", result.neural.macro_mrr, progress.step
        )
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
        save_training(
            self.checkpoints,
            progress=progress,
            fingerprint=fingerprint,
            model=self.model,
            optimizer=self.optimizer,
            best=self.best if progress.stage == "learn" else None,
            keep=self.config.keep_checkpoints,
        )


def _rate(progress: Progress, config: TrainConfig) -> float:
    """Warm-up and cosine decay in the first stage, linear decay to nothing in the second."""
    if progress.stage == "refit":
        n_steps = max(round(config.refit_share * progress.best_step), 1)
        left = progress.stage_end - progress.step
        return 0.5 * left / n_steps
    rising = min(1.0, (progress.step + 1) / max(config.warmup_steps, 1))
    falling = 0.1 + 0.9 * 0.5 * (1.0 + math.cos(math.pi * progress.step / config.max_steps))
    return rising * falling


def _optimizer(model: FusionModel, config: TrainConfig) -> torch.optim.AdamW:
    """Groups by rate (pretrained, from nothing, learned part of nodes) and decay (matrices)."""
    groups: dict[tuple[float, float], list[torch.nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        rate, decay = config.learning_rate, config.weight_decay if parameter.dim() > 1 else 0.0
        if name.startswith(("text_encoder.", "image_encoder.")):
            rate = config.encoder_learning_rate
        elif name.startswith("node_learned"):
            rate, decay = _LEARNED_RATE * rate, 0.0
        groups.setdefault((rate, decay), []).append(parameter)
    return torch.optim.AdamW(
        [
            {"params": parameters, "peak": rate, "weight_decay": decay}
            for (rate, decay), parameters in sorted(groups.items(), key=lambda g: g[0])
        ],
        lr=config.learning_rate,
    )


def _fingerprint(graph: GraphSnapshot, cases: Sequence[ClinicalCase], config: TrainConfig) -> str:
    """Digest of everything that decides a training."""
    digest = hashlib.sha256(json.dumps(config.to_mapping(), sort_keys=True).encode())
    digest.update(graph.digest.encode())
    for case in cases:
        digest.update(case.to_json().encode())
    return digest.hexdigest()
