"""Side effect: a treatment often causes what the patient already has.

Decides that this is a note and no more, and that only side effects count that at least one in ten
patients has (CIOMS "very common"): drug labels list hundreds, and a note on each would bury the
alerts that matter. Effects without a frequency say nothing here, nor do those that the drug treats:
trials report the disease among the effects.
"""

from collections import defaultdict

import numpy as np

from kg.snapshot import GraphSnapshot
from kg.vocabulary import NodeType, Predicate
from reasoning.answer import Alert

from .contract import PatientContext
from .ingredients import ingredients_of
from .names import name_of

__all__ = ["SideEffect"]

_VERY_COMMON = 0.1


class SideEffect:
    """Notes from `has_adverse_event` statements with a frequency."""

    kind = "side effect"

    def __init__(self, snapshot: GraphSnapshot) -> None:
        self._snapshot = snapshot
        self._ingredients = ingredients_of(snapshot)
        self._namesakes = _namesakes(snapshot)
        self._rows: dict[int, dict[int, int]] = defaultdict(dict)
        self._covered: set[int] = set()
        edges = snapshot.edges(Predicate.HAS_ADVERSE_EVENT, negated=False)
        columns = (edges.head.tolist(), edges.tail.tolist(), edges.rows.tolist())
        frequent = (edges.frequency >= _VERY_COMMON).tolist()
        treated = _treated(snapshot)
        for drug, event, row, often in zip(*columns, frequent, strict=True):
            self._covered.add(drug)
            if often:
                for node in (event, *self._namesakes.get(event, ())):
                    if (drug, node) not in treated:
                        self._rows[drug].setdefault(node, row)

    def alerts(self, treatment: int, patient: PatientContext) -> list[Alert]:
        """One note for each condition or phenotype that the treatment often causes."""
        found = {}
        for part in self._ingredients.of(treatment):
            effects = self._rows.get(part)
            if effects:
                for node in (*patient.conditions, *patient.phenotypes):
                    if node in effects:
                        found[part, effects[node]] = self._alert(part, node, effects[node])
        return list(found.values())

    def _alert(self, drug: int, node: int, row: int) -> Alert:
        share = float(self._snapshot.take(np.array([row])).frequency[0])
        return Alert(
            severity="note",
            kind=self.kind,
            reason=f"{name_of(self._snapshot, drug)} causes {name_of(self._snapshot, node)} "
            f"in {share:.0%} of those who take it, and the patient has it",
            statements=(self._snapshot.statement_id(row),),
        )

    def covers(self, treatment: int) -> bool:
        """Whether the graph lists side effects of the treatment."""
        return any(part in self._covered for part in self._ingredients.of(treatment))

    def unknown(self, patient: PatientContext) -> str | None:
        """Nothing of its own: conditions are asked for by the rule of contraindications."""
        del patient
        return None


def _namesakes(snapshot: GraphSnapshot) -> dict[int, tuple[int, ...]]:
    """Diseases and phenotypes that bear exactly the name of an adverse event."""
    named: dict[str, list[int]] = defaultdict(list)
    for kind in (NodeType.DISEASE, NodeType.PHENOTYPE):
        for node in snapshot.nodes_of(kind).tolist():
            named[snapshot.labels[node].casefold()].append(node)
    events = snapshot.nodes_of(NodeType.ADVERSE_EVENT).tolist()
    return {e: tuple(named.get(snapshot.labels[e].casefold(), ())) for e in events}


def _treated(snapshot: GraphSnapshot) -> set[tuple[int, int]]:
    """Drugs and what they treat or ameliorate."""
    found: set[tuple[int, int]] = set()
    for predicate in (Predicate.TREATS, Predicate.AMELIORATES):
        edges = snapshot.edges(predicate, negated=False)
        found |= set(zip(edges.head.tolist(), edges.tail.tolist(), strict=True))
    return found
