import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.convert import to_hetero_data, to_networkx
from kg.hetero import hetero_arrays
from kg.snapshot import GraphSnapshot
from kg.statements import Statement
from tests.kg.records import MAPPINGS, NODES, SOURCES, STATEMENTS, statements


@settings(max_examples=25, deadline=None)
@given(st.lists(statements, max_size=12))
def test_every_edge_is_in_one_edge_type(edges: list[Statement]) -> None:
    graph = GraphSnapshot.from_records([], edges)
    arrays = hetero_arrays(graph, with_negated=True)
    found = []
    for (head, relation, tail), ends in arrays.edge_index.items():
        for row, (i, j) in zip(arrays.edge_rows[head, relation, tail], ends.T, strict=True):
            statement = graph.statement(int(row))
            assert relation == ("not_" * statement.negated) + statement.predicate.value
            assert graph.node_ids[arrays.node_index[head][i]] == statement.subject
            assert graph.node_ids[arrays.node_index[tail][j]] == statement.object
            found.append(int(row))
    assert sorted(found) == list(range(graph.n_edges))
    n_nodes = sum(index.size for index in arrays.node_index.values())
    assert n_nodes == graph.n_nodes


@pytest.mark.filterwarnings("ignore:.*torch.jit.*")
def test_hetero_data_of_the_hand_made_graph() -> None:
    graph = GraphSnapshot.from_records(NODES, STATEMENTS, MAPPINGS, SOURCES)
    data = to_hetero_data(graph)
    assert data.validate()
    assert data["Disease"].num_nodes == 1
    edge_type = ("Disease", "has_phenotype", "PhenotypicFeature")
    assert data[edge_type].edge_index.shape == (2, 1)  # the negated one is left out
    np.testing.assert_allclose(data[edge_type].frequency.numpy(), [0.9], rtol=1e-6)
    assert len(to_hetero_data(graph, with_negated=True).edge_types) == len(data.edge_types) + 1


def test_networkx_has_nodes_edges_and_attributes() -> None:
    graph = GraphSnapshot.from_records(NODES, STATEMENTS, MAPPINGS, SOURCES)
    multigraph = to_networkx(graph)
    assert isinstance(multigraph, nx.MultiDiGraph)
    assert set(multigraph) == set(graph.node_ids)
    assert {key for *_, key in multigraph.edges(keys=True)} == {s.id for s in STATEMENTS}
    first = STATEMENTS[0]
    attributes = multigraph.edges[first.subject, first.object, first.id]
    assert attributes["frequency"] == 0.9
    assert attributes["publications"] == ["PMID:1", "PMID:2"]
    assert "sex" not in attributes
    assert multigraph.nodes["MONDO:0007739"]["xrefs"] == ["OMIM:143100", "ORPHA:399"]
