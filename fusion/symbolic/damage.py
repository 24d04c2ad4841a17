"""Patients as a busy ward describes them: findings left out, too vague, or beside the point.

Decides how a recorded patient is worsened, so that rankers which learn from tidy publications also
meet the other kind. The diagnosis stays; only findings change.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kg.ontology import PHENOTYPIC_ABNORMALITY
from kg.vocabulary import NodeType, Predicate

from .knowledge import SymbolicKnowledge
from .patients import TermSets

__all__ = ["DamageOptions", "PatientDamage", "direct_parents"]

IntArray = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True)
class DamageOptions:
    """How much is damaged.

    Attributes:
        dropped: Least and largest share of the findings that is left out, drawn for each patient.
        vague: Share of the present findings left that is named one step too vaguely.
        most_stray: Random findings that are added at most.
    """

    dropped: tuple[float, float] = (0.3, 0.6)
    vague: float = 0.2
    most_stray: int = 3


class PatientDamage:
    """Worsens patients.

    Args:
        knowledge: The graph as arrays.
        options: How much.

    Attributes:
        nodes: Snapshot index of each term.
    """

    def __init__(self, knowledge: SymbolicKnowledge, options: DamageOptions | None = None) -> None:
        self._options = options or DamageOptions()
        ontology = knowledge.ontology
        self._ontology = ontology
        self.nodes = ontology.nodes
        self._pool = np.flatnonzero(ontology.below(PHENOTYPIC_ABNORMALITY))
        self._parents = direct_parents(knowledge)

    def damage(self, patient: TermSets, rng: np.random.Generator) -> TermSets:
        """A worse account of the same patient; one without findings stays as it is."""
        if not len(patient.present) and not len(patient.excluded):
            return patient
        chosen = self._options
        share = rng.uniform(*chosen.dropped)
        present = self._some(patient.present, share, rng)
        vague = rng.random(len(present)) < chosen.vague
        told = [
            self._vaguer(int(term), rng) if is_vague else int(term)
            for term, is_vague in zip(present, vague, strict=True)
        ]
        n_stray = int(rng.integers(chosen.most_stray + 1)) if len(self._pool) else 0
        told += rng.choice(self._pool, size=n_stray).tolist() if n_stray else []
        kept = np.unique(np.asarray(told, dtype=np.int32))
        excluded = np.setdiff1d(
            self._some(patient.excluded, share, rng), self._ontology.closure(kept)
        )
        return TermSets(present=kept, excluded=excluded.astype(np.int32), genes=patient.genes)

    def damage_all(
        self, patients: Sequence[TermSets], rng: np.random.Generator
    ) -> tuple[TermSets, ...]:
        """One worse account of each."""
        return tuple(self.damage(patient, rng) for patient in patients)

    @staticmethod
    def _some(terms: IntArray, share: float, rng: np.random.Generator) -> IntArray:
        n = max(1, round((1.0 - share) * len(terms))) if len(terms) else 0
        return np.sort(rng.choice(terms, size=n, replace=False)).astype(np.int32)

    def _vaguer(self, term: int, rng: np.random.Generator) -> int:
        """A direct parent, or the term itself where there is none."""
        parents = self._parents.get(term, ())
        return int(rng.choice(parents)) if parents else term


def direct_parents(knowledge: SymbolicKnowledge) -> dict[int, list[int]]:
    """Abnormalities right above each abnormality, as positions in the ontology."""
    ontology = knowledge.ontology
    abnormality = ontology.below(PHENOTYPIC_ABNORMALITY)
    edges = knowledge.snapshot.edges(Predicate.SUBCLASS_OF, head_type=NodeType.PHENOTYPE)
    parents: dict[int, list[int]] = {}
    for head, tail in zip(edges.head.tolist(), edges.tail.tolist(), strict=True):
        child, parent = ontology.position(head), ontology.position(tail)
        if child is not None and parent is not None and abnormality[parent]:
            parents.setdefault(child, []).append(parent)
    return {child: sorted(set(found)) for child, found in parents.items()}
