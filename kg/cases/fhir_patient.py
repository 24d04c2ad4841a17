"""What one FHIR patient's resources become in a case.

Decides which status counts as current, which value of a repeated test is taken (the most recent),
how old the patient is (at the last dated event of the record, not today: the same file gives the
same case on any day), and when a pregnancy counts.
"""

import base64
import binascii
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import ClassVar

from kg.case import ClinicalCase, CodedItem, Measurement, Observation, Sex

from .age import years_between
from .codes import coded_item, codes_of
from .json_tree import Fields
from .problem import CaseError, CaseReadError

__all__ = ["PatientRecord"]

_SEX: dict[str, Sex | None] = {
    "female": "female",
    "male": "male",
    "other": "other",
    "unknown": None,
}
_ACTIVE = frozenset({"active", "recurrence", "relapse"})
_DATES = ("effectiveDateTime", "authoredOn", "recordedDate", "onsetDateTime", "issued", "date")
_WITHDRAWN = frozenset({"entered-in-error", "cancelled"})
_PREGNANCY_STATUS = frozenset({"LOINC:82810-3", "LOINC:11449-6"})
_PREGNANT = frozenset({"SNOMEDCT:77386006", "SNOMEDCT:72892002", "SNOMEDCT:47200007"})
_PREGNANT_ANSWERS = frozenset({*_PREGNANT, "LOINC:LA15173-0"})
_NOT_PREGNANT_ANSWERS = frozenset({"SNOMEDCT:60001007", "LOINC:LA26683-5"})
_PREGNANT_ICD = re.compile(r"ICD10CM:(Z33\.1|Z34|O[0-8])")
_PREGNANCY_YEARS = 0.85
_ABSENT = frozenset({"SNOMEDCT:2667000", "SNOMEDCT:410594000", "SNOMEDCT:272519000"})
_TAGS = re.compile(r"<[^<>]{0,2000}>")
_MAX_NOTE = 200_000


class PatientRecord:
    """Collects the resources of one patient and makes the case of them."""

    RESOURCE_TYPES: ClassVar[frozenset[str]] = frozenset(
        {
            "AllergyIntolerance",
            "Condition",
            "DiagnosticReport",
            "DocumentReference",
            "Encounter",
            "MedicationRequest",
            "MedicationStatement",
            "Observation",
        }
    )

    def __init__(self, patient: Fields) -> None:
        self._patient = patient
        self._last_date = ""
        self._phenotypes: dict[str, Observation] = {}
        self._conditions: dict[str, CodedItem] = {}
        self._past: dict[str, CodedItem] = {}
        self._medicines: dict[str, CodedItem] = {}
        self._allergies: dict[str, CodedItem] = {}
        self._measurements: dict[str, tuple[str, Measurement]] = {}
        self._pregnancy: tuple[str, bool] | None = None
        self._note: tuple[str, str] | None = None
        self._uncoded: Counter[str] = Counter()

    def add(self, kind: str, resource: Fields, medications: Mapping[str, Fields]) -> None:
        """Take one resource; raises `CaseReadError` when it is broken."""
        when = self._date(resource)
        if kind == "Condition":
            self._add_condition(resource, when)
        elif kind == "AllergyIntolerance":
            self._add_allergy(resource)
        elif kind in ("MedicationRequest", "MedicationStatement"):
            self._add_medicine(kind, resource, medications)
        elif kind == "Observation":
            self._add_observation(resource, when)
        elif kind in ("DiagnosticReport", "DocumentReference"):
            self._add_note(resource, when)
        self._last_date = max(self._last_date, when)

    def _date(self, resource: Fields) -> str:
        """Date of a resource as ISO text, which sorts by time; empty when it has none."""
        found = next((text for name in _DATES if (text := resource.text(name))), "")
        period = resource.fields("period") or resource.fields("effectivePeriod")
        if not found and period is not None:
            found = period.text("start") or ""
        return found if found[:4].isdigit() else ""

    def _coded(self, kind: str, concept: Fields | None) -> CodedItem | None:
        item = coded_item(concept)
        if item is None:
            self._uncoded[kind] += 1
        return item

    def _status(self, resource: Fields, name: str) -> str | None:
        concept = resource.fields(name)
        if concept is None:
            return None
        return next((code for c in concept.items("coding") if (code := c.text("code"))), None)

    def _add_condition(self, resource: Fields, when: str) -> None:
        verification = self._status(resource, "verificationStatus")
        item = self._coded("Condition", resource.fields("code"))
        if item is None or verification == "entered-in-error":
            return
        if item.id.startswith("HP:"):
            self._add_phenotype(item, excluded=verification == "refuted")
            return
        if verification == "refuted":
            return
        clinical = self._status(resource, "clinicalStatus")
        over = resource.text("abatementDateTime") is not None
        if clinical in _ACTIVE or (clinical is None and not over):
            self._conditions[item.id] = item
            codes = (item.id, *item.same_as)
            if any(code in _PREGNANT or _PREGNANT_ICD.match(code) for code in codes):
                self._set_pregnancy(when, pregnant=True)
        else:
            self._past[item.id] = item

    def _add_phenotype(self, item: CodedItem, *, excluded: bool) -> None:
        earlier = self._phenotypes.get(item.id)
        if earlier is None or earlier.status == "excluded":
            status = "excluded" if excluded else "present"
            self._phenotypes[item.id] = Observation.model_validate(
                {"term": item.id, "status": status, "label": item.label}
            )

    def _add_allergy(self, resource: Fields) -> None:
        if self._status(resource, "verificationStatus") in ("refuted", "entered-in-error"):
            return
        if self._status(resource, "clinicalStatus") in ("resolved", "inactive"):
            return
        substance = self._coded("AllergyIntolerance", resource.fields("code"))
        if substance is not None:
            self._allergies[substance.id] = substance

    def _add_medicine(self, kind: str, resource: Fields, medications: Mapping[str, Fields]) -> None:
        if resource.text("status") not in (None, "active") or resource.flag("doNotPerform"):
            return
        concept = resource.fields("medicationCodeableConcept")
        reference = resource.fields("medicationReference")
        if concept is None and reference is not None:
            target = reference.text("reference") or ""
            contained = {f"#{m.text('id')}": m for m in resource.items("contained")}
            medication = contained.get(target) or medications.get(target)
            concept = medication.fields("code") if medication is not None else None
        medicine = self._coded(kind, concept)
        if medicine is not None:
            self._medicines[medicine.id] = medicine

    def _add_observation(self, resource: Fields, when: str) -> None:
        if resource.text("status") in _WITHDRAWN:
            return
        self._add_value(resource, when)
        for component in resource.items("component"):
            self._add_value(component, when)

    def _add_value(self, holder: Fields, when: str) -> None:
        item = coded_item(holder.fields("code"))
        if item is None:
            return
        answer = codes_of(holder.fields("valueCodeableConcept"))
        if item.id.startswith("HP:"):
            absent = "valueBoolean" in holder and not holder.flag("valueBoolean")
            self._add_phenotype(item, excluded=absent or not _ABSENT.isdisjoint(answer))
            return
        if item.id in _PREGNANCY_STATUS and answer:
            if not _PREGNANT_ANSWERS.isdisjoint(answer):
                self._set_pregnancy(when, pregnant=True)
            elif not _NOT_PREGNANT_ANSWERS.isdisjoint(answer):
                self._set_pregnancy(when, pregnant=False)
            return
        quantity = holder.fields("valueQuantity")
        value = quantity.number("value") if quantity else holder.number("valueInteger")
        if value is None:
            return
        unit = (quantity.label("code") or quantity.label("unit")) if quantity else None
        earlier = self._measurements.get(item.id)
        if earlier is None or when >= earlier[0]:
            measurement = Measurement(code=item.id, value=value, label=item.label, unit=unit)
            self._measurements[item.id] = (when, measurement)

    def _set_pregnancy(self, when: str, *, pregnant: bool) -> None:
        if self._pregnancy is None or when >= self._pregnancy[0]:
            self._pregnancy = (when, pregnant)

    def _add_note(self, resource: Fields, when: str) -> None:
        texts = [resource.text("conclusion") or ""]
        forms = list(resource.items("presentedForm"))
        forms += [a for c in resource.items("content") if (a := c.fields("attachment"))]
        for form in forms:
            kind = form.text("contentType") or "text/plain"
            data = form.text("data")
            if data is None or not kind.startswith("text/"):
                continue
            try:
                text = base64.b64decode(data, validate=True).decode("utf-8")
            except (binascii.Error, ValueError) as error:
                raise CaseReadError(f"{form.place('data')}: not Base64 of UTF-8 text") from error
            texts.append(_TAGS.sub(" ", text) if kind.startswith("text/html") else text)
        note = "\n".join(text.strip() for text in texts if text.strip())[:_MAX_NOTE]
        if note and (self._note is None or when >= self._note[0]):
            self._note = (when, note)

    def case(self, *, fallback_id: str, notes: bool) -> ClinicalCase:
        """The case of all that was added.

        Raises:
            CaseReadError: The Patient itself is broken.
            pydantic.ValidationError: A value out of its range.
        """
        gender = self._patient.text("gender")
        birth, death = self._patient.text("birthDate"), self._patient.text("deceasedDateTime")
        last = min(self._last_date, death) if death and self._last_date else self._last_date
        age = years_between(birth, last) if birth and last else None
        pregnant: bool | None = None
        if self._pregnancy is not None:
            when, pregnant = self._pregnancy
            since = years_between(when, last) if when and last else 0.0
            if since is None or since > _PREGNANCY_YEARS:
                pregnant = None  # too long ago to tell
        return ClinicalCase(
            case_id=self._patient.text("id") or fallback_id,
            sex=_SEX.get(gender) if gender else None,
            age_years=age if age is not None and age <= 150 else None,
            phenotypes=tuple(self._phenotypes.values()),
            note=self._note[1] if notes and self._note is not None else None,
            conditions=tuple(self._conditions.values()),
            past_conditions=tuple(i for k, i in self._past.items() if k not in self._conditions),
            medicines=tuple(self._medicines.values()),
            allergies=tuple(self._allergies.values()),
            measurements=tuple(measurement for _, measurement in self._measurements.values()),
            pregnant=pregnant,
        )

    def warnings(self, where: str, case_id: str) -> Iterator[CaseError]:
        """What was left out because it has no code of a known system."""
        for kind, count in sorted(self._uncoded.items()):
            yield CaseError(
                where=where,
                problem=f"{count} {kind} left out: no code of a known system",
                mend="code them in SNOMED CT, ICD-10-CM, RxNorm, ATC or UNII",
                kind="identifier",
                severity="warning",
                case_id=case_id,
            )
