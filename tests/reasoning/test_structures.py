"""Drugs are compared by their molecules; what cannot be compared is said and never guessed."""

import builtins

import pytest

from kg.snapshot import GraphSnapshot
from kg.statements import Node
from kg.vocabulary import NodeType
from reasoning.structures import StructureIndex

MOLECULES = {
    "salicylic acid": "InChI=1S/C7H6O3/c8-6-4-2-1-3-5(6)7(9)10/h1-4,8H,(H,9,10)",
    "sodium salicylate": "InChI=1S/C7H6O3.Na/c8-6-4-2-1-3-5(6)7(9)10;/h1-4,8H,(H,9,10);/q;+1/p-1",
    "aspirin": "InChI=1S/C9H8O4/c1-6(10)13-8-5-3-2-4-7(8)9(11)12/h2-5H,1H3,(H,11,12)",
    "caffeine": "InChI=1S/C8H10N4O2/c1-10-4-9-6-5(10)7(13)12(3)8(14)11(6)2/h4H,1-3H3",
    "broken": "InChI=1S/C9999/q",
    "a protein": "",
}


@pytest.fixture(scope="module")
def graph() -> GraphSnapshot:
    nodes = [
        Node(id=f"DRUGBANK:DB{number}", type=NodeType.DRUG, label=name, structure=text)
        for number, (name, text) in enumerate(MOLECULES.items())
    ]
    return GraphSnapshot.from_records(nodes=nodes, statements=[], mappings=[], sources=[])


def test_a_salt_is_its_substance_and_relatives_come_before_strangers(graph: GraphSnapshot) -> None:
    pytest.importorskip("rdkit")
    index = StructureIndex(graph, range(graph.n_nodes))
    at = {graph.node(node).label: node for node in range(graph.n_nodes)}
    found = index.nearest(at["salicylic acid"], 10)
    names = [graph.node(node).label for node, _ in found]
    assert names[:2] == ["sodium salicylate", "aspirin"]
    likeness = dict(zip(names, (value for _, value in found), strict=True))
    assert likeness["sodium salicylate"] == 1.0 > likeness["aspirin"] > likeness.get("caffeine", 0)
    assert not index.missing
    for name in ("broken", "a protein"):
        assert at[name] not in index
        assert index.nearest(at[name], 3) == []


def test_without_structures_or_without_rdkit_the_reason_is_said(
    graph: GraphSnapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    protein = next(n for n in range(graph.n_nodes) if graph.node(n).label == "a protein")
    assert "no treatment" in StructureIndex(graph, [protein]).missing
    real = builtins.__import__

    def without(name: str, *args: object, **kwargs: object) -> object:
        if name.startswith("rdkit"):
            raise ImportError(name)
        return real(name, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", without)
    index = StructureIndex(graph, range(graph.n_nodes))
    assert "iatros[chemistry]" in index.missing
    assert index.nearest(0, 3) == []
