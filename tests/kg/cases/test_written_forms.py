"""Laws of the written forms: JSON and RDF lead back to the same case."""

import pyoxigraph
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.case import ClinicalCase, CodedItem, ImageReference, Measurement, Observation
from kg.cases.rdf import CASES_GRAPH, case_iri, case_to_nquads, cases_from_quads

line = st.text(
    st.characters(exclude_categories=("Cc", "Cs"), include_characters='"\\<>%# é\u2028'),
    min_size=1,
    max_size=20,
)
label = st.none() | line
hp = st.integers(0, 9_999_999).map(lambda n: f"HP:{n:07d}")
odd = st.builds(
    "{}:{}".format,
    st.sampled_from(["XYZ", "SNOMEDCT", "LOINC", "Foo.bar", "ICD10CM", "http", "DOI"]),
    st.text(st.characters(codec="ascii", categories=("L", "N", "P", "S")), min_size=1, max_size=12),
)


def _accepted(curie: str) -> bool:
    try:
        CodedItem(id=curie)
    except ValueError:
        return False
    return True


curie = st.sampled_from(["OMIM:154700", "MONDO:0007947", "HGNC:3603", "PMID:1"]) | odd.filter(
    _accepted
)
finite = st.floats(allow_nan=False, allow_infinity=False)
coded = st.lists(
    st.builds(CodedItem, id=curie, label=label, same_as=st.lists(curie, max_size=2).map(tuple)),
    max_size=3,
).map(tuple)


def many(items: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(items, max_size=3).map(tuple)


cases = st.builds(
    ClinicalCase,
    case_id=line,
    sex=st.sampled_from([None, "female", "male", "other"]),
    age_years=st.none() | st.floats(0, 150),
    phenotypes=many(
        st.builds(
            Observation,
            term=hp | curie,
            status=st.sampled_from(["present", "excluded"]),
            onset=label,
            label=label,
        )
    ),
    note=st.none() | st.text(st.characters(codec="utf-8"), max_size=30),
    images=many(st.builds(ImageReference, path=line, modality=label, view=label)),
    genes=many(curie),
    variants=many(line),
    diagnoses=many(curie),
    conditions=coded,
    past_conditions=coded,
    medicines=coded,
    allergies=coded,
    measurements=many(st.builds(Measurement, code=curie, value=finite, label=label, unit=label)),
    pregnant=st.sampled_from([None, True, False]),
    publications=many(curie),
    source=label,
    licence=label,
)


def load(*members: ClinicalCase, include_notes: bool = True) -> pyoxigraph.Store:
    store = pyoxigraph.Store()
    for case in members:
        text = "".join(case_to_nquads(case, include_notes=include_notes))
        store.load(text.encode(), format=pyoxigraph.RdfFormat.N_QUADS)
    return store


@settings(max_examples=60, deadline=None)
@given(st.lists(cases, max_size=3, unique_by=lambda case: case.case_id))
def test_round_trip_is_lossless(members: list[ClinicalCase]) -> None:
    store = load(*members)
    expected = sorted(members, key=lambda case: case.case_id)
    assert list(cases_from_quads(store)) == expected


@settings(max_examples=30, deadline=None)
@given(cases)
def test_notes_are_written_only_when_asked(case: ClinicalCase) -> None:
    (back,) = cases_from_quads(load(case, include_notes=False))
    assert back == case.model_copy(update={"note": None})


def test_excluded_phenotype_is_no_plain_triple() -> None:
    case = ClinicalCase(
        case_id="p 1",
        phenotypes=(
            Observation(term="HP:0001250"),
            Observation(term="HP:0001166", status="excluded"),
        ),
        diagnoses=("OMIM:154700",),
    )
    store = load(case)
    query = (
        "PREFIX biolink: <https://w3id.org/biolink/vocab/> SELECT ?o WHERE { GRAPH "
        f"<{CASES_GRAPH}> {{ <{case_iri('p 1')}> biolink:has_phenotype ?o }} }}"
    )
    solutions = store.query(query)
    assert isinstance(solutions, pyoxigraph.QuerySolutions)
    found = [row["o"].value for row in solutions]
    assert found == ["http://purl.obolibrary.org/obo/HP_0001250"]


@settings(max_examples=60, deadline=None)
@given(cases)
def test_json_line_leads_back(case: ClinicalCase) -> None:
    text = case.to_json()
    assert "\n" not in text
    assert ClinicalCase.from_json(text) == case
