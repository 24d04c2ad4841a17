"""Patients as sets of term positions, and published patients with a known disease.

Decides what symbolic scorers see of a case: nothing but phenotypic abnormalities and genes. Reading
files is decided in `kg.cases`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from kg.case import ClinicalCase
from kg.ontology import PHENOTYPIC_ABNORMALITY, Ontology
from kg.snapshot import GraphSnapshot

from .catalogue import DiseaseCatalogue

__all__ = ["CaseEncoder", "ReferenceCases", "TermSets"]

IntArray = npt.NDArray[np.int32]
BoolArray = npt.NDArray[np.bool_]


_REMEMBERED = 256


def _nothing() -> IntArray:
    return np.zeros(0, dtype=np.int32)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TermSets:
    """What was seen and what was looked for and not seen; everything else is unknown.

    Attributes:
        present: Positions of terms in the phenotype ontology, sorted, without repeats.
        excluded: The same for excluded terms; never holds a present term or its ancestor.
        genes: Snapshot indices of candidate genes.
    """

    present: IntArray
    excluded: IntArray = field(default_factory=_nothing)
    genes: IntArray = field(default_factory=_nothing)


class CaseEncoder:
    """Turns cases into term positions; what is unknown or no abnormality is dropped."""

    def __init__(self, snapshot: GraphSnapshot, ontology: Ontology) -> None:
        self._snapshot = snapshot
        self._ontology = ontology
        self._abnormality = ontology.below(PHENOTYPIC_ABNORMALITY)
        self._position: dict[str, int | None] = {}
        self._sets = lru_cache(maxsize=_REMEMBERED)(
            self._read
        )  # asked again for each part of an answer

    def position(self, curie: str) -> int | None:
        """Position of a term by its current or an alternative id, None when it says nothing."""
        if curie not in self._position:
            node = self._snapshot.index(curie)
            at = None if node is None else self._ontology.position(node)
            self._position[curie] = at if at is not None and self._abnormality[at] else None
        return self._position[curie]

    def _positions(self, curies: Iterable[str]) -> IntArray:
        found = {at for curie in curies if (at := self.position(curie)) is not None}
        return np.asarray(sorted(found), dtype=np.int32)

    def encode(self, case: ClinicalCase) -> TermSets:
        """Term sets of one case; an excluded ancestor of a present term is dropped."""
        return self._sets(tuple(case.present), tuple(case.excluded), tuple(case.genes))

    def _read(
        self, seen: tuple[str, ...], missed: tuple[str, ...], candidates: tuple[str, ...]
    ) -> TermSets:
        present, excluded = self._positions(seen), self._positions(missed)
        if len(excluded):
            implied = self._ontology.closure(present)
            excluded = np.setdiff1d(excluded, implied).astype(np.int32)
        genes = sorted(
            {node for curie in candidates if (node := self._snapshot.index(curie)) is not None}
        )
        return TermSets(present=present, excluded=excluded, genes=np.asarray(genes, dtype=np.int32))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReferenceCases:
    """Published patients whose disease is known.

    Attributes:
        patients: Term sets, one a case.
        disease: Catalogue position of each case's diagnosis.
        publications: CURIEs of the papers of each case.
        case_ids: Identifier of each case.
    """

    patients: tuple[TermSets, ...]
    disease: IntArray
    publications: tuple[frozenset[str], ...]
    case_ids: tuple[str, ...]

    def __post_init__(self) -> None:
        sizes = {len(self.patients), len(self.disease), len(self.publications), len(self.case_ids)}
        if len(sizes) != 1:
            raise ValueError(f"reference cases: columns of different lengths {sorted(sizes)}")

    @classmethod
    def empty(cls) -> Self:
        """No published patient at all."""
        return cls(patients=(), disease=_nothing(), publications=(), case_ids=())

    @classmethod
    def from_cases(
        cls,
        cases: Iterable[ClinicalCase],
        *,
        snapshot: GraphSnapshot,
        catalogue: DiseaseCatalogue,
        encoder: CaseEncoder,
    ) -> Self:
        """Keeps the cases with a usable present term and a diagnosis of the catalogue."""
        patients: list[TermSets] = []
        diseases: list[int] = []
        publications: list[frozenset[str]] = []
        case_ids: list[str] = []
        for case in cases:
            gold = next(
                (
                    at
                    for curie in case.diagnoses
                    if (at := catalogue.position(snapshot, curie)) is not None
                ),
                None,
            )
            terms = encoder.encode(case)
            if gold is None or not len(terms.present):
                continue
            patients.append(terms)
            diseases.append(gold)
            publications.append(frozenset(case.publications))
            case_ids.append(case.case_id)
        return cls(
            patients=tuple(patients),
            disease=np.asarray(diseases, dtype=np.int32),
            publications=tuple(publications),
            case_ids=tuple(case_ids),
        )

    def __len__(self) -> int:
        return len(self.patients)

    def select(self, rows: Sequence[int] | npt.NDArray[np.integer[Any]] | BoolArray) -> Self:
        """The cases at the given rows, or where a mask is true."""
        array = np.asarray(rows)
        chosen = np.flatnonzero(array) if array.dtype == bool else array.astype(np.int64)
        return type(self)(
            patients=tuple(self.patients[row] for row in chosen),
            disease=self.disease[chosen],
            publications=tuple(self.publications[row] for row in chosen),
            case_ids=tuple(self.case_ids[row] for row in chosen),
        )

    def citing(self, publications: Iterable[str]) -> BoolArray:
        """True for the cases that any of the given publications describes."""
        wanted = frozenset(publications)
        return np.asarray([not wanted.isdisjoint(own) for own in self.publications], dtype=bool)

    def components(self) -> IntArray:
        """Connected component of each case in the graph of cases and their publications.

        Cases of one component must never be split between training and test: they share a paper,
        directly or through other cases. A case without a publication is a component of its own.
        """
        vocabulary: dict[str, int] = {}
        rows: list[int] = []
        columns: list[int] = []
        for row, own in enumerate(self.publications):
            for publication in sorted(own):
                rows.append(row)
                columns.append(vocabulary.setdefault(publication, len(vocabulary)))
        n = len(self)
        size = n + len(vocabulary)
        links = sparse.coo_matrix(
            (np.ones(len(rows), dtype=np.int8), (rows, np.asarray(columns, dtype=np.int64) + n)),
            shape=(size, size),
        )
        _, labels = connected_components(links, directed=False)
        labels = labels[:n]
        return np.unique(labels, return_inverse=True)[1].astype(np.int32)
