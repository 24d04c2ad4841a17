"""Allergy: the patient must not get this substance, a product with it, or its close class.

Decides that the substance itself, and any product that contains it, is stopped, and that a drug of
the same chemical or established pharmacologic class is a caution, for cross-reactivity is possible
and not certain. Classes of more than `_CLASS_LIMIT` drugs say too little and are left out.
"""

from collections import defaultdict

from kg.snapshot import GraphSnapshot
from kg.vocabulary import Predicate
from reasoning.answer import Alert

from .contract import PatientContext
from .ingredients import Ingredients

__all__ = ["Allergy"]

_CLASS_LIMIT = 40


class Allergy:
    """Stops and cautions from the patient's allergies."""

    kind = "allergy"

    def __init__(self, snapshot: GraphSnapshot) -> None:
        self._snapshot = snapshot
        self._ingredients = Ingredients(snapshot)
        members: dict[int, dict[int, int]] = defaultdict(dict)
        edges = snapshot.edges(Predicate.HAS_ROLE, negated=False)
        columns = (edges.head.tolist(), edges.tail.tolist(), edges.rows.tolist())
        for drug, role, row in zip(*columns, strict=True):
            members[role].setdefault(drug, row)
        self._members = members
        self._roles: dict[int, dict[int, int]] = defaultdict(dict)
        for role, drugs in members.items():
            for drug, row in drugs.items():
                self._roles[drug][role] = row

    def alerts(self, treatment: int, patient: PatientContext) -> list[Alert]:
        """At most one alert for each allergy: the worst that applies."""
        parts = self._ingredients.of(treatment)
        found = []
        for allergen in patient.allergies:
            alert = self._identical(parts, allergen) or self._class(parts, allergen)
            if alert is not None:
                found.append(alert)
        return found

    def _identical(self, parts: tuple[int, ...], allergen: int) -> Alert | None:
        inside = set(self._ingredients.of(allergen)) & set(parts)
        if not inside:
            return None
        return Alert(
            severity="stop",
            kind=self.kind,
            reason=f"the patient is allergic to {self._name(min(inside))}",
        )

    def _class(self, parts: tuple[int, ...], allergen: int) -> Alert | None:
        for part in parts:
            row = self._members.get(allergen, {}).get(part)
            if row is not None:
                return Alert(
                    severity="stop",
                    kind=self.kind,
                    reason=f"{self._name(part)} belongs to {self._name(allergen)}, "
                    "to which the patient is allergic",
                    statements=(self._snapshot.statement(row).id,),
                )
            shared = [
                role
                for role in self._roles.get(part, {})
                if role in self._roles.get(allergen, {})
                and len(self._members[role]) <= _CLASS_LIMIT
            ]
            if shared:
                role = min(shared, key=lambda r: len(self._members[r]))
                rows = (self._roles[part][role], self._roles[allergen][role])
                return Alert(
                    severity="caution",
                    kind=self.kind,
                    reason=f"{self._name(part)} shares the class {self._name(role)} with "
                    f"{self._name(allergen)}, to which the patient is allergic",
                    statements=tuple(self._snapshot.statement(r).id for r in rows),
                )
        return None

    def _name(self, node: int) -> str:
        view = self._snapshot.node(node)
        return view.label or view.id
