"""What a safety rule gets and gives.

Decides the contract only; the rules are one file each in this package.
"""

from dataclasses import dataclass
from typing import Protocol

from reasoning.answer import Alert

__all__ = ["SEVERITIES", "PatientContext", "SafetyRule"]

SEVERITIES = ("stop", "caution", "note")
"""Worst first. A stop takes a treatment below all that are not stopped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientContext:
    """What is known of a patient, as node positions of the snapshot.

    Attributes:
        conditions: Diagnoses that the ranking is for, and known other conditions.
        medicines: Current medicines.
        allergies: Substances or classes that the patient must not get.
        phenotypes: Present phenotypes.
    """

    conditions: tuple[int, ...] = ()
    medicines: tuple[int, ...] = ()
    allergies: tuple[int, ...] = ()
    phenotypes: tuple[int, ...] = ()


class SafetyRule(Protocol):
    """One kind of danger."""

    @property
    def kind(self) -> str:
        """Name of the rule in alerts."""
        ...

    def alerts(self, treatment: int, patient: PatientContext) -> list[Alert]:
        """Alerts about one treatment (node position) for one patient; empty when it has none."""
        ...
