"""Small inputs of each format, written by hand for these tests (synthetic, no real patient)."""

from collections.abc import Callable
from typing import Any

import pytest

SNOMED = "http://snomed.info/sct"


@pytest.fixture
def phenopacket() -> dict[str, Any]:
    """A phenopacket that uses all that the reader takes."""
    return {
        "id": "patient-1",
        "subject": {
            "id": "s",
            "sex": "FEMALE",
            "timeAtLastEncounter": {"age": {"iso8601duration": "P12Y6M"}},
        },
        "phenotypicFeatures": [
            {
                "type": {"id": "HP:0001166", "label": "Arachnodactyly"},
                "onset": {"age": {"iso8601duration": "P2Y"}},
                "modifiers": [{"id": "HP:0012828", "label": "Severe"}],
            },
            {
                "type": {"id": "HP:0001083", "label": "Ectopia lentis"},
                "excluded": True,
            },
            {
                "type": {"id": "HP:0001250", "label": "Seizure"},
                "onset": {"ontologyClass": {"id": "HP:0003577", "label": "Congenital onset"}},
            },
        ],
        "interpretations": [
            {
                "id": "i",
                "progressStatus": "SOLVED",
                "diagnosis": {
                    "disease": {"id": "OMIM:154700", "label": "Marfan syndrome"},
                    "genomicInterpretations": [
                        {
                            "subjectOrBiosampleId": "s",
                            "interpretationStatus": "CAUSATIVE",
                            "variantInterpretation": {
                                "variationDescriptor": {
                                    "id": "var_1",
                                    "geneContext": {"valueId": "HGNC:3603", "symbol": "FBN1"},
                                    "expressions": [
                                        {"syntax": "hgvs.g", "value": "NC_000015.10:g.1A>G"},
                                        {"syntax": "hgvs.c", "value": "NM_000138.5:c.1A>G"},
                                    ],
                                }
                            },
                        }
                    ],
                },
            }
        ],
        "diseases": [{"term": {"id": "OMIM:154700", "label": "Marfan syndrome"}}],
        "measurements": [
            {
                "assay": {"id": "LOINC:718-7", "label": "Hemoglobin"},
                "value": {"quantity": {"unit": {"id": "UCUM:g/dL"}, "value": 11.5}},
            }
        ],
        "medicalActions": [{"treatment": {"agent": {"id": "CHEBI:6541", "label": "losartan"}}}],
        "metaData": {
            "created": "2024-01-01T00:00:00Z",
            "createdBy": "test",
            "externalReferences": [{"id": "PMID:12345678", "description": "a paper"}],
        },
    }


def _concept(system: str, code: str, text: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code, "display": text}], "text": text}


def _status(code: str) -> dict[str, Any]:
    return {"coding": [{"code": code}]}


@pytest.fixture
def concept() -> Callable[[str, str, str], dict[str, Any]]:
    return _concept


@pytest.fixture
def bundle() -> dict[str, Any]:
    """A FHIR bundle of one patient with one resource of each kind that the reader takes."""
    patient = {"reference": "urn:uuid:p1"}
    rxnorm = "http://www.nlm.nih.gov/research/umls/rxnorm"
    resources: list[dict[str, Any]] = [
        {"resourceType": "Patient", "id": "p1", "gender": "female", "birthDate": "1980-06-01"},
        {
            "resourceType": "Condition",
            "clinicalStatus": _status("active"),
            "code": _concept(SNOMED, "44054006", "Diabetes"),
            "subject": patient,
            "recordedDate": "2010-06-01",
        },
        {
            "resourceType": "Condition",
            "clinicalStatus": _status("resolved"),
            "code": _concept(SNOMED, "444814009", "Viral sinusitis"),
            "subject": patient,
        },
        {
            "resourceType": "Condition",
            "clinicalStatus": _status("active"),
            "code": _concept(SNOMED, "72892002", "Normal pregnancy"),
            "subject": patient,
            "recordedDate": "2020-03-01",
        },
        {
            "resourceType": "MedicationRequest",
            "status": "active",
            "intent": "order",
            "medicationCodeableConcept": _concept(rxnorm, "860975", "Metformin"),
            "subject": patient,
        },
        {
            "resourceType": "MedicationRequest",
            "status": "stopped",
            "intent": "order",
            "medicationCodeableConcept": _concept(rxnorm, "310965", "Ibuprofen"),
            "subject": patient,
        },
        {"resourceType": "Medication", "id": "m1", "code": _concept(rxnorm, "1191", "Aspirin")},
        {
            "resourceType": "MedicationStatement",
            "status": "active",
            "medicationReference": {"reference": "Medication/m1"},
            "subject": patient,
        },
        {
            "resourceType": "AllergyIntolerance",
            "clinicalStatus": _status("active"),
            "code": _concept(SNOMED, "91936005", "Allergy to penicillin"),
            "patient": patient,
        },
        {
            "resourceType": "Observation",
            "status": "final",
            "code": _concept("http://loinc.org", "33914-3", "eGFR"),
            "subject": patient,
            "effectiveDateTime": "2020-06-01T00:00:00Z",
            "valueQuantity": {"value": 48, "code": "mL/min/{1.73_m2}"},
        },
        {
            "resourceType": "Observation",
            "status": "final",
            "code": _concept("http://loinc.org", "33914-3", "eGFR"),
            "subject": patient,
            "effectiveDateTime": "2015-06-01T00:00:00Z",
            "valueQuantity": {"value": 90, "code": "mL/min/{1.73_m2}"},
        },
        {
            "resourceType": "Observation",
            "status": "final",
            "code": _concept("http://human-phenotype-ontology.org", "HP:0001250", "Seizure"),
            "subject": patient,
            "valueBoolean": False,
        },
        {
            "resourceType": "DocumentReference",
            "date": "2020-05-01",
            "subject": patient,
            "content": [
                {"attachment": {"contentType": "text/plain", "data": "RmV2ZXIgYW5kIGNvdWdoLg=="}}
            ],
        },
    ]
    entries = [
        {"fullUrl": f"urn:uuid:{r.get('id', n)}", "resource": r} for n, r in enumerate(resources)
    ]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}
