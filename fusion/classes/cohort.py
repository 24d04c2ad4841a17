"""A cohort as tokens of encoders: of frozen ones once, of trained ones at each step.

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

__all__ = [
    "ALL_MODALITIES",
    "Modality",
    "RawCohort",
    "TokenCohort",
    "note_sentences",
    "read_cohort",
]

Modality = str
"""`note`, `image` or `graph`."""

ALL_MODALITIES: frozenset[Modality] = frozenset({"note", "image", "graph"})
"""What a patient of the cohort may have."""

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
        seen = modalities or ALL_MODALITIES
        roles = self.inputs.roles[at]
        return PatientInputs(
            nodes=self.inputs.nodes[at],
            roles=roles if "graph" in seen else torch.zeros_like(roles),
            demographics=self.inputs.demographics[at],
            notes=_rows(self.inputs.notes, at) if "note" in seen else None,
            images=_rows(self.inputs.images, at) if "image" in seen else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RawCohort:
    """All patients of a cohort as the encoders take them.

    Attributes:
        cases: The patients, with the findings of their notes among their own.
        graph: Findings of the cohort and their ancestors.
        nodes: As in `PatientInputs`.
        roles: As in `PatientInputs`.
        windows: Token ids of the sentences of each note.
        pixels: Images of each patient, `[n_images, 3, height, width]`.
    """

    cases: tuple[ClinicalCase, ...]
    graph: GraphTensors
    nodes: Tensor
    roles: Tensor
    windows: tuple[tuple[list[int], ...], ...]
    pixels: tuple[Tensor, ...]

    def tokens(
        self,
        rows: Sequence[int],
        text: TextEncoder | None,
        image: ImageEncoder | None,
        *,
        modalities: frozenset[Modality] | None = None,
    ) -> PatientInputs:
        """Some patients through the encoders; gradients flow where they are asked for.

        Args:
            rows: The patients.
            text: Reads notes; None leaves them out.
            image: Reads images; None leaves them out.
            modalities: Those that are read; None reads all.
        """
        seen = modalities or ALL_MODALITIES
        at = torch.as_tensor(rows, dtype=torch.long)
        roles = self.roles[at]
        notes = images = None
        if text is not None and "note" in seen:
            cut = [self.windows[row] for row in rows]
            flat = [window for own in cut for window in own]
            vectors = text.embed_windows(flat).float() if flat else torch.zeros(0, text.d_model)
            notes = _laid_out(vectors, [len(own) for own in cut], text.d_model)
        if image is not None and "image" in seen:
            pictures = [self.pixels[row] for row in rows]
            every = torch.cat(pictures)
            chunks = torch.split(every, _BATCH)
            parts = [image.encode(part).pooled for part in chunks if len(part)]
            vectors = torch.cat(parts).float() if parts else torch.zeros(0, image.d_model)
            images = _laid_out(vectors, [len(own) for own in pictures], image.d_model)
        return PatientInputs(
            nodes=self.nodes[at],
            roles=roles if "graph" in seen else torch.zeros_like(roles),
            demographics=torch.zeros(len(rows), N_DEMOGRAPHICS),
            notes=notes,
            images=images,
        )

    @torch.no_grad()
    def frozen(self, text: TextEncoder, image: ImageEncoder | None) -> TokenCohort:
        """All patients through frozen encoders, once."""
        text.eval()
        if image is not None:
            image.eval()
        everybody = self.tokens(range(len(self.cases)), text, image)
        return TokenCohort(cases=self.cases, inputs=everybody, graph=self.graph)


def read_cohort(
    cases: Sequence[ClinicalCase],
    graph: GraphSnapshot,
    *,
    text: TextEncoder,
    image_size: int | None,
    warn: Callable[[str], None],
) -> RawCohort:
    """Reads notes and images of a cohort.

    Args:
        cases: The patients.
        graph: Holds HPO.
        text: Cuts notes into tokens and embeds the names of findings.
        image_size: Side of the images; unreadable ones are named and left out. None reads none.
        warn: Told what is left out.
    """
    reader = NoteReader.from_graph(graph)
    merged = tuple(with_note_findings(case, reader.read(case.note or ""))[0] for case in cases)
    part = ancestry(graph, {o.term for case in merged for o in case.phenotypes})
    tensors = GraphTensors.from_snapshot(
        part, embed_nodes(part, lambda texts: embed_texts(texts, text, progress=False))
    )
    nodes, roles = _findings(merged, part)
    cut = [note_sentences(case.note) for case in merged]
    return RawCohort(
        cases=merged,
        graph=tensors,
        nodes=nodes,
        roles=roles,
        windows=tuple(tuple(text.first_windows(own)) if own else () for own in cut),
        pixels=tuple(_pixels(case, image_size, warn) for case in merged),
    )


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


def _pixels(case: ClinicalCase, size: int | None, warn: Callable[[str], None]) -> Tensor:
    """The first images of a patient that can be read."""
    read: list[Tensor] = []
    for reference in case.images[:_IMAGES] if size else ():
        try:
            read.append(load_image(reference.path, size=size or 0))
        except ImageError as error:
            warn(f"case {case.case_id}: {error}")
    return torch.stack(read) if read else torch.zeros(0, 3, size or 1, size or 1)


def _laid_out(vectors: Tensor, counts: Sequence[int], width: int) -> ModalityTokens:
    """Vectors of all patients, one after another, as one row a patient."""
    most = max(counts, default=0) or 1
    present = torch.arange(most)[None, :] < torch.as_tensor(counts)[:, None]
    values = torch.zeros(len(counts), most, width)
    places = present.nonzero(as_tuple=True)
    return ModalityTokens(values=values.index_put(places, vectors), present=present)


def _rows(tokens: ModalityTokens | None, at: Tensor) -> ModalityTokens | None:
    if tokens is None:
        return None
    return replace(tokens, values=tokens.values[at], present=tokens.present[at])
