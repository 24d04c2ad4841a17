"""One patient, whatever is known of them, as one vector.

Decides which tokens a patient has and how they are weighed: the graph vectors of findings, genes
and conditions, the windows of the note, the images, and sex and age; by default attention over all
of them, other ways are in `fusion.modalities`. What is absent is masked by selection, never by
multiplication, so it changes nothing to the bit. How text and pixels become tokens is decided in
`encoders`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from encoders import ModalityTokens

from .config import FUSIONS
from .modalities import ModalityFusion, alignment_loss, compacted, masked_mean

__all__ = [
    "ABSENT",
    "CONDITION",
    "EXCLUDED",
    "GENE",
    "N_DEMOGRAPHICS",
    "PRESENT",
    "PatientEncoder",
    "PatientInputs",
]

ABSENT, PRESENT, EXCLUDED, GENE, CONDITION = range(5)
"""What a node means for a patient; `ABSENT` fills the rows of shorter patients."""

N_DEMOGRAPHICS = 6
"""Female, male, age known, and three scales of age."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientInputs:
    """A batch of patients, as tensors.

    Attributes:
        nodes: Nodes of the graph that are known of the patient, each once, in ascending order.
        roles: What each node means, one of the constants of this module.
        demographics: Sex and age; zeros where unknown.
        notes: Tokens of the notes, or None when no patient of the batch has one.
        images: Tokens of the images, or None.
    """

    nodes: Int[Tensor, "n_cases n_terms"]
    roles: Int[Tensor, "n_cases n_terms"]
    demographics: Float[Tensor, "n_cases n_demographics"]
    notes: ModalityTokens | None = None
    images: ModalityTokens | None = None

    @property
    def n_cases(self) -> int:
        """Number of patients."""
        return len(self.nodes)

    def to(self, device: torch.device | str) -> PatientInputs:
        """The same patients on another device; notes and images must be there already."""
        changes: dict[str, Any] = {
            field.name: value.to(device)
            for field in fields(self)
            if isinstance(value := getattr(self, field.name), Tensor)
        }
        return replace(self, **changes)


class _AttentionBlock(nn.Module):
    """Self-attention and a two-layer network, both with normalised input and residual."""

    def __init__(self, d_model: int, n_heads: int, dropout: float) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.norm_in = nn.LayerNorm(d_model)
        self.query_key_value = nn.Linear(d_model, 3 * d_model)
        self.mix = nn.Linear(d_model, d_model)
        self.network = nn.Sequential(
            nn.LayerNorm(d_model),
            nn.Linear(d_model, 2 * d_model),
            nn.GELU(),
            nn.Linear(2 * d_model, d_model),
            nn.Dropout(dropout),
        )
        self.dropout = nn.Dropout(dropout)

    def forward(
        self,
        tokens: Float[Tensor, "n_cases n_tokens d_model"],
        present: Bool[Tensor, "n_cases n_tokens"],
    ) -> Float[Tensor, "n_cases n_tokens d_model"]:
        n_cases, n_tokens, d_model = tokens.shape
        heads = self.query_key_value(self.norm_in(tokens)).view(
            n_cases, n_tokens, 3, self.n_heads, d_model // self.n_heads
        )
        query, key, value = heads.permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(
            query, key, value, attn_mask=present[:, None, None, :]
        )
        mixed = mixed.transpose(1, 2).reshape(n_cases, n_tokens, d_model)
        tokens = tokens + self.dropout(self.mix(mixed))
        result: Tensor = tokens + self.network(tokens)
        return result


class PatientEncoder(nn.Module):
    """Attention over everything that is known of a patient.

    Args:
        d_model: Width of node states and of the result.
        d_note: Width of note tokens, 0 without a text encoder.
        d_image: Width of image tokens, 0 without an image encoder.
        n_layers: Attention layers.
        n_heads: Attention heads.
        dropout: Share of values dropped in training.
        modality_dropout: Share of cases from which a modality is hidden in training.
        fusion: How modalities come together, one of `fusion.config.FUSIONS`; the attention
            layers are those of the first.
    """

    def __init__(
        self,
        d_model: int,
        *,
        d_note: int = 0,
        d_image: int = 0,
        n_layers: int = 1,
        n_heads: int = 4,
        dropout: float = 0.1,
        modality_dropout: float = 0.15,
        fusion: str = FUSIONS[0],
    ) -> None:
        super().__init__()
        self.modality_dropout = modality_dropout
        self.summary = nn.Parameter(torch.randn(d_model) * 0.02)
        self.role = nn.Embedding(5, d_model)
        nn.init.normal_(self.role.weight, std=0.02)
        # An excluded finding says less than a present one, and starts accordingly.
        self.role_scale = nn.Parameter(torch.tensor([0.0, 1.0, 0.2, 1.0, 1.0]))
        self.node_norm = nn.LayerNorm(d_model)
        self.note = _projection(d_note, d_model) if d_note else None
        self.image = _projection(d_image, d_model) if d_image else None
        self.demographics = nn.Linear(N_DEMOGRAPHICS, d_model)
        whole = fusion == FUSIONS[0]
        self.layers = nn.ModuleList(
            _AttentionBlock(d_model, n_heads, dropout) for _ in range(n_layers if whole else 0)
        )
        self.fusion = (
            None if whole else ModalityFusion(fusion, d_model, n_modalities=4, dropout=dropout)
        )
        self.findings = nn.Linear(d_model, d_model, bias=False)
        self.norm = nn.LayerNorm(d_model)

    def forward(
        self,
        inputs: PatientInputs,
        node_states: Float[Tensor, "n_nodes d_model"],
        *,
        rng: torch.Generator | None = None,
    ) -> Float[Tensor, "n_cases d_model"]:
        """One vector per patient.

        Args:
            inputs: The patients.
            node_states: State of every node of the graph.
            rng: Where modality dropout comes from, on the CPU; None drops nothing.
        """
        parts = self._tokens(inputs, node_states)
        observed = torch.stack([present.any(dim=1) for _, present in parts], dim=1)
        kept = self._kept_modalities(observed, rng)
        parts = [(tokens, there & kept[:, i, None]) for i, (tokens, there) in enumerate(parts)]
        found = parts[0][1] & (inputs.roles != EXCLUDED)
        findings = masked_mean(parts[0][0], found)
        mixed = self._attended(parts) if self.fusion is None else self.fusion(self.summary, parts)
        result: Tensor = self.norm(mixed + self.findings(findings))
        return result

    def alignment(self, inputs: PatientInputs) -> Float[Tensor, ""]:
        """Contrast of note and image of the same patients, see `alignment_loss`; 0 without them."""
        given = [
            (projection(torch.where(tokens.present[..., None], tokens.values, 0.0)), tokens.present)
            for tokens, projection in ((inputs.notes, self.note), (inputs.images, self.image))
            if tokens is not None and projection is not None
        ]
        if len(given) < 2:
            return self.summary.sum() * 0.0
        note, image = (masked_mean(tokens, present) for tokens, present in given)
        paired = given[0][1].any(dim=1) & given[1][1].any(dim=1)
        return alignment_loss(note, image, paired)

    def _attended(self, parts: list[tuple[Tensor, Tensor]]) -> Tensor:
        """The summary after attention over all tokens."""
        n_cases = len(parts[0][0])
        first = torch.ones(n_cases, 1, dtype=torch.bool, device=parts[0][1].device)
        present = torch.cat([first, *(there for _, there in parts)], dim=1)
        tokens = torch.cat(
            [self.summary.expand(n_cases, 1, -1), *(tokens for tokens, _ in parts)], dim=1
        )
        tokens, present = compacted(torch.where(present[..., None], tokens, 0.0), present)
        for layer in self.layers:
            tokens = layer(tokens, present)
        return tokens[:, 0]

    def _tokens(self, inputs: PatientInputs, states: Tensor) -> list[tuple[Tensor, Tensor]]:
        nodes = self.node_norm(states[inputs.nodes]) * self.role_scale[inputs.roles][..., None]
        nodes = nodes + self.role(inputs.roles)
        parts = [(nodes, inputs.roles != ABSENT)]
        known = (inputs.demographics != 0).any(dim=1, keepdim=True)
        parts.append((self.demographics(inputs.demographics)[:, None], known))
        for tokens, projection in ((inputs.notes, self.note), (inputs.images, self.image)):
            if tokens is None or projection is None:
                parts.append((torch.zeros_like(nodes[:, :1]), torch.zeros_like(known)))
                continue
            # The values at absent places may be anything, so they are replaced first.
            values = torch.where(tokens.present[..., None], tokens.values, 0.0)
            parts.append((projection(values), tokens.present))
        return parts

    def _kept_modalities(self, observed: Tensor, rng: torch.Generator | None) -> Tensor:
        if rng is None or not self.training or self.modality_dropout == 0.0:
            return torch.ones_like(observed)
        draw = torch.rand(observed.shape, generator=rng).to(observed.device)
        kept = draw >= self.modality_dropout
        # A patient must keep something besides sex and age.
        content = torch.ones(observed.shape[1], dtype=torch.bool, device=observed.device)
        content[1] = False
        left = (observed & kept & content).any(dim=1, keepdim=True)
        return kept | ~left


def _projection(d_in: int, d_model: int) -> nn.Module:
    return nn.Sequential(nn.LayerNorm(d_in), nn.Linear(d_in, d_model))
