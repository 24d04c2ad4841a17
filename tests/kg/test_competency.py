"""docs/competency.md: every question has the same, hand-checked answer in three stores."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import rdflib

from kg.endpoint import SparqlEndpoint
from kg.query import Term, with_prefixes
from kg.rdf import write_nquads
from kg.store import GraphStore, TripleStore
from kg.validate import validate
from tests.kg.competency import MAPPINGS, NODES, SOURCES, STATEMENTS
from tests.kg.oxigraph_server import oxigraph_server

# rdflib warns of its own parts.
pytestmark = pytest.mark.filterwarnings("ignore:Dataset:DeprecationWarning")

PAGE = Path(__file__).resolve().parents[2] / "docs" / "competency.md"
QUESTIONS = re.findall(
    r"^## \d+\. (.+?)\n\n```sparql\n(.*?)```\n\n```answer\n(.*?)```",
    PAGE.read_text("utf-8"),
    re.M | re.S,
)

Ask = Callable[[str], list[str]]


@pytest.fixture(scope="module")
def quads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("world") / "world.nq"
    write_nquads(path, [*NODES, *MAPPINGS, *STATEMENTS], sources=SOURCES)
    return path


def _line(terms: list[Term | None]) -> str:
    return " | ".join("" if term is None else str(term) for term in terms)


def _asking(store: TripleStore) -> Ask:
    return lambda sparql: sorted(_line(list(row)) for row in store.query(sparql).rows)


def _of_rdflib(term: object) -> Term | None:
    if isinstance(term, rdflib.URIRef):
        return Term(kind="iri", value=str(term))
    return None if term is None else Term(kind="literal", value=str(term))


@pytest.fixture(scope="module")
def stores(quads: Path) -> Iterator[dict[str, Ask]]:
    plain = rdflib.Dataset(default_union=True)
    plain.parse(data=quads.read_text("utf-8"), format="nquads")
    embedded = GraphStore()
    embedded.bulk_load([quads])

    def ask_rdflib(sparql: str) -> list[str]:
        rows = plain.query(with_prefixes(sparql))
        return sorted(_line([_of_rdflib(term) for term in row]) for row in rows)  # type: ignore[union-attr]

    with oxigraph_server("--union-default-graph") as address:
        remote = SparqlEndpoint(f"{address}/query")
        remote.bulk_load([quads])
        yield {"rdflib": ask_rdflib, "embedded": _asking(embedded), "server": _asking(remote)}


def test_there_are_at_least_25_questions() -> None:
    assert len(QUESTIONS) == PAGE.read_text("utf-8").count("\n## ") >= 25
    assert any(not answer for _, _, answer in QUESTIONS)


@pytest.mark.parametrize("question", QUESTIONS, ids=[q[0] for q in QUESTIONS])
@pytest.mark.parametrize("store", ["rdflib", "embedded", "server"])
def test_the_answer_is_the_one_worked_out_by_hand(
    question: tuple[str, str, str], store: str, stores: dict[str, Ask]
) -> None:
    _, sparql, answer = question
    assert stores[store](sparql) == sorted(answer.splitlines())


def test_the_world_is_a_valid_graph(quads: Path) -> None:
    store = GraphStore()
    store.bulk_load([quads])
    assert validate(store).n_violations == 0
