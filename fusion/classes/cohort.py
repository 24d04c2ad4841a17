"""A cohort as tokens of frozen encoders, computed once.

Decides that a note is read sentence by sentence, that an image is one vector, and that the graph
part of a patient is what the note states or denies in terms of HPO. Nothing is written to disk.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from encoders import ImageEncoder, ImageError, ModalityTokens, TextEncoder, embed_texts, load_image
from fusion.graph import GraphTensors, embed_nodes
from fusion.patient import EXCLUDED, N_DEMOGRAPHICS, PRESENT, PatientInputs
from kg.case import ClinicalCase
from kg.literature.sentences import sentences
from kg.neighbourhood import ancestry
from kg.notes import NoteReader, with_note_findings
from kg.snapshot import GraphSnapshot

__all__ = ["Modality", "TokenCohort", "note_sentences", "tokenize_cohort"]

Modality = str
"""`note`, `image` or `graph`."""

_SENTENCES = 16
_IMAGES = 4
_BATCH = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenCohort:
    """All patients of a cohort as tokens.

    Attributes:
        cases: The patients, with the findings of their notes among their own.
        inputs: The same as tensors, sex and age left out.
        graph: Findings of the cohort and their ancestors.
    """

    cases: tuple[ClinicalCase, ...]
    inputs: PatientInputs
    graph: GraphTensors

    def select(
        self, rows: npt.NDArray[np.int64], modalities: frozenset[Modality] | None = None
    ) -> PatientInputs:
        """Some patients, with all or some of their modalities."""
        at = torch.from_numpy(rows)
        seen = modalities or frozenset({"note", "image", "graph"})
        roles = self.inputs.roles[at]
        return PatientInputs(
            nodes=self.inputs.nodes[at],
            roles=roles if "graph" in seen else torch.zeros_like(roles),
            demographics=self.inputs.demographics[at],
            notes=_rows(self.inputs.notes, at) if "note" in seen else None,
            images=_rows(self.inputs.images, at) if "image" in seen else None,
        )


def tokenize_cohort(
    cases: Sequence[ClinicalCase],
    graph: GraphSnapshot,
    *,
    text: TextEncoder,
    image: ImageEncoder | None,
    warn: Callable[[str], None],
) -> TokenCohort:
    """Runs the frozen encoders once over a cohort.

    Args:
        cases: The patients.
        graph: Holds HPO.
        text: Reads notes and names of findings.
        image: Reads images; unreadable ones are named and left out. None reads none.
        warn: Told what is left out.
    """
    reader = NoteReader.from_graph(graph)
    merged = tuple(with_note_findings(case, reader.read(case.note or ""))[0] for case in cases)
    part = ancestry(graph, {o.term for case in merged for o in case.phenotypes})
    tensors = GraphTensors.from_snapshot(
        part, embed_nodes(part, lambda texts: embed_texts(texts, text, progress=False))
    )
    nodes, roles = _findings(merged, part)
    text.eval()
    if image is not None:
        image.eval()
    with torch.no_grad():
        notes = _note_tokens([case.note for case in merged], text)
        images = None if image is None else _image_tokens(merged, image, warn)
    inputs = PatientInputs(
        nodes=nodes,
        roles=roles,
        demographics=torch.zeros(len(merged), N_DEMOGRAPHICS),
        notes=notes,
        images=images,
    )
    return TokenCohort(cases=merged, inputs=inputs, graph=tensors)


def note_sentences(note: str | None) -> list[str]:
    """The first sentences of a note."""
    spans = sentences(note)[:_SENTENCES] if note else []
    return [note[span.start : span.end] for span in spans] if note else []


def _findings(cases: Sequence[ClinicalCase], graph: GraphSnapshot) -> tuple[Tensor, Tensor]:
    of_case: list[dict[int, int]] = []
    for case in cases:
        found: dict[int, int] = {}
        for role, terms in ((EXCLUDED, case.excluded), (PRESENT, case.present)):
            for term in terms:
                node = graph.index(term)
                if node is not None:
                    found[node] = role
        of_case.append(found)
    width = max(8, -(-max((len(found) for found in of_case), default=0) // 8) * 8)
    nodes = torch.zeros(len(cases), width, dtype=torch.long)
    roles = torch.zeros(len(cases), width, dtype=torch.long)
    for row, found in enumerate(of_case):
        for place, node in enumerate(sorted(found)):
            nodes[row, place], roles[row, place] = node, found[node]
    return nodes, roles


def _note_tokens(notes: Sequence[str | None], encoder: TextEncoder) -> ModalityTokens:
    cut = [note_sentences(note) for note in notes]
    flat = [sentence for own in cut for sentence in own]
    most = max((len(own) for own in cut), default=0) or 1
    values = torch.zeros(len(notes), most, encoder.d_model)
    present = torch.zeros(len(notes), most, dtype=torch.bool)
    if flat:
        vectors = encoder.embed_windows(encoder.first_windows(flat)).float().cpu()
        at = 0
        for row, own in enumerate(cut):
            values[row, : len(own)] = vectors[at : at + len(own)]
            present[row, : len(own)] = True
            at += len(own)
    return ModalityTokens(values=values, present=present)


def _image_tokens(
    cases: Sequence[ClinicalCase], encoder: ImageEncoder, warn: Callable[[str], None]
) -> ModalityTokens:
    pixels: list[Tensor] = []
    owners: list[int] = []
    for row, case in enumerate(cases):
        for reference in case.images[:_IMAGES]:
            try:
                pixels.append(load_image(reference.path, size=encoder.size))
                owners.append(row)
            except ImageError as error:
                warn(f"case {case.case_id}: {error}")
    vectors = [
        encoder.encode(torch.stack(pixels[at : at + _BATCH])).pooled
        for at in range(0, len(pixels), _BATCH)
    ]
    values = torch.zeros(len(cases), _IMAGES, encoder.d_model)
    present = torch.zeros(len(cases), _IMAGES, dtype=torch.bool)
    if vectors:
        for owner, vector in zip(owners, torch.cat(vectors), strict=True):
            place = int(present[owner].sum())
            values[owner, place] = vector
            present[owner, place] = True
    return ModalityTokens(values=values, present=present)


def _rows(tokens: ModalityTokens | None, at: Tensor) -> ModalityTokens | None:
    if tokens is None:
        return None
    return replace(tokens, values=tokens.values[at], present=tokens.present[at])
