"""The chest cohort as a benchmark: who counts, masked notes, and an audit of the masking.

Decides that patients with a note and a diagnosis count, and which names the audit looks for: all
names of all diagnoses of the set, with the labels and synonyms that the graph knows.
"""

import hashlib
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import numpy.typing as npt

from kg.case import ClinicalCase
from kg.cases.chest_classes import CHEST_CLASSES, chest_class
from kg.cases.covid_chestxray import (
    DIAGNOSIS_WORDS,
    FINDINGS,
    is_covid_chestxray,
    read_covid_chestxray,
)
from kg.cases.masking import MaskLeak, audit_masking, mask_diagnosis
from kg.cases.problem import CaseError
from kg.snapshot import GraphSnapshot

__all__ = ["CHEST_TABLE", "ChestCohort", "is_chest_cohort", "read_chest_cohort", "seen_elsewhere"]

CHEST_TABLE = "metadata.csv"
_MIN_SYNONYM = 5  # shorter ones are part of other words


@dataclass(frozen=True, slots=True, kw_only=True)
class ChestCohort:
    """Patients that count.

    Attributes:
        cases: One a patient, the note masked.
        classes: Number of the class of each, see `CHEST_CLASSES`.
        leaks: Names of diagnoses that still stand in the notes.
        n_names: How many names were looked for.
    """

    cases: tuple[ClinicalCase, ...]
    classes: npt.NDArray[np.int64]
    leaks: tuple[MaskLeak, ...]
    n_names: int

    def counts(self) -> dict[str, int]:
        """Patients of each class."""
        return {
            name: int((self.classes == number).sum()) for number, name in enumerate(CHEST_CLASSES)
        }


def is_chest_cohort(path: Path) -> bool:
    """True for a folder of the data set, or a zip archive that holds its table."""
    if path.is_dir():
        return is_covid_chestxray(path)
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any(PurePosixPath(name).name == CHEST_TABLE for name in archive.namelist())


def read_chest_cohort(
    folder: Path, graph: GraphSnapshot, *, warn: Callable[[str], None]
) -> ChestCohort:
    """Patients with a note and a diagnosis.

    Args:
        folder: Folder of the data set.
        graph: Where further names of the diagnoses come from.
        warn: Told who is left out.

    Raises:
        ValueError: Nobody is left.
    """
    names = (*DIAGNOSIS_WORDS, *_names_of_graph(graph))
    cases, classes = [], []
    for item in read_covid_chestxray(folder):
        if isinstance(item, CaseError):
            warn(str(item))
            continue
        number = chest_class(item.diagnoses)
        if number is None or not item.note:
            continue
        cases.append(item.model_copy(update={"note": mask_diagnosis(item.note, names)}))
        classes.append(number)
    if not cases:
        raise ValueError("no patient has a note and a diagnosis; give the folder of the data set")
    return ChestCohort(
        cases=tuple(cases),
        classes=np.asarray(classes, dtype=np.int64),
        leaks=audit_masking([case.note or "" for case in cases], names),
        n_names=len(names),
    )


def seen_elsewhere(cases: Sequence[ClinicalCase], others: Sequence[ClinicalCase]) -> frozenset[int]:
    """Places of the cases that are among the others: by their name, or by a picture they share."""
    names = {case.case_id for case in others}
    pictures = {picture for case in others for picture in _pictures(case)}
    return frozenset(
        at
        for at, case in enumerate(cases)
        if case.case_id in names or not pictures.isdisjoint(_pictures(case))
    )


def _pictures(case: ClinicalCase) -> Iterator[bytes]:
    for image in case.images:
        path = Path(image.path)
        if path.is_file():
            yield hashlib.sha256(path.read_bytes()).digest()


def _names_of_graph(graph: GraphSnapshot) -> tuple[str, ...]:
    """Labels and synonyms of all diagnoses of the set, of the whole set for every note."""
    found: dict[str, None] = {}
    for disease in FINDINGS.values():
        node = graph.index(disease)
        if node is None:
            continue
        view = graph.node(node)
        for name in (view.label, *view.synonyms):
            if len(name) >= _MIN_SYNONYM:
                found[name] = None
    return tuple(found)
