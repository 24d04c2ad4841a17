from pathlib import Path

import pyoxigraph as ox
import pytest
import rdflib
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.columns import SourceRecord
from kg.compile import compile_snapshot
from kg.rdf import QuadWriter, write_nquads
from kg.snapshot import GraphSnapshot
from kg.statements import Mapping, Node, Statement
from kg.store import GraphStore
from kg.terms import (
    ASSOCIATION,
    FIELD_IRI,
    GRAPH_OF_CASES,
    PREDICATE_IRI,
    literal,
    source_iri,
    source_name,
)
from kg.vocabulary import NodeType
from tests.kg.records import (
    HPOA,
    MAPPINGS,
    NODES,
    SOURCES,
    STATEMENTS,
    mappings,
    nodes,
    statements,
    texts,
)


def _store(*records: Node | Mapping | Statement, sources: tuple[SourceRecord, ...]) -> GraphStore:
    store = GraphStore()
    store.load_text("".join(QuadWriter(sources).lines(records)))
    return store


@settings(max_examples=40, deadline=None)
@given(
    st.lists(nodes, max_size=5), st.lists(statements, max_size=6), st.lists(mappings, max_size=3)
)
def test_records_through_rdf_compile_to_the_same_digest(
    some: list[Node], edges: list[Statement], matches: list[Mapping]
) -> None:
    direct = GraphSnapshot.from_records(some, edges, matches, SOURCES)
    compiled = compile_snapshot(_store(*some, *edges, *matches, sources=SOURCES))
    assert list(compiled.nodes()) == list(direct.nodes())
    assert set(compiled.statements()) == set(direct.statements())
    assert compiled.sources == direct.sources
    assert compiled.digest == direct.digest


@settings(max_examples=20, deadline=None)
@given(st.lists(nodes, max_size=4), st.lists(statements, max_size=4))
def test_snapshot_to_rdf_to_snapshot_has_the_same_digest(
    tmp_path_factory: pytest.TempPathFactory, some: list[Node], edges: list[Statement]
) -> None:
    graph = GraphSnapshot.from_records(some, edges, MAPPINGS, SOURCES)
    path = tmp_path_factory.mktemp("rdf") / "graph.nq"
    graph.to_nquads(path)
    store = GraphStore()
    store.bulk_load([path])
    assert compile_snapshot(store).digest == graph.digest


@given(texts)
def test_literals_are_read_back_by_two_parsers(text: str) -> None:
    line = f"<urn:a> <urn:b> {literal(text)} .\n"
    (quad,) = ox.parse(line, format=ox.RdfFormat.N_TRIPLES)
    assert isinstance(quad.object, ox.Literal)
    assert quad.object.value == text
    (parsed,) = rdflib.Graph().parse(data=line, format="nt").objects()
    assert str(parsed) == text


def test_negated_statement_has_no_plain_triple() -> None:
    store = _store(*STATEMENTS, sources=SOURCES)
    ask = "ASK {{ MONDO:0007739 biolink:has_phenotype HP:{} }}"
    assert store.query(ask.format("0002072")).answer
    assert not store.query(ask.format("0000726")).answer
    assert store.query("ASK { ?a rdf:object HP:0000726 ; biolink:negated true }").answer


def test_every_association_has_source_licence_and_release() -> None:
    store = _store(*STATEMENTS, sources=SOURCES)
    sparql = """SELECT ?a ?licence ?release { ?a a biolink:Association ;
        biolink:primary_knowledge_source ?source ; dcterms:license ?licence ; pav:version ?release }
        """
    assert len(list(store.query(sparql).rows)) == len(STATEMENTS)
    assert store.graphs() == (source_iri("drugs"), source_iri("hpoa"))


def test_mapping_keeps_its_justification() -> None:
    store = _store(*MAPPINGS, sources=SOURCES)
    sparql = """SELECT ?object ?why { ?m owl:annotatedSource MONDO:0007739 ;
        owl:annotatedProperty skos:exactMatch ; owl:annotatedTarget ?object ;
        sssom:mapping_justification ?why }"""
    rows = [tuple(map(str, row)) for row in store.query(sparql).rows]
    assert rows == [("OMIM:143100", "https://w3id.org/semapv/vocab/UnspecifiedMatching")]


def test_edited_association_changes_id_and_digest(tmp_path: Path) -> None:
    path = tmp_path / "g.nq"
    write_nquads(path, [*NODES, *STATEMENTS], sources=SOURCES)
    before = path.read_text(encoding="utf-8")
    assert '"0.9"^^' in before
    path.write_text(before.replace('"0.9"^^', '"0.8"^^'), encoding="utf-8")
    store = GraphStore()
    store.bulk_load([path])
    edited = compile_snapshot(store)
    assert edited.digest != GraphSnapshot.from_records(NODES, STATEMENTS, (), SOURCES).digest
    assert {s.frequency for s in edited.statements()} == {0.8, None}


def test_graphs_of_patients_stay_out() -> None:
    store = _store(*NODES, sources=SOURCES)
    kind = f"<{FIELD_IRI['type']}> <https://w3id.org/biolink/vocab/Case>"
    store.load_text(f"<urn:patient> {kind} <{GRAPH_OF_CASES}> .")
    assert compile_snapshot(store).nodes_of(NodeType.CASE).size == 0
    assert compile_snapshot(store, without_graphs=()).nodes_of(NodeType.CASE).size == 1


def test_half_an_association_is_no_edge() -> None:
    store = _store(*NODES, sources=SOURCES)
    store.load_text(f"<urn:a> <{FIELD_IRI['type']}> <{ASSOCIATION}> <urn:g> .")
    assert compile_snapshot(store).n_edges == 0


def test_terms_are_distinct() -> None:
    assert len(set(FIELD_IRI.values())) == len(FIELD_IRI)
    assert len(set(PREDICATE_IRI.values())) == len(PREDICATE_IRI)
    assert source_name(source_iri("a b/c")) == "a b/c"


def test_source_facts_survive() -> None:
    (record,) = compile_snapshot(_store(sources=(HPOA,))).sources
    assert record == HPOA
