"""Importers: other programs' output becomes statements of the graph, and bad rows are told."""

import inspect
import json
from pathlib import Path

import pytest

from kg.literature.document import Document
from kg.literature.endpoints import Endpoints
from kg.literature.importers import IMPORTERS
from kg.literature.miner import MinedStatement
from kg.literature.mining import Plug, mine_files
from kg.literature.readers import DocumentError, read_documents
from kg.literature.registry import Importer
from kg.literature.statements import MiningRun, resolves
from kg.snapshot import GraphSnapshot
from kg.statements import Mapping
from tests.kg.literature.papers import NODES, bioc_json, pubtator

_XREFS = {
    "DRUGBANK:DB00313": ("UMLS:C0042291", "MESH:D014635", "CHEBI:39867"),
    "HP:0001337": ("UMLS:C0040822", "MESH:D014202"),
    "MONDO:0005027": ("UMLS:C0014544", "MESH:D004827"),
}
SEMMED = (
    '1,1,101,TREATS,C0042291,"Valproate, oral",phsu,1,C0014544,Epilepsy,dsyn,1\n'
    "2,2,102,NEG_CAUSES,C0042291,Valproate,phsu,1,C0040822,Tremor,sosy,1\n"
    "3,3,102,ISA,C0042291,Valproate,phsu,1,C0040822,Tremor,sosy,1\n"
    "short,row\n"
)
INDRA = [
    {
        "type": "Inhibition",
        "subj": {"name": "valproate", "db_refs": {"CHEBI": "CHEBI:39867"}},
        "obj": {"name": "epilepsy", "db_refs": {"MONDO": "MONDO:0005027"}},
        "belief": 0.86,
        "evidence": [
            {"pmid": "101", "text": "x", "epistemics": {}},
            {"pmid": "102", "text": "y", "epistemics": {"negated": True}},
        ],
    },
    {"type": "Inhibition", "subj": None, "obj": None, "evidence": []},
]
LLM = (
    '{"pmid": 101, "subject": "MESH:D014635", "predicate": "treats", "object": "MONDO:0005027"}\n'
    '{"pmid": 101, "subject": "valproate", "predicate": "treats", "object": "MONDO:0005027"}\n'
)
INPUTS: dict[str, bytes] = {
    "pubtator3": pubtator(),
    "semmeddb": SEMMED.encode(),
    "indra": json.dumps(INDRA).encode(),
    "llm": LLM.encode(),
}


def graph() -> GraphSnapshot:
    same = [Mapping(subject=i, object=x, source="s") for i, xs in _XREFS.items() for x in xs]
    return GraphSnapshot.from_records(NODES, [], same)


def read(
    tmp_path: Path, name: str, data: bytes
) -> tuple[list[MinedStatement], list[DocumentError]]:
    path = tmp_path / f"{name}.csv"
    path.write_bytes(data)
    found = list(IMPORTERS[name]().statements(path))
    said = [item for item in found if isinstance(item, MinedStatement)]
    return said, [item for item in found if isinstance(item, DocumentError)]


def test_every_importer_has_an_input() -> None:
    assert IMPORTERS.keys() == INPUTS.keys()


@pytest.mark.parametrize("name", IMPORTERS)
def test_importers_are_plugs_of_a_screenful(name: str) -> None:
    importer = IMPORTERS[name]()
    assert isinstance(importer, Importer)
    assert len(inspect.getsource(type(importer)).splitlines()) < 50


@pytest.mark.parametrize("name", IMPORTERS)
def test_statements_enter_the_graph(tmp_path: Path, name: str) -> None:
    path = tmp_path / "input"
    path.write_bytes(INPUTS[name])
    importer = IMPORTERS[name]()
    report = mine_files(
        [path],
        tmp_path / "o.nq",
        source=lambda: Plug(reader=importer, endpoints=Endpoints(graph())),
        run=MiningRun(name="r", model=importer.name, version=importer.version),
    )
    assert report.n_statements >= 1
    assert report.n_statements == report.n_documents
    text = (tmp_path / "o.nq").read_text()
    assert "drugbank.com/drugs/DB00313" in text
    assert importer.name in text


@pytest.mark.parametrize("name", IMPORTERS)
@pytest.mark.parametrize(
    "data", [b"", b"\xff\xfe\x00", b"[" * 5000, b'"' * 999 + b"\n,,,,", b"{}", b"[{}]", b"null"]
)
def test_hostile_input_is_told(tmp_path: Path, name: str, data: bytes) -> None:
    said, _ = read(tmp_path, name, data)
    assert said == []


def test_semmeddb_rows(tmp_path: Path) -> None:
    said, errors = read(tmp_path, "semmeddb", INPUTS["semmeddb"])
    assert [(s.subject, s.predicate.value, s.negated) for s in said] == [
        ("UMLS:C0042291", "treats", False),
        ("UMLS:C0042291", "has_adverse_event", True),
    ]
    assert len(errors) == 1


def test_indra_evidence(tmp_path: Path) -> None:
    said, errors = read(tmp_path, "indra", INPUTS["indra"])
    assert [(s.publication, s.negated, s.confidence) for s in said] == [
        ("PMID:101", False, 0.86),
        ("PMID:102", True, 0.86),
    ]
    assert said[0].predicate.value == "treats"
    assert len(errors) == 1


def test_pubtator3_relations_resolve(tmp_path: Path) -> None:
    said, _ = read(tmp_path, "pubtator3", INPUTS["pubtator3"])
    assert [(s.subject, s.predicate.value, s.object) for s in said] == [
        ("MESH:D014635", "has_adverse_event", "MESH:D014202")
    ]
    found = read_documents(tmp_path / "pubtator3.csv")
    papers = {p.id: p for p in found if isinstance(p, Document)}
    assert all(resolves(s, papers[s.document]) for s in said)
    assert read(tmp_path, "pubtator3", bioc_json())[0] == []  # annotations without relations


def test_a_language_model_must_give_identifiers(tmp_path: Path) -> None:
    said, errors = read(tmp_path, "llm", INPUTS["llm"])
    assert len(said) == len(errors) == 1
    assert "valproate" in str(errors[0])
