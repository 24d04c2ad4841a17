"""Cases as arrays, once, and batches of them.

Decides what of a case reaches the model: which nodes, in which role, notes, images, sex and age.
Repeated and shuffled findings make the same arrays. Diagnoses and publications of a case are kept
beside its inputs and never among them.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from jaxtyping import Float, Int
from torch import Tensor

from encoders import ImageError, load_image
from kg.case import ClinicalCase
from kg.notes import deidentify
from kg.snapshot import GraphSnapshot

from .patient import CONDITION, EXCLUDED, GENE, N_DEMOGRAPHICS, PRESENT
from .symbolic import CaseEncoder, DiseaseCatalogue, TermSets

__all__ = ["CaseArrays", "CaseBatch", "CaseIndexer", "ImageCache", "collate", "demographics"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CaseArrays:
    """One case, looked up in the graph.

    Attributes:
        case_id: Identifier of the case.
        nodes: Nodes known of the patient, ascending, each once.
        roles: What each node means, a constant of `fusion.patient`.
        demographics: Sex and age; zeros where unknown.
        terms: What symbolic scorers see.
        note: Free text, or None.
        image_paths: Files of images.
        gold: Catalogue positions of the diagnoses; empty when unknown or outside the catalogue.
    """

    case_id: str
    nodes: npt.NDArray[np.int64]
    roles: npt.NDArray[np.int64]
    demographics: npt.NDArray[np.float32]
    terms: TermSets
    note: str | None
    image_paths: tuple[str, ...]
    gold: tuple[int, ...]


class CaseIndexer:
    """Looks cases up in one graph.

    Args:
        graph: The graph.
        catalogue: Diseases.
        encoder: Looks terms up.
        genes: Whether the model sees the genes of a case. Those of a published case are the causal
            ones, found with the diagnosis: with them a ranking from phenotypes would be no such.
        deidentify: Whether identifiers of people are taken out of notes.
    """

    def __init__(
        self,
        graph: GraphSnapshot,
        catalogue: DiseaseCatalogue,
        encoder: CaseEncoder,
        *,
        genes: bool = False,
        deidentify: bool = True,
    ) -> None:
        self._genes = genes
        self._deidentify = deidentify
        self._graph = graph
        self._catalogue = catalogue
        self._encoder = encoder

    def encode(self, case: ClinicalCase) -> CaseArrays:
        """Arrays of one case; what the graph does not know is left out."""
        roles: dict[int, int] = {}
        # Later roles win: a finding that was seen is present whatever else is said of it.
        for role, curies in (
            (CONDITION, [item.id for item in case.conditions]),
            (GENE, list(case.genes) if self._genes else []),
            (EXCLUDED, list(case.excluded)),
            (PRESENT, list(case.present)),
        ):
            for curie in curies:
                node = self._graph.index(curie)
                if node is not None:
                    roles[node] = role
        nodes = np.array(sorted(roles), dtype=np.int64)
        found = (self._catalogue.position(self._graph, curie) for curie in case.diagnoses)
        return CaseArrays(
            case_id=case.case_id,
            nodes=nodes,
            roles=np.array([roles[int(n)] for n in nodes], dtype=np.int64),
            demographics=demographics(case),
            terms=self._encoder.encode(case),
            note=self._note_of(case),
            image_paths=tuple(image.path for image in case.images),
            gold=tuple(sorted({position for position in found if position is not None})),
        )

    def _note_of(self, case: ClinicalCase) -> str | None:
        if not case.note or not case.note.strip():
            return None
        return deidentify(case.note) if self._deidentify else case.note


def demographics(case: ClinicalCase) -> npt.NDArray[np.float32]:
    """Sex and three scales of age; zeros where unknown.

    >>> demographics(ClinicalCase(case_id="a", sex="female")).tolist()
    [1.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    """
    values = np.zeros(N_DEMOGRAPHICS, dtype=np.float32)
    values[0] = case.sex == "female"
    values[1] = case.sex == "male"
    if case.age_years is not None:
        age = case.age_years
        # Months matter in infancy and decades later, so age stands on several scales.
        values[2:] = (1.0, math.exp(-age), math.log1p(age) / 4.0, age / 100.0)
    return values


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CaseBatch:
    """Some cases, padded.

    Attributes:
        nodes: See `fusion.patient.PatientInputs`.
        roles: See `fusion.patient.PatientInputs`.
        demographics: Sex and age; zeros where unknown.
        notes: One text or None a case.
        images: Pixels of all images.
        case_of_image: Position of the case that each image belongs to.
        gold: True at the diagnoses of each case.
        problems: Images that could not be read, one line each; their cases go on without them.
    """

    nodes: Int[Tensor, "n_cases n_terms"]
    roles: Int[Tensor, "n_cases n_terms"]
    demographics: Float[Tensor, "n_cases n_demographics"]
    notes: tuple[str | None, ...]
    images: Float[Tensor, "n_images 3 height width"]
    case_of_image: Int[Tensor, " n_images"]
    gold: Tensor
    problems: tuple[str, ...] = ()

    @property
    def n_cases(self) -> int:
        """Number of cases."""
        return len(self.notes)


class ImageCache:
    """Decoded images in memory, as bytes, up to a number; the oldest goes first."""

    def __init__(self, *, size: int = 224, most: int = 2000) -> None:
        self.size = size
        self._most = most
        self._images: OrderedDict[str, Tensor] = OrderedDict()

    def load(self, path: str) -> Float[Tensor, "3 height width"]:
        """Pixels of a file in [0, 1], in 256 steps whether cached or not.

        Raises:
            ImageError: The file is missing or no image.
        """
        if path not in self._images:
            pixels = load_image(path, size=self.size)
            self._images[path] = (pixels * 255.0).round().to(torch.uint8)
            if len(self._images) > self._most:
                self._images.popitem(last=False)
        return self._images[path].float() / 255.0


def collate(
    cases: Sequence[CaseArrays],
    *,
    n_diseases: int,
    images: ImageCache | None = None,
    images_per_case: int = 2,
) -> CaseBatch:
    """Pads cases to one batch.

    Args:
        cases: The cases.
        n_diseases: Size of the catalogue.
        images: Where images are read; None reads none.
        images_per_case: The first so many images of a case are read.
    """
    # Few distinct widths: the same case then meets the same kernel in most batches.
    width = max(8, -(-max((len(case.nodes) for case in cases), default=0) // 8) * 8)
    nodes = np.zeros((len(cases), width), dtype=np.int64)
    roles = np.zeros((len(cases), width), dtype=np.int64)
    gold = torch.zeros(len(cases), n_diseases, dtype=torch.bool)
    pixels: list[Tensor] = []
    owners: list[int] = []
    problems: list[str] = []
    for row, case in enumerate(cases):
        nodes[row, : len(case.nodes)] = case.nodes
        roles[row, : len(case.roles)] = case.roles
        gold[row, list(case.gold)] = True
        for path in case.image_paths[:images_per_case] if images is not None else ():
            assert images is not None  # noqa: S101 - for the type checker
            try:
                pixels.append(images.load(path))
                owners.append(row)
            except ImageError as error:
                problems.append(f"case {case.case_id}: {error}")
    size = images.size if images is not None else 1
    return CaseBatch(
        nodes=torch.from_numpy(nodes),
        roles=torch.from_numpy(roles),
        demographics=torch.from_numpy(
            np.stack([case.demographics for case in cases])
            if cases
            else np.zeros((0, N_DEMOGRAPHICS), dtype=np.float32)
        ),
        notes=tuple(case.note for case in cases),
        images=torch.stack(pixels) if pixels else torch.zeros(0, 3, size, size),
        case_of_image=torch.tensor(owners, dtype=torch.long),
        gold=gold,
        problems=tuple(problems),
    )
