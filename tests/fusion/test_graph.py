"""Which statements carry messages, and that left-out ones do not."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch

from fusion.gnn import GraphEncoder
from fusion.graph import SILENT_PREDICATES, GraphTensors, embed_nodes, node_texts
from kg.snapshot import GraphSnapshot
from kg.statements import Statement
from kg.vocabulary import NodeType, Predicate


def states_of(tensors: GraphTensors) -> torch.Tensor:
    torch.manual_seed(0)
    encoder = GraphEncoder(4, len(tensors.relations), dropout=0.0)
    start = torch.randn(tensors.n_nodes, 4)
    with torch.no_grad():
        states: torch.Tensor = encoder(start, tensors.adjacency)
    return states


def test_labels_never_carry_messages(
    graph: GraphSnapshot, node_text: npt.NDArray[np.float32]
) -> None:
    tensors = GraphTensors.from_snapshot(graph, node_text)
    spoken = {relation.predicate for relation in tensors.relations}
    assert spoken == {"subclass_of", "has_phenotype", "causes", "affects"}
    assert not spoken & {predicate.value for predicate in SILENT_PREDICATES}


def test_adverse_events_carry_messages_only_when_asked() -> None:
    graph = GraphSnapshot.from_records(
        [],
        [
            Statement(
                subject="DRUGBANK:DB00001",
                predicate=Predicate.HAS_ADVERSE_EVENT,
                object="HP:0000001",
                source="toy",
            )
        ],
    )
    text = np.zeros((graph.n_nodes, 2))
    assert GraphTensors.from_snapshot(graph, text).relations == ()
    asked = GraphTensors.from_snapshot(graph, text, adverse_events=True)
    assert [str(r) for r in asked.relations] == [
        "Drug has_adverse_event PhenotypicFeature",
        "Drug has_adverse_event PhenotypicFeature, inverse",
    ]


def test_leaving_rows_out_equals_a_graph_without_them(
    graph: GraphSnapshot, node_text: npt.NDArray[np.float32]
) -> None:
    dropped = graph.without_publications({"PMID:900", "PMID:903"})
    assert dropped.sum() == 6
    variant = GraphTensors.from_snapshot(graph, node_text).without_rows(dropped)
    rebuilt = GraphTensors.from_snapshot(graph.subset(~dropped), node_text)
    assert torch.equal(states_of(variant), states_of(rebuilt))


def test_a_triple_stays_as_long_as_one_source_says_it() -> None:
    def say(source: str, paper: str) -> Statement:
        return Statement(
            subject="OMIM:100001",
            predicate=Predicate.HAS_PHENOTYPE,
            object="HP:0000002",
            source=source,
            publications=(paper,),
        )

    graph = GraphSnapshot.from_records([], [say("a", "PMID:1"), say("b", "PMID:2")])
    tensors = GraphTensors.from_snapshot(graph, np.zeros((graph.n_nodes, 2)))
    assert tensors.adjacency.n_edges == 2  # one triple, both ways
    one = tensors.without_rows(graph.without_publications({"PMID:1"}))
    both = tensors.without_rows(graph.without_publications({"PMID:1", "PMID:2"}))
    assert (one.adjacency.n_edges, both.adjacency.n_edges) == (2, 0)


def test_negated_statements_carry_no_message() -> None:
    graph = GraphSnapshot.from_records(
        [],
        [
            Statement(
                subject="OMIM:100001",
                predicate=Predicate.HAS_PHENOTYPE,
                object="HP:0000002",
                source="a",
                negated=True,
            )
        ],
    )
    assert GraphTensors.from_snapshot(graph, np.zeros((graph.n_nodes, 2))).relations == ()


def test_node_texts_are_names_and_definitions_of_named_types(graph: GraphSnapshot) -> None:
    texts = node_texts(graph)
    disease, gene = graph.index("OMIM:100001"), graph.index("HGNC:1")
    assert disease is not None
    assert gene is not None
    assert texts[disease] == "disease 0"
    assert texts[gene] == ""
    assert len(texts) == graph.n_nodes
    asked: list[str] = []

    def embed(some: Sequence[str]) -> npt.NDArray[np.float32]:
        asked.extend(some)
        return np.ones((len(some), 3), dtype=np.float32)

    vectors = embed_nodes(graph, embed)
    assert "" not in asked
    assert not vectors[graph.nodes_of(NodeType.GENE)].any()
