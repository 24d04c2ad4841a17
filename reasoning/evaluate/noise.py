"""Cases as busy people write them: incomplete, imprecise, with findings that do not belong.

Decides the damage: half of the terms are dropped, a fifth of the present ones that are left become
a parent of themselves, and two random abnormalities are added. At least one present term stays.
"""

from collections import defaultdict

import numpy as np

from kg.case import ClinicalCase, Observation
from kg.ontology import PHENOTYPIC_ABNORMALITY, Ontology
from kg.snapshot import GraphSnapshot
from kg.vocabulary import NodeType, Predicate

__all__ = ["CaseNoise"]

_DROPPED = 0.5
_VAGUE = 0.2
_ADDED = 2


class CaseNoise:
    """Damages cases.

    Args:
        snapshot: The graph.
        ontology: Its phenotype hierarchy.
    """

    def __init__(self, snapshot: GraphSnapshot, ontology: Ontology) -> None:
        self._snapshot = snapshot
        ids, abnormality = ontology.ids, ontology.below(PHENOTYPIC_ABNORMALITY)
        self._pool = [
            curie
            for curie, inside in zip(ids, abnormality, strict=True)
            if inside and curie != PHENOTYPIC_ABNORMALITY
        ]
        self._parents: dict[str, list[str]] = defaultdict(list)
        names = snapshot.node_ids
        askable = set(self._pool)
        edges = snapshot.edges(Predicate.SUBCLASS_OF, head_type=NodeType.PHENOTYPE)
        for head, tail in zip(edges.head.tolist(), edges.tail.tolist(), strict=True):
            if names[tail] in askable:
                self._parents[names[head]].append(names[tail])

    def damage(self, case: ClinicalCase, rng: np.random.Generator) -> ClinicalCase:
        """The case with fewer, vaguer and stray terms; everything else of it is kept."""
        present = self._some(list(case.present), rng) if case.present else []
        excluded = self._some(list(case.excluded), rng) if case.excluded else []
        vague = rng.permutation(len(present))[: round(_VAGUE * len(present))]
        for at in vague.tolist():
            present[at] = self._vaguer(present[at], rng)
        stray = [self._pool[at] for at in rng.integers(len(self._pool), size=_ADDED)]
        terms = dict.fromkeys((*present, *stray))
        phenotypes = (
            *(Observation(term=term) for term in terms),
            *(Observation(term=t, status="excluded") for t in excluded if t not in terms),
        )
        return case.model_copy(update={"phenotypes": phenotypes})

    @staticmethod
    def _some(terms: list[str], rng: np.random.Generator) -> list[str]:
        kept = rng.permutation(len(terms))[: max(1, round((1.0 - _DROPPED) * len(terms)))]
        return [terms[at] for at in sorted(kept.tolist())]

    def _vaguer(self, term: str, rng: np.random.Generator) -> str:
        node = self._snapshot.index(term)
        parents = [] if node is None else self._parents.get(self._snapshot.node_ids[node], [])
        return parents[int(rng.integers(len(parents)))] if parents else term
