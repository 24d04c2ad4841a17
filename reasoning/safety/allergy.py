"""Allergy: the patient must not get this substance, a product with it, or its close class.

Decides that the substance itself, any product that contains it, and any member of a class to which
the patient is allergic (or of a kind of that class) are stopped, and that a drug of the same
chemical or established pharmacologic class is a caution, for cross-reactivity is possible and not
certain. Classes of more than `_CLASS_LIMIT` drugs say too little and are left out. A stop for the
substance itself cites a statement that describes the substance: that the patient is allergic to it
stands in the patient's record, not in the graph.
"""

from collections import defaultdict

from kg.snapshot import GraphSnapshot
from kg.vocabulary import Predicate
from reasoning.answer import Alert

from .contract import PatientContext
from .hierarchy import hierarchy_of
from .ingredients import ingredients_of
from .names import name_of

__all__ = ["Allergy"]

_CLASS_LIMIT = 40


class Allergy:
    """Stops and cautions from the patient's allergies."""

    kind = "allergy"

    def __init__(self, snapshot: GraphSnapshot) -> None:
        self._snapshot = snapshot
        self._ingredients = ingredients_of(snapshot)
        self._hierarchy = hierarchy_of(snapshot)
        self._sizes: dict[int, set[int]] = defaultdict(set)
        self._roles: dict[int, dict[int, int]] = defaultdict(dict)
        edges = snapshot.edges(Predicate.HAS_ROLE, negated=False)
        columns = (edges.head.tolist(), edges.tail.tolist(), edges.rows.tolist())
        for drug, role, row in zip(*columns, strict=True):
            self._sizes[role].add(drug)
            self._roles[drug].setdefault(role, row)

    def alerts(self, treatment: int, patient: PatientContext) -> list[Alert]:
        """At most one alert for each allergy: the worst that applies."""
        if not patient.allergies:
            return []
        parts = self._ingredients.of(treatment)
        found = []
        for allergen in patient.allergies:
            alert = (
                self._identical(treatment, parts, allergen)
                or self._member(parts, allergen)
                or self._class(parts, allergen)
            )
            if alert is not None:
                found.append(alert)
        return found

    def _identical(self, treatment: int, parts: tuple[int, ...], allergen: int) -> Alert | None:
        inside = set(self._ingredients.of(allergen)) & set(parts)
        if not inside:
            return None
        shared = allergen if allergen in inside else min(inside)
        row = self._ingredients.row(treatment, shared)
        if row is None:
            row = next(iter(self._roles.get(shared, {}).values()), None)
        if row is None:
            incident = self._snapshot.incident(shared)
            row = int(incident[0]) if len(incident) else None
        return Alert(
            severity="stop",
            kind=self.kind,
            reason=f"the patient is allergic to {self._name(shared)}",
            statements=() if row is None else (self._snapshot.statement_id(row),),
        )

    def _member(self, parts: tuple[int, ...], allergen: int) -> Alert | None:
        for part in parts:
            for role, row in self._roles.get(part, {}).items():
                if allergen in self._hierarchy.ancestors(role):
                    return Alert(
                        severity="stop",
                        kind=self.kind,
                        reason=f"{self._name(part)} belongs to {self._name(allergen)}, "
                        "to which the patient is allergic",
                        statements=(self._snapshot.statement_id(row),),
                    )
        return None

    def _class(self, parts: tuple[int, ...], allergen: int) -> Alert | None:
        theirs = self._roles.get(allergen, {})
        for part in parts:
            ours = self._roles.get(part, {})
            shared = [r for r in ours if r in theirs and len(self._sizes[r]) <= _CLASS_LIMIT]
            if shared:
                role = min(shared, key=lambda r: (len(self._sizes[r]), r))
                return Alert(
                    severity="caution",
                    kind=self.kind,
                    reason=f"{self._name(part)} shares the class {self._name(role)} with "
                    f"{self._name(allergen)}, to which the patient is allergic",
                    statements=tuple(
                        self._snapshot.statement_id(row) for row in (ours[role], theirs[role])
                    ),
                )
        return None

    def covers(self, treatment: int) -> bool:
        """Whether the graph says to which classes the treatment belongs."""
        return any(part in self._roles for part in self._ingredients.of(treatment))

    def unknown(self, patient: PatientContext) -> str | None:
        """Allergies, when none is known: none recorded is not none there."""
        return None if patient.allergies else "allergies"

    def _name(self, node: int) -> str:
        return name_of(self._snapshot, node)
