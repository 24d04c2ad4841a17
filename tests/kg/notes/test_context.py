"""Who has a finding: stated, denied, suspected, of a relative; and where sections begin."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.notes import note_sections, section_starts, stance_of


def stance(sentence: str, *, family: bool = False) -> str:
    """Stance of the word in braces."""
    start = sentence.index("{")
    end = sentence.index("}") - 1
    bare = sentence.replace("{", "").replace("}", "")
    return stance_of(bare, start, end, in_family_section=family)


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("He has {fever}.", "present"),
        ("No {fever}, cough or rash.", "excluded"),
        ("No fever, cough or {rash}.", "excluded"),
        ("No fever, but {cough}.", "present"),
        ("There is no pleural effusion and the {heart} is enlarged.", "present"),
        ("She denied {headache}.", "excluded"),
        ("There was no evidence of asthma or {recurrent infections}.", "excluded"),
        ("{Pneumothorax} is not seen.", "excluded"),
        ("{Seizures} were absent.", "excluded"),
        ("Seizures, absent speech, a short {neck} and fever.", "present"),
        ("Hearing loss, no thymic tissue and {diarrhoea}.", "present"),
        ("Not only {fever} was seen.", "present"),
        ("No change of the {cardiomegaly}.", "present"),
        ("No autoimmune {hyperthyroidism}.", "possible"),
        ("No large {effusion}.", "excluded"),
        ("No chronic {kidney disease} of stage 5.", "possible"),
        ("Suspected {pneumonia}.", "possible"),
        ("Rule out {tuberculosis}.", "possible"),
        ("{Pneumonia} cannot be excluded.", "possible"),
        ("We cannot exclude {pneumonia}.", "possible"),
        ("{Embolism}?", "possible"),
        ("Her mother had {asthma}.", "family"),
        ("Family history of {deafness}.", "family"),
        ("The maternal uncle died of {cardiomyopathy}.", "family"),
        ("Her brother has asthma, but she has {eczema}.", "present"),
        ("Boy born to consanguineous parents with {hypotonia}.", "present"),
        ("The mother noticed {hypotonia}.", "present"),
        ("Gram-negative {sepsis}.", "present"),
    ],
)
def test_stance(sentence: str, expected: str) -> None:
    assert stance(sentence) == expected


def test_a_family_section_is_of_relatives_until_it_returns_to_the_patient() -> None:
    assert stance("{Deafness} in two brothers.", family=True) == "family"
    assert stance("The patient has {deafness}.", family=True) == "present"


@given(st.text(max_size=200), st.integers(0, 200), st.integers(0, 30))
def test_any_text_has_a_stance(text: str, start: int, length: int) -> None:
    start = min(start, len(text))
    assert stance_of(text, start, min(start + length, len(text))) in (
        "present",
        "excluded",
        "possible",
        "family",
    )


def test_sections() -> None:
    note = "HPI: Fever.\nTemperature: 39\nFAMILY HISTORY\nDeafness.\nPlan: rest. Allergies: none"
    found = [(s.kind, note[s.start : s.end].strip()) for s in note_sections(note)]
    assert found == [
        ("history", "Fever.\nTemperature: 39"),
        ("family", "Deafness."),
        ("plan", "rest."),
        ("allergies", "none"),
    ]
    assert [note[at:][:4] for at in section_starts(note)] == ["HPI:", "FAMI", "Plan", "Alle"]


@given(st.text(max_size=300))
def test_sections_hold_everything_but_their_headings(note: str) -> None:
    found = note_sections(note)
    assert all(s.start <= s.end for s in found)
    assert all(a.end <= b.start for a, b in pairwise(found))
    assert found[-1].end == len(note)
