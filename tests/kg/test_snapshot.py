import json
import random
from pathlib import Path

import networkx as nx
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.convert import to_networkx
from kg.snapshot import GraphSnapshot
from kg.snapshot_io import SnapshotError
from kg.statements import Mapping, Node, Statement
from kg.vocabulary import NodeType, Predicate
from tests.kg.records import MAPPINGS, NODES, SOURCES, STATEMENTS, mappings, nodes, statements


@pytest.fixture
def graph() -> GraphSnapshot:
    return GraphSnapshot.from_records(NODES, STATEMENTS, MAPPINGS, SOURCES)


def test_any_mapped_id_finds_the_node(graph: GraphSnapshot) -> None:
    index = graph.index("MONDO:0007739")
    assert index is not None
    assert graph.node(index).xrefs == ("OMIM:143100", "ORPHA:399")
    for spelling in ("OMIM:143100", "Orphanet:399", "https://omim.org/entry/143100"):
        assert graph.index(spelling) == index
    assert graph.index("DOID:1") is None  # a broad match merges nothing
    assert graph.index("gibberish") is None


def test_a_nodes_own_id_wins_over_an_xref() -> None:
    both = [Node(id=f"MONDO:{i}", type=NodeType.DISEASE) for i in (1, 2)]
    match = Mapping(subject="MONDO:1", object="MONDO:2", source="x")
    graph = GraphSnapshot.from_records(both, [], [match])
    assert [graph.index("MONDO:1"), graph.index("MONDO:2")] == [0, 1]


def test_edges_select_by_relation_type_and_negation(graph: GraphSnapshot) -> None:
    holds = graph.edges(Predicate.HAS_PHENOTYPE, NodeType.DISEASE, NodeType.PHENOTYPE)
    assert [graph.node_ids[i] for i in holds.tail] == ["HP:0002072"]
    assert holds.frequency.tolist() == pytest.approx([0.9])
    assert np.isnan(holds.confidence).all()
    denied = graph.edges(Predicate.HAS_PHENOTYPE, negated=True)
    assert [graph.node_ids[i] for i in denied.tail] == ["HP:0000726"]
    assert len(graph.edges(negated=None)) == graph.n_edges == 4
    assert len(graph.edges(Predicate.TREATS)) == 0
    assert len(graph.edges(Predicate.HAS_PHENOTYPE, NodeType.GENE)) == 0


def test_statement_of_a_row_is_the_one_given(graph: GraphSnapshot) -> None:
    assert set(graph.statements()) == set(STATEMENTS)
    for row in range(graph.n_edges):
        statement = graph.statement(row)
        assert statement.id == graph.statement_id(row)
        assert graph.row_of(statement.id) == row
        assert graph.publications(row) == statement.publications
    assert graph.row_of("iatros:0") is None


def test_a_qualifier_is_read_in_the_rows_that_are_asked_for(graph: GraphSnapshot) -> None:
    rows = graph.edges(Predicate.HAS_PHENOTYPE, negated=None).rows
    found = dict(zip(rows.tolist(), graph.qualifier_column("frequency_text", rows), strict=True))
    assert [graph.statement(row).onset for row, text in found.items() if text == "9/10"] == [
        "HP:0003581"
    ]


def test_publication_mask_finds_an_edge_by_any_of_its_references(graph: GraphSnapshot) -> None:
    mask = graph.without_publications({"PMID:1", "PMID:99"})
    assert [graph.statement(int(row)).object for row in np.flatnonzero(mask)] == ["HP:0002072"]
    left = graph.subset(~mask)
    assert left.n_edges == 3
    assert left.digest != graph.digest
    assert not left.without_publications({"PMID:1"}).any()


def test_undescribed_nodes_are_typed_by_prefix(graph: GraphSnapshot) -> None:
    gene = graph.index("HGNC:4851")
    assert gene is not None
    assert graph.node(gene).type is NodeType.GENE
    assert gene in graph.nodes_of(NodeType.GENE)


def test_sources_keep_their_licence(graph: GraphSnapshot) -> None:
    assert {s.name: s.licence for s in graph.sources} == {"hpoa": "HPO licence", "drugs": "CC0-1.0"}


def test_out_of_range_is_named(graph: GraphSnapshot) -> None:
    with pytest.raises(IndexError, match="5 nodes"):
        graph.node(99)
    with pytest.raises(IndexError, match="4 edges"):
        graph.statement(-1)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(nodes, max_size=6), st.lists(statements, max_size=8), st.lists(mappings, max_size=4),
    st.randoms(use_true_random=False),
)  # fmt: skip
def test_digest_does_not_depend_on_order(
    some: list[Node], edges: list[Statement], matches: list[Mapping], rng: random.Random
) -> None:
    first = GraphSnapshot.from_records(some, edges, matches, SOURCES)
    for records in (some, edges, matches):
        rng.shuffle(records)
    second = GraphSnapshot.from_records(some, edges + edges, matches, SOURCES[::-1])
    assert first.digest == second.digest
    assert set(first.statements()) == set(edges)


@pytest.mark.parametrize("change", ["frequency", "label", "source", "licence", "fewer"])
def test_digest_tells_graphs_apart(graph: GraphSnapshot, change: str) -> None:
    some, edges, facts = list(NODES), list(STATEMENTS), list(SOURCES)
    if change == "frequency":
        edges[0] = Statement(
            subject="MONDO:0007739",
            predicate=Predicate.HAS_PHENOTYPE,
            object="HP:0002072",
            source="hpoa",
            frequency=0.8,
        )
    elif change == "label":
        some[1] = Node(id="HP:0002072", type=NodeType.PHENOTYPE, label="chorea")
    elif change == "source":
        facts.pop()
    elif change == "licence":
        facts[0] = type(facts[0])(name="hpoa", licence="other")
    else:
        edges.pop()
    assert GraphSnapshot.from_records(some, edges, MAPPINGS, facts).digest != graph.digest


def test_save_and_load_give_the_same_graph(graph: GraphSnapshot, tmp_path: Path) -> None:
    graph.save(tmp_path / "snapshot")
    graph.save(tmp_path / "snapshot")  # a second time replaces the first
    loaded = GraphSnapshot.load(tmp_path / "snapshot")
    assert loaded.digest == graph.digest == loaded.compute_digest()
    assert list(loaded.nodes()) == list(graph.nodes())
    assert list(loaded.statements()) == list(graph.statements())
    assert loaded.sources == graph.sources
    assert [p.name for p in tmp_path.iterdir()] == ["snapshot"]


def test_broken_folders_are_refused_in_one_line(graph: GraphSnapshot, tmp_path: Path) -> None:
    with pytest.raises(SnapshotError, match="holds no graph"):
        GraphSnapshot.load(tmp_path)
    (tmp_path / "precious").write_text("data")
    with pytest.raises(SnapshotError, match="something else"):
        graph.save(tmp_path)
    graph.save(tmp_path / "s")
    (tmp_path / "s" / "edges.arrow").write_bytes(b"ARROW1")
    with pytest.raises(SnapshotError, match=r"edges\.arrow"):
        GraphSnapshot.load(tmp_path / "s")


def test_a_graph_of_an_older_vocabulary_stays_readable(
    graph: GraphSnapshot, tmp_path: Path
) -> None:
    graph.save(tmp_path / "s")
    manifest = tmp_path / "s" / "snapshot.json"
    facts = json.loads(manifest.read_text())
    names, types = facts["predicates"], facts["node_types"]
    here = [names.index(p.value) for p in (Predicate.CAUSES, Predicate.HAS_PHENOTYPE)]
    names[here[0]], names[here[1]] = names[here[1]], names[here[0]]
    manifest.write_text(json.dumps(facts))
    loaded = GraphSnapshot.load(tmp_path / "s")
    heads = {loaded.node_ids[i] for i in loaded.edges(Predicate.CAUSES, negated=None).head}
    assert heads == {"MONDO:0007739"}  # what was written as has_phenotype under the other list
    assert (np.diff(loaded.edges(negated=None).predicate) >= 0).all()
    types[0] = "Spaceship"
    manifest.write_text(json.dumps(facts))
    with pytest.raises(SnapshotError, match="Spaceship"):
        GraphSnapshot.load(tmp_path / "s")


def test_a_graph_from_before_structures_stays_readable(
    graph: GraphSnapshot, tmp_path: Path
) -> None:
    graph.save(tmp_path / "s")
    path = tmp_path / "s" / "nodes.arrow"
    with pa.ipc.open_file(path.read_bytes()) as stored:
        table = stored.read_all()
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    assert GraphSnapshot.load(tmp_path / "s").nodes_of(NodeType.DRUG).size
    older = table.drop_columns(["structure"])
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, older.schema) as writer:
        writer.write_table(older)
    loaded = GraphSnapshot.load(tmp_path / "s")
    assert {node.structure for node in loaded.nodes()} == {""}
    assert [node.label for node in loaded.nodes()] == [node.label for node in graph.nodes()]


def test_empty_graph(tmp_path: Path) -> None:
    graph = GraphSnapshot.from_records([], [])
    graph.save(tmp_path / "s")
    loaded = GraphSnapshot.load(tmp_path / "s")
    assert (loaded.n_nodes, loaded.n_edges, len(loaded.edges())) == (0, 0, 0)


@settings(max_examples=25, deadline=None)
@given(st.lists(statements, max_size=12))
def test_incident_edges_are_those_of_networkx(edges: list[Statement]) -> None:
    graph = GraphSnapshot.from_records([], edges)
    oracle: nx.MultiDiGraph[str] = to_networkx(graph)
    for node, id_ in enumerate(graph.node_ids):
        keys = {key for *_, key in oracle.in_edges(id_, keys=True)}
        keys |= {key for *_, key in oracle.out_edges(id_, keys=True)}
        rows = graph.incident(node).tolist()
        assert rows == sorted(set(rows))
        assert {graph.statement_id(row) for row in rows} == keys
