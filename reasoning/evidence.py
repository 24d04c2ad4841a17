"""Why a diagnosis: the findings that speak for and against it, with the statements they rest on.

Decides which annotation of the disease a finding is matched with: the same term, else one below it,
else the one that shares the most informative ancestor. The weight in nats comes from the likelihood
ratio; the statements and publications are those of the matched annotation.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fusion.symbolic.likelihood import LikelihoodRatio
from fusion.symbolic.patients import TermSets
from kg.ontology import Ontology
from kg.snapshot import GraphSnapshot
from kg.vocabulary import NodeType, Predicate

from .answer import Evidence
from .paths import to_entity

__all__ = ["FindingEvidence"]

FloatArray = npt.NDArray[np.float32]

_MOST = 8


@dataclass(frozen=True, slots=True)
class _Match:
    """An annotation row and the position of its term."""

    rows: tuple[int, ...]
    term: int


class FindingEvidence:
    """Evidence from a case's findings for single diseases.

    Args:
        snapshot: The graph.
        ontology: Phenotype hierarchy of the snapshot.
        content: Information content of each term, in nats.
        likelihood: Scorer whose rows are the weights.
    """

    def __init__(
        self,
        *,
        snapshot: GraphSnapshot,
        ontology: Ontology,
        content: FloatArray,
        likelihood: LikelihoodRatio,
    ) -> None:
        self._snapshot, self._ontology = snapshot, ontology
        self._content, self._likelihood = content, likelihood
        edges = snapshot.edges(Predicate.HAS_PHENOTYPE, head_type=NodeType.DISEASE, negated=False)
        order = np.argsort(edges.head, kind="stable")
        self._tail, self._row = edges.tail[order], edges.rows[order]
        self._pointer = np.searchsorted(edges.head[order], np.arange(snapshot.n_nodes + 1))

    def explain(
        self, case: TermSets, diseases: list[tuple[int, int]]
    ) -> list[tuple[Evidence, ...]]:
        """Evidence for each disease, strongest first.

        Args:
            case: The case's terms.
            diseases: Pairs of catalogue position and node index.
        """
        if not len(case.present):
            return [() for _ in diseases]
        weights = self._likelihood.rows(case.present)
        return [self._explain_one(case, weights[:, position], node) for position, node in diseases]

    def _explain_one(
        self,
        case: TermSets,
        weights: np.ndarray,
        node: int,
    ) -> tuple[Evidence, ...]:
        annotated = self._annotations(node)
        found = []
        for term, weight in zip(case.present.tolist(), weights.tolist(), strict=True):
            match = self._match(term, annotated) if weight > 0 else None
            found.append(self._finding(term, weight, match))
        for term in case.excluded.tolist():
            if term in annotated:
                rows = tuple(annotated[term])
                found.append(self._finding(term, None, _Match(rows, term), absent=True))
        found.sort(key=lambda e: -abs(e.weight_nats or 0.0))
        return tuple(found[:_MOST])

    def _annotations(self, node: int) -> dict[int, list[int]]:
        """Edge rows of the disease's annotations by term position."""
        annotated: dict[int, list[int]] = {}
        for at in range(self._pointer[node], self._pointer[node + 1]):
            position = self._ontology.position(int(self._tail[at]))
            if position is not None:
                annotated.setdefault(position, []).append(int(self._row[at]))
        return annotated

    def _match(self, term: int, annotated: dict[int, list[int]]) -> _Match | None:
        if term in annotated:
            return _Match(tuple(annotated[term]), term)
        ancestors = set(self._ontology.ancestors_of(term).tolist())
        best, best_content = None, 0.0
        for other in annotated:
            shared = ancestors.intersection(self._ontology.ancestors_of(other).tolist())
            content = max((float(self._content[a]) for a in shared), default=0.0)
            if content > best_content:
                best, best_content = other, content
        return None if best is None else _Match(tuple(annotated[best]), best)

    def _finding(
        self, term: int, weight: float | None, match: _Match | None, *, absent: bool = False
    ) -> Evidence:
        statements = [self._snapshot.statement(row) for row in match.rows] if match else []
        publications = sorted({p for s in statements for p in s.publications})
        nodes = self._ontology.nodes
        return Evidence(
            kind="absent_finding" if absent else "finding",
            finding=to_entity(self._snapshot, int(nodes[term])),
            matched=to_entity(self._snapshot, int(nodes[match.term])) if match else None,
            weight_nats=None if weight is None else round(weight, 3),
            statements=tuple(s.id for s in statements),
            publications=tuple(publications),
        )
