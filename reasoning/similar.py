"""The published patients most like this one, as evidence for a diagnosis.

Decides how many are shown and what is said of them. Similarity is decided in
`fusion.symbolic.nearest`; what is known of published patients here is their findings and papers.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from fusion.symbolic import ReferenceCases, SymbolicFeatures, TermSets

from .answer import Entity, Evidence
from .entities import Entities

__all__ = ["SimilarPatients"]

_MOST = 2
_SHARED = 3
_LEAST_SIMILARITY = 0.1


class SimilarPatients:
    """Published patients of single diseases.

    Args:
        symbolic: Symbolic features of the model.
        entities: Nodes in words.
    """

    def __init__(self, symbolic: SymbolicFeatures, entities: Entities) -> None:
        self._references: ReferenceCases = symbolic.references
        self._nearest = symbolic.nearest
        self._ontology = symbolic.knowledge.ontology
        self._content = symbolic.profiles.content
        self._entities = entities

    def similarities(self, cases: Sequence[TermSets]) -> npt.NDArray[np.float32]:
        """Similarity of each case with every published patient."""
        return self._nearest.similarity(cases)

    def explain(
        self, case: TermSets, similarity: npt.NDArray[np.float32], disease: int
    ) -> tuple[Evidence, ...]:
        """The most similar published patients with a disease (a catalogue position)."""
        rows, values = self._nearest.of_disease(similarity, disease, most=_MOST)
        return tuple(
            self._patient(case, row, value)
            for row, value in zip(rows.tolist(), values.tolist(), strict=True)
            if value >= _LEAST_SIMILARITY
        )

    def _patient(self, case: TermSets, row: int, similarity: float) -> Evidence:
        own = self._references.patients[row].present
        shared = np.intersect1d(case.present, own, assume_unique=True)
        shared = shared[np.argsort(-self._content[shared], kind="stable")]
        nodes = self._ontology.nodes[shared[:_SHARED]].tolist()
        names = [self._entities.of(node).label for node in nodes]
        more = len(shared) - len(names)
        said = f"; both show {', '.join(names)}" if names else ""
        return Evidence(
            kind="case",
            finding=Entity(id=self._references.case_ids[row], label="published patient"),
            publications=tuple(sorted(self._references.publications[row])),
            text=f"similarity {similarity:.2f}{said}{f' and {more} more' if more else ''}",
        )
