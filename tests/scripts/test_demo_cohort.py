"""The cohort is remade byte for byte, and a note states only what the case states."""

import re
import sys
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.case import ClinicalCase, Observation

SCRIPTS = Path(__file__).parents[2] / "scripts"
sys.path.insert(0, str(SCRIPTS))

from demo_note import write_note  # noqa: E402
from demo_phrases import Phrasebook  # noqa: E402
from make_demo_cohort import facts, main, years  # noqa: E402

BOOK = Phrasebook.read(
    SCRIPTS / "demo_cohort" / "phrases.tsv",
    branches={
        "HP:0000003": frozenset({"HP:0000003", "HP:0000001"}),
        "HP:0001250": frozenset({"HP:0001250", "HP:0000707"}),
    },
)
LABELS = {
    "HP:0000001": "Fever",
    "HP:0000002": "Ataxia",
    "HP:0000003": "Recurrent fever",
    "HP:0001250": "Seizure",
    "HP:0000005": "Cleft palate",
    "HP:0000006": "Myopia",
}
OBSERVATIONS = st.lists(
    st.builds(
        lambda term, status: Observation(term=term, label=LABELS[term], status=status),
        st.sampled_from(sorted(LABELS)),
        st.sampled_from(["present", "excluded"]),
    ),
    min_size=1,
    unique_by=lambda o: o.term,
).filter(lambda found: any(o.status == "present" for o in found))


@pytest.mark.parametrize(
    ("label", "phrase"),
    [
        ("Elevated circulating creatinine concentration", "a raised blood creatinine"),
        ("Decreased circulating IgA concentration", "a low blood IgA"),
        ("Increased total leukocyte count", "a raised total leukocyte count"),
        ("Aortic root aneurysm", "an aortic root aneurysm"),
        ("Hypoplasia of the radius", "hypoplasia of the radius"),
        ("Sparse eyebrow", "sparse eyebrows"),
        ("EEG with burst suppression", "burst suppression on EEG"),
        ("Hyperammonemia", "hyperammonaemia"),
        ("Seizure", "seizures"),
    ],
)
def test_label_becomes_a_phrase(label: str, phrase: str) -> None:
    assert BOOK.phrase(label) == phrase


@given(observations=OBSERVATIONS, seed=st.integers(0, 2**32))
def test_note_tells_each_finding_on_its_own_side(
    observations: list[Observation], seed: int
) -> None:
    case = ClinicalCase(case_id="p", sex="female", age_years=4.0, phenotypes=tuple(observations))
    note = write_note(case, BOOK, onset=None, rng=np.random.default_rng(seed))
    negative = re.search(r"[^.]*\b(?:no|No)\b[^.]*\.", note)
    denied = negative.group() if negative else ""
    told = note.replace(denied, "")
    for finding in observations:
        phrase = re.sub("^an? ", "", BOOK.phrase(finding.label or ""))
        if finding.status == "present":
            assert phrase in told
        elif phrase != "fever":
            assert phrase not in told


def test_an_excluded_ancestor_of_a_present_finding_is_not_denied() -> None:
    case = ClinicalCase(
        case_id="p",
        phenotypes=(
            Observation(term="HP:0000003", label="Recurrent fever"),
            Observation(term="HP:0000001", label="Fever", status="excluded"),
        ),
    )
    note = write_note(case, BOOK, onset=None, rng=np.random.default_rng(0))
    assert "no" not in note.casefold().split()


def test_duration_in_years() -> None:
    assert years("P1Y6M") == 1.5
    assert years("P2W") == pytest.approx(14 / 365.25, abs=1e-3)
    with pytest.raises(ValueError, match="'PT5H' is not a duration"):
        years("PT5H")


def test_facts_of_a_packet() -> None:
    packet = {
        "id": "p1",
        "subject": {"sex": "MALE", "timeAtLastEncounter": {"age": {"iso8601duration": "P3M"}}},
        "phenotypicFeatures": [
            {"type": {"id": "HP:0001250", "label": "Seizure"}, "excluded": True},
        ],
        "interpretations": [{"diagnosis": {"disease": {"id": "OMIM:100100", "label": "x"}}}],
        "metaData": {"externalReferences": [{"id": "PMID:1"}, {"id": "DOI:2"}]},
    }
    case = facts(packet)
    assert (case.sex, case.age_years, case.publications) == ("male", 0.25, ("PMID:1",))
    assert case.excluded == ("HP:0001250",)
    assert case.diagnoses == ("OMIM:100100",)


@pytest.mark.mirror
def test_shipped_cohort_is_what_the_script_makes(mirror: Path, tmp_path: Path) -> None:
    out = tmp_path / "cases.jsonl"
    archive = mirror / "phenopacket-store" / "all_phenopackets.zip"
    assert main(["--zip", str(archive), "--out", str(out)]) == 0
    shipped = files("kg").joinpath("data/demo_cases.jsonl").read_bytes()
    assert out.read_bytes() == shipped
