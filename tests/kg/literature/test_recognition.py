"""Dictionary, short forms, sentences and cues."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.literature.abbreviations import abbreviations
from kg.literature.cues import cues_of, direction_of, is_hedged, is_negated
from kg.literature.dictionary import Dictionary, Name
from kg.literature.document import EntityType
from kg.literature.recognition import Recogniser
from kg.literature.sentences import document_sentences, sentences
from kg.literature.spelling import folded, key_of, variants
from kg.vocabulary import Predicate
from tests.kg.literature.papers import PAPERS, toy_dictionary

DISEASE, CHEMICAL, GENE = EntityType.DISEASE, EntityType.CHEMICAL, EntityType.GENE
WORDS = st.lists(st.sampled_from(["gout", "renal", "failure", "of", "severe", "x"]), max_size=12)
NAMES = ("gout", "renal failure", "failure of renal x")


def book(*names: str, kind: EntityType = DISEASE) -> Dictionary:
    return Dictionary([Name(text=n, type=kind, id=f"X:{i}") for i, n in enumerate(names)])


@given(st.text(max_size=200))
def test_folding_keeps_every_place(text: str) -> None:
    assert len(folded(text)) == len(text)


@given(WORDS)
def test_matches_are_those_of_brute_force(words: list[str]) -> None:
    text = " ".join(words)
    places = []
    at = 0
    while at < len(text):
        here = [
            name
            for name in NAMES
            if text.startswith(name, at)
            and (at == 0 or text[at - 1] == " ")
            and text[at + len(name) : at + len(name) + 1] in ("", " ")
        ]
        if here:
            longest = max(here, key=len)
            places.append((at, at + len(longest)))
            at += len(longest)
        else:
            at += 1
    assert [(m.start, m.end) for m in book(*NAMES).matches(text)] == places


@given(st.text(max_size=80))
def test_matches_lie_in_the_text_and_do_not_overlap(text: str) -> None:
    place = 0
    for match in book("gout", "α", "renal failure", "İstanbul").matches(text + " gout"):
        assert place <= match.start < match.end
        place = match.end
    assert place == len(text) + 5


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Crohn's disease", "Crohn disease"),
        ("Anaemia, Aplastic", "aplastic anemia"),
        ("tumor necrosis factor alpha", "tumor necrosis factor-α"),
        ("diabetes mellitus type 2", "Diabetes mellitus type II"),
        ("seizure", "seizures"),
    ],
)
def test_other_spellings_are_found(name: str, written: str) -> None:
    (match,) = book(name).matches(f"a {written}.")
    assert match.end == len(written) + 2
    assert book(name).lookup(written, DISEASE) == ("X:0",)


def test_gene_symbols_are_not_words() -> None:
    genes = book("CAT", "SCN1A", kind=GENE)
    assert [m.start for m in genes.matches("The cat has CAT and SCN1A.")] == [12, 20]


def test_ambiguous_names_have_no_node() -> None:
    two = Dictionary([Name(text="HD", type=DISEASE, id=f"X:{i}") for i in range(2)])
    assert not two.matches("HD")  # two letters are not looked for
    two = Dictionary([Name(text="HDx long", type=DISEASE, id=f"X:{i}", rank=1) for i in range(2)])
    assert two.matches("HDx long")[0].ids(DISEASE) == ()
    best = Dictionary([Name(text="gout", type=DISEASE, id=f"X:{i}", rank=i) for i in range(2)])
    assert best.matches("gout")[0].ids(DISEASE) == ("X:0",)


@given(st.text(max_size=40))
def test_a_name_is_one_of_its_variants(name: str) -> None:
    found = list(variants(name))
    assert len(set(found)) == len(found)
    if key_of(name) and "(" not in name and "[" not in name:
        assert key_of(name) in found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("With congestive heart failure (CHF).", [("CHF", "congestive heart failure")]),
        ("heat shock protein 70 (HSP70)", [("HSP70", "heat shock protein 70")]),
        ("gamma-aminobutyric acid (GABA) and", [("GABA", "gamma-aminobutyric acid")]),
        ("The drug (see above) failed (P < 0.05).", []),
        ("VPA (valproic acid) was given", [("VPA", "valproic acid")]),
        ("no long form here (XYZ)", []),
    ],
)
def test_short_forms(text: str, expected: list[tuple[str, str]]) -> None:
    found = abbreviations(text)
    assert [(a.short, a.long) for a in found] == expected
    for a in found:
        assert text[a.short_span.start : a.short_span.end] == a.short
        assert text[a.long_span.start : a.long_span.end] == a.long


@given(st.text(alphabet="abAB ().;-3é", max_size=80))
def test_short_forms_are_where_they_say(text: str) -> None:
    for a in abbreviations(text):
        assert text[a.short_span.start : a.short_span.end] == a.short
        assert text[a.long_span.start : a.long_span.end] == a.long


def test_a_short_form_means_what_its_long_form_means() -> None:
    found = Recogniser(toy_dictionary()).mentions(PAPERS[0])
    assert [(m.text, m.ids) for m in found if m.text == "VPA"] == [
        ("VPA", ("DRUGBANK:DB00313",)),
        ("VPA", ("DRUGBANK:DB00313",)),
    ]
    assert all(PAPERS[0].text[m.start : m.end] == m.text for m in found)


@given(st.text(max_size=200))
def test_sentences_cover_everything_but_spaces(text: str) -> None:
    spans = sentences(text)
    covered: set[int] = set()
    for span in spans:
        assert covered.isdisjoint(range(span.start, span.end))
        covered.update(range(span.start, span.end))
    assert all(text[i].isspace() for i in range(len(text)) if i not in covered)


def test_sentences_of_a_document_do_not_cross_sections() -> None:
    for number, span in document_sentences(PAPERS[0]):
        section = PAPERS[0].sections[number]
        assert section.offset <= span.start < span.end <= section.end


@pytest.mark.parametrize(
    ("sentence", "first", "last", "expected"),
    [
        ("Lamotrigine did not cause tremor.", "Lamotrigine", "tremor", True),
        ("Lamotrigine caused tremor but not rash.", "Lamotrigine", "tremor", False),
        ("No patient had tremor on lamotrigine.", "tremor", "lamotrigine", True),
        ("Not only tremor but coma followed lamotrigine.", "tremor", "lamotrigine", False),
        ("It was not seen; lamotrigine caused tremor.", "lamotrigine", "tremor", False),
    ],
)
def test_negation_reaches_to_the_end_of_its_clause(
    sentence: str, first: str, last: str, expected: bool
) -> None:
    start, end = sentence.index(first), sentence.index(last) + len(last)
    assert is_negated(sentence, start, end) is expected


def test_hedges_and_directions() -> None:
    assert is_hedged("X may cause Y")
    assert not is_hedged("X causes Y")
    assert direction_of(" increased ") == "increases"
    assert direction_of(" inhibits ") == "decreases"
    assert direction_of(" and ") is None


def test_cues_fit_their_types() -> None:
    predicates = {cue.predicate for cue in cues_of(CHEMICAL, DISEASE)}
    assert {Predicate.TREATS, Predicate.HAS_ADVERSE_EVENT} <= predicates
    assert not cues_of(DISEASE, CHEMICAL)
