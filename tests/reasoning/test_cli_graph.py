"""Building, asking, exporting and validating a small graph from the command line."""

import json
from pathlib import Path

import pytest

from kg.graph_folder import STORE
from kg.snapshot import GraphSnapshot
from kg.store import GraphStore
from tests.fusion.conftest import DISEASES, DRUGS, toy_records
from tests.kg.oxigraph_server import oxigraph_server
from tests.reasoning.conftest import Run


@pytest.fixture
def graph(tmp_path: Path, run: Run) -> Path:
    quads = tmp_path / "toy.nq"
    GraphSnapshot.from_records(*toy_records()).to_nquads(quads)
    folder = tmp_path / "graph"
    code, _, err = run("build", "--rdf", quads, "--out", folder)
    assert code == 0, err
    return folder


def test_query_answers_in_every_form(graph: Path, run: Run) -> None:
    question = f"SELECT ?drug {{ ?drug biolink:treats {DISEASES[0]} }} ORDER BY ?drug"
    code, out, _ = run("query", graph, question, "--format", "json")
    assert code == 0
    assert [row["drug"] for row in json.loads(out)] == [DRUGS[0], DRUGS[-1]]
    code, out, _ = run("query", graph, question, "--format", "tsv")
    assert out.splitlines() == ["drug", DRUGS[0], DRUGS[-1]]
    assert DRUGS[0] in run("query", graph, question)[1]
    assert run("query", graph, "ASK { ?x a biolink:Disease }")[1] == "true\n"
    code, _, err = run("query", graph, "SELECT nonsense")
    assert code == 1
    assert "SPARQL" in err
    assert run("query", graph, question, "--format", "xml")[0] == 2


@pytest.mark.parametrize("form", ["nquads", "turtle", "kgx", "graphml", "pyg"])
def test_export_writes_what_it_names(graph: Path, run: Run, tmp_path: Path, form: str) -> None:
    code, out, err = run("export", graph, "--format", form, "--out", tmp_path / "out")
    assert code == 0, err
    assert out.split()
    assert all(Path(line).stat().st_size > 0 for line in out.splitlines())


def test_export_to_a_server_that_is_then_asked_and_validated(graph: Path, run: Run) -> None:
    with oxigraph_server() as address:
        url = f"{address}/query"
        code, _, err = run("export", graph, "--format", "nquads", "--out", url)
        assert code == 0, err
        question = "SELECT ?drug ?disease { ?drug biolink:treats ?disease } ORDER BY ?drug ?disease"
        assert run("query", url, question)[1] == run("query", graph, question)[1]
        assert run("validate", url)[1] == run("validate", graph)[1]
        n_quads = "SELECT (COUNT(*) AS ?n) { GRAPH ?g { ?s ?p ?o } }"
        count = json.loads(run("query", url, n_quads, "--format", "json")[1])[0]["n"]
        assert int(count) == len(GraphStore(graph / STORE, read_only=True))
        assert run("export", graph, "--format", "turtle", "--out", url)[0] == 2
        code, _, err = run("query", f"{address}/wrong/query", question)
        assert code == 1
        assert "Check the address and the query" in err
        code, _, err = run("export", graph, "--format", "nquads", "--out", f"{address}/wrong/query")
        assert code == 1
        assert "HTTP 404" in err


def test_validate_counts_by_shape(graph: Path, run: Run) -> None:
    code, out, _ = run("validate", graph)
    assert "violations" in out.splitlines()[0]
    assert code == (0 if out.startswith("0 violations") else 1)


def test_a_missing_graph_is_one_line(run: Run, tmp_path: Path) -> None:
    for words in (
        ("query", tmp_path / "x", "ASK {}"),
        ("validate", tmp_path / "x"),
        ("export", tmp_path / "x", "--format", "kgx", "--out", tmp_path / "y"),
        ("build", "--rdf", tmp_path / "x.ttl", "--out", tmp_path / "y"),
        ("build", "--exclude-publications", tmp_path / "x.txt", "--out", tmp_path / "y"),
    ):
        code, _, err = run(*words)
        assert code == 1, words
        assert len(err.strip().splitlines()) == 1, err
        assert str(tmp_path / "x") in err


def test_wrong_usage_of_build_is_status_two(run: Run, tmp_path: Path) -> None:
    assert run("build", "--profile", "nope", "--out", tmp_path / "y")[0] == 2
    assert run("build", "--licence-filter", "nope", "--out", tmp_path / "y")[0] == 2
