"""A finished model as a folder that needs nothing else: weights, graph, references, manifest.

Decides the files. Nothing in them can run code (safetensors, JSON, Arrow). The manifest is written
last: a folder without it holds no model. Reference cases keep findings, genes, diagnoses and
publications; notes and images of training cases never enter a model folder as such.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from kg.case import ClinicalCase, Observation
from kg.snapshot import GraphSnapshot

from .confidence import CONFIDENCE, Confidence
from .config import ModelConfig
from .context import GraphContext
from .head_ranking import HeadRanker
from .model import FusionModel
from .symbolic.boosted_treatments import BoostedTreatments
from .symbolic.pairs import PairFeatures

__all__ = [
    "LoadedModel",
    "ModelError",
    "ModelManifest",
    "load_model",
    "read_manifest",
    "save_model",
]

_FORMAT = 2
_TREATMENTS = "treatments"


class ModelError(ValueError):
    """A model folder is missing, broken, or belongs to another graph; one line with the mend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelManifest:
    """What a model folder says of itself.

    Attributes:
        model_digest: SHA-256 of the weights.
        graph_digest: Digest of the snapshot that the model belongs to.
        version: Version of iatros that wrote it.
        config: Shape of the model.
        training: The whole training configuration, for the record.
        metrics: Results on the development part.
        temperature: Divides the logits before the softmax; None when nothing calibrated it.
        feature_names: Symbolic features that the combiner reads, in order.
        catalogue_also: Diagnoses that were added to the catalogue.
        relations: Names of the relations of message passing, in order.
        head_weight: Weight of trees and listwise network in the ranking of diagnoses; None when
            they were not trained.
        boosted_treatments: Whether boosted trees rank treatments, in the folder `treatments`.
    """

    model_digest: str
    graph_digest: str
    version: str
    config: ModelConfig
    training: Mapping[str, Any]
    metrics: Mapping[str, Any]
    temperature: float | None
    feature_names: tuple[str, ...]
    catalogue_also: tuple[str, ...]
    relations: tuple[str, ...]
    head_weight: float | None = None
    boosted_treatments: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LoadedModel:
    """A model with its graph, reference cases and, if there are any, head ranker and confidence."""

    model: FusionModel
    context: GraphContext
    references: tuple[ClinicalCase, ...]
    manifest: ModelManifest
    boosted: BoostedTreatments | None = None
    head: HeadRanker | None = None
    confidence: Confidence | None = None


def save_model(
    folder: Path,
    *,
    model: FusionModel,
    context: GraphContext,
    references: Sequence[ClinicalCase],
    catalogue_also: Sequence[str],
    training: Mapping[str, Any],
    metrics: Mapping[str, Any],
    temperature: float | None,
    boosted: BoostedTreatments | None = None,
    head: HeadRanker | None = None,
) -> ModelManifest:
    """Writes a model folder; a model that was there before is replaced file by file.

    Args:
        folder: Where; other files in it are left alone.
        model: The model.
        context: Its graph.
        references: Cases that symbolic scorers compare with; only facts of them are written.
        catalogue_also: Diagnoses that the catalogue was told to hold.
        training: Training configuration.
        metrics: Results, JSON values.
        temperature: See `ModelManifest`.
        boosted: Trees that rank treatments.
        head: Trees and network that order the first diagnoses.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "manifest.json").unlink(missing_ok=True)
    (folder / CONFIDENCE).unlink(missing_ok=True)
    weights = {k: v.detach().cpu().contiguous() for k, v in model.state_dict().items()}
    _replace(folder / "model.safetensors", lambda path: save_file(weights, path))
    nodes = {"text": context.tensors.text.cpu().contiguous()}
    if context.names is not None:
        nodes["names"] = context.names.contiguous()
    _replace(folder / "nodes.safetensors", lambda path: save_file(nodes, path))
    if (folder / _TREATMENTS).exists():
        shutil.rmtree(folder / _TREATMENTS)
    if boosted is not None:
        boosted.save(folder / _TREATMENTS)
    HeadRanker.remove(folder)
    if head is not None:
        head.save(folder)
    lines = "".join(_facts(case).to_json() + "\n" for case in references)
    _replace(folder / "references.jsonl", lambda path: path.write_text(lines, encoding="utf-8"))
    graph_folder = folder / "graph"
    if graph_folder.exists():
        shutil.rmtree(graph_folder)
    context.graph.save(graph_folder)
    if model.text_encoder is not None:
        model.text_encoder.save_definition(folder / "text_encoder")
    manifest = ModelManifest(
        model_digest=_file_digest(folder / "model.safetensors"),
        graph_digest=context.graph.digest,
        version=_version(),
        config=model.config,
        training=training,
        metrics=metrics,
        temperature=temperature,
        feature_names=model.feature_names,
        catalogue_also=tuple(catalogue_also),
        relations=tuple(str(relation) for relation in context.tensors.relations),
        head_weight=None if head is None else head.weight,
        boosted_treatments=boosted is not None,
    )
    values = {name: getattr(manifest, name) for name in ModelManifest.__slots__}
    values |= {"format": _FORMAT, "config": model.config.to_mapping()}
    document = json.dumps(values, indent=1, sort_keys=True, allow_nan=False)
    _replace(folder / "manifest.json", lambda path: path.write_text(document))
    return manifest


def load_model(
    folder: Path, *, graph: GraphSnapshot | None = None, device: str = "cpu"
) -> LoadedModel:
    """Reads a model folder.

    Args:
        folder: What `save_model` wrote.
        graph: Another snapshot to answer from; it must be the one that the model was trained on.
        device: Where the model goes.

    Raises:
        ModelError: If the folder holds no model that this version can read, or another graph.
    """
    manifest = read_manifest(folder)
    snapshot = graph if graph is not None else GraphSnapshot.load(folder / "graph")
    if snapshot.digest != manifest.graph_digest:
        raise ModelError(
            f"{folder}: trained on graph {manifest.graph_digest[:12]}, "
            f"not on {snapshot.digest[:12]}; "
            "leave the graph out to use the one inside the model, or train on the new one"
        )
    try:
        nodes = load_file(folder / "nodes.safetensors")
        context = GraphContext.build(
            snapshot,
            nodes["text"].numpy(),
            names=nodes["names"].numpy() if "names" in nodes else None,
            also=manifest.catalogue_also,
            adverse_events=manifest.config.adverse_events,
            patient_genes=manifest.config.patient_genes,
            deidentify=manifest.config.deidentify_notes,
        )
        definition = folder / "text_encoder"
        model = context.new_model(
            manifest.config,
            feature_names=manifest.feature_names,
            text_folder=str(definition) if definition.is_dir() else None,
            load_weights=False,
        )
        model.load_state_dict(load_file(folder / "model.safetensors"))
        with (folder / "references.jsonl").open(encoding="utf-8") as stream:
            references = tuple(ClinicalCase.from_json(line) for line in stream)
        head = None
        if manifest.head_weight is not None:
            head = HeadRanker.load(folder, weight=manifest.head_weight)
        boosted = None
        if manifest.boosted_treatments:
            boosted = BoostedTreatments.load(folder / _TREATMENTS)
            if boosted.names[: len(PairFeatures.names)] != PairFeatures.names:
                raise ValueError("treatments: trained on other pair features")
        confidence = None
        if (folder / CONFIDENCE).is_file():
            confidence = Confidence.load(folder / CONFIDENCE)
    except (OSError, KeyError, RuntimeError, ValueError, SafetensorError) as error:
        # PyTorch says what does not fit only in the second line.
        reason = " ".join(str(error).split("\n")[:2]).replace("\t", "") or type(error).__name__
        raise ModelError(f"{folder}: the model is broken ({reason}); train it again") from error
    return LoadedModel(
        model=model.to(torch.device(device)).eval(),
        context=context,
        references=references,
        manifest=manifest,
        boosted=boosted,
        head=head,
        confidence=confidence,
    )


def read_manifest(folder: Path) -> ModelManifest:
    """The manifest alone.

    Raises:
        ModelError: If there is none that this version can read.
    """
    try:
        values = json.loads((folder / "manifest.json").read_text())
        if values.pop("format") != _FORMAT:
            raise ModelError(f"{folder}: written by another version of iatros; train it again")
        values["config"] = ModelConfig.from_mapping(values["config"])
        for name in ("feature_names", "catalogue_also", "relations"):
            values[name] = tuple(values[name])
        return ModelManifest(**values)
    except FileNotFoundError as error:
        raise ModelError(
            f"{folder}: no model here (no manifest.json); give the folder that `iatros train` wrote"
        ) from error
    except ModelError:
        raise
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{folder}/manifest.json: cannot be read ({error})") from error


def _facts(case: ClinicalCase) -> ClinicalCase:
    return ClinicalCase(
        case_id=case.case_id,
        phenotypes=tuple(Observation(term=o.term, status=o.status) for o in case.phenotypes),
        genes=case.genes,
        diagnoses=case.diagnoses,
        publications=case.publications,
        source=case.source,
        licence=case.licence,
    )


def _replace(path: Path, write: Any) -> None:
    partial = path.with_name(f".{path.name}.partial")
    write(partial)
    partial.replace(path)


def _file_digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _version() -> str:
    try:
        return version("iatros")
    except PackageNotFoundError:
        return "not installed"
