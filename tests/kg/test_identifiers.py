import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.identifiers import IdentifierError, from_iri, normalise, parse_publications, to_iri
from kg.prefixes import PREFIXES

SPELLINGS = {
    "MONDO:0007739": ["MONDO:0007739", "mondo:7739", "MONDO_0007739", " MONDO:0007739 "],
    "ORPHA:558": [
        "Orphanet:558",
        "ORPHANET:558",
        "orphanet.ordo:558",
        "ORPHA:ORPHA558",
        "Orphanet_558",
        "http://www.orpha.net/ORDO/Orphanet_558",
    ],
    "DRUGBANK:DB00945": ["DB:DB00945", "DB00945", "https://go.drugbank.com/drugs/DB00945"],
    "OMIM:143100": ["MIM:143100", "https://omim.org/entry/143100", "omim:143100"],
    "OMIMPS:1": ["OMIM:PS1", "OMIMPS:PS1", "https://omim.org/phenotypicSeries/PS1"],
    "MESH:D003920": ["MeSH:D003920", "MSH:d003920", "http://id.nlm.nih.gov/mesh/D003920"],
    "PMID:12": ["pubmed:12", "PMID: 12", "PMID:0012", "https://pubmed.ncbi.nlm.nih.gov/12"],
    "HGNC:5": ["HGNC:HGNC:5", "hgnc:5"],
    "CHEBI:15377": ["CHEBI:CHEBI:15377", "http://purl.obolibrary.org/obo/CHEBI_15377"],
    "SNOMEDCT:73211009": ["SCTID:73211009", "SNOMEDCT_US:73211009"],
    "ICD10CM:E11.9": ["ICD-10-CM:E119", "icd10cm:e11.9"],
    "ICD9CM:250.00": ["ICD9:25000", "ICD-9-CM:250.00"],
    "ICD9CM:E850.0": ["ICD9CM:E8500"],
    "PMCID:PMC12": ["PMC12", "PMC:12", "pmc:PMC12"],
    "UNIPROT:P42858": ["UniProtKB:P42858"],
}


@pytest.mark.parametrize(
    ("canonical", "spelling"), [(c, s) for c, found in SPELLINGS.items() for s in found]
)
def test_usual_spellings_have_one_form(canonical: str, spelling: str) -> None:
    assert normalise(spelling) == canonical


@pytest.mark.parametrize("canonical", SPELLINGS)
def test_canonical_form_is_a_fixed_point(canonical: str) -> None:
    assert normalise(canonical) == canonical
    assert from_iri(to_iri(canonical)) == canonical


@pytest.mark.parametrize("text", ["", "nothing", "NOPE:1", "MONDO:", "https://example.org/x"])
def test_unknown_text_is_refused_by_name(text: str) -> None:
    with pytest.raises(IdentifierError, match=r"kg/prefixes|nothing"):
        normalise(text)


@pytest.mark.parametrize("facts", PREFIXES, ids=lambda facts: facts.prefix)
def test_every_prefix_leads_to_an_iri_and_back(facts: object) -> None:
    curie = f"{facts.prefix}:A1"  # type: ignore[attr-defined]
    assert from_iri(to_iri(curie)) == curie


@given(st.text(st.characters(codec="utf-8", exclude_categories=("Z", "C")), min_size=1))
def test_any_local_part_survives_the_iri(local: str) -> None:
    for prefix in ("VAR", "Unheard"):
        assert from_iri(to_iri(f"{prefix}:{local}")) == f"{prefix}:{local}"


@pytest.mark.parametrize("iri", ["https://example.org/a#b", "urn:x:1", "http://x.org/é"])
def test_foreign_iri_is_its_own_identifier(iri: str) -> None:
    assert from_iri(iri) == iri
    assert to_iri(iri) == iri


def test_prefix_spellings_are_unambiguous() -> None:
    owner: dict[str, str] = {}
    for facts in PREFIXES:
        for spelling in {s.casefold() for s in (facts.prefix, facts.bioregistry, *facts.synonyms)}:
            assert not spelling or owner.setdefault(spelling, facts.prefix) == facts.prefix


@pytest.mark.parametrize(
    ("text", "publications"),
    [
        ("PMID:1;PMID:2", ("PMID:1", "PMID:2")),
        ("2|1", ("PMID:1", "PMID:2")),
        ("PMID:1, OMIM:2", ("OMIM:2", "PMID:1")),
        ("pubmed:1 PMID:1", ("PMID:1",)),
        ("doi:10.1000/ABC", ("DOI:10.1000/abc",)),
        ("personal communication", ()),
        ("http://example.org/a", ("http://example.org/a",)),
        ("", ()),
    ],
)
def test_reference_fields_hold_several_ids(text: str, publications: tuple[str, ...]) -> None:
    assert parse_publications(text) == publications


def test_marks_that_nobody_sees_are_no_part_of_an_id() -> None:
    for text in (
        "InterPro:IPR001128\ufeff",
        "\u200bInterPro:IPR001128",
        "Inter\u00adPro:IPR001128",
    ):
        assert normalise(text) == "INTERPRO:IPR001128"
