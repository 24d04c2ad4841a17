"""The model: graph, patient, diagnosis and treatment in one module.

Decides how the parts meet. Each part has a file of its own; what trains them is decided in
`fusion.trainer`.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from encoders import Chunking, ImageEncoder, TextEncoder, parse_freeze_level
from encoders.precision import autocast, fastest_dtype

from .adapters import add_adapters
from .batches import CaseBatch
from .config import ModelConfig
from .diagnosis_head import EvidenceCombiner, SimilarityHead
from .gnn import GraphEncoder
from .graph import GraphTensors
from .patient import PatientEncoder, PatientInputs
from .treatment_decoder import TreatmentDecoder

__all__ = ["FusionModel", "NodeVectors", "open_encoders"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeVectors:
    """All nodes of the graph, encoded once for a whole batch.

    Attributes:
        states: Vector of each node after message passing.
        texts: Projected text of each node, which needs no edge and no learned part.
        catalogue: What `FusionModel.project_catalogue` makes of them; empty until it is asked.
    """

    states: Float[Tensor, "n_nodes d_model"]
    texts: Float[Tensor, "n_nodes d_model"]
    catalogue: tuple[Tensor, ...] = ()

    def pairs(self, nodes: Int[Tensor, " n_selected"]) -> Float[Tensor, "n_selected d_double"]:
        """State and text of some nodes side by side."""
        return torch.cat([self.states[nodes], self.texts[nodes]], dim=-1)


class FusionModel(nn.Module):
    """Ranks diseases for patients and treatments for diseases.

    Args:
        config: Shape of the model.
        n_nodes: Nodes of the graph.
        n_relations: Relations of message passing.
        d_text: Width of node text embeddings.
        disease_nodes: Node of each disease of the catalogue.
        treatment_nodes: Node of each treatment of the catalogue.
        feature_names: Symbolic features of a (case, disease) pair.
        n_pair_features: Symbolic features of a (disease, treatment) pair.
        text_encoder: Reads notes; None when notes are not read.
        image_encoder: Reads images; None when images are not read.
    """

    disease_nodes: Tensor
    treatment_nodes: Tensor

    def __init__(
        self,
        config: ModelConfig,
        *,
        n_nodes: int,
        n_relations: int,
        d_text: int,
        disease_nodes: npt.NDArray[np.integer],
        treatment_nodes: npt.NDArray[np.integer],
        feature_names: Sequence[str],
        n_pair_features: int = 0,
        text_encoder: TextEncoder | None = None,
        image_encoder: ImageEncoder | None = None,
    ) -> None:
        super().__init__()
        d = config.d_model
        self.config = config
        self.feature_names = tuple(feature_names)
        self.register_buffer("disease_nodes", _indices(disease_nodes), persistent=False)
        self.register_buffer("treatment_nodes", _indices(treatment_nodes), persistent=False)
        self.text_encoder = text_encoder
        self.image_encoder = image_encoder
        self.node_text = nn.Linear(d_text, d, bias=False)
        self.node_learned = nn.Embedding(n_nodes, d)
        nn.init.normal_(self.node_learned.weight, std=0.05)
        self.text_norm = nn.LayerNorm(d)
        self.graph_encoder = GraphEncoder(
            d,
            n_relations,
            n_layers=config.n_graph_layers,
            n_bases=config.n_graph_bases,
            dropout=config.dropout,
        )
        self.patient_encoder = PatientEncoder(
            d,
            d_note=text_encoder.d_model if text_encoder else 0,
            d_image=image_encoder.d_model if image_encoder else 0,
            n_layers=config.n_patient_layers,
            n_heads=config.n_heads,
            dropout=config.dropout,
            modality_dropout=config.modality_dropout,
            fusion=config.fusion,
        )
        self.similarity = SimilarityHead(d)
        self.combiner = EvidenceCombiner(feature_names, d_hidden=config.d_combiner)
        self.treatment_decoder = TreatmentDecoder(
            d,
            d_hidden=config.d_treatment,
            n_pair_features=n_pair_features,
            dropout=config.dropout,
        )

    @property
    def device(self) -> torch.device:
        """Where the model is."""
        return self.node_text.weight.device

    def encode_graph(
        self, graph: GraphTensors, *, rng: torch.Generator | None = None
    ) -> NodeVectors:
        """Vectors of all nodes; run once a batch, and once a model when it answers.

        Args:
            graph: The graph, or a variant without some statements.
            rng: Where node dropout comes from, on the CPU; None hides no learned part.
        """
        texts = self.text_norm(self.node_text(graph.text.to(self.node_text.weight.dtype)))
        learned = self.node_learned.weight
        if rng is not None and self.training and self.config.node_dropout:
            kept = torch.rand(graph.n_nodes, generator=rng) >= self.config.node_dropout
            learned = learned * kept.to(learned.device)[:, None]
        states = self.graph_encoder(texts + learned, graph.adjacency)
        return NodeVectors(states=states, texts=texts)

    def encode_patients(
        self, batch: CaseBatch, vectors: NodeVectors, *, rng: torch.Generator | None = None
    ) -> Float[Tensor, "n_cases d_model"]:
        """One vector per case.

        Args:
            batch: The cases.
            vectors: The nodes.
            rng: Where modality dropout comes from, on the CPU; None drops nothing.
        """
        result: Tensor = self.patient_encoder(self.read_patients(batch), vectors.states, rng=rng)
        return result

    def read_patients(self, batch: CaseBatch) -> PatientInputs:
        """The cases with their notes and images as tokens.

        Without gradients the encoders run in the fastest format of the device, as they do in
        training with mixed precision.
        """
        device = self.device
        notes = images = None
        fastest = autocast(device, fastest_dtype(device))
        with nullcontext() if torch.is_grad_enabled() else fastest:
            if self.text_encoder is not None and any(batch.notes):
                notes = self.text_encoder(batch.notes)
            if self.image_encoder is not None and len(batch.images):
                images = self.image_encoder(
                    batch.images.to(device), batch.case_of_image.to(device), n_cases=batch.n_cases
                )
        return PatientInputs(
            nodes=batch.nodes.to(device),
            roles=batch.roles.to(device),
            demographics=batch.demographics.to(device),
            notes=notes,
            images=images,
        )

    def neural_scores(
        self, patients: Float[Tensor, "n_cases d_model"], vectors: NodeVectors
    ) -> Float[Tensor, "n_cases n_diseases 2"]:
        """Both similarities of each patient with each disease of the catalogue."""
        diseases, texts = vectors.catalogue or self.project_catalogue(vectors)
        scores: Tensor = self.similarity(patients, diseases, texts)
        return scores.float()

    def project_catalogue(
        self, vectors: NodeVectors
    ) -> tuple[Float[Tensor, "n_diseases d_model"], Float[Tensor, "n_diseases d_model"]]:
        """The diseases as patients are compared with them, for `similarity`."""
        nodes = self.disease_nodes
        return self.similarity.project(vectors.states[nodes], vectors.texts[nodes])

    def combine(
        self,
        symbolic: Float[Tensor, "n_cases n_candidates n_features"],
        neural: Float[Tensor, "n_cases n_diseases 2"],
        candidates: Int[Tensor, "n_cases n_candidates"] | None = None,
    ) -> Float[Tensor, "n_cases n_candidates"]:
        """Combined logits, of the whole catalogue or of candidates.

        Args:
            symbolic: Features of the candidates.
            neural: Similarities over the whole catalogue.
            candidates: Catalogue positions; None for the whole catalogue.
        """
        total = neural.sum(dim=-1)
        normaliser = torch.stack([total.logsumexp(dim=1), total.amax(dim=1)], dim=1)
        if candidates is not None:
            neural = neural.gather(1, candidates[..., None].expand(-1, -1, 2))
        with torch.autocast(self.device.type, enabled=False):
            if torch.is_grad_enabled():
                logits: Tensor = self.combiner(symbolic.float(), neural, normaliser)
                return logits
            rows = [
                self.combiner.of_catalogue(own.float(), near, total)
                for own, near, total in zip(symbolic, neural, normaliser, strict=True)
            ]
        return torch.stack(rows) if rows else neural.sum(dim=-1)

    def treatment_scores(
        self,
        diseases: Int[Tensor, " n_diseases"],
        vectors: NodeVectors,
        pair_features: Float[Tensor, "n_diseases n_drugs n_features"] | None = None,
    ) -> Float[Tensor, "n_diseases n_drugs 2"]:
        """Indication and contraindication scores of every treatment.

        Args:
            diseases: Nodes of the diseases (any node will do).
            vectors: The nodes.
            pair_features: Symbolic features of each pair.
        """
        scores: Tensor = self.treatment_decoder(
            vectors.pairs(diseases), vectors.pairs(self.treatment_nodes), pair_features
        )
        return scores.float()


def open_encoders(
    config: ModelConfig, *, text_folder: str | None = None, load_weights: bool = True
) -> tuple[TextEncoder | None, ImageEncoder | None]:
    """The encoders that a configuration names.

    Args:
        config: Which, and how much of them is trained.
        text_folder: Folder with the definition of the text encoder, for a saved model.
        load_weights: False when a checkpoint will fill the weights.
    """
    text = image = None
    if config.text_encoder != "":
        text = TextEncoder(
            text_folder or config.text_encoder,
            freeze=parse_freeze_level(config.text_freeze),
            chunking=Chunking(
                window_tokens=config.note_window_tokens,
                overlap_tokens=min(32, config.note_window_tokens // 4),
                max_windows=config.note_windows,
            ),
            load_weights=load_weights,
        )
    if config.image_encoder:
        image = ImageEncoder(
            config.image_encoder,
            freeze=parse_freeze_level(config.image_freeze),
            weights=config.image_weights if load_weights else "none",
            size=config.image_size,
        )
    for encoder, kind in ((text, config.text_adapter), (image, config.image_adapter)):
        if encoder is not None and kind:
            add_adapters(encoder.network, kind, rank=config.adapter_rank)
    return text, image


def _indices(nodes: npt.NDArray[np.integer]) -> Tensor:
    return torch.from_numpy(np.array(nodes, dtype=np.int64))
