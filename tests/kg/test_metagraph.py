"""The picture of a build shows every type, the heaviest relations, and says what it leaves out."""

from pathlib import Path

import pytest

from kg.metagraph import draw_metagraph

NODES = {"Disease": 9, "Drug": 4, "Gene": 3}
EDGES = [
    ("Drug", "treats", "Disease", 1200),
    ("Drug", "contraindicated_in", "Disease", 30),
    ("Drug", "has_adverse_event", "Disease", 7),
    ("Disease", "subclass_of", "Disease", 55),
    ("Disease", "related_to", "Drug", 2),
]


def drawn(path: Path, nodes: dict[str, int], edges: list[tuple[str, str, str, int]]) -> str:
    draw_metagraph(nodes, edges, path)
    return path.read_text("utf-8")


def test_types_relations_and_counts_are_in_the_picture(tmp_path: Path) -> None:
    text = drawn(tmp_path / "m.svg", NODES, EDGES)
    for words in ("Gene", "treats 1,200", "contraindicated in 30", "+ 1 more 7", "subclass of 55"):
        assert f"<!-- {words}" in text or words in text
    assert "not drawn" not in text
    assert text == drawn(tmp_path / "n.svg", NODES, EDGES)  # the same on every day


def test_what_is_not_drawn_is_counted(tmp_path: Path) -> None:
    many = [(f"T{n}", "related_to", f"T{m}", 10 + n) for n in range(6) for m in range(6) if n != m]
    text = drawn(tmp_path / "m.svg", {f"T{n}": n for n in range(6)}, many)
    assert "not drawn: 14 further pairs of types" in text


@pytest.mark.parametrize("nodes", [{}, {"Drug": 1}])
def test_a_graph_without_edges_has_a_picture_too(tmp_path: Path, nodes: dict[str, int]) -> None:
    assert "svg" in drawn(tmp_path / "m.svg", nodes, [])
