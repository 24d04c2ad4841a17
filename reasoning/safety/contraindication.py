"""Contraindication: the graph says that a treatment must not be given in a condition.

Decides how the disease hierarchy is read. A contraindication in a condition holds for all its kinds
(a drug contraindicated in porphyria is stopped in acute intermittent porphyria). A contraindication
in one kind of the patient's condition is a caution (the patient may have that kind). Treatments are
read through their ingredients.
"""

from collections import defaultdict

from kg.snapshot import GraphSnapshot
from kg.vocabulary import NodeType, Predicate
from reasoning.answer import Alert

from .contract import PatientContext
from .ingredients import Ingredients

__all__ = ["Contraindication"]

_MAX_ANCESTORS = 400


class Contraindication:
    """Stops and cautions from `contraindicated_in` statements."""

    kind = "contraindication"

    def __init__(self, snapshot: GraphSnapshot) -> None:
        self._snapshot = snapshot
        self._ingredients = Ingredients(snapshot)
        self._rows: dict[int, list[tuple[int, int]]] = defaultdict(list)
        edges = snapshot.edges(Predicate.CONTRAINDICATED_IN, negated=False)
        columns = (edges.head.tolist(), edges.tail.tolist(), edges.rows.tolist())
        for head, tail, row in zip(*columns, strict=True):
            self._rows[head].append((tail, row))
        self._parents: dict[int, set[int]] = defaultdict(set)
        hierarchy = snapshot.edges(Predicate.SUBCLASS_OF, negated=False)
        for head, tail in zip(hierarchy.head.tolist(), hierarchy.tail.tolist(), strict=True):
            self._parents[head].add(tail)
        self._ancestors: dict[int, frozenset[int]] = {}

    def ancestors(self, condition: int) -> frozenset[int]:
        """The condition and all that it is a kind of."""
        known = self._ancestors.get(condition)
        if known is None:
            seen, stack = {condition}, [condition]
            while stack and len(seen) < _MAX_ANCESTORS:
                new = self._parents.get(stack.pop(), set()) - seen
                seen |= new
                stack.extend(new)
            known = self._ancestors[condition] = frozenset(seen)
        return known

    def alerts(self, treatment: int, patient: PatientContext) -> list[Alert]:
        """One alert for each forbidding statement that touches a condition of the patient."""
        found = []
        for part in self._ingredients.of(treatment):
            for disease, row in self._rows.get(part, ()):
                for condition in (*patient.conditions, *patient.phenotypes):
                    alert = self._alert(part, disease, row, condition)
                    if alert is not None:
                        found.append(alert)
                        break
        return found

    def _alert(self, drug: int, disease: int, row: int, condition: int) -> Alert | None:
        name, told = self._name(drug), self._name(disease)
        if disease in self.ancestors(condition):
            severity, suffix = "stop", ""
            if disease != condition:
                suffix = f", and {self._name(condition)} is a kind of it"
        elif condition in self.ancestors(disease) and self._is_disease(condition):
            severity, suffix = "caution", f", a kind of {self._name(condition)}"
        else:
            return None
        return Alert(
            severity=severity,  # type: ignore[arg-type]
            kind=self.kind,
            reason=f"{name} is contraindicated in {told}{suffix}",
            statements=(self._snapshot.statement(row).id,),
        )

    def _is_disease(self, node: int) -> bool:
        return self._snapshot.node(node).type is NodeType.DISEASE

    def _name(self, node: int) -> str:
        view = self._snapshot.node(node)
        return view.label or view.id
