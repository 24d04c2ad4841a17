"""Pregnancy: the graph says that a treatment must not be given to a pregnant woman.

Decides that only a pregnancy that is known counts. One that is not known, in a patient who could be
pregnant, is said to be unknown and is never read as no.
"""

from kg.groups import PREGNANCY
from kg.snapshot import GraphSnapshot
from reasoning.answer import Alert

from .contract import PatientContext
from .group_statements import GroupStatements

__all__ = ["PREGNANCY_NODES", "Pregnancy"]

PREGNANCY_NODES = (PREGNANCY, "NCIT:C124295", "SNOMEDCT:77386006")
"""Identifiers under which sources speak of pregnancy as a state."""


class Pregnancy:
    """Stops and cautions from what is contraindicated in pregnancy."""

    kind = "pregnancy"

    def __init__(self, snapshot: GraphSnapshot) -> None:
        self._said = GroupStatements(snapshot, PREGNANCY_NODES)

    def alerts(self, treatment: int, patient: PatientContext) -> list[Alert]:
        """One alert for each statement, when the patient is pregnant."""
        if not patient.pregnant:
            return []
        about = self._said.about(treatment)
        return [self._said.alert(self.kind, said, "in pregnancy") for said in about]

    def covers(self, treatment: int) -> bool:
        """Whether the graph says anything of the treatment in pregnancy."""
        return self._said.covers(treatment)

    def unknown(self, patient: PatientContext) -> str | None:
        """Pregnancy, unless it is known or cannot be."""
        known = patient.pregnant is not None or patient.can_be_pregnant is False
        return None if known else "pregnancy"
