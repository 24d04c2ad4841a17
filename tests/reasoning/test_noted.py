"""Findings of a note join the given ones in an answer, with their places."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kg.case import ClinicalCase, Observation
from kg.snapshot import GraphSnapshot
from reasoning.diagnose import Diagnoser
from reasoning.render import to_text
from reasoning.treat import TreatmentRanker
from tests.fusion.conftest import DISEASES, SIGNS, toy_model, toy_records
from tests.reasoning.conftest import Run

WORDS = [
    *("ataxia", "deafness", "cataract", "epistaxis", "scoliosis", "nystagmus"),
    *("pruritus", "jaundice", "dysphagia", "hirsutism", "clubbing", "syncope"),
    *("tinnitus", "polyuria", "vertigo", "ptosis", "strabismus", "hematuria"),
]
NOTE = "Ataxia and deafness since birth. No scoliosis. Her mother has jaundice. Possible syncope."


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    nodes, statements = toy_records()
    named = dict(zip(SIGNS, WORDS, strict=True))
    graph = GraphSnapshot.from_records(
        [replace(node, label=named.get(node.id, node.label)) for node in nodes], statements
    )
    return toy_model(
        tmp_path_factory.mktemp("model"),
        graph,
        max_steps=20,
        n_folds=2,
        boosted_diagnoses=False,
        boosted_treatments=False,
    )


def test_findings_of_the_note_rank_and_are_shown_with_their_places(model: Path) -> None:
    engine = Diagnoser.load(model)
    case = ClinicalCase(case_id="p", note=NOTE)
    (answer,) = engine.answer([case], top=3)
    assert [(n.finding.label, n.stance, n.used, NOTE[n.start : n.end]) for n in answer.noted] == [
        ("ataxia", "present", True, "Ataxia"),
        ("deafness", "present", True, "deafness"),
        ("scoliosis", "excluded", True, "scoliosis"),
        ("jaundice", "family", False, "jaundice"),
        ("syncope", "possible", False, "syncope"),
    ]
    assert answer.diagnoses[0].disease.id == DISEASES[0]
    coded = ClinicalCase(
        case_id="p",
        phenotypes=(
            Observation(term=SIGNS[0]),
            Observation(term=SIGNS[1]),
            Observation(term=SIGNS[4], status="excluded"),
        ),
    )
    same = engine.scores([coded])
    np.testing.assert_array_equal(
        [d.score for d in answer.diagnoses], sorted(same[0], reverse=True)[:3]
    )
    page = to_text([answer], "html")
    assert "in the note: +ataxia (0–6)" in page
    assert "·jaundice (61–69, family)" in page or "jaundice" in page


def test_without_the_option_the_note_gives_no_finding(model: Path) -> None:
    (answer,) = Diagnoser.load(model).answer([ClinicalCase(case_id="p", note=NOTE)], noted=False)
    assert answer.noted == ()
    assert any("no present phenotype" in warning for warning in answer.warnings)


def test_what_is_given_stands(model: Path) -> None:
    given = ClinicalCase(
        case_id="p", note=NOTE, phenotypes=(Observation(term=SIGNS[0], status="excluded"),)
    )
    (answer,) = Diagnoser.load(model).answer([given])
    assert [n.used for n in answer.noted] == [False, True, True, False, False]


def test_treatments_use_the_note_too(model: Path) -> None:
    (answer,) = TreatmentRanker.load(model).answer_cases([ClinicalCase(case_id="p", note=NOTE)])
    assert [n.used for n in answer.noted] == [True, True, True, False, False]


def test_the_command_line_shows_them(model: Path, tmp_path: Path, run: Run) -> None:
    case = tmp_path / "p.json"
    case.write_text(ClinicalCase(case_id="p", note=NOTE).to_json())
    code, out, _ = run("diagnose", case, "--model", model)
    assert code == 0
    assert "in the note: +ataxia (0–6)" in out
    code, out, _ = run("diagnose", case, "--model", model, "--no-note-findings")
    assert code == 0
    assert "in the note" not in out
