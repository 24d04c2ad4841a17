"""Why a diagnosis: the findings that speak for and against it, with the statements they rest on.

Decides which annotation of the disease a finding is matched with: the same term, else one below it,
else the one that shares the most informative ancestor; an absent finding with the annotations that
it denies. The weight in nats comes from the likelihood ratio; the statements and publications are
those of the matched annotation.
"""

from collections import OrderedDict
from collections.abc import Iterator
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

__all__ = ["FindingEvidence", "Reasons"]

FloatArray = npt.NDArray[np.float32]

_MOST = 8
_LEAST_ABSENT = 0.02  # nats; most absent findings are rare everywhere and say nothing
_REMEMBERED_FINDINGS = 40_000  # some 60 MB: what a finding says of a disease is always the same
_REMEMBERED_DISEASES = 4_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Reasons:
    """What the findings of a case say of one disease.

    Attributes:
        evidence: Strongest first.
        nats_for: Sum of the weights above 0, of all findings.
        nats_against: Sum of the weights below 0.
    """

    evidence: tuple[Evidence, ...] = ()
    nats_for: float = 0.0
    nats_against: float = 0.0


@dataclass(frozen=True, slots=True)
class _Match:
    """An annotation row and the position of its term."""

    rows: tuple[int, ...]
    term: int


@dataclass(frozen=True, slots=True)
class _Annotated:
    """Annotation rows of a disease: by the term stated, and the first by each ancestor of one."""

    stated: dict[int, list[int]]
    implied: dict[int, list[int]]


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
        self._annotated: OrderedDict[int, _Annotated] = OrderedDict()
        self._lock = Lock()

    def explain(self, case: TermSets, diseases: list[tuple[int, int]]) -> list[Reasons]:
        """Evidence for and against each disease, strongest first.

        Args:
            case: The case's terms.
            diseases: Pairs of catalogue position and node index.
        """
        if not diseases:
            return []
        positions = np.asarray([position for position, _ in diseases], dtype=np.int64)
        present = self._likelihood.ratios(case.present, positions)
        absent = self._likelihood.absent_ratios(case.excluded, positions)
        with self._lock:
            return [
                self._explain_one(case, present[:, at], absent[:, at], node)
                for at, (_, node) in enumerate(diseases)
            ]

    def _explain_one(
        self,
        case: TermSets,
        present: FloatArray,
        absent: FloatArray,
        node: int,
    ) -> Reasons:
        told = [(weight, term, False) for term, weight in _pairs(case.present, present)]
        told += [
            (weight, term, True)
            for term, weight in _pairs(case.excluded, absent)
            if abs(weight) >= _LEAST_ABSENT
        ]
        told.sort(key=lambda one: -abs(round(one[0], 3)))
        every = np.concatenate([present, absent]).astype(np.float64)
        return Reasons(
            evidence=tuple(
                self._finding(node, term, weight, absent=denied)
                for weight, term, denied in told[:_MOST]
            ),
            nats_for=round(float(every[every > 0].sum()), 3),
            nats_against=round(float(every[every < 0].sum()), 3),
        )

    def _annotations(self, node: int) -> _Annotated:
        """Edge rows of the disease's annotations by term position, and by what these imply."""
        known = self._annotated.get(node)
        if known is not None:
            self._annotated.move_to_end(node)
            return known
        stated: dict[int, list[int]] = {}
        for at in range(self._pointer[node], self._pointer[node + 1]):
            position = self._ontology.position(int(self._tail[at]))
            if position is not None:
                stated.setdefault(position, []).append(int(self._row[at]))
        implied: dict[int, list[int]] = {}
        for position, rows in stated.items():
            for ancestor in self._ontology.ancestors_of(position).tolist():
                implied.setdefault(ancestor, rows)
        annotated = _Annotated(stated, implied)
        self._annotated[node] = annotated
        if len(self._annotated) > _REMEMBERED_DISEASES:
            self._annotated.popitem(last=False)
        return annotated

    def _match(self, term: int, annotated: _Annotated) -> _Match | None:
        if term in annotated.stated:
            return _Match(tuple(annotated.stated[term]), term)
        shared = [
            (float(self._content[at]), -at)
            for at in self._ontology.ancestors_of(term).tolist()
            if at in annotated.implied
        ]
        content, at = max(shared, default=(0.0, 0))
        # Shown is what both have in common: "increased" must not seem to match "decreased".
        return _Match(tuple(annotated.implied[-at]), -at) if content > 0.0 else None

    def _denied(self, term: int, annotated: _Annotated) -> _Match | None:
        """Annotations of the disease at an absent term or under it."""
        below = self._ontology.descendants_of(term).tolist()
        rows = tuple(row for other in below for row in annotated.stated.get(other, ()))
        return _Match(rows, term) if rows else None

    def _finding(self, node: int, term: int, weight: float, *, absent: bool) -> Evidence:
        """What one finding, present or absent, says of one disease."""
        key = (node, term, absent)
        known = self._findings.get(key)
        if known is not None:
            self._findings.move_to_end(key)
            return known
        annotated = self._annotations(node)
        match: _Match | None = None
        if absent:
            match = self._denied(term, annotated) if weight < 0 else None
        elif weight > 0:
            match = self._match(term, annotated)
        rows = match.rows if match else ()
        publications = sorted({p for row in rows for p in self._snapshot.publications(row)})
        nodes = self._ontology.nodes
        evidence = Evidence(
            kind="absent_finding" if absent else "finding",
            finding=self._entities.of(int(nodes[term])),
            matched=self._entities.of(int(nodes[match.term])) if match else None,
            weight_nats=round(weight, 3),
            statements=tuple(self._snapshot.statement_id(row) for row in rows),
            publications=tuple(publications),
        )
        self._findings[key] = evidence
        if len(self._findings) > _REMEMBERED_FINDINGS:
            self._findings.popitem(last=False)
        return evidence


def _pairs(terms: npt.NDArray[np.int32], weights: FloatArray) -> Iterator[tuple[int, float]]:
    return zip(terms.tolist(), weights.tolist(), strict=True)
