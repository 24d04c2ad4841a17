"""Contraindication: the graph says that a treatment must not be given in a condition.

Decides how the disease hierarchy is read, in both senses. Upwards: a contraindication in a
condition holds for all its kinds (a drug contraindicated in porphyria is stopped in acute
intermittent porphyria). Downwards: one in a kind of the patient's condition may hold (the patient
may have that kind), which is a caution one or two steps down and a note below, since a broad
condition has kinds without end. A statement that speaks of a phenotype within the disease
(`target_phenotype`) stops a patient who has it, says nothing of one in whom it was excluded, and is
a caution in others; one that holds only together with another drug (`applies_when`) is a caution.
Treatments are read through their ingredients. Groups such as pregnant women have rules of their
own.
"""

from collections import defaultdict

from kg.groups import GROUPS, LOW_FILTRATION
from kg.snapshot import GraphSnapshot
from kg.vocabulary import NodeType, Predicate
from reasoning.answer import Alert

from .contract import PatientContext
from .hierarchy import hierarchy_of
from .ingredients import ingredients_of
from .names import name_of
from .pregnancy import PREGNANCY_NODES

__all__ = ["Contraindication"]

_NEAR_STEPS = 2


class Contraindication:
    """Stops, cautions and notes from `contraindicated_in` statements."""

    kind = "contraindication"

    def __init__(self, snapshot: GraphSnapshot) -> None:
        self._snapshot = snapshot
        self._ingredients = ingredients_of(snapshot)
        self._hierarchy = hierarchy_of(snapshot)
        states = {*GROUPS, *PREGNANCY_NODES} - {LOW_FILTRATION}  # which is a phenotype too
        groups = {snapshot.index(curie) for curie in states}
        self._rows: dict[int, list[tuple[int, int]]] = defaultdict(list)
        self._targets: dict[int, int] = {}
        edges = snapshot.edges(Predicate.CONTRAINDICATED_IN, negated=False)
        targets = snapshot.qualifier_column("target_phenotype", edges.rows)
        bounds = snapshot.qualifier_column("threshold", edges.rows)
        narrowed = snapshot.qualifier_column("applies_when", edges.rows)
        self._when = {
            row: when for row, when in zip(edges.rows.tolist(), narrowed, strict=True) if when
        }
        columns = (edges.head.tolist(), edges.tail.tolist(), edges.rows.tolist(), targets, bounds)
        for head, tail, row, target, bound in zip(*columns, strict=True):
            if bound or tail in groups:
                continue
            self._rows[head].append((tail, row))
            phenotype = snapshot.index(target) if target else None
            if phenotype is not None:
                self._targets[row] = phenotype

    def alerts(self, treatment: int, patient: PatientContext) -> list[Alert]:
        """One alert for each forbidding statement that touches a condition of the patient."""
        found = []
        for part in self._ingredients.of(treatment):
            for disease, row in self._rows.get(part, ()):
                alert = self._alert(part, disease, row, patient)
                if alert is not None:
                    found.append(alert)
        return found

    def _alert(self, drug: int, disease: int, row: int, patient: PatientContext) -> Alert | None:
        severity = suffix = ""
        for condition in (*patient.conditions, *patient.phenotypes):
            steps_up = self._hierarchy.ancestors(condition).get(disease)
            if steps_up is not None:
                severity = "stop"
                suffix = f", and {self._name(condition)} is a kind of it" if steps_up else ""
                break
            steps_down = self._hierarchy.ancestors(disease).get(condition)
            if steps_down is not None and severity != "caution" and self._is_disease(condition):
                severity = "caution" if steps_down <= _NEAR_STEPS else "note"
                suffix = f", a kind of {self._name(condition)}"
        if not severity:
            return None
        target = self._targets.get(row)
        if target is not None:
            presence = self._presence(target, patient)
            if presence is False:
                return None
            words = f"{suffix}, while there is {self._name(target)}"
            severity = severity if presence or severity == "note" else "caution"
            suffix = words if presence else f"{words} (not known here)"
        when = self._when.get(row)
        if when:
            severity = "caution" if severity == "stop" else severity
            suffix += f" (only when: {when})"
        return Alert(
            severity=severity,  # type: ignore[arg-type]
            kind=self.kind,
            reason=f"{self._name(drug)} is contraindicated in {self._name(disease)}{suffix}",
            statements=(self._snapshot.statement_id(row),),
        )

    def _presence(self, target: int, patient: PatientContext) -> bool | None:
        """Whether the patient has a phenotype or a kind of it; None when that is not known."""
        for node in (*patient.phenotypes, *patient.conditions):
            if target in self._hierarchy.ancestors(node):
                return True
        # That a kind of it is absent says nothing; that what it is a kind of is absent does.
        above = self._hierarchy.ancestors(target)
        return False if any(node in above for node in patient.excluded) else None

    def covers(self, treatment: int) -> bool:
        """Whether the graph names any condition that forbids the treatment."""
        return any(part in self._rows for part in self._ingredients.of(treatment))

    def unknown(self, patient: PatientContext) -> str | None:
        """Conditions, when none is known."""
        return None if patient.conditions or patient.phenotypes else "conditions"

    def _is_disease(self, node: int) -> bool:
        return self._snapshot.node(node).type is NodeType.DISEASE

    def _name(self, node: int) -> str:
        return name_of(self._snapshot, node)
