"""Masking of diagnosis words, and an audit that does not share its search."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.cases.covid_chestxray import DIAGNOSIS_WORDS
from kg.cases.masking import MASK, audit_masking, mask_diagnosis

NAMES = ("COVID-19", "ARDS", "pneumoni*", "E. coli", "Legionnaires' disease", "TB")


@pytest.mark.parametrize(
    ("note", "masked"),
    [
        ("COVID-19 positive", f"{MASK} positive"),
        ("covid19, Covid 19 and COVID\u201119", f"{MASK} and {MASK}"),
        ("towards the heart; ARDS.", f"towards the heart; {MASK}."),
        ("pneumoniae, PNEUMONIAS", MASK),
        ("E.coli or e coli", f"{MASK} or {MASK}"),
        ("legionnaires disease", MASK),
        ("tuberous, TBs", f"tuberous, {MASK}"),
        ("a line\nbreak: E.\n coli", f"a line\nbreak: {MASK}"),
        ("nothing here", "nothing here"),
    ],
)
def test_mentions_in_all_spellings(note: str, masked: str) -> None:
    assert mask_diagnosis(note, NAMES) == masked


def test_longer_names_go_first() -> None:
    assert mask_diagnosis("viral pneumonia", ["viral", "viral pneumonia"]) == MASK


def test_number_of_words_is_not_told() -> None:
    assert mask_diagnosis("COVID-19 pneumonia", NAMES) == mask_diagnosis("pneumonia", NAMES)


def test_without_names_nothing_changes() -> None:
    assert mask_diagnosis("COVID-19", []) == "COVID-19"
    assert mask_diagnosis("COVID-19", ["", "-"]) == "COVID-19"


filler = st.sampled_from(["fever", "towards", "coronal view", "numbers", "the", "oat", "stable"])
mention = st.sampled_from([word.rstrip("*") for word in DIAGNOSIS_WORDS]).flatmap(
    lambda word: st.sampled_from([word, word.upper(), word.lower(), word.replace("-", " ")])
)


@given(st.lists(filler | mention, max_size=12), st.sampled_from([" ", ", ", ". ", "\n", " ("]))
def test_masked_notes_pass_the_audit(words: list[str], between: str) -> None:
    note = between.join(words)
    assert audit_masking([mask_diagnosis(note, DIAGNOSIS_WORDS)], DIAGNOSIS_WORDS) == ()


@given(st.lists(filler | mention, max_size=8))
def test_masking_twice_changes_nothing(words: list[str]) -> None:
    once = mask_diagnosis(" ".join(words), DIAGNOSIS_WORDS)
    assert mask_diagnosis(once, DIAGNOSIS_WORDS) == once


def test_innocent_words_stay() -> None:
    note = "Coronal view towards the upper lobe, measured in numbers, stable; flush line."
    assert mask_diagnosis(note, DIAGNOSIS_WORDS) == note


def test_audit_finds_what_was_missed() -> None:
    notes = ["clean", "c o v i d - 1 9 was found", "towards ARDS"]
    leaks = audit_masking(notes, NAMES)
    assert [(leak.position, leak.name) for leak in leaks] == [(1, "COVID-19"), (2, "ARDS")]
