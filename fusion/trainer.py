"""A training from cases to a model folder.

Decides the order of things: texts are embedded, cases dealt into parts, the neural part and the
combiner learn (`fusion.loop`), trees and network learn, probabilities are fitted, the folder is
written. Who is held aside is decided in `fusion.folds`, what is minimised in `fusion.objective`.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from kg.case import ClinicalCase
from kg.snapshot import GraphSnapshot

from .checkpoint import LoadedModel, save_model
from .confidence import CONFIDENCE
from .confidence_fit import fit_confidence
from .config import TrainConfig
from .context import GraphContext
from .development import evaluate_development, fit_temperature
from .folds import TrainingParts
from .head_ranking import HeadRanker
from .loop import TrainingLoop
from .model import FusionModel
from .node_text import embed_graph, embed_names
from .predictor import Predictor
from .ranks import RankSummary, realistic_rank, summarise_ranks
from .simulate import PatientSimulator
from .symbolic.boosted import BoostedOptions, TrainingSample
from .symbolic.listwise import ListwiseOptions
from .treatment_scores import train_boosted_treatments

__all__ = ["PreparedTraining", "TrainResult", "prepare_training", "train"]

_TREES = 160  # of twice as many lists as there are cases: each is met damaged too


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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PreparedTraining:
    """Everything before the first step.

    Attributes:
        loop: Takes the steps.
        model: What it trains.
        context: The graph with all that is computed from it.
        parts: Cases by what they train.
        also: Diagnoses that the catalogue was told to hold.
    """

    loop: TrainingLoop
    model: FusionModel
    context: GraphContext
    parts: TrainingParts
    also: list[str]


def prepare_training(
    graph: GraphSnapshot,
    cases: Sequence[ClinicalCase],
    config: TrainConfig,
    out: Path,
    *,
    node_text: npt.NDArray[np.floating] | None = None,
    node_names: npt.NDArray[np.floating] | None = None,
) -> PreparedTraining:
    """Embeds texts, deals out the cases and makes the model; arguments as in `train`."""
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
        deidentify=config.model.deidentify_notes,
    )
    parts = TrainingParts.build(context, cases, config)
    torch.manual_seed(config.seed)
    model = context.new_model(config.model, feature_names=parts.feature_names)
    model.combiner.standardise(torch.from_numpy(parts.mean), torch.from_numpy(parts.deviation))
    papers = {publication for case in cases for publication in case.publications}
    simulator = PatientSimulator(context.knowledge, exclude_publications=papers)
    return PreparedTraining(
        loop=TrainingLoop(model, parts, context, config, out, simulator),
        model=model,
        context=context,
        parts=parts,
        also=also,
    )


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
    prepared = prepare_training(
        graph, cases, config, out, node_text=node_text, node_names=node_names
    )
    loop, context, parts = prepared.loop, prepared.context, prepared.parts
    model, also = prepared.model, prepared.also
    started = time.monotonic()
    progress = loop.run(fingerprint=_fingerprint(graph, cases, config), resume=resume)
    seconds = time.monotonic() - started
    if not loop.accelerator.is_main_process:
        return TrainResult(folder=out, steps=progress.step, metrics={}, seconds=seconds)
    metrics: dict[str, Any] = {"steps": progress.step, "best_step": progress.best_step}
    temperature = None
    head: HeadRanker | None = None
    if parts.development is not None:
        result = evaluate_development(model, parts.development, images=loop.images)
        golds = [case.gold for case in parts.development.cases]
        logits = result.logits
        if parts.head_sample is not None:
            head, logits, ranks = _train_head(parts, parts.head_sample, logits, config.seed)
            metrics["development_with_head"] = asdict(ranks)
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
        head=head,
        boosted=train_boosted_treatments(context) if config.boosted_treatments else None,
    )
    if parts.held_out:
        finished = LoadedModel(
            model=model, context=context, references=references, manifest=manifest, head=head
        )
        confidence = fit_confidence(
            Predictor(finished),
            parts.held_out,
            n_decoys=config.decoys_per_fold,
            keep_annotations=config.keep_annotations,
            seed=config.seed,
        )
        if confidence is not None:
            confidence.save(out / CONFIDENCE)
    return TrainResult(folder=out, steps=progress.step, metrics=metrics, seconds=seconds)


def _train_head(
    parts: TrainingParts, sample: TrainingSample, logits: npt.NDArray[np.float32], seed: int
) -> tuple[HeadRanker, npt.NDArray[np.float32], RankSummary]:
    """Trees and network, the logits of the development part with them, and its ranks."""
    part = parts.development
    if part is None:
        raise ValueError("head ranker: there is no development part to weigh it on")
    golds = [case.gold for case in part.cases]
    firsts = np.asarray([gold[0] for gold in golds])
    head = HeadRanker.train(
        sample,
        logits,
        part.features,
        firsts,
        boosted=BoostedOptions(seed=seed, n_trees=_TREES),
        listwise=ListwiseOptions(seed=seed),
    )
    with_head = np.stack(
        [
            head.rerank(own[None], table[None].astype(np.float32), parts.feature_names)[0]
            for own, table in zip(logits, part.features, strict=True)
        ]
    )
    ranks = [realistic_rank(own, gold) for own, gold in zip(with_head, golds, strict=True)]
    return head, with_head, summarise_ranks(ranks, firsts.tolist())


def _fingerprint(graph: GraphSnapshot, cases: Sequence[ClinicalCase], config: TrainConfig) -> str:
    """Digest of everything that decides a training."""
    digest = hashlib.sha256(json.dumps(config.to_mapping(), sort_keys=True).encode())
    digest.update(graph.digest.encode())
    for case in cases:
        digest.update(case.to_json().encode())
    return digest.hexdigest()
