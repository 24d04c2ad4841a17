"""Clinical records through code look-up and safety: named gaps, findings, mutated bundles."""

import json
import random
from collections import Counter

import pytest

from benchmarks.fuzz_bundles import Route, mutants
from kg.case import ClinicalCase, CodedItem, Observation
from kg.snapshot import GraphSnapshot
from kg.statements import Node
from kg.vocabulary import NodeType
from reasoning.coded import lookup_of, with_coded_findings
from reasoning.safety import patient_context


@pytest.fixture(scope="module")
def graph() -> GraphSnapshot:
    return GraphSnapshot.from_records(
        [
            Node(id="HP:0001250", type=NodeType.PHENOTYPE, label="Seizure"),
            Node(id="MONDO:0005275", type=NodeType.DISEASE, label="pharyngitis"),
            Node(id="DRUGBANK:DB01053", type=NodeType.DRUG, label="penicillin"),
            Node(id="DRUGBANK:DB00945", type=NodeType.DRUG, label="aspirin"),
        ],
        [],
    )


def test_a_coded_sign_is_a_finding(graph: GraphSnapshot) -> None:
    seizure = CodedItem(id="SNOMEDCT:91175000", label="Seizure (finding)")
    case = ClinicalCase(case_id="x", conditions=(seizure,))
    assert with_coded_findings(graph, case).present == ("HP:0001250",)


def test_a_finding_that_was_excluded_stays_excluded(graph: GraphSnapshot) -> None:
    seizure = CodedItem(id="SNOMEDCT:91175000", label="Seizure")
    told = Observation(term="HP:0001250", status="excluded")
    case = ClinicalCase(case_id="x", conditions=(seizure,), phenotypes=(told,))
    assert with_coded_findings(graph, case) == case


def test_broader_names_and_allergens_are_found_and_the_rest_is_named(graph: GraphSnapshot) -> None:
    case = ClinicalCase(
        case_id="x",
        conditions=(
            CodedItem(id="SNOMEDCT:195662009", label="Acute viral pharyngitis (disorder)"),
            CodedItem(id="SNOMEDCT:1", label="History of pharyngitis"),
        ),
        allergies=(
            CodedItem(id="SNOMEDCT:91936005", label="Allergy to penicillin"),
            CodedItem(id="SNOMEDCT:91935009", label="Allergy to peanuts"),
        ),
    )
    resolved = patient_context(graph, lookup_of(graph), case)
    assert resolved.patient.conditions == (graph.index("MONDO:0005275"),)
    assert resolved.patient.allergies == (graph.index("DRUGBANK:DB01053"),)
    assert resolved.unresolved == (
        "SNOMEDCT:1 (History of pharyngitis)",
        "SNOMEDCT:91935009 (Allergy to peanuts)",
    )


def bundle() -> dict[str, object]:
    def concept(system: str, code: str, text: str) -> dict[str, object]:
        return {"text": text, "coding": [{"system": system, "code": code, "display": text}]}

    snomed, loinc = "http://snomed.info/sct", "http://loinc.org"
    about = {"reference": "urn:uuid:p"}
    resources: list[dict[str, object]] = [
        {"resourceType": "Patient", "id": "p", "gender": "female", "birthDate": "1980-01-01"},
        {
            "resourceType": "Condition",
            "subject": about,
            "code": concept(snomed, "91175000", "Seizure"),
            "recordedDate": "2020-01-01",
        },
        {
            "resourceType": "MedicationRequest",
            "subject": about,
            "status": "active",
            "medicationCodeableConcept": concept(
                "http://www.nlm.nih.gov/research/umls/rxnorm", "243670", "aspirin 81 MG Oral Tablet"
            ),
        },
        {
            "resourceType": "AllergyIntolerance",
            "patient": about,
            "code": concept(snomed, "91936005", "Allergy to penicillin"),
        },
        {
            "resourceType": "Observation",
            "subject": about,
            "effectiveDateTime": "2020-01-02",
            "code": concept(loinc, "2160-0", "Creatinine"),
            "valueQuantity": {"value": 1.2, "unit": "mg/dL"},
        },
        {
            "resourceType": "Observation",
            "subject": about,
            "effectiveDateTime": "2020-01-02",
            "code": concept(loinc, "82810-3", "Pregnancy status"),
            "valueCodeableConcept": concept(snomed, "77386006", "Pregnant"),
        },
    ]
    entries = [
        {"fullUrl": f"urn:uuid:{r.get('id', n)}", "resource": r} for n, r in enumerate(resources)
    ]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def test_100_mutated_bundles(graph: GraphSnapshot) -> None:
    rng = random.Random(0)
    way = Route(graph, None)
    document = bundle()
    counts: Counter[str] = way.go(json.dumps(document).encode(), rng)
    assert counts["case"] == 1
    for data in mutants([document], 100, rng):
        counts += way.go(data, rng)
    assert counts["case"] > 30
    assert counts["error"] > 10


def test_a_bundle_becomes_the_patient_that_it_describes(graph: GraphSnapshot) -> None:
    from kg.cases.document import cases_of_bytes

    data = json.dumps(bundle()).encode()
    (case,) = (
        c for c in cases_of_bytes(data, where="b", fallback_id="b") if isinstance(c, ClinicalCase)
    )
    patient = patient_context(graph, lookup_of(graph), case).patient
    assert patient.pregnant is True
    assert patient.egfr == pytest.approx(58.5, abs=1)
    assert patient.medicines == (graph.index("DRUGBANK:DB00945"),)
    assert patient.allergies == (graph.index("DRUGBANK:DB01053"),)
