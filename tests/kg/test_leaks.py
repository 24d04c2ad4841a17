"""The search for what a build was told to leave out: it finds every form, and builds have none."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from kg.build import BuildOptions, build_graph
from kg.case import ClinicalCase
from kg.columns import SourceRecord
from kg.controls import Controls
from kg.files import DataFiles
from kg.graph_folder import CASES, REPORT, SNAPSHOT, STORE
from kg.leaks import find_leaks
from kg.rdf import write_nquads
from kg.snapshot import GraphSnapshot
from kg.statements import Mapping, Node, Statement
from kg.store import GraphStore
from kg.terms import GRAPH_OF_CASES
from kg.vocabulary import NodeType, Predicate
from kg.writing import write_cases

OPEN = SourceRecord(
    name="open", title="Open", licence="CC0-1.0", licence_class="permissive", release="1"
)
CLOSED = replace(OPEN, name="closed", licence="CC-BY-NC-4.0", licence_class="noncommercial")
FABRY = Node(id="MONDO:0010526", type=NodeType.DISEASE, label="Fabry disease")
DRUG = Node(id="DRUGBANK:DB00103", type=NodeType.DRUG, label="Agalsidase beta")
SAME = Mapping(subject=FABRY.id, object="OMIM:301500", source="open")
CLEAN = Statement(
    subject=FABRY.id,
    predicate=Predicate.HAS_PHENOTYPE,
    object="HP:0000083",
    source="open",
    publications=("PMID:7",),
)


def treats(disease: str, **more: object) -> Statement:
    facts: dict[str, object] = {"predicate": Predicate.TREATS, "source": "open", **more}
    return Statement(subject=DRUG.id, object=disease, **facts)  # type: ignore[arg-type]


def put(
    folder: Path,
    *said: Statement,
    controls: Controls,
    quads: str = "",
    node: Node = DRUG,
    cases: tuple[ClinicalCase, ...] = (),
    sources: tuple[SourceRecord, ...] = (OPEN,),
) -> list[str]:
    """Leaks of a folder that holds just this."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    records: list[Node | Mapping | Statement] = [FABRY, node, SAME, CLEAN, *said]
    statements = [CLEAN, *said]
    GraphSnapshot.from_records([FABRY, node], statements, [SAME], sources).save(folder / SNAPSHOT)
    write_nquads(folder / "g.nq", records, sources=sources)
    store = GraphStore(folder / STORE)
    store.bulk_load([folder / "g.nq"])
    store.load_text(quads)
    store.flush()
    del store
    (folder / "g.nq").unlink()
    write_cases(cases, folder / CASES, notes=True)
    (folder / REPORT).write_text("{}")
    controls.save(folder)
    return sorted({f"{leak.control} {leak.where}" for leak in find_leaks(folder)})


PAPER = Controls(publications=frozenset({"PMID:123"}))


@pytest.mark.parametrize(
    ("more", "where"),
    [
        ({"said": (replace(CLEAN, publications=("PMID:123", "PMID:9")),)}, "quads"),
        ({"said": (replace(CLEAN, qualifiers=(("description", "see PMID: 123"),)),)}, "quads"),
        ({"node": replace(DRUG, definition="Shown in pubmed/123.")}, "snapshot, column definition"),
        ({"quads": "<urn:a> <urn:b> <https://pubmed.ncbi.nlm.nih.gov/123> <urn:g> ."}, "quads"),
        ({"quads": "<http://www.ncbi.nlm.nih.gov/pubmed/123> <urn:b> <urn:a> <urn:g> ."}, "quads"),
        ({"cases": (ClinicalCase(case_id="PMID_123_patient_1"),)}, CASES),
        ({"cases": (ClinicalCase(case_id="x", publications=("PMID:123",)),)}, CASES),
    ],
)
def test_an_excluded_paper_is_found_in_every_form(
    tmp_path: Path, more: dict[str, object], where: str
) -> None:
    said = more.pop("said", ())
    found = put(tmp_path / "g", *said, controls=PAPER, **more)  # type: ignore[misc, arg-type]
    assert f"publication {where}" in found
    assert put(tmp_path / "g", controls=PAPER) == []  # PMID:7 is none of it
    assert put(tmp_path / "g", controls=Controls(publications=frozenset({"PMID:12"}))) == []


def test_a_paper_of_a_decoy_may_be_a_patients_and_nothing_else(tmp_path: Path) -> None:
    decoy = Controls(decoys=frozenset({"PMID:123"}))
    assert decoy.objection(replace(CLEAN, publications=("PMID:123",)))
    patient = ClinicalCase(case_id="PMID_123_1", publications=("PMID:123",))
    graph = f"<{GRAPH_OF_CASES}/ward>"
    quads = f"<urn:a> <urn:b> <https://pubmed.ncbi.nlm.nih.gov/123> {graph} ."
    assert put(tmp_path / "g", controls=decoy, cases=(patient,), quads=quads) == []
    said = replace(CLEAN, publications=("PMID:123", "PMID:9"))
    found = put(tmp_path / "g", said, controls=decoy)
    assert {"publication quads", "publication snapshot"} <= set(found)


def test_a_reading_that_lies_in_the_folder_is_searched(tmp_path: Path) -> None:
    put(tmp_path / "g", controls=PAPER)
    (tmp_path / "g" / "records").mkdir()
    (tmp_path / "g" / "records" / "hpoa.arrow").write_bytes(b"\x00PMID:123\x00")
    (leak,) = find_leaks(tmp_path / "g")
    assert str(leak) == "publication: records/hpoa.arrow: PMID:123"


HELD = Controls(held_out=frozenset({FABRY.id}))


@pytest.mark.parametrize(
    "statement",
    [
        treats(FABRY.id),
        treats(FABRY.id, negated=True),
        treats("OMIM:301500"),
        treats(FABRY.id, predicate=Predicate.CONTRAINDICATED_IN),
        Statement(subject=FABRY.id, predicate=Predicate.PREVENTS, object=DRUG.id, source="open"),
        treats("MONDO:0000001", qualifiers=(("original_object", "OMIM:301500"),)),
    ],
)
def test_a_held_out_treatment_is_found_in_every_form(tmp_path: Path, statement: Statement) -> None:
    found = put(tmp_path / "g", statement, controls=HELD)
    assert found
    assert all(leak.startswith("treatment") for leak in found)


def test_a_triple_alone_is_found_in_either_direction(tmp_path: Path) -> None:
    drug, disease = "<https://go.drugbank.com/drugs/DB00103>", "<https://omim.org/entry/301500>"
    treat = "<https://w3id.org/biolink/vocab/treats>"
    for triple in (f"{drug} {treat} {disease}", f"{disease} {treat} {drug}"):
        assert put(tmp_path / "g", controls=HELD, quads=f"{triple} <urn:g> .") == [
            "treatment plain triple"
        ]
    assert put(tmp_path / "g", treats("MONDO:0000001"), controls=HELD) == []


def test_a_closed_source_is_found_in_every_form(tmp_path: Path) -> None:
    only_open = Controls(licence_filter="permissive")
    assert put(tmp_path / "g", controls=only_open) == []
    said = replace(CLEAN, source="closed")
    found = put(tmp_path / "g", said, controls=only_open, sources=(OPEN, CLOSED))
    assert [leak.removeprefix("licence ") for leak in found] == [
        "knowledge source",
        "named graph",
        "snapshot",
        "source facts",
    ]
    stray = '<urn:a> <http://www.w3.org/2000/01/rdf-schema#label> "x" <urn:other> .'
    assert put(tmp_path / "g", controls=only_open, quads=stray) == ["licence named graph"]


def test_a_build_keeps_its_controls_and_has_no_leak(tmp_path: Path) -> None:
    files = DataFiles(mirror=None, cache=tmp_path / "none")
    asked = {"files": files, "sources": ("demo_treatments",), "cases": ()}
    plain = build_graph(BuildOptions(out=tmp_path / "a", **asked)).snapshot  # type: ignore[arg-type]
    paper = next(p for s in plain.statements() for p in s.publications if p.startswith("PMID"))
    disease = plain.node_ids[int(plain.edges(Predicate.TREATS).tail[0])]
    controls = {
        "exclude_publications": frozenset({paper}),
        "holdout_treatments": frozenset({disease}),
        "licence_filter": "permissive",
    }
    build_graph(BuildOptions(out=tmp_path / "b", **asked, **controls))  # type: ignore[arg-type]
    kept = json.loads((tmp_path / "b" / "controls.json").read_text())
    assert kept["publications"] == [paper]
    assert disease in kept["held_out"]
    assert list(find_leaks(tmp_path / "b")) == []
    (tmp_path / "b" / "controls.json").replace(tmp_path / "a" / "controls.json")
    where = {leak.where for leak in find_leaks(tmp_path / "a")}
    assert {"snapshot", "quads", "plain triple", "association node"} <= where
