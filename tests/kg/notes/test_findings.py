"""Findings of notes: places, stances, and what joins the given ones."""

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.case import ClinicalCase, Observation
from kg.notes import NoteFinding, NoteReader, deidentify, with_note_findings
from kg.notes.variants import finding_variants
from kg.snapshot import GraphSnapshot
from kg.statements import Node
from kg.vocabulary import NodeType

NODES = (
    ("HP:0001945", NodeType.PHENOTYPE, "Fever", ("Pyrexia",)),
    ("HP:0012735", NodeType.PHENOTYPE, "Cough", ()),
    ("HP:0000365", NodeType.PHENOTYPE, "Hearing impairment", ("Deafness",)),
    ("HP:0003212", NodeType.PHENOTYPE, "Increased circulating IgE concentration", ()),
    ("HP:0045074", NodeType.PHENOTYPE, "Thin eyebrow", ()),
    ("HP:0002206", NodeType.PHENOTYPE, "Pulmonary fibrosis", ("Fibrosis of lung",)),
    ("MONDO:0000007", NodeType.DISEASE, "cough variant asthma", ()),
)


@pytest.fixture(scope="module")
def reader() -> NoteReader:
    return NoteReader.from_graph(
        GraphSnapshot.from_records(
            [
                Node(id=curie, type=kind, label=label, synonyms=synonyms)
                for curie, kind, label, synonyms in NODES
            ],
            [],
        )
    )


def test_findings_have_places_that_hold_their_words(reader: NoteReader) -> None:
    note = (
        "Pyrexia for a week. No cough.\nFamily history: deafness in the mother.\n"
        "Exam: thin eyebrows, a raised IgE."
    )
    found = reader.read(note)
    assert [(f.term, f.stance, f.section, note[f.start : f.end]) for f in found] == [
        ("HP:0001945", "present", "other", "Pyrexia"),
        ("HP:0012735", "excluded", "other", "cough"),
        ("HP:0000365", "family", "family", "deafness"),
        ("HP:0045074", "present", "examination", "thin eyebrows"),
        ("HP:0003212", "present", "examination", "raised IgE"),
    ]


def test_the_name_of_a_disease_is_no_finding(reader: NoteReader) -> None:
    assert reader.read("Known cough variant asthma.") == ()


def test_a_plan_observes_nothing(reader: NoteReader) -> None:
    assert [f.stance for f in reader.read("Plan: return with fever.")] == ["possible"]


@given(st.text(alphabet="fever cough.\n:,noNO FAMILYhistor", max_size=200))
def test_places_lie_within_the_note_and_rise(text: str) -> None:
    from kg.literature.dictionary import Dictionary, Name
    from kg.literature.document import EntityType

    kind = EntityType.PHENOTYPE
    book = Dictionary([Name(text="fever", type=kind, id="HP:0001945")])
    found = NoteReader(book).read(text)
    assert all(text[f.start : f.end].lower() == "fever" for f in found)
    assert all(a.end <= b.start for a, b in pairwise(found))


def finding(term: str, stance: str, at: int = 0) -> NoteFinding:
    return NoteFinding(term=term, start=at, end=at + 1, stance=stance, section="other")  # type: ignore[arg-type]


def test_what_is_given_stands_and_the_note_adds() -> None:
    case = ClinicalCase(
        case_id="p", phenotypes=(Observation(term="HP:0001945", status="excluded"),)
    )
    found = [
        finding("HP:0001945", "present"),  # given otherwise
        finding("HP:0012735", "present"),
        finding("HP:0012735", "excluded"),  # denied elsewhere: stated once is present
        finding("HP:0000365", "family"),
        finding("HP:0045074", "excluded"),
        finding("HP:0002206", "possible"),
    ]
    merged, used = with_note_findings(case, found, [None, "Cough"])
    assert merged.present == ("HP:0012735",)
    assert set(merged.excluded) == {"HP:0001945", "HP:0045074"}
    assert used == (False, True, False, False, True, False)
    assert merged.phenotypes[1].label == "Cough"


def test_a_note_without_findings_leaves_the_case_itself() -> None:
    case = ClinicalCase(case_id="p", note="well")
    assert with_note_findings(case, [])[0] is case


@given(st.text(max_size=60))
def test_variants_of_any_name(name: str) -> None:
    assert all(text and text != name for text in finding_variants(name))


def test_counts_are_not_shortened_to_the_cell() -> None:
    assert "low neutrophil" not in set(finding_variants("Decreased neutrophil count"))


def test_a_hostile_note_takes_no_longer_than_its_length(reader: NoteReader) -> None:
    began = time.perf_counter()
    for piece in ("no fever ", "A ", "A:\n", "(", "Fever, " * 3, "Mr. ", "1 ", "Anne "):
        note = piece * (12_000 // len(piece))
        reader.read(note)
        deidentify(note)
    assert time.perf_counter() - began < 20
