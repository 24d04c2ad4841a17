"""Phenopackets: what is taken, what falls back to what, what is named as wrong."""

import re
from typing import Any

import pytest

from kg.cases.age import years_between, years_of_duration
from kg.cases.phenopacket import read_phenopacket
from kg.cases.problem import CaseReadError


def read(document: dict[str, Any]) -> Any:
    return read_phenopacket(document, where="f.json", fallback_id="f")


def test_all_parts_are_taken(phenopacket: dict[str, Any]) -> None:
    case, warnings = read(phenopacket)
    assert not warnings
    assert case.case_id == "patient-1"
    assert case.sex == "female"
    assert case.age_years == 12.5
    assert case.present == ("HP:0001166", "HP:0001250")
    assert case.excluded == ("HP:0001083",)
    assert [o.onset for o in case.phenotypes] == ["P2Y", None, "HP:0003577"]
    assert case.phenotypes[0].label == "Arachnodactyly"
    assert case.genes == ("HGNC:3603",)
    assert case.variants == ("NM_000138.5:c.1A>G",)
    assert case.diagnoses == ("OMIM:154700",)
    assert case.publications == ("PMID:12345678",)
    assert [(m.code, m.value, m.unit) for m in case.measurements] == [
        ("LOINC:718-7", 11.5, "UCUM:g/dL")
    ]
    assert [m.id for m in case.medicines] == ["CHEBI:6541"]


def test_diagnosis_falls_back_to_diseases_that_are_not_excluded(
    phenopacket: dict[str, Any],
) -> None:
    del phenopacket["interpretations"]
    phenopacket["diseases"].insert(0, {"term": {"id": "OMIM:1"}, "excluded": True})
    case, _ = read(phenopacket)
    assert case.diagnoses == ("OMIM:154700",)
    assert case.genes == ()


def test_rejected_gene_is_left_out(phenopacket: dict[str, Any]) -> None:
    diagnosis = phenopacket["interpretations"][0]["diagnosis"]
    diagnosis["genomicInterpretations"][0]["interpretationStatus"] = "REJECTED"
    assert read(phenopacket)[0].genes == ()


def test_age_falls_back_to_the_last_onset(phenopacket: dict[str, Any]) -> None:
    del phenopacket["subject"]["timeAtLastEncounter"]
    phenopacket["diseases"][0]["onset"] = {"age": {"iso8601duration": "P1M"}}
    assert read(phenopacket)[0].age_years == 2.0


@pytest.mark.parametrize(
    ("element", "years"),
    [
        ({"ageRange": {"start": {"iso8601duration": "P2Y"}, "end": {"iso8601duration": "P4Y"}}}, 3),
        ({"gestationalAge": {"weeks": 20}}, 0.0),
        ({"ontologyClass": {"id": "HP:0003577"}}, 2.0),  # tells nothing: the onset does
        ({"timestamp": "2020-01-01T00:00:00Z"}, 20.0),
    ],
)
def test_other_time_elements(
    phenopacket: dict[str, Any], element: dict[str, Any], years: float
) -> None:
    phenopacket["subject"]["dateOfBirth"] = "2000-01-01T00:00:00Z"
    phenopacket["subject"]["timeAtLastEncounter"] = element
    assert read(phenopacket)[0].age_years == pytest.approx(years, abs=0.01)


def test_no_id_falls_back_to_the_file(phenopacket: dict[str, Any]) -> None:
    del phenopacket["id"]
    assert read(phenopacket)[0].case_id == "f"


def test_malformed_identifier_is_a_warning_and_the_rest_is_read(
    phenopacket: dict[str, Any],
) -> None:
    phenopacket["phenotypicFeatures"][0]["type"]["id"] = "HP:123"
    case, (warning,) = read(phenopacket)
    assert case.present == ("HP:0001250",)
    assert warning.severity == "warning"
    assert "phenotypicFeatures[0].type.id" in str(warning)
    assert "HP:123" in str(warning)


@pytest.mark.parametrize("age", ["12 years", "P", "P900Y", "PT", "P-1Y"])
def test_malformed_age_is_a_warning(phenopacket: dict[str, Any], age: str) -> None:
    phenopacket["subject"]["timeAtLastEncounter"]["age"]["iso8601duration"] = age
    case, (warning,) = read(phenopacket)
    assert case.age_years == 2.0
    assert age in str(warning)


def test_version_1_negation_is_an_exclusion(phenopacket: dict[str, Any]) -> None:
    phenopacket["phenotypicFeatures"][0]["negated"] = True
    assert "HP:0001166" in read(phenopacket)[0].excluded


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"phenotypicFeatures": 3}, "phenotypicFeatures"),
        ({"phenotypicFeatures": [3]}, "phenotypicFeatures[0]"),
        ({"phenotypicFeatures": [{"type": {"id": 7}}]}, "phenotypicFeatures[0].type.id"),
        ({"phenotypicFeatures": [{"type": "HP:0001250"}]}, "phenotypicFeatures[0].type"),
        (
            {"phenotypicFeatures": [{"type": {"id": "HP:0001250"}, "excluded": "no"}]},
            "phenotypicFeatures[0].excluded",
        ),
        ({"subject": []}, "subject"),
        ({"metaData": {"externalReferences": {}}}, "metaData.externalReferences"),
        ({"id": 5}, "id"),
        (
            {"measurements": [{"assay": {}, "value": {"quantity": {"value": 10**400}}}]},
            "measurements[0].value.quantity.value",
        ),
    ],
)
def test_wrong_type_names_its_place(
    phenopacket: dict[str, Any], change: dict[str, Any], place: str
) -> None:
    with pytest.raises(CaseReadError, match=re.escape(place)) as caught:
        read(phenopacket | change)
    assert caught.value.problem.startswith(f"{place}:")
    assert caught.value.mend


def test_null_and_empty_mean_absent(phenopacket: dict[str, Any]) -> None:
    empty = dict.fromkeys(("subject", "interpretations", "diseases", "metaData"))
    case, warnings = read(phenopacket | empty | {"measurements": [], "id": ""})
    assert not warnings
    assert case.case_id == "f"
    assert case.diagnoses == ()


@pytest.mark.parametrize(
    ("text", "years"), [("P1Y", 1), ("P6M", 0.5), ("P1W", 7 / 365.25), ("P0D", 0), ("P1.5Y", 1.5)]
)
def test_durations(text: str, years: float) -> None:
    assert years_of_duration(text) == pytest.approx(years)


def test_dates_in_the_wrong_order_tell_no_age() -> None:
    assert years_between("2020-01-01", "2010-01-01") is None
    assert years_between("2020-13-01", "2021-01-01") is None
    assert years_between("1950", "2000-07-01") == pytest.approx(50, abs=0.01)
