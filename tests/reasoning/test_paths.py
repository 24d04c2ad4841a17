"""Paths: every hop exists, every path is simple and starts and ends where it should."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.snapshot import GraphSnapshot
from kg.statements import Node, Statement
from kg.vocabulary import NodeType, Predicate
from reasoning.paths import EvidenceGraph, to_path


def _names(graph: GraphSnapshot, nodes: tuple[int, ...]) -> list[str]:
    return [graph.labels[n] for n in nodes]


def test_direct_and_longer_paths_are_found_best_first(toy_graph: GraphSnapshot) -> None:
    evidence = EvidenceGraph(toy_graph)
    hemin, acute = toy_graph.index("DRUGBANK:DB00001"), toy_graph.index("MONDO:0000002")
    assert hemin is not None
    assert acute is not None
    paths = evidence.paths(hemin, acute)
    assert _names(toy_graph, paths[0].nodes) == ["hemin", "porphyria", "acute porphyria"]
    assert [p.score for p in paths] == sorted((p.score for p in paths), reverse=True)


def test_a_hop_against_its_direction_says_so(toy_graph: GraphSnapshot) -> None:
    evidence = EvidenceGraph(toy_graph)
    drug, disease = toy_graph.index("DRUGBANK:DB00003"), toy_graph.index("MONDO:0000001")
    assert drug is not None
    assert disease is not None
    path = to_path(toy_graph, evidence.paths(drug, disease)[0])
    assert [h.predicate for h in path.hops] == ["affects", "causes", "subclass_of"]
    assert [h.direction for h in path.hops] == ["forward", "forward", "forward"]
    assert path.hops[1].publications == ("PMID:1",)
    hemin, acute = toy_graph.index("DRUGBANK:DB00001"), toy_graph.index("MONDO:0000002")
    down = to_path(toy_graph, evidence.paths(hemin, acute)[0])  # type: ignore[arg-type]
    assert [h.direction for h in down.hops] == ["forward", "backward"]


def test_left_out_rows_are_not_used(toy_graph: GraphSnapshot) -> None:
    evidence = EvidenceGraph(toy_graph)
    hemin, disease = toy_graph.index("DRUGBANK:DB00001"), toy_graph.index("MONDO:0000001")
    row = evidence.paths(hemin, disease)[0].steps[0].row  # type: ignore[arg-type]
    assert evidence.paths(hemin, disease, without=frozenset({row})) == []  # type: ignore[arg-type]


def test_a_shown_hop_is_the_statement_of_its_row(toy_graph: GraphSnapshot) -> None:
    evidence = EvidenceGraph(toy_graph)
    drug, disease = toy_graph.index("DRUGBANK:DB00003"), toy_graph.index("MONDO:0000001")
    path = evidence.paths(drug, disease)[0]  # type: ignore[arg-type]
    for step, hop in zip(path.steps, to_path(toy_graph, path).hops, strict=True):
        statement = toy_graph.statement(step.row)
        assert (hop.subject.id, hop.object.id) == (statement.subject, statement.object)
        assert hop.predicate == statement.predicate.value
        assert hop.statement == statement.id
        assert hop.source == statement.source
        assert hop.publications == statement.publications


@st.composite
def _worlds(draw: st.DrawFn) -> GraphSnapshot:
    n = draw(st.integers(2, 7))
    drugs = [Node(id=f"DRUGBANK:DB{i:05d}", type=NodeType.DRUG) for i in range(n)]
    genes = [Node(id=f"HGNC:{i}", type=NodeType.GENE) for i in range(n)]
    diseases = [Node(id=f"MONDO:{i:07d}", type=NodeType.DISEASE) for i in range(n)]
    number = st.integers(0, n - 1)
    makers = st.one_of(
        st.tuples(st.just(Predicate.TREATS), number, number),
        st.tuples(st.just(Predicate.AFFECTS), number, number),
        st.tuples(st.just(Predicate.CAUSES), number, number),
        st.tuples(st.just(Predicate.SUBCLASS_OF), number, number),
    )
    ends = {
        Predicate.TREATS: (drugs, diseases),
        Predicate.AFFECTS: (drugs, genes),
        Predicate.CAUSES: (genes, diseases),
        Predicate.SUBCLASS_OF: (diseases, diseases),
    }
    statements = {
        Statement(subject=ends[p][0][i].id, predicate=p, object=ends[p][1][j].id, source="toy")
        for p, i, j in draw(st.lists(makers, min_size=1, max_size=25))
        if ends[p][0][i].id != ends[p][1][j].id
    }
    return GraphSnapshot.from_records([*drugs, *genes, *diseases], statements)


@settings(deadline=None, max_examples=60)
@given(_worlds())
def test_paths_agree_with_networkx_and_exist_in_the_graph(graph: GraphSnapshot) -> None:
    evidence = EvidenceGraph(graph)
    oracle = nx.Graph()
    edges = graph.edges(negated=False)
    oracle.add_edges_from(zip(edges.head.tolist(), edges.tail.tolist(), strict=True))
    for drug in graph.nodes_of(NodeType.DRUG).tolist():
        for disease in graph.nodes_of(NodeType.DISEASE).tolist():
            paths = evidence.paths(drug, disease, limit=1000)
            reachable = (
                drug in oracle
                and disease in oracle
                and nx.has_path(oracle, drug, disease)
                and nx.shortest_path_length(oracle, drug, disease) <= 4
            )
            assert bool(paths) == reachable
            for path in paths:
                assert path.nodes[0] == drug
                assert path.nodes[-1] == disease
                assert len(set(path.nodes)) == len(path.nodes)
                for step, (a, b) in zip(
                    path.steps, zip(path.nodes, path.nodes[1:], strict=False), strict=True
                ):
                    at = int(np.flatnonzero(edges.rows == step.row)[0])
                    ends = (int(edges.head[at]), int(edges.tail[at]))
                    assert ends == ((a, b) if step.forward else (b, a))
                shown = to_path(graph, path)
                assert all(
                    graph.statement(s.row).id == h.statement
                    for s, h in zip(path.steps, shown.hops, strict=True)
                )


@pytest.mark.parametrize("limit", [1, 2])
def test_no_more_paths_than_asked_for(toy_graph: GraphSnapshot, limit: int) -> None:
    evidence = EvidenceGraph(toy_graph)
    drug, disease = toy_graph.index("DRUGBANK:DB00005"), toy_graph.index("MONDO:0000001")
    assert len(evidence.paths(drug, disease, limit=limit)) <= limit  # type: ignore[arg-type]


@given(_worlds())
@settings(max_examples=50, deadline=None)
def test_fewer_paths_are_the_first_of_more(graph: GraphSnapshot) -> None:
    evidence = EvidenceGraph(graph)
    drugs, diseases = graph.nodes_of(NodeType.DRUG), graph.nodes_of(NodeType.DISEASE)
    every = evidence.paths(int(drugs[0]), int(diseases[0]), limit=1000)
    for limit in (1, 2, 3):
        assert evidence.paths(int(drugs[0]), int(diseases[0]), limit=limit) == every[:limit]


def test_a_grouping_of_very_many_is_no_evidence() -> None:
    drugs = [Node(id=f"DRUGBANK:DB{i:05d}", type=NodeType.DRUG) for i in range(70)]
    disease = Node(id="MONDO:0000001", type=NodeType.DISEASE)
    role = Node(id="CHEBI:1", type=NodeType.DRUG_CLASS, label="approved drugs")
    statements = [
        Statement(subject=d.id, predicate=Predicate.HAS_ROLE, object=role.id, source="toy")
        for d in drugs
    ]
    statements.append(
        Statement(subject=drugs[0].id, predicate=Predicate.TREATS, object=disease.id, source="toy")
    )
    graph = GraphSnapshot.from_records([*drugs, disease, role], statements)
    evidence = EvidenceGraph(graph)
    treated, other = graph.index(drugs[0].id), graph.index(drugs[1].id)
    target = graph.index(disease.id)
    assert treated is not None
    assert other is not None
    assert target is not None
    assert evidence.paths(treated, target)
    assert evidence.paths(other, target) == []


def _mechanisms(further: tuple[str, ...] = ()) -> GraphSnapshot:
    """A drug with two targets of the disease, an enzyme, and sister diseases that it treats."""
    drug, other = "DRUGBANK:DB00001", "DRUGBANK:DB00002"
    nodes = [Node(id=i, type=NodeType.DRUG, label=i) for i in (drug, other)]
    nodes += [Node(id=f"HGNC:{i}", type=NodeType.GENE, label=f"gene {i}") for i in range(1, 5)]
    nodes += [
        Node(id=f"MONDO:000000{i}", type=NodeType.DISEASE, label=f"d{i}") for i in range(1, 4)
    ]

    def say(head: str, predicate: Predicate, tail: str, **more: object) -> Statement:
        return Statement(subject=head, predicate=predicate, object=tail, source="toy", **more)  # type: ignore[arg-type]

    said = [
        say(drug, Predicate.TREATS, "MONDO:0000002"),
        say("MONDO:0000001", Predicate.SUBCLASS_OF, "MONDO:0000003"),
        say("MONDO:0000002", Predicate.SUBCLASS_OF, "MONDO:0000003"),
        say("HGNC:4", Predicate.CAUSES, "MONDO:0000002"),
        say("HGNC:4", Predicate.CAUSES, "MONDO:0000001"),
    ]
    nodes += [Node(id=sister, type=NodeType.DISEASE, label=sister) for sister in further]
    for sister in further:
        said.append(say(drug, Predicate.TREATS, sister))
        said.append(say(sister, Predicate.SUBCLASS_OF, "MONDO:0000003"))
    for gene, role in (("HGNC:1", "target"), ("HGNC:2", "target"), ("HGNC:3", "enzyme")):
        said.append(say(drug, Predicate.AFFECTS, gene, qualifiers=(("role", role),)))
        said.append(say(gene, Predicate.CAUSES, "MONDO:0000001"))
        said.append(say(other, Predicate.AFFECTS, gene))
    said.append(say(other, Predicate.TREATS, "MONDO:0000001"))
    return GraphSnapshot.from_records(nodes, said)


def test_two_targets_come_before_a_relative_and_an_enzyme_after() -> None:
    graph = _mechanisms()
    drug, disease = graph.index("DRUGBANK:DB00001"), graph.index("MONDO:0000001")
    paths = EvidenceGraph(graph).paths(drug, disease, limit=100)  # type: ignore[arg-type]
    second = [graph.node_ids[path.nodes[1]] for path in paths]
    assert set(second[:2]) == {"HGNC:1", "HGNC:2"}
    assert second[2].startswith("MONDO:")
    assert second[3] == "HGNC:3"
    assert len({(p.nodes, tuple(s.forward for s in p.steps)) for p in paths}) == len(paths)


def test_the_disease_whose_treatments_the_ranker_read_most_stands_before_other_relatives() -> None:
    graph = _mechanisms(further=("MONDO:0000004", "MONDO:0000005"))
    drug, disease = graph.index("DRUGBANK:DB00001"), graph.index("MONDO:0000001")
    evidence = EvidenceGraph(graph)
    for name in ("MONDO:0000002", "MONDO:0000004", "MONDO:0000005"):
        read = np.zeros(graph.n_nodes, dtype=np.float32)
        read[graph.index(name)] = 0.2
        paths = evidence.paths(drug, disease, limit=3, read=read)  # type: ignore[arg-type]
        second = [graph.node_ids[path.nodes[1]] for path in paths]
        assert set(second[:2]) == {"HGNC:1", "HGNC:2"}  # mechanisms stay where they are
        assert second[2] == name


def test_a_gene_behind_another_disease_is_not_what_a_drug_acts_on() -> None:
    graph = _mechanisms()
    drug, disease = graph.index("DRUGBANK:DB00001"), graph.index("MONDO:0000001")
    chains, signs = EvidenceGraph(graph).read(drug, disease)  # type: ignore[arg-type]
    behind = graph.index("HGNC:4")
    through = (chains.node == behind).any(axis=1)
    assert through.any()
    assert behind not in signs.protein
    assert (signs.protein[through & (chains.n_hops == 3)] == -1).all()


def test_what_says_so_outright_stands_first() -> None:
    graph = _mechanisms()
    drug, disease = graph.index("DRUGBANK:DB00002"), graph.index("MONDO:0000001")
    paths = EvidenceGraph(graph).paths(drug, disease)  # type: ignore[arg-type]
    assert len(paths[0].steps) == 1
    assert len(paths) == 3


def test_templates_have_names_to_be_read() -> None:
    graph = _mechanisms()
    drug, disease = graph.index("DRUGBANK:DB00001"), graph.index("MONDO:0000001")
    _, signs = EvidenceGraph(graph).read(drug, disease)  # type: ignore[arg-type]
    names = {signs.name(int(code)) for code in signs.template}
    assert "affects> Gene causes> Disease" in names
    assert "affects> Gene <affects Drug treats> Disease" in names
    assert "treats> Disease subclass_of> Disease <subclass_of Disease" in names
