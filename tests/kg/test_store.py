from pathlib import Path

import pytest
import rdflib

from kg.query import Term
from kg.rdf import write_nquads
from kg.store import GraphStore, StoreError, open_store
from tests.kg.records import NODES, SOURCES, STATEMENTS

QUERIES = (
    "SELECT ?d ?l WHERE { ?d a biolink:Disease ; rdfs:label ?l }",
    "SELECT ?p (COUNT(?a) AS ?n) WHERE { ?a rdf:predicate ?p } GROUP BY ?p",
    "SELECT ?g WHERE { GRAPH ?g { ?a biolink:publications PMID:1 } }",
    "SELECT ?s ?f WHERE { ?a rdf:subject ?s OPTIONAL { ?a biolink:has_quotient ?f } }",
)


@pytest.fixture
def quads(tmp_path: Path) -> Path:
    path = tmp_path / "graph.nq"
    write_nquads(path, [*NODES, *STATEMENTS], sources=SOURCES)
    return path


@pytest.fixture
def store(quads: Path) -> GraphStore:
    store = GraphStore()
    store.bulk_load([quads])
    return store


@pytest.mark.filterwarnings("ignore:Dataset:DeprecationWarning")
@pytest.mark.parametrize("sparql", QUERIES)
def test_answers_are_those_of_rdflib(store: GraphStore, quads: Path, sparql: str) -> None:
    oracle = rdflib.Dataset(default_union=True)
    with quads.open("rb") as lines:
        oracle.parse(lines, format="nquads")
    header = "".join(
        f"PREFIX {name}: <{iri}>\n"
        for name, iri in (
            ("biolink", "https://w3id.org/biolink/vocab/"),
            ("PMID", "http://www.ncbi.nlm.nih.gov/pubmed/"),
        )
    )
    expected = sorted(
        tuple("" if value is None else str(value) for value in tuple(row))
        for row in oracle.query(header + sparql)
        if not isinstance(row, bool)
    )
    found = [
        tuple("" if term is None else term.value for term in row)
        for row in store.query(sparql).rows
    ]
    assert sorted(found) == expected
    assert found


def test_kinds_of_answers(store: GraphStore) -> None:
    assert store.query("ASK { ?s a biolink:Drug }").answer is True
    built = store.query("CONSTRUCT { ?s rdfs:label ?l } WHERE { ?s a biolink:Drug; rdfs:label ?l }")
    assert built.kind == "construct"
    (row,) = built.rows
    assert [str(term) for term in row] == ["DRUGBANK:DB04844", "rdfs:label", "Tetrabenazine"]
    assert str(Term(kind="blank", value="b")) == "_:b"


def test_rdflib_sees_the_same_store(store: GraphStore) -> None:
    dataset = store.as_rdflib()
    assert len(list(dataset.quads((None, None, None, None)))) == len(store)


def test_folder_is_kept_and_read_beside_a_reader(quads: Path, tmp_path: Path) -> None:
    writer = GraphStore(tmp_path / "store")
    writer.bulk_load([quads])
    writer.flush()
    n_quads = len(writer)
    del writer
    readers = [GraphStore(tmp_path / "store", read_only=True) for _ in range(2)]
    assert [len(reader) for reader in readers] == [n_quads, n_quads]


def test_dump_and_remove_graph(store: GraphStore, tmp_path: Path) -> None:
    store.dump(tmp_path / "copy.nq")
    copy = GraphStore()
    copy.bulk_load([tmp_path / "copy.nq"])
    assert set(copy.quads()) == set(store.quads())
    graph = store.graphs()[0]
    n_gone = len(list(store.quads(graph)))
    store.remove_graph(graph)
    assert len(copy) - len(store) == n_gone
    with pytest.raises(StoreError, match="one graph"):
        store.dump(tmp_path / "copy.ttl")


def test_a_file_of_triples_gets_its_own_graph(tmp_path: Path) -> None:
    (tmp_path / "mine.ttl").write_text("<urn:a> <urn:b> <urn:c> .")
    store = GraphStore()
    store.bulk_load([tmp_path / "mine.ttl"])
    assert store.graphs() == ("https://w3id.org/iatros/source/mine",)


def test_faults_name_the_file_or_the_query(store: GraphStore, tmp_path: Path) -> None:
    (tmp_path / "bad.nq").write_text("<urn:a> nonsense")
    (tmp_path / "x.csv").touch()
    for path, words in (
        (tmp_path / "bad.nq", "bad.nq"),
        (tmp_path / "none.nq", "none.nq"),
        (tmp_path / "x.csv", "unknown RDF format"),
    ):
        with pytest.raises(StoreError, match=words):
            store.bulk_load([path])
    with pytest.raises(StoreError, match="SPARQL"):
        store.query("SELECT nonsense")
    with pytest.raises(StoreError, match="no RDF store here"):
        open_store(tmp_path / "nowhere", read_only=True)
