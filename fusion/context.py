"""One graph with everything that a model derives from it, made once and shared.

Decides the catalogues (diseases, treatments) and how node texts become name vectors for the
symbolic scorers. Training parts are decided in `fusion.folds`, weights in `fusion.model`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from threading import Lock

import numpy as np
import numpy.typing as npt
import torch

from kg.snapshot import GraphSnapshot

from .batches import CaseIndexer
from .config import ModelConfig
from .graph import GraphTensors
from .model import FusionModel, open_encoders
from .symbolic import NameVectors, SymbolicFeatures, SymbolicKnowledge
from .symbolic.pairs import PairFeatures
from .symbolic.treatments import TreatmentCatalogue

__all__ = ["GraphContext", "PairsAtNeed"]


class PairsAtNeed:
    """Pair features, made at the first use: they take seconds, and a diagnosis needs none.

    Args:
        graph: The snapshot.
        treatments: Treatment catalogue.
        text: Text embedding of every node.
        names: Embedding of the bare name of every node; None takes `text`.
    """

    def __init__(
        self,
        graph: GraphSnapshot,
        treatments: TreatmentCatalogue,
        text: torch.Tensor,
        names: torch.Tensor | None = None,
    ) -> None:
        self._graph, self._treatments = graph, treatments
        self._text, self._names = text, names
        self._pairs: PairFeatures | None = None
        self._lock = Lock()

    def get(self) -> PairFeatures:
        """The features, always the same object."""
        with self._lock:
            if self._pairs is None:
                self._pairs = PairFeatures(
                    self._graph,
                    self._treatments,
                    _unit(self._text),
                    names=None if self._names is None else _unit(self._names),
                )
        return self._pairs


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GraphContext:
    """A snapshot as the model sees it.

    Attributes:
        graph: The snapshot.
        tensors: Message passing and node texts.
        names: Embedding of the bare name of every node, half precision; None where `text` stands
            in for it.
        knowledge: What symbolic scorers read; holds the disease catalogue.
        treatments: Treatment catalogue.
        pairs_at_need: Makes features of (disease, treatment) pairs when they are first asked for;
            None when the graph has no treatment.
        indexer: Looks cases up.
    """

    graph: GraphSnapshot
    tensors: GraphTensors
    names: torch.Tensor | None
    knowledge: SymbolicKnowledge
    treatments: TreatmentCatalogue
    pairs_at_need: PairsAtNeed | None
    indexer: CaseIndexer

    @classmethod
    def build(
        cls,
        graph: GraphSnapshot,
        text: npt.NDArray[np.floating],
        *,
        names: npt.NDArray[np.floating] | None = None,
        also: Iterable[str] = (),
        adverse_events: bool = False,
        patient_genes: bool = False,
        deidentify: bool = True,
    ) -> GraphContext:
        """Derives everything.

        Args:
            graph: The snapshot.
            text: Embedding of every node, zeros where it has no text.
            names: Embedding of the bare name of every node, for the treatment ranker; None takes
                `text`.
            also: Diagnoses that must be in the catalogue.
            adverse_events: Let messages flow along adverse events.
            patient_genes: Let the model see the genes of cases.
            deidentify: Take identifiers of people out of notes.
        """
        tensors = GraphTensors.from_snapshot(graph, text, adverse_events=adverse_events)
        # Rounded like the saved copy, so that a loaded model sees the very same numbers.
        rounded = np.asarray(tensors.text.numpy(), dtype=np.float32)
        knowledge = SymbolicKnowledge.from_snapshot(graph, also=also)
        knowledge = knowledge.with_names(
            NameVectors(
                terms=rounded[knowledge.ontology.nodes], diseases=rounded[knowledge.catalogue.nodes]
            )
        )
        treatments = TreatmentCatalogue.from_snapshot(graph)
        labelled = _has_labels(graph, treatments)
        bare = None if names is None else torch.from_numpy(np.asarray(names, dtype=np.float16))
        pairs = PairsAtNeed(graph, treatments, tensors.text, bare) if labelled else None
        return cls(
            graph=graph,
            tensors=tensors,
            names=bare,
            knowledge=knowledge,
            treatments=treatments,
            pairs_at_need=pairs,
            indexer=CaseIndexer(
                graph,
                knowledge.catalogue,
                knowledge.encoder,
                genes=patient_genes,
                deidentify=deidentify,
            ),
        )

    @property
    def pairs(self) -> PairFeatures | None:
        """Features of (disease, treatment) pairs; None when the graph has no treatment."""
        return None if self.pairs_at_need is None else self.pairs_at_need.get()

    @property
    def n_diseases(self) -> int:
        """Size of the disease catalogue."""
        return self.knowledge.catalogue.n_diseases

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Symbolic features of a (case, disease) pair."""
        return SymbolicFeatures(self.knowledge).names

    def new_model(
        self,
        config: ModelConfig,
        *,
        feature_names: Iterable[str],
        text_folder: str | None = None,
        load_weights: bool = True,
    ) -> FusionModel:
        """A model of this graph; see `open_encoders` for the last two arguments."""
        text_encoder, image_encoder = open_encoders(
            config, text_folder=text_folder, load_weights=load_weights
        )
        model = FusionModel(
            config,
            n_nodes=self.tensors.n_nodes,
            n_relations=len(self.tensors.relations),
            d_text=self.tensors.text.shape[1],
            disease_nodes=self.knowledge.catalogue.nodes,
            treatment_nodes=self.treatments.nodes,
            feature_names=tuple(feature_names),
            n_pair_features=0 if self.pairs_at_need is None else len(PairFeatures.names),
            text_encoder=text_encoder,
            image_encoder=image_encoder,
        )
        model.treatment_decoder.start_from(PairFeatures.names)
        return model


def _unit(vectors: torch.Tensor) -> npt.NDArray[np.float32]:
    table = np.asarray(vectors.cpu().numpy(), dtype=np.float32)
    unit: npt.NDArray[np.float32] = table / np.maximum(
        np.linalg.norm(table, axis=1, keepdims=True), 1e-9
    )
    return unit


def _has_labels(graph: GraphSnapshot, treatments: TreatmentCatalogue) -> bool:
    from .graph import TREATMENT_PREDICATES

    return len(treatments) > 0 and any(len(graph.edges(p)) for p in TREATMENT_PREDICATES)
