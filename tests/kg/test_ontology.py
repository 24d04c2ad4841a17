import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.ontology import Ontology
from kg.snapshot import GraphSnapshot
from kg.statements import Statement
from kg.vocabulary import NodeType, Predicate


@st.composite
def hierarchies(draw: st.DrawFn) -> tuple[int, list[tuple[int, int]]]:
    """Edges from a higher to a lower position: any directed acyclic graph."""
    n = draw(st.integers(2, 12))
    pairs = st.integers(1, n - 1).flatmap(
        lambda child: st.tuples(st.just(child), st.integers(0, child - 1))
    )
    return n, draw(st.lists(pairs, max_size=25))


def _ontology(n: int, edges: list[tuple[int, int]]) -> Ontology:
    ids = [f"HP:{i}" for i in range(n)]
    return Ontology.from_edges(ids, [c for c, _ in edges], [p for _, p in edges])


@given(hierarchies())
def test_ancestors_and_descendants_are_those_of_networkx(
    hierarchy: tuple[int, list[tuple[int, int]]],
) -> None:
    n, edges = hierarchy
    ontology = _ontology(n, edges)
    graph = nx.DiGraph(edges)
    graph.add_nodes_from(range(n))
    for term in range(n):
        assert set(ontology.ancestors_of(term)) == nx.descendants(graph, term) | {term}
        assert set(ontology.descendants_of(term)) == nx.ancestors(graph, term) | {term}


@given(hierarchies(), st.integers(0, 2**32 - 1))
def test_mica_is_the_largest_content_of_a_common_ancestor(
    hierarchy: tuple[int, list[tuple[int, int]]], seed: int
) -> None:
    n, edges = hierarchy
    ontology = _ontology(n, edges)
    content = np.random.default_rng(seed).random(n).astype(np.float32)
    found = ontology.mica(list(range(n)), content)
    for first in range(n):
        for second in range(n):
            common = np.intersect1d(ontology.ancestors_of(first), ontology.ancestors_of(second))
            expected = content[common].max() if len(common) else 0.0
            assert found[first, second] == pytest.approx(expected)


def test_a_cycle_makes_its_members_ancestors_of_each_other() -> None:
    ontology = _ontology(3, [(0, 1), (1, 0), (2, 1)])
    assert ontology.ancestors_of(0).tolist() == [0, 1]
    assert ontology.ancestors_of(2).tolist() == [0, 1, 2]


def test_content_falls_with_the_number_of_carriers_and_is_finite() -> None:
    ontology = _ontology(3, [(1, 0), (2, 0)])
    content = ontology.information_content([10, 1, 0], total=10)
    assert content[0] == 0
    assert 0 < content[1] < content[2] < np.inf


def test_snapshot_hierarchy_keeps_only_its_own_type() -> None:
    def is_a(child: str, parent: str) -> Statement:
        return Statement(
            subject=child, predicate=Predicate.SUBCLASS_OF, object=parent, source="toy"
        )

    graph = GraphSnapshot.from_records(
        [],
        [
            is_a("HP:0000118", "HP:0000001"),
            is_a("HP:0000005", "HP:0000001"),
            is_a("MONDO:2", "MONDO:1"),
        ],
    )
    ontology = Ontology.from_snapshot(graph, NodeType.PHENOTYPE)
    assert set(ontology.ids) == {"HP:0000001", "HP:0000005", "HP:0000118"}
    assert ontology.below("HP:0000118").sum() == 1
    assert ontology.below("HP:9999999").all()
    node = graph.index("HP:0000118")
    assert node is not None
    at = ontology.position(node)
    assert at is not None
    assert ontology.ids[at] == "HP:0000118"
    disease = graph.index("MONDO:1")
    assert disease is not None
    assert ontology.position(disease) is None


def test_nodes_of_another_length_are_refused() -> None:
    with pytest.raises(ValueError, match="2 indices for 1 terms"):
        Ontology.from_edges(["HP:1"], [], [], nodes=[1, 2])


def test_closure_is_the_union_of_ancestors() -> None:
    ontology = _ontology(4, [(1, 0), (2, 0), (3, 2)])
    assert ontology.closure([1, 3]).tolist() == [0, 1, 2, 3]
    assert ontology.closure([]).tolist() == []
