"""The contract of a case: closed, frozen, strict, and forgiving only in spelling."""

import pytest
from pydantic import ValidationError

from kg.case import ClinicalCase, ImageReference, Measurement, Observation, canonical_curie


def test_everything_but_the_id_is_optional() -> None:
    case = ClinicalCase(case_id="p")
    assert not case.has_input()
    assert case.to_json() == '{"case_id":"p"}'


def test_present_wins_over_excluded_of_the_same_term() -> None:
    case = ClinicalCase(
        case_id="p",
        phenotypes=(
            Observation(term="HP:0000002", status="excluded"),
            Observation(term="HP:0000001"),
            Observation(term="HP:0000001", status="excluded"),
            Observation(term="HP:0000001"),
        ),
    )
    assert case.present == ("HP:0000001",)
    assert case.excluded == ("HP:0000002",)


@pytest.mark.parametrize(
    ("text", "curie"),
    [
        ("hp:0001250", "HP:0001250"),
        ("HP_0001250", "HP:0001250"),
        ("http://purl.obolibrary.org/obo/HP_0001250", "HP:0001250"),
        ("Orphanet:558", "ORPHA:558"),
        ("XYZ:1", "XYZ:1"),
    ],
)
def test_spellings_of_an_identifier(text: str, curie: str) -> None:
    assert canonical_curie(text) == curie
    assert Observation(term=text).term == curie


@pytest.mark.parametrize(
    "text", ["", "seizure", "HP:12", "HP:00012501", "HP:abc", "HP:", ":1", "HP:0001 250", "A:\x00"]
)
def test_malformed_identifier_is_named(text: str) -> None:
    with pytest.raises(ValidationError, match=r"CURIE|HPO id"):
        Observation(term=text)


@pytest.mark.parametrize(
    "fields",
    [
        {"case_id": ""},
        {"case_id": "a\nb"},
        {"case_id": 7},
        {"case_id": "p", "age_years": float("nan")},
        {"case_id": "p", "age_years": -1.0},
        {"case_id": "p", "age_years": 151.0},
        {"case_id": "p", "age_years": "5"},
        {"case_id": "p", "age_years": True},
        {"case_id": "p", "age_years": 10**400},
        {"case_id": "p", "sex": "FEMALE"},
        {"case_id": "p", "pregnant": "yes"},
        {"case_id": "p", "phenotype": []},
        {"case_id": "p", "phenotypes": [{"term": "HP:0001250", "status": "absent"}]},
        {"case_id": "p", "measurements": [{"code": "LOINC:1-1", "value": float("inf")}]},
        {"case_id": "p\ud800"},
    ],
)
def test_bad_field_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ClinicalCase.model_validate(fields)


def test_case_is_frozen() -> None:
    case = ClinicalCase(case_id="p")
    with pytest.raises(ValidationError, match="frozen"):
        case.case_id = "q"


@pytest.mark.parametrize(
    "case",
    [
        ClinicalCase(case_id="p", note="fever"),
        ClinicalCase(case_id="p", images=(ImageReference(path="a.png"),)),
        ClinicalCase(case_id="p", measurements=(Measurement(code="LOINC:1-1", value=1.0),)),
        ClinicalCase(case_id="p", genes=("HGNC:1",)),
    ],
)
def test_any_modality_is_an_input(case: ClinicalCase) -> None:
    assert case.has_input()


def test_blank_note_is_no_input() -> None:
    assert not ClinicalCase(case_id="p", note=" \n").has_input()
