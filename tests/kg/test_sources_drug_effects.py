"""SIDER and DrugMechDB: side effects with frequencies, mechanism paths."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from kg.files import DataFiles
from kg.sources import drugmechdb
from kg.sources.contract import DropReport, Record
from kg.sources.drugmechdb import DrugMechDB
from kg.sources.sider import Sider
from kg.statements import Node, Statement
from kg.vocabulary import NodeType, Predicate

EFFECTS = """\
CID100000085\tCID000010917\tC0000729\tLLT\tC0000729\tAbdominal cramps
CID100000085\tCID000010917\tC0000729\tPT\tC0000737\tAbdominal pain
CID100000085\tCID000010917\tC0000737\tLLT\tC0000737\tAbdominal pain
CID100000001\tCID000000001\tC0000737\tPT\tC0000737\tAbdominal pain
CID100000085\tCID000010917\tC9\tPT\t\tNameless
"""
FREQUENCIES = """\
CID100000085\tCID000010917\tC0000737\t\t20%\t0.2\t0.2\tPT\tC0000737\tAbdominal pain
CID100000085\tCID000010917\tC0000737\t\tcommon\t0.01\t0.1\tPT\tC0000737\tAbdominal pain
CID100000085\tCID000010917\tC0000737\tplacebo\t90%\t0.9\t0.9\tPT\tC0000737\tAbdominal pain
CID100000085\tCID000010917\tC0000729\t\tpostmarketing\t0\t0.001\tLLT\tC0000729\tCramps
CID100000085\tCID000010917\tC0000729\t\t1-0%\t1\t0\tLLT\tC0000729\tCramps
CID100000085\tCID000010917\tC0000729\t\tmany\tx\ty\tLLT\tC0000729\tCramps
"""


def sider_files(folder: Path, effects: bytes | None = None) -> DataFiles:
    (folder / "sider4").mkdir()
    (folder / "drugbank_slim").mkdir()
    packed = gzip.compress(EFFECTS.encode()) if effects is None else effects
    (folder / "sider4" / "meddra_all_se.tsv.gz").write_bytes(packed)
    (folder / "sider4" / "meddra_freq.tsv.gz").write_bytes(gzip.compress(FREQUENCIES.encode()))
    (folder / "sider4" / "indications.tsv").write_text(
        "drugbank_id\tdrugbank_name\tstitch_id_flat\nDB00583\tLevocarnitine\tCID100000085\n"
    )
    (folder / "drugbank_slim" / "pubchem-mapping.tsv").write_text(
        "drugbank_id\tpubchem_cid\nDB00583\t10917\n"
    )
    return DataFiles(mirror=folder, cache=folder / "cache")


def read(source: object, files: DataFiles) -> tuple[list[Record], DropReport]:
    report = DropReport()
    return list(source.read(files, report)), report  # type: ignore[attr-defined]


def test_each_row_of_a_label_is_a_statement_with_its_own_frequency(tmp_path: Path) -> None:
    records, report = read(Sider(), sider_files(tmp_path))
    found = [x for x in records if isinstance(x, Statement)]
    assert {x.subject for x in found} == {"DRUGBANK:DB00583"}
    assert {x.predicate for x in found} == {Predicate.HAS_ADVERSE_EVENT}
    pain = [x for x in found if x.object == "UMLS:C0000737"]
    assert [(x.qualifier("label_concept"), x.qualifier("level")) for x in pain[:2]] == [
        ("UMLS:C0000729", "PT"),
        (None, "LLT"),
    ]
    counted = {x.qualifier("frequency_text"): x for x in pain if x.qualifier("frequency_text")}
    assert counted["20%"].frequency == pytest.approx(0.2)
    assert counted["common"].frequency == pytest.approx(0.055)
    assert counted["common"].qualifier("frequency_lower") == "0.01"
    assert counted["common"].qualifier("frequency_upper") == "0.1"
    assert counted["90%"].frequency is None, "what placebo does is no frequency of the drug"
    assert counted["90%"].qualifier("comparator") == "placebo"
    cramps = [x for x in found if x.object == "UMLS:C0000729"]
    texts = [x.qualifier("frequency_text") for x in cramps]
    assert texts == [None, "postmarketing", "1-0%", "many"]
    assert all(x.frequency is None for x in cramps)
    assert len({x.id for x in found}) == len(found) == 9
    assert report.dropped["compound that no drug table names"] == 1
    assert report.dropped["effect without a UMLS concept"] == 1


def test_levels_of_one_effect_are_one_statement(tmp_path: Path) -> None:
    row = "CID100000085\tCID000010917\tC0000737\t{}\tC0000737\tAbdominal pain\n"
    effects = gzip.compress("".join(row.format(level) for level in ("LLT", "PT")).encode())
    records, report = read(Sider(), sider_files(tmp_path, effects))
    (first, *_) = [x for x in records if isinstance(x, Statement)]
    assert [value for name, value in first.qualifiers if name == "level"] == ["LLT", "PT"]
    assert report.mended["row of another MedDRA level of the same effect, level kept"] == 1


def test_a_truncated_gzip_gives_its_good_part_and_one_fault(tmp_path: Path) -> None:
    packed = gzip.compress((EFFECTS * 200).encode())
    records, report = read(Sider(), sider_files(tmp_path, packed[: len(packed) // 2]))
    assert report.faults
    assert all(isinstance(x, Node | Statement) for x in records)


PROTEIN = "UniProt:P00519"


def path_of(**changes: Any) -> dict[str, Any]:
    path: dict[str, Any] = {
        "graph": {
            "_id": "DB00619_MESH_D015464_1",
            "drug_mesh": "MESH:D000068877",
            "drugbank": "DB:DB00619",
            "disease_mesh": "MESH:D015464",
        },
        "links": [
            {
                "key": "decreases activity of",
                "source": "MESH:D000068877",
                "target": "UniProt:P00519",
            },
            {"key": "causes", "source": "UniProt:P00519", "target": "MESH:D015464"},
        ],
        "nodes": [
            {"id": "MESH:D000068877", "label": "Drug", "name": "imatinib"},
            {"id": PROTEIN, "label": "Protein", "name": "ABL1"},
            {"id": "MESH:D015464", "label": "Disease", "name": "CML"},
        ],
        "references": ["https://pubmed.ncbi.nlm.nih.gov/123/", "https://en.wikipedia.org/wiki/X"],
    }
    return path | changes


def mechanism_files(folder: Path, *lines: str) -> DataFiles:
    (folder / "drugmechdb").mkdir(exist_ok=True)
    text = "\n".join(lines) + "\n"
    (folder / "drugmechdb" / "indication_paths.yaml").write_text(text, encoding="utf-8")
    return DataFiles(mirror=folder, cache=folder / "cache")


def test_steps_carry_verb_path_and_papers(tmp_path: Path) -> None:
    second = path_of(graph=path_of()["graph"] | {"_id": "other"}, references=None)
    files = mechanism_files(tmp_path, "- " + json.dumps(path_of()), "- " + json.dumps(second))
    records, _ = read(DrugMechDB(), files)
    found = [x for x in records if isinstance(x, Statement)]
    assert [(x.subject, x.predicate, x.object) for x in found] == [
        ("MESH:D000068877", Predicate.RELATED_TO, "UNIPROT:P00519"),
        ("UNIPROT:P00519", Predicate.RELATED_TO, "MESH:D015464"),
        ("MESH:D000068877", Predicate.TREATS, "MESH:D015464"),
    ]
    for statement in found:
        assert statement.publications == ("PMID:123",)
        assert {v for k, v in statement.qualifiers if k == "pathway"} == {
            "DB00619_MESH_D015464_1",
            "other",
        }
    assert found[0].qualifier("mechanism") == "decreases activity of"
    assert drugmechdb.named_drugs(files) == {"MESH:D000068877": "imatinib"}


def test_an_id_that_is_drug_and_chemical_is_a_drug(tmp_path: Path) -> None:
    nodes = [
        {"id": "MESH:D1", "label": "ChemicalSubstance", "name": "x"},
        {"id": "MESH:D1", "label": "Drug", "name": "x"},
        {"id": "MESH:D2", "label": "Disease", "name": "y"},
    ]
    files = mechanism_files(
        tmp_path, "- " + json.dumps(path_of(graph={"_id": "p"}, nodes=nodes, links=[]))
    )
    records, _ = read(DrugMechDB(), files)
    kinds = {x.id: x.type for x in records if isinstance(x, Node)}
    assert kinds == {"MESH:D1": NodeType.DRUG, "MESH:D2": NodeType.DISEASE}


def test_a_disease_that_is_labelled_as_a_drug_stays_a_disease(tmp_path: Path) -> None:
    wrong = path_of()
    wrong["nodes"] = [*wrong["nodes"][:2], {"id": "MESH:D015464", "label": "Drug", "name": "CML"}]
    files = mechanism_files(
        tmp_path, "- " + json.dumps(wrong), "- " + json.dumps(path_of(links=[]))
    )
    records, report = read(DrugMechDB(), files)
    kinds = {x.id: x.type for x in records if isinstance(x, Node)}
    assert kinds["MESH:D015464"] is NodeType.DISEASE
    assert kinds["MESH:D000068877"] is NodeType.DRUG
    assert drugmechdb.named_drugs(files) == {"MESH:D000068877": "imatinib"}
    assert "disease of a path that is labelled as its drug" in report.mended


@pytest.mark.parametrize(
    "line",
    [
        "- {",
        "- []",
        "- 1",
        '- {"graph": {}, "nodes": [1], "links": []}',
        '- {"graph": {}, "nodes": [{"id": ["a"], "label": {}}], "links": []}',
        "- " + json.dumps(path_of(links=[{"key": "x", "source": ["a"], "target": {}}])),
        "- " + json.dumps(path_of(nodes=[{"id": "nonsense", "label": "Drug"}])),
        "- " + json.dumps(path_of(references={"a": 1})),
        "- " + "[" * 5000,
    ],
)
def test_a_malformed_path_is_counted(tmp_path: Path, line: str) -> None:
    records, report = read(
        DrugMechDB(), mechanism_files(tmp_path, line, "- " + json.dumps(path_of()))
    )
    assert sum(isinstance(x, Statement) for x in records) == 3
    assert report.dropped or report.mended
