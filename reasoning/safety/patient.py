"""A case as the safety rules see it.

Decides what of a case each rule gets: codes through the look-up of the graph, kidney and liver
function from measurements, pregnancy and breastfeeding from what is recorded. What is not recorded
stays unknown.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from kg.case import ClinicalCase, CodedItem
from kg.lookup import CodeLookup, Found
from kg.snapshot import GraphSnapshot

from .contract import PatientContext
from .kidney_function import kidney_function
from .liver import liver_signs
from .wording import allergen_name, broader_names

__all__ = ["ResolvedCase", "patient_context"]

_BREASTFEEDING = ("SNOMEDCT:413712001", "ICD10CM:Z39.1")
_FERTILE_YEARS = (10.0, 58.0)
_NO_CODE = "name:only"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedCase:
    """The patient as nodes, and what could not be found.

    Attributes:
        patient: For the safety rules.
        unresolved: Codes and names, as the input gave them, that the graph does not know.
    """

    patient: PatientContext
    unresolved: tuple[str, ...]


def patient_context(
    snapshot: GraphSnapshot, lookup: CodeLookup, case: ClinicalCase
) -> ResolvedCase:
    """What is known of the patient of a case."""
    unresolved: list[str] = []

    def nodes(items: Iterable[tuple[CodedItem, Found | None]]) -> tuple[int, ...]:
        found: dict[int, None] = {}
        for item, match in items:
            if match is None:
                unresolved.append(f"{item.id} ({item.label})" if item.label else item.id)
            else:
                found |= dict.fromkeys(match.nodes)
        return tuple(found)

    def terms(curies: Iterable[str]) -> tuple[int, ...]:
        found = (snapshot.index(curie) for curie in curies)
        return tuple(dict.fromkeys(node for node in found if node is not None))

    rate, rate_from = kidney_function(case.measurements, age_years=case.age_years, sex=case.sex)
    codes = {code for item in case.conditions for code in (item.id, *item.same_as)}
    patient = PatientContext(
        conditions=nodes((item, _condition(lookup, item)) for item in case.conditions),
        medicines=nodes((item, lookup.medicine(item)) for item in case.medicines),
        allergies=nodes((item, _allergy(lookup, item)) for item in case.allergies),
        phenotypes=terms(case.present),
        excluded=terms(case.excluded),
        age_years=case.age_years,
        can_be_pregnant=_can_be_pregnant(case),
        pregnant=case.pregnant,
        breastfeeding=True if not codes.isdisjoint(_BREASTFEEDING) else None,
        egfr=rate,
        egfr_from=rate_from,
        liver_signs=liver_signs(case.measurements),
        genes=terms(case.genes),
        genotypes=tuple(case.variants),
    )
    return ResolvedCase(patient=patient, unresolved=tuple(dict.fromkeys(unresolved)))


def _can_be_pregnant(case: ClinicalCase) -> bool | None:
    if case.sex == "male":
        return False
    if case.age_years is not None:
        youngest, oldest = _FERTILE_YEARS
        if not youngest <= case.age_years <= oldest:
            return False
    return True if case.sex == "female" and case.age_years is not None else None


def _condition(lookup: CodeLookup, item: CodedItem) -> Found | None:
    """The condition of an item, or the nearest broader one that its name leads to."""
    found = lookup.condition(item)
    for name in broader_names(item.label) if found is None and item.label else ():
        found = lookup.condition(CodedItem(id=_NO_CODE, label=name))
        if found is not None:
            break
    return found


def _allergy(lookup: CodeLookup, item: CodedItem) -> Found | None:
    """The substance of an item, also when it is coded as the allergy to it."""
    found = lookup.allergy(item)
    substance = allergen_name(item.label) if found is None and item.label else None
    return found if substance is None else lookup.allergy(CodedItem(id=_NO_CODE, label=substance))
