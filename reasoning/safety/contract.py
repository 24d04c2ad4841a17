"""What a safety rule gets and gives.

Decides the contract only; the rules are one file each in this package. How a case becomes a
`PatientContext` is decided in `reasoning.safety.patient`.
"""

from dataclasses import dataclass
from typing import Protocol

from reasoning.answer import Alert

__all__ = ["SEVERITIES", "PatientContext", "SafetyRule"]

SEVERITIES = ("stop", "caution", "note")
"""Worst first. A stop takes a treatment below all that are not stopped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientContext:
    """What is known of a patient; nodes are positions of the snapshot, None is not known.

    Attributes:
        conditions: Diagnoses that the ranking is for, and known other conditions.
        medicines: Current medicines.
        allergies: Substances or classes that the patient must not get.
        phenotypes: Present phenotypes.
        excluded: Phenotypes that were looked for and not found.
        age_years: Age.
        can_be_pregnant: False for men, girls and older women; None when that is not known.
        pregnant: Whether the patient is pregnant.
        breastfeeding: Whether the patient is breastfeeding.
        egfr: Estimated glomerular filtration rate in mL/min/1.73 m².
        egfr_from: Where `egfr` comes from, in words.
        liver_signs: Laboratory signs of liver damage, in words; None when nothing was measured.
        genes: Genes with a reported variant.
        genotypes: Reported alleles and phenotypes of genes, as written.
    """

    conditions: tuple[int, ...] = ()
    medicines: tuple[int, ...] = ()
    allergies: tuple[int, ...] = ()
    phenotypes: tuple[int, ...] = ()
    excluded: tuple[int, ...] = ()
    age_years: float | None = None
    can_be_pregnant: bool | None = None
    pregnant: bool | None = None
    breastfeeding: bool | None = None
    egfr: float | None = None
    egfr_from: str = ""
    liver_signs: tuple[str, ...] | None = None
    genes: tuple[int, ...] = ()
    genotypes: tuple[str, ...] = ()


class SafetyRule(Protocol):
    """One kind of danger."""

    @property
    def kind(self) -> str:
        """Name of the rule in alerts."""
        ...

    def alerts(self, treatment: int, patient: PatientContext) -> list[Alert]:
        """Alerts about one treatment (node position) for one patient; empty when it has none."""
        ...

    def covers(self, treatment: int) -> bool:
        """Whether the graph says anything about the treatment that the rule could go by."""
        ...

    def unknown(self, patient: PatientContext) -> str | None:
        """What the rule would have to know of the patient and does not; None when it knows it."""
        ...
