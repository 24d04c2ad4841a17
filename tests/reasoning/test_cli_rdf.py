"""`iatros build --rdf` on the command line."""

from pathlib import Path

import pytest

from kg.snapshot import GraphSnapshot
from kg.vocabulary import Predicate
from reasoning.cli import main

GRAPH = """
<https://example.org/pill> <https://example.org/helps> <http://purl.obolibrary.org/obo/MONDO_1> .
"""
MAPPING = '[predicates]\n"https://example.org/helps" = "treats"\n'


def run(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr("sys.argv", ["iatros", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def test_build_reads_somebody_elses_graph(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "g.nt").write_text(GRAPH)
    (tmp_path / "m.toml").write_text(MAPPING)
    options = ["--rdf", str(tmp_path / "g.nt"), "--mapping", str(tmp_path / "m.toml")]
    assert run(["build", *options, "--out", str(tmp_path / "out")], monkeypatch) == 0
    graph = GraphSnapshot.load(tmp_path / "out" / "snapshot")
    assert len(graph.edges(Predicate.TREATS)) == graph.n_edges == 1
    assert [source.name for source in graph.sources] == ["g"]
    capsys.readouterr()


@pytest.mark.parametrize(
    ("given", "reason", "status"),
    [
        (["--rdf", "nowhere.ttl"], "no such file", 1),
        (["--rdf", "g.nt", "--mapping", "g.nt"], "cannot be read as TOML", 1),
        (["--mapping", "g.nt"], "give --rdf too", 2),
    ],
)
def test_wrong_input_is_one_line(
    given: list[str],
    reason: str,
    status: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "g.nt").write_text(GRAPH)
    assert run(["build", *given, "--out", str(tmp_path / "out")], monkeypatch) == status
    assert reason in " ".join(capsys.readouterr().err.split())
