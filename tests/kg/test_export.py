import csv
import json
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
import rdflib

from kg.compile import compile_snapshot
from kg.convert import to_hetero_data
from kg.export import FORMATS, export, read_pyg
from kg.snapshot import GraphSnapshot
from kg.statements import Node, Statement
from kg.store import GraphStore
from kg.vocabulary import NodeType, Predicate
from tests.kg.records import MAPPINGS, NODES, SOURCES, STATEMENTS


@pytest.fixture
def graph() -> GraphSnapshot:
    hostile = Node(id="HP:0000001", type=NodeType.PHENOTYPE, label='<&">\x01\x0b|\r\n\ttab')
    return GraphSnapshot.from_records([*NODES, hostile], STATEMENTS, MAPPINGS, SOURCES)


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_writes_the_files_it_names(
    graph: GraphSnapshot, tmp_path: Path, kind: str
) -> None:
    paths = export(graph, kind, tmp_path / "out")
    assert sorted(paths) == sorted((tmp_path / "out").iterdir())
    assert all(path.stat().st_size for path in paths)


def test_unknown_format_is_named(graph: GraphSnapshot, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="nquads, turtle, kgx"):
        export(graph, "csv", tmp_path)


def test_nquads_lead_back(graph: GraphSnapshot, tmp_path: Path) -> None:
    store = GraphStore()
    store.bulk_load(export(graph, "nquads", tmp_path / "a.nq"))
    assert compile_snapshot(store).digest == graph.digest
    copy = GraphStore()
    copy.bulk_load(export(graph, "nquads", tmp_path / "b.nq", store=store))
    assert set(copy.quads()) == set(store.quads())


@pytest.mark.filterwarnings("ignore:Dataset:DeprecationWarning")
def test_turtle_has_the_triples_of_the_nquads(graph: GraphSnapshot, tmp_path: Path) -> None:
    (turtle,) = export(graph, "turtle", tmp_path / "a.ttl")
    dataset = rdflib.Dataset()
    (quads,) = export(graph, "nquads", tmp_path / "a.nq")
    with quads.open("rb") as lines:
        dataset.parse(lines, format="nquads")
    triples = {(s, p, o) for s, p, o, _ in dataset.quads((None, None, None, None))}
    assert set(rdflib.Graph().parse(turtle, format="turtle")) == triples


def test_graphml_is_read_by_networkx(graph: GraphSnapshot, tmp_path: Path) -> None:
    (path,) = export(graph, "graphml", tmp_path / "g.graphml")
    read = nx.read_graphml(path, force_multigraph=True)
    assert set(read) == set(graph.node_ids)
    keys = {key for *_, key in read.edges(keys=True)}
    assert keys == {statement.id for statement in STATEMENTS}
    first = STATEMENTS[0]
    assert read.edges[first.subject, first.object, first.id]["frequency"] == 0.9


def test_kgx_tables_are_whole(graph: GraphSnapshot, tmp_path: Path) -> None:
    export(graph, "kgx", tmp_path)
    rows = {}
    for name in ("nodes", "edges"):
        with (tmp_path / f"{name}.tsv").open(encoding="utf-8", newline="") as lines:
            rows[name] = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
        objects = [json.loads(x) for x in (tmp_path / f"{name}.jsonl").read_text().split("\n")[:-1]]
        assert [row["id"] for row in rows[name]] == [row["id"] for row in objects]
    assert [row["id"] for row in rows["nodes"]] == list(graph.node_ids)
    edge = next(row for row in rows["edges"] if row["id"] == STATEMENTS[0].id)
    assert edge["predicate"] == "biolink:has_phenotype"
    assert edge["publications"] == "PMID:1|PMID:2"
    assert edge["frequency_qualifier"] == "9/10"
    assert edge["license"] == "HPO licence"
    disease = next(row for row in rows["nodes"] if row["id"] == "MONDO:0007739")
    assert disease["category"] == "biolink:Disease"
    assert disease["xref"] == "OMIM:143100|ORPHA:399"
    # KGX reads any text as true, "false" too: only what is denied has a cell.
    negated = {row["id"]: row["negated"] for row in rows["edges"]}
    assert {negated[s.id] for s in STATEMENTS if s.negated} == {"true"}
    assert {negated[s.id] for s in STATEMENTS if not s.negated} == {""}
    assert disease["deprecated"] == ""


@pytest.mark.filterwarnings("ignore:.*torch.jit.*")
def test_pyg_files_lead_to_the_same_hetero_data(graph: GraphSnapshot, tmp_path: Path) -> None:
    export(graph, "pyg", tmp_path)
    read, direct = read_pyg(tmp_path), to_hetero_data(graph)
    assert read.edge_types == direct.edge_types
    assert read.node_types == direct.node_types
    for edge_type in direct.edge_types:
        left, right = read[edge_type].edge_index, direct[edge_type].edge_index
        np.testing.assert_array_equal(left.numpy(), right.numpy())
    assert read["Disease"].ids == ["MONDO:0007739"]


def test_kgx_spells_prefixes_as_the_biolink_model_does(tmp_path: Path) -> None:
    protein = Node(id="UNIPROT:P1", type=NodeType.PROTEIN, label="a protein")
    acts = Statement(
        subject="CHEMBL:CHEMBL25", predicate=Predicate.AFFECTS, object=protein.id, source="s"
    )
    export(GraphSnapshot.from_records([protein], [acts]), "kgx", tmp_path)
    edge = json.loads((tmp_path / "edges.jsonl").read_text())
    assert (edge["subject"], edge["object"]) == ("CHEMBL.COMPOUND:CHEMBL25", "UniProtKB:P1")
    assert {edge["knowledge_level"], edge["agent_type"]} == {"not_provided"}
    ids = [json.loads(line)["id"] for line in (tmp_path / "nodes.jsonl").read_text().splitlines()]
    assert set(ids) == {edge["subject"], edge["object"]}
