"""Kidney: the graph says that a treatment must not be given below a filtration rate.

Decides how a rate meets statements. A statement with a bound holds below it. One about kidney
failure stops below 15 (KDIGO stage 5) and is a caution below 30; one about impaired kidney function
stops below 30 and is a caution below 60. Labels often bound the creatinine clearance, which is
taken for the rate; the reason names the number. What the patient is known to have as a condition is
left to the rule of contraindications.
"""

from collections import defaultdict

from kg.groups import LOW_FILTRATION
from kg.snapshot import GraphSnapshot
from kg.vocabulary import Predicate
from reasoning.answer import Alert

from .contract import PatientContext
from .group_statements import GroupStatements
from .hierarchy import hierarchy_of
from .ingredients import ingredients_of
from .names import name_of

__all__ = ["IMPAIRED", "KIDNEY_FAILURE", "Kidney"]

KIDNEY_FAILURE = ("MONDO:0001106", "MONDO:0004375")
"""Kidney failure, end-stage renal failure."""
IMPAIRED = ("MONDO:0001343", "MONDO:0005240", "MONDO:0005300", "HP:0012211", "HP:0000083")
"""Impaired renal function, kidney disorder, chronic kidney disease, abnormal renal physiology."""

_BOUNDS = {"failure": (15.0, 30.0), "impaired": (30.0, 60.0)}


class Kidney:
    """Stops and cautions from the filtration rate."""

    kind = "kidney"

    def __init__(self, snapshot: GraphSnapshot) -> None:
        self._snapshot = snapshot
        self._said = GroupStatements(snapshot, (LOW_FILTRATION,))
        self._ingredients = ingredients_of(snapshot)
        self._hierarchy = hierarchy_of(snapshot)
        degrees = {snapshot.index(c): "failure" for c in KIDNEY_FAILURE}
        degrees |= {snapshot.index(c): "impaired" for c in IMPAIRED}
        self._rows: dict[int, list[tuple[int, int, str]]] = defaultdict(list)
        edges = snapshot.edges(Predicate.CONTRAINDICATED_IN, negated=False)
        columns = (edges.head.tolist(), edges.tail.tolist(), edges.rows.tolist())
        for drug, disease, row in zip(*columns, strict=True):
            if disease in degrees:
                self._rows[drug].append((disease, row, degrees[disease]))

    def alerts(self, treatment: int, patient: PatientContext) -> list[Alert]:
        """Alerts of bounded statements, and of statements about weak kidneys."""
        if patient.egfr is None:
            return []
        found = []
        for said in self._said.about(treatment):
            bound = said.threshold
            if bound is not None and bound.quantity == "egfr" and bound.holds(patient.egfr):
                words = f"at a rate of {bound.relation} {bound.value:g} ({patient.egfr_from})"
                found.append(self._said.alert(self.kind, said, words))
        if patient.egfr < _BOUNDS["impaired"][1]:
            found += self._of_conditions(treatment, patient)
        return found

    def _of_conditions(self, treatment: int, patient: PatientContext) -> list[Alert]:
        known = {a for c in patient.conditions for a in self._hierarchy.ancestors(c)}
        found = []
        for part in self._ingredients.of(treatment):
            for disease, row, degree in self._rows.get(part, ()):
                stop, caution = _BOUNDS[degree]
                if disease in known or patient.egfr is None or patient.egfr >= caution:
                    continue
                reason = (
                    f"{name_of(self._snapshot, part)} is contraindicated in "
                    f"{name_of(self._snapshot, disease)} ({patient.egfr_from})"
                )
                found.append(
                    Alert(
                        severity="stop" if patient.egfr < stop else "caution",
                        kind=self.kind,
                        reason=reason,
                        statements=(self._snapshot.statement_id(row),),
                    )
                )
        return found

    def covers(self, treatment: int) -> bool:
        """Whether the graph says anything of the treatment and the kidneys."""
        parts = self._ingredients.of(treatment)
        return self._said.covers(treatment) or any(part in self._rows for part in parts)

    def unknown(self, patient: PatientContext) -> str | None:
        """The filtration rate, when it is not known."""
        return "kidney function" if patient.egfr is None else None
