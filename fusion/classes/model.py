"""Graph, patient and one linear head: the whole model cut down to a closed list of classes.

Decides how the parts meet. Notes and images come as tokens, of encoders that are frozen or trained
with the rest (`fusion.classes.end_to_end`); graph network, fusion and head are trained.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fusion.gnn import GraphEncoder
from fusion.graph import GraphTensors
from fusion.patient import ABSENT, PatientEncoder, PatientInputs

__all__ = ["PatientClassifier"]


class PatientClassifier(nn.Module):
    """Scores of the classes for each patient.

    Args:
        graph: The graph whose nodes patients have.
        n_classes: Number of classes.
        d_note: Width of note tokens, 0 when notes are not read.
        d_image: Width of image tokens, 0 when images are not read.
        d_model: Width of node states and patient vectors.
        n_graph_layers: Relational convolutions.
        fusion: One of `fusion.config.FUSIONS`.
        dropout: Share of values dropped in training.
        modality_dropout: Share of cases from which a modality is hidden in training.
    """

    def __init__(
        self,
        graph: GraphTensors,
        n_classes: int,
        *,
        d_note: int,
        d_image: int,
        d_model: int = 32,
        n_graph_layers: int = 1,
        fusion: str = "attention",
        dropout: float = 0.3,
        modality_dropout: float = 0.3,
    ) -> None:
        super().__init__()
        self.graph = graph
        self.node_text = nn.Linear(graph.text.shape[1], d_model, bias=False)
        self.text_norm = nn.LayerNorm(d_model)
        self.graph_encoder = GraphEncoder(
            d_model, len(graph.relations), n_layers=n_graph_layers, dropout=dropout
        )
        self.patient_encoder = PatientEncoder(
            d_model,
            d_note=d_note,
            d_image=d_image,
            dropout=dropout,
            modality_dropout=modality_dropout,
            fusion=fusion,
        )
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(d_model, n_classes)

    def forward(
        self, inputs: PatientInputs, *, rng: torch.Generator | None = None
    ) -> Float[Tensor, "n_cases n_classes"]:
        """Scores of the classes.

        Args:
            inputs: The patients.
            rng: Where modality dropout comes from; None drops nothing.
        """
        texts = self.text_norm(self.node_text(self.graph.text.to(self.node_text.weight.dtype)))
        if bool((inputs.roles != ABSENT).any()):
            texts = self.graph_encoder(texts, self.graph.adjacency)
        states = texts  # nobody has a node: nobody looks at the states
        patients = self.patient_encoder(inputs, states, rng=rng)
        result: Tensor = self.head(self.dropout(patients))
        return result
