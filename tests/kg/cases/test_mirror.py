"""The readers on the real files, where the mirror of them is there."""

import time
from pathlib import Path

import numpy as np
import pytest

from kg.case import ClinicalCase
from kg.cases import CaseError, read_cases
from kg.cases.covid_chestxray import DIAGNOSIS_WORDS, read_covid_chestxray
from kg.cases.idrid import read_idrid
from kg.cases.masking import audit_masking
from kg.cases.split import find_leaks, split_by_publication

pytestmark = pytest.mark.mirror


def divided(found: list[ClinicalCase | CaseError]) -> tuple[list[ClinicalCase], list[CaseError]]:
    return (
        [item for item in found if isinstance(item, ClinicalCase)],
        [item for item in found if isinstance(item, CaseError) and item.severity == "error"],
    )


def test_every_phenopacket_is_read(mirror: Path) -> None:
    start = time.perf_counter()
    archive = mirror / "phenopacket-store" / "all_phenopackets.zip"
    cases, errors = divided(list(read_cases([archive])))
    assert time.perf_counter() - start < 60  # 5 s on an idle machine
    assert not errors
    assert len(cases) == 8443
    assert all(case.diagnoses and case.publications for case in cases)
    assert sum(len(case.phenotypes) for case in cases) == 179_705
    parts = split_by_publication(cases, {"train": 0.8, "test": 0.2}, np.random.default_rng(0))
    assert find_leaks(parts) == ()


def test_every_fhir_bundle_is_read(mirror: Path) -> None:
    cases, errors = divided(list(read_cases([mirror / "fhir_synthea"])))
    assert not errors
    assert len(cases) == 40
    assert sum(len(case.conditions) for case in cases) > 60
    assert all(case.sex is not None and case.age_years is not None for case in cases)


def test_every_mimic_patient_is_read(mirror: Path) -> None:
    cases, errors = divided(list(read_cases([mirror / "mimic_iv_demo"])))
    assert not errors
    assert len(cases) == 100
    assert all(case.conditions for case in cases)


def test_chest_images_have_masked_notes(mirror: Path) -> None:
    cases, errors = divided(list(read_covid_chestxray(mirror / "covid_chestxray")))
    assert not errors
    assert len(cases) == 127
    assert sum(len(case.images) for case in cases) == 277
    notes = [case.note for case in cases if case.note]
    assert len(notes) == 91
    assert audit_masking(notes, DIAGNOSIS_WORDS) == ()


def test_every_fundus_photograph_is_there(mirror: Path) -> None:
    cases, errors = divided(list(read_idrid(mirror / "idrid")))
    assert not errors
    assert len(cases) == 413
