"""Identifiers of people in notes: found by form and by context, nothing else taken."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.notes import deidentify, find_identifiers


@pytest.mark.parametrize(
    ("note", "clean"),
    [
        ("Seen on 3/14/2019 and 2019-03-14.", "Seen on [DATE] and [DATE]."),
        ("Since March 2019, onset 5 May.", "Since [DATE], onset [DATE]."),
        ("Call 617-555-1234 or (020) 7946-0123.", "Call [PHONE] or [PHONE]."),
        ("Write to a.b@c.org, see https://x.org/a?b.", "Write to [EMAIL], see [URL]"),
        ("MRN: 0045712, SSN 078-05-1120.", "MRN: [ID], SSN [ID]."),
        ("Lives at 12 Oak Street, Boston, MA 02115.", "Lives at [ADDRESS]."),
        ("Treated at Riverton General Hospital.", "Treated at [PLACE]."),
        ("Dr. Maria de la Cruz; later Cruz left.", "Dr. [NAME]; later [NAME] left."),
        ("John Smith, MD, agrees.", "[NAME], MD, agrees."),
        ("O'Brien is a 45-year-old man.", "[NAME] is a 45-year-old man."),
        ("A 93-year-old man.", "A [AGE]-year-old man."),
    ],
)
def test_identifiers_go(note: str, clean: str) -> None:
    assert deidentify(note) == clean


@pytest.mark.parametrize(
    "note",
    [
        "A 45-year-old man with Marfan syndrome, BP 120/80, temperature 38.5, WBC 12,300.",
        "Patient denies fever. Chest X-ray shows ground-glass opacities. May have edema.",
        "Mother reports cough. Hb 8.2 g/dL, 3-4 mm nodule, ratio 1/2, T2 N0, 500 mg.",
        "Chronic Kidney Disease is a known problem. Fever is a sign.",
        "Illness day 10. PaO2/FiO2 250. HP:0001250. NM_006846.4:c.1431-12G>A.",
    ],
)
def test_clinical_words_stay(note: str) -> None:
    assert deidentify(note) == note


def test_an_eponym_keeps_its_name() -> None:
    note = "Mr. Crohn has Crohn disease."
    assert deidentify(note) == "Mr. [NAME] has Crohn disease."


@given(st.text(max_size=300))
def test_any_text_is_taken_and_spans_rise(note: str) -> None:
    found = find_identifiers(note)
    assert all(0 <= a.start < a.end <= len(note) for a in found)
    assert all(a.end <= b.start for a, b in pairwise(found))
