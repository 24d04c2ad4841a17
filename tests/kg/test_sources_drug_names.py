"""ATC and the joining of drugs by name: what merges, and what is only a part."""

import gzip
import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.files import DataFiles
from kg.sources.atc import Atc, substances
from kg.sources.contract import DropReport, Record
from kg.sources.drug_names import DrugNames
from kg.sources.name_forms import ingredient_name, parts, plain
from kg.statements import Mapping, Node, Statement
from kg.vocabulary import NodeType, Predicate

LIST_HEADER = (
    "curie,curie_label,source_ingredients,approved_usa,marketing_status_usa,approved_europe,"
    "approved_japan,is_combination_therapy,combination_therapy_ingredients_curies,is_steroid,"
    "is_antimicrobial,is_chemotherapy,is_glucose_regulator,is_no_therapeutic_value,"
    "is_metallic_salt,is_cancer_drug,alternate_ids,atc_codes"
)
LIST_COLUMNS = LIST_HEADER.split(",")
DRUGS: tuple[dict[str, str], ...] = (
    {
        "curie": "CHEBI:45783",
        "curie_label": "Imatinib",
        "alternate_ids": "['CHEBI:45783', 'DRUGBANK:DB00619', 'RXCUI:282388', 'CHEBI:31690']",
    },
    {"curie": "CHEBI:31690", "curie_label": "Imatinib mesylate"},
    {"curie": "CHEBI:2668", "curie_label": "Amlodipine"},
    {"curie": "CHEBI:9927", "curie_label": "Valsartan", "atc_codes": "['C09CA03']"},
    {
        "curie": "RXCUI:722125",
        "curie_label": "amlodipine / valsartan Oral Tablet",
        "is_combination_therapy": "TRUE",
    },
    {"curie": "UNII:1", "curie_label": "Twin"},
    {"curie": "UNII:2", "curie_label": "TWIN"},
    {"curie": "UNII:3", "curie_label": "Twin hydrochloride"},
    {"curie": "CHEBI:46195", "curie_label": "Acetaminophen", "atc_codes": "['N02BE01']"},
)
SLIM = (
    "drugbank_id\tname\tgroups\tatc_codes\tcategories\tinchikey\tinchi\tdescription\n"
    "DB00619\tImatinib\tapproved\tL01EA01\t\t\t\ttext\n"
    "DB00381\tAmlodipine\tapproved\tC08CA01|C09DB01\t\t\t\ttext\n"
    "DB00741\tHydrocortisone\tapproved\tD07AA02|D07AB02\t\t\t\ttext\n"
)
CODES = {
    "C": "cardiovascular system",
    "C08": "calcium channel blockers",
    "C08C": "selective calcium channel blockers",
    "C08CA": "dihydropyridine derivatives",
    "C08CA01": "amlodipine",
    "C09CA03": "valsartan",
    "C09DB01": "valsartan and amlodipine",
    "D07AA02": "hydrocortisone",
    "D07AB02": "hydrocortisone butyrate",
    "D07XA01": "hydrocortisone",
    "N02BE01": "paracetamol",
    "A01AA30": "combinations",
    "bad code": "x",
}


@pytest.fixture
def files(tmp_path: Path) -> DataFiles:
    for folder in ("everycure", "drugbank_slim", "icd_codes"):
        (tmp_path / folder).mkdir()
    rows = [LIST_HEADER]
    for drug in DRUGS:
        cells = {"is_combination_therapy": "FALSE"} | drug
        rows.append(",".join(f'"{cells.get(column, "")}"' for column in LIST_COLUMNS))
    (tmp_path / "everycure" / "drug_list_stringent.csv").write_text("\n".join(rows) + "\n")
    (tmp_path / "drugbank_slim" / "drugbank-slim.tsv").write_text(SLIM)
    codes = "atc_code,atc_name\n" + "".join(f"{code},{name}\n" for code, name in CODES.items())
    (tmp_path / "icd_codes" / "atc_coding.csv.gz").write_bytes(gzip.compress(codes.encode()))
    packages = "gsn,atc,ndc\n000015,C08CA01,24987026010\n1,T127,2\n"
    (tmp_path / "icd_codes" / "gsn_atc_ndc_mapping.csv.gz").write_bytes(
        gzip.compress(packages.encode())
    )
    return DataFiles(mirror=tmp_path, cache=tmp_path / "cache")


def read(source: object, files: DataFiles) -> tuple[list[Record], DropReport]:
    report = DropReport()
    return list(source.read(files, report)), report  # type: ignore[attr-defined]


def merged(records: list[Record]) -> set[tuple[str, str]]:
    return {
        (x.subject, x.object)
        for x in records
        if isinstance(x, Mapping) and x.predicate == "exactMatch"
    }


def test_a_drug_without_drugbank_id_merges_by_its_exact_name(files: DataFiles) -> None:
    records, _ = read(DrugNames(), files)
    assert merged(records) == {("CHEBI:2668", "DRUGBANK:DB00381")}


def test_salts_and_combinations_have_parts_and_never_merge(files: DataFiles) -> None:
    records, _ = read(DrugNames(), files)
    found = {
        (x.subject, x.object, x.qualifier("kind")) for x in records if isinstance(x, Statement)
    }
    assert found == {
        ("CHEBI:31690", "CHEBI:45783", "form"),
        ("RXNORM:722125", "CHEBI:2668", "ingredient"),
        ("RXNORM:722125", "CHEBI:9927", "ingredient"),
    }
    assert all(x.predicate is Predicate.HAS_PART for x in records if isinstance(x, Statement))


def test_codes_merge_by_name_then_by_lone_claim(files: DataFiles) -> None:
    records, report = read(Atc(), files)
    assert merged(records) == {
        ("ATC:C08CA01", "DRUGBANK:DB00381"),
        ("ATC:C09CA03", "CHEBI:9927"),
        ("ATC:D07AA02", "ATC:D07XA01"),
        ("ATC:D07AA02", "DRUGBANK:DB00741"),
        ("ATC:N02BE01", "CHEBI:46195"),
    }
    assert report.dropped["not an ATC code"] == 1
    assert report.dropped["package of a code that is not in the table"] == 1


def test_a_salt_that_shares_the_codes_of_a_drug_stays_apart(files: DataFiles) -> None:
    records, _ = read(Atc(), files)
    assert "ATC:D07AB02" not in {id_ for pair in merged(records) for id_ in pair}


def test_hierarchy_and_text_of_codes(files: DataFiles) -> None:
    records, _ = read(Atc(), files)
    nodes = {x.id: x for x in records if isinstance(x, Node)}
    assert nodes["ATC:C08CA"].type is NodeType.DRUG_CLASS
    assert nodes["ATC:C08CA01"].type is NodeType.DRUG
    assert nodes["ATC:C08CA01"].definition == (
        "dihydropyridine derivatives; selective calcium channel blockers; "
        "calcium channel blockers; cardiovascular system"
    )
    edges = {(x.subject, x.predicate, x.object) for x in records if isinstance(x, Statement)}
    assert ("ATC:C08CA01", Predicate.HAS_ROLE, "ATC:C08CA") in edges
    assert ("ATC:C08CA", Predicate.SUBCLASS_OF, "ATC:C08C") in edges


def test_packages_are_narrower_than_their_code(files: DataFiles) -> None:
    records, _ = read(Atc(), files)
    assert {
        x.object for x in records if isinstance(x, Mapping) and x.predicate == "narrowMatch"
    } == {"NDC:24987026010", "GSN:000015"}


def test_remainders_are_no_substances(files: DataFiles) -> None:
    assert "combinations" not in substances(files)
    assert substances(files)["hydrocortisone"] == "ATC:D07AA02"


@given(st.text(max_size=60))
def test_a_plain_name_is_its_own_plain_name(name: str) -> None:
    assert plain(plain(name)) == plain(name)


@given(st.text(alphabet=string.ascii_lowercase + " ", max_size=60))
def test_an_ingredient_name_holds_no_salt(name: str) -> None:
    assert ingredient_name(ingredient_name(name) + " hydrochloride") == ingredient_name(name)


@given(st.lists(st.sampled_from(["aspirin", "caffeine", "codeine"]), min_size=2, max_size=5))
def test_parts_of_a_joined_name(names: list[str]) -> None:
    assert parts(" / ".join(names)) == tuple(names)
    assert parts(" and ".join(names)) == tuple(names)
