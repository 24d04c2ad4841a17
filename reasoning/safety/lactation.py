"""Lactation: the graph says that a treatment must not be given to a breastfeeding woman.

Decides that only breastfeeding that is recorded counts.
"""

from kg.groups import BREASTFEEDING
from kg.snapshot import GraphSnapshot
from reasoning.answer import Alert

from .contract import PatientContext
from .group_statements import GroupStatements

__all__ = ["Lactation"]


class Lactation:
    """Stops and cautions from what is contraindicated while breastfeeding."""

    kind = "lactation"

    def __init__(self, snapshot: GraphSnapshot) -> None:
        self._said = GroupStatements(snapshot, (BREASTFEEDING,))

    def alerts(self, treatment: int, patient: PatientContext) -> list[Alert]:
        """One alert for each statement, when the patient breastfeeds."""
        if not patient.breastfeeding:
            return []
        about = self._said.about(treatment)
        return [self._said.alert(self.kind, said, "while breastfeeding") for said in about]

    def covers(self, treatment: int) -> bool:
        """Whether the graph says anything of the treatment while breastfeeding."""
        return self._said.covers(treatment)

    def unknown(self, patient: PatientContext) -> str | None:
        """Breastfeeding, unless it is known or cannot be."""
        known = patient.breastfeeding is not None or patient.can_be_pregnant is False
        return None if known else "breastfeeding"
