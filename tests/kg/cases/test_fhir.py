"""FHIR bundles: current and past, most recent values, several patients, broken resources."""

from collections.abc import Callable
from typing import Any

import pytest

from kg.case import ClinicalCase
from kg.cases.fhir import read_bundle
from kg.cases.problem import CaseError, CaseReadError

Concept = Callable[[str, str, str], dict[str, Any]]


def read(document: dict[str, Any], **options: bool) -> list[ClinicalCase | CaseError]:
    return list(read_bundle(document, where="b.json", fallback_id="b", **options))


def only_case(document: dict[str, Any]) -> ClinicalCase:
    (case,) = read(document)
    assert isinstance(case, ClinicalCase), str(case)
    return case


def add(document: dict[str, Any], **resource: Any) -> None:
    document["entry"].append({"resource": {"subject": {"reference": "Patient/p1"}, **resource}})


def test_all_resources_are_taken(bundle: dict[str, Any]) -> None:
    case = only_case(bundle)
    assert case.case_id == "p1"
    assert case.sex == "female"
    assert case.age_years == pytest.approx(40.0, abs=0.01)  # at the last event, not today
    assert [c.id for c in case.conditions] == ["SNOMEDCT:44054006", "SNOMEDCT:72892002"]
    assert [c.id for c in case.past_conditions] == ["SNOMEDCT:444814009"]
    assert [m.id for m in case.medicines] == ["RXNORM:860975", "RXNORM:1191"]
    assert [a.id for a in case.allergies] == ["SNOMEDCT:91936005"]
    assert [(m.code, m.value) for m in case.measurements] == [("LOINC:33914-3", 48.0)]
    assert case.pregnant is True
    assert case.excluded == ("HP:0001250",)
    assert case.note == "Fever and cough."


def test_notes_only_when_wanted(bundle: dict[str, Any]) -> None:
    (case,) = read(bundle, notes=False)
    assert isinstance(case, ClinicalCase)
    assert case.note is None


def test_pregnancy_long_ago_tells_nothing(bundle: dict[str, Any]) -> None:
    add(bundle, resourceType="Encounter", period={"start": "2022-01-01"})
    assert only_case(bundle).pregnant is None


@pytest.mark.parametrize(("code", "pregnant"), [("77386006", True), ("60001007", False)])
def test_pregnancy_status(
    bundle: dict[str, Any], concept: Concept, code: str, pregnant: bool
) -> None:
    add(
        bundle,
        resourceType="Observation",
        code=concept("http://loinc.org", "82810-3", "Pregnancy status"),
        effectiveDateTime="2020-06-01",
        valueCodeableConcept=concept("http://snomed.info/sct", code, "answer"),
    )
    assert only_case(bundle).pregnant is pregnant


def test_other_codes_of_a_concept_are_kept(bundle: dict[str, Any], concept: Concept) -> None:
    code = concept("http://snomed.info/sct", "38341003", "Hypertension")
    code["coding"].append({"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "I10"})
    add(bundle, resourceType="Condition", code=code)
    item = only_case(bundle).conditions[-1]
    assert (item.id, item.same_as) == ("SNOMEDCT:38341003", ("ICD10CM:I10",))


def test_refuted_and_erroneous_are_left_out(bundle: dict[str, Any], concept: Concept) -> None:
    before = only_case(bundle)
    for kind in ("Condition", "AllergyIntolerance"):
        for status in ("refuted", "entered-in-error"):
            add(
                bundle,
                resourceType=kind,
                code=concept("http://snomed.info/sct", "38341003", "x"),
                verificationStatus={"coding": [{"code": status}]},
            )
    assert only_case(bundle) == before


def test_components_are_measurements(bundle: dict[str, Any], concept: Concept) -> None:
    add(
        bundle,
        resourceType="Observation",
        code=concept("http://loinc.org", "85354-9", "Blood pressure"),
        component=[
            {
                "code": concept("http://loinc.org", "8480-6", "Systolic"),
                "valueQuantity": {"value": 120, "unit": "mmHg"},
            }
        ],
    )
    assert only_case(bundle).measurements[-1].code == "LOINC:8480-6"


def test_broken_resources_are_counted_and_the_rest_is_read(bundle: dict[str, Any]) -> None:
    whole = only_case(bundle)
    add(bundle, resourceType="Condition", code=5)
    add(bundle, resourceType="Condition", code={"coding": "x"})
    bundle["entry"] += [7, {"resource": []}, {"resource": {"resourceType": 3}}]
    add(bundle, resourceType="DocumentReference", content=[{"attachment": {"data": "%%%"}}])
    *warnings, case = read(bundle)
    assert case == whole
    texts = [str(warning) for warning in warnings]
    assert all(isinstance(w, CaseError) and w.severity == "warning" for w in warnings)
    assert any("2 Condition left out as broken" in text for text in texts)
    assert any("3 entry left out as broken" in text for text in texts)
    assert any("1 DocumentReference left out as broken" in text for text in texts)


def test_uncoded_concepts_are_counted(bundle: dict[str, Any]) -> None:
    add(bundle, resourceType="Condition", code={"text": "something"})
    warning, _ = read(bundle)
    assert "1 Condition left out: no code of a known system" in str(warning)


def test_resources_of_another_patient_are_never_mixed_in(
    bundle: dict[str, Any], concept: Concept
) -> None:
    bundle["entry"].append({"resource": {"resourceType": "Patient", "id": "p2"}})
    stranger = {"reference": "Patient/p9"}
    code = concept("http://snomed.info/sct", "38341003", "Hypertension")
    bundle["entry"].append(
        {"resource": {"resourceType": "Condition", "code": code, "subject": stranger}}
    )
    second = {"reference": "https://server/fhir/Patient/p2/_history/1"}
    bundle["entry"].append(
        {"resource": {"resourceType": "Condition", "code": code, "subject": second}}
    )
    cases = [found for found in read(bundle) if isinstance(found, ClinicalCase)]
    assert [case.case_id for case in cases] == ["p1", "p2"]
    assert "SNOMEDCT:38341003" not in [c.id for c in cases[0].conditions]
    assert [c.id for c in cases[1].conditions] == ["SNOMEDCT:38341003"]


def test_a_resource_that_is_no_bundle(bundle: dict[str, Any]) -> None:
    with pytest.raises(CaseReadError, match="a FHIR Patient, not a Bundle"):
        read(bundle["entry"][0]["resource"])


def test_a_bundle_without_a_patient(bundle: dict[str, Any]) -> None:
    del bundle["entry"][0]
    with pytest.raises(CaseReadError, match="no Patient"):
        read(bundle)
