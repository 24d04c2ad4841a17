"""Why a diagnosis: the findings that speak for and against it, with the statements they rest on.

Decides which annotation of the disease a finding is matched with: the same term, else one below it,
else the one that shares the most informative ancestor. The weight in nats comes from the likelihood
ratio; the statements and publications are those of the matched annotation.
"""

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock

import numpy as np
import numpy.typing as npt

from fusion.symbolic.likelihood import LikelihoodRatio
from fusion.symbolic.patients import TermSets
from kg.ontology import Ontology
from kg.snapshot import GraphSnapshot
from kg.vocabulary import NodeType, Predicate

from .answer import Evidence
from .entities import Entities

__all__ = ["FindingEvidence"]

FloatArray = npt.NDArray[np.float32]

_MOST = 8
_REMEMBERED_FINDINGS = 40_000  # some 60 MB: what a finding says of a disease is always the same
_REMEMBERED_DISEASES = 4_000


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
        entities: Entities | None = None,
    ) -> None:
        self._snapshot, self._ontology = snapshot, ontology
        self._content, self._likelihood = content, likelihood
        self._entities = entities or Entities(snapshot)
        edges = snapshot.edges(Predicate.HAS_PHENOTYPE, head_type=NodeType.DISEASE, negated=False)
        order = np.argsort(edges.head, kind="stable")
        self._tail, self._row = edges.tail[order], edges.rows[order]
        self._pointer = np.searchsorted(edges.head[order], np.arange(snapshot.n_nodes + 1))
        self._findings: OrderedDict[tuple[int, int, bool], Evidence] = OrderedDict()
        self._annotated: OrderedDict[int, dict[int, list[int]]] = OrderedDict()
        self._lock = Lock()

    def explain(
        self, case: TermSets, diseases: list[tuple[int, int]]
    ) -> list[tuple[Evidence, ...]]:
        """Evidence for each disease, strongest first.

        Args:
            case: The case's terms.
            diseases: Pairs of catalogue position and node index.
        """
        if not len(case.present) or not diseases:
            return [() for _ in diseases]
        positions = np.asarray([position for position, _ in diseases], dtype=np.int64)
        weights = self._likelihood.ratios(case.present, positions)
        with self._lock:
            return [
                self._explain_one(case, weights[:, at], node)
                for at, (_, node) in enumerate(diseases)
            ]

    def _explain_one(
        self,
        case: TermSets,
        weights: FloatArray,
        node: int,
    ) -> tuple[Evidence, ...]:
        found = [
            self._finding(node, term, weight)
            for term, weight in zip(case.present.tolist(), weights.tolist(), strict=True)
        ]
        annotated = self._annotations(node)
        found += [
            self._finding(node, term, None) for term in case.excluded.tolist() if term in annotated
        ]
        found.sort(key=lambda e: -abs(e.weight_nats or 0.0))
        return tuple(found[:_MOST])

    def _annotations(self, node: int) -> dict[int, list[int]]:
        """Edge rows of the disease's annotations by term position."""
        known = self._annotated.get(node)
        if known is not None:
            self._annotated.move_to_end(node)
            return known
        annotated: dict[int, list[int]] = {}
        for at in range(self._pointer[node], self._pointer[node + 1]):
            position = self._ontology.position(int(self._tail[at]))
            if position is not None:
                annotated.setdefault(position, []).append(int(self._row[at]))
        self._annotated[node] = annotated
        if len(self._annotated) > _REMEMBERED_DISEASES:
            self._annotated.popitem(last=False)
        return annotated

    def _match(self, term: int, annotated: dict[int, list[int]]) -> _Match | None:
        if term in annotated:
            return _Match(tuple(annotated[term]), term)
        ancestors = set(self._ontology.ancestors_of(term).tolist())
        best: _Match | None = None
        best_content = 0.0
        for other, rows in annotated.items():
            shared = ancestors.intersection(self._ontology.ancestors_of(other).tolist())
            met = max(shared, key=lambda a: (float(self._content[a]), -a), default=None)
            if met is not None and self._content[met] > best_content:
                # Shown is what both have in common: "increased" must not seem to match "decreased".
                best, best_content = _Match(tuple(rows), met), float(self._content[met])
        return best

    def _finding(self, node: int, term: int, weight: float | None) -> Evidence:
        """What one finding says of one disease; `weight` is None for an absent finding."""
        key = (node, term, weight is None)
        known = self._findings.get(key)
        if known is not None:
            self._findings.move_to_end(key)
            return known
        annotated = self._annotations(node)
        match: _Match | None = None
        if weight is None:
            match = _Match(tuple(annotated[term]), term)
        elif weight > 0:
            match = self._match(term, annotated)
        rows = match.rows if match else ()
        publications = sorted({p for row in rows for p in self._snapshot.publications(row)})
        nodes = self._ontology.nodes
        evidence = Evidence(
            kind="absent_finding" if weight is None else "finding",
            finding=self._entities.of(int(nodes[term])),
            matched=self._entities.of(int(nodes[match.term])) if match else None,
            weight_nats=None if weight is None else round(weight, 3),
            statements=tuple(self._snapshot.statement_id(row) for row in rows),
            publications=tuple(publications),
        )
        self._findings[key] = evidence
        if len(self._findings) > _REMEMBERED_FINDINGS:
            self._findings.popitem(last=False)
        return evidence
