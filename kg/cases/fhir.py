"""FHIR R4 bundles as cases, one for each Patient in them.

Decides which resources a case takes: Patient, Condition, MedicationRequest and MedicationStatement,
AllergyIntolerance, Observation, and the text of reports and documents. A resource that is broken is
left out and counted in a warning. What each resource becomes is decided in `kg.cases.fhir_patient`.
"""

from collections import Counter
from collections.abc import Iterator

from pydantic import ValidationError

from kg.case import ClinicalCase

from .fhir_patient import PatientRecord
from .json_tree import Fields
from .problem import CaseError, CaseReadError, problem_of_validation

__all__ = ["is_fhir", "read_bundle"]


def is_fhir(document: dict[str, object]) -> bool:
    """True when the object is a FHIR resource of any type."""
    return isinstance(document.get("resourceType"), str)


def read_bundle(
    document: dict[str, object], *, where: str, fallback_id: str, notes: bool = True
) -> Iterator[ClinicalCase | CaseError]:
    """Cases of a bundle; the warnings of a case stand before it.

    Args:
        document: Parsed JSON object.
        where: Names the file in messages.
        fallback_id: Case id of a Patient without an id.
        notes: Take the most recent report or document as the note.

    Raises:
        CaseReadError: The resource is no Bundle, or the Bundle holds no Patient.
    """
    root = Fields(document)
    if document["resourceType"] != "Bundle":
        kind = str(document["resourceType"])[:40]
        raise CaseReadError(f"a FHIR {kind}, not a Bundle", "put it in a Bundle", kind="format")
    faults = _Faults()
    resources = _resources(root, faults)
    patients = [(url, r) for url, kind, r in resources if kind == "Patient"]
    if not patients:
        raise CaseReadError("the Bundle holds no Patient", "add the Patient", kind="content")
    owner: dict[str, int] = {}
    for number, (url, resource) in enumerate(patients):
        for key in _reference_keys(url, "Patient", resource):
            owner.setdefault(key, number)
    records = [PatientRecord(resource) for _, resource in patients]
    medications = {
        key: resource
        for url, kind, resource in resources
        if kind == "Medication"
        for key in _reference_keys(url, kind, resource)
    }
    for _, kind, resource in resources:
        if kind not in PatientRecord.RESOURCE_TYPES:
            continue
        with faults.catch(kind):
            number = _owner_of(resource, owner, len(records))
            records[number].add(kind, resource, medications)
    for number, record in enumerate(records):
        suffix = f"#{number + 1}" if len(records) > 1 else ""
        try:
            case = record.case(fallback_id=fallback_id + suffix, notes=notes)
        except CaseReadError as problem:
            yield problem.at(where)
            continue
        except ValidationError as error:
            yield problem_of_validation(error).at(where)
            continue
        yield from faults.warnings(where, case.case_id)
        yield from record.warnings(where, case.case_id)
        yield case


class _Faults:
    """Counts the resources that could not be read, with the first problem of each type."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._first: dict[str, str] = {}

    def add(self, kind: str, problem: str) -> None:
        self._counts[kind] += 1
        self._first.setdefault(kind, problem)

    def catch(self, kind: str) -> "_Catch":
        return _Catch(self, kind)

    def warnings(self, where: str, case_id: str) -> Iterator[CaseError]:
        for kind, count in sorted(self._counts.items()):
            yield CaseError(
                where=where,
                problem=f"{count} {kind} left out as broken, the first: {self._first[kind]}",
                mend="correct it if it matters for the patient",
                severity="warning",
                case_id=case_id,
            )


class _Catch:
    """Turns a reader's exception into a counted fault."""

    def __init__(self, faults: _Faults, kind: str) -> None:
        self._faults = faults
        self._kind = kind

    def __enter__(self) -> None:
        return None

    def __exit__(self, _type: object, error: BaseException | None, _trace: object) -> bool:
        if isinstance(error, CaseReadError):
            self._faults.add(self._kind, error.problem)
        elif isinstance(error, ValidationError):
            self._faults.add(self._kind, problem_of_validation(error).problem)
        else:
            return False
        return True


def _resources(root: Fields, faults: _Faults) -> list[tuple[str, str, Fields]]:
    """Full URL, type and resource of each entry."""
    broken: list[str] = []
    found = []
    for entry in root.items("entry", broken=broken):
        with faults.catch("entry"):
            resource = entry.fields("resource")
            kind = resource.text("resourceType") if resource is not None else None
            if resource is not None and kind is not None:
                found.append((entry.text("fullUrl") or "", kind, resource))
    for problem in broken:
        faults.add("entry", problem)
    return found


def _reference_keys(url: str, kind: str, resource: Fields) -> Iterator[str]:
    """All spellings under which a resource may be referred to."""
    if url:
        yield url
        if "://" in url:
            yield "/".join(url.rstrip("/").split("/")[-2:])
    identifier = resource.text("id")
    if identifier:
        yield f"{kind}/{identifier}"
        yield f"urn:uuid:{identifier}"


def _owner_of(resource: Fields, owner: dict[str, int], n_patients: int) -> int:
    """Number of the patient that a resource is about.

    Raises:
        CaseReadError: It refers to a patient that is not in the bundle: guessing would mix records.
    """
    subject = resource.fields("subject") or resource.fields("patient")
    reference = subject.text("reference") if subject is not None else None
    if reference is None and n_patients == 1:
        return 0
    if reference is not None:
        plain = reference.split("/_history/")[0]
        for key in (plain, "/".join(plain.split("/")[-2:])):
            if key in owner:
                return owner[key]
    raise CaseReadError(f"{resource.place('subject')}: refers to no Patient of the Bundle")
