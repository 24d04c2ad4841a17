"""Out as N-Quads and back: the same set of quads, term for term, and the same snapshot."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pyoxigraph as ox
import pytest
import rdflib
from hypothesis import given, settings
from hypothesis import strategies as st
from rdflib.compare import isomorphic

from kg.canonical import digest_of_dump, digest_of_file, digest_of_quads
from kg.case import ClinicalCase, Measurement
from kg.cases.rdf import case_to_nquads
from kg.columns import SourceRecord
from kg.compile import compile_snapshot
from kg.export import export
from kg.rdf import QuadWriter, write_nquads
from kg.snapshot import GraphSnapshot
from kg.statements import Mapping, Node, Statement
from kg.store import GraphStore
from tests.kg.records import MAPPINGS, NODES, SOURCES, STATEMENTS, mappings, nodes, statements

CASE = ClinicalCase(
    case_id="p 1",
    sex="female",
    age_years=1.0,
    note='a "note"\u2028of two lines',
    measurements=(Measurement(code="LOINC:2160-0", value=1e-05, unit="mg/dL"),),
)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(nodes, max_size=4), st.lists(statements, max_size=4), st.lists(mappings, max_size=4)
)
def test_a_store_gives_back_the_quads_that_were_written(
    some: list[Node], said: list[Statement], same: list[Mapping]
) -> None:
    writer = QuadWriter([*SOURCES, SourceRecord(name="a b/c", licence="x", release="1")])
    text = "".join(writer.lines([*some, *same, *said, *NODES, *MAPPINGS, *STATEMENTS]))
    written = list(ox.parse(text.encode(), format=ox.RdfFormat.N_QUADS))
    store = GraphStore()
    store.load_text(text)
    assert digest_of_quads(store.quads()) == digest_of_quads(written)
    assert len(store) == digest_of_quads(written).n_quads
    with TemporaryDirectory() as folder:
        store.dump(dump := Path(folder) / "dump.nq")
        assert digest_of_dump(dump) == digest_of_file(dump) == digest_of_quads(written)


def test_patients_come_back_term_for_term() -> None:
    text = "".join(case_to_nquads(CASE, include_notes=True))
    store = GraphStore()
    store.load_text(text)
    written = digest_of_quads(ox.parse(text.encode(), format=ox.RdfFormat.N_QUADS))
    assert digest_of_quads(store.quads()) == written


# rdflib warns of its own parts.
@pytest.mark.filterwarnings("ignore:Dataset:DeprecationWarning")
def test_another_library_calls_the_graphs_isomorphic(tmp_path: Path) -> None:
    first = tmp_path / "1.nq"
    write_nquads(first, [*NODES, *MAPPINGS, *STATEMENTS], sources=SOURCES)
    store = GraphStore()
    store.bulk_load([first])
    store.dump(tmp_path / "2.nq")
    assert digest_of_file(first) == digest_of_file(tmp_path / "2.nq")
    graphs = []
    for path in (first, tmp_path / "2.nq"):
        read = rdflib.Dataset()
        read.parse(data=path.read_text("utf-8"), format="nquads")
        graphs.append({graph.identifier: graph for graph in read.graphs() if len(graph)})
    assert graphs[0].keys() == graphs[1].keys()
    assert all(isomorphic(graph, graphs[1][name]) for name, graph in graphs[0].items())


def test_a_snapshot_leads_through_rdf_to_itself(tmp_path: Path) -> None:
    snapshot = GraphSnapshot.from_records(NODES, STATEMENTS, MAPPINGS, SOURCES)
    store = GraphStore()
    store.bulk_load(export(snapshot, "nquads", tmp_path / "a.nq"))
    assert compile_snapshot(store).digest == snapshot.digest


def test_the_digest_sees_terms_and_not_order() -> None:
    def digest(text: str) -> str:
        return digest_of_quads(ox.parse(text.encode(), format=ox.RdfFormat.N_QUADS)).sha256

    one, two = "<urn:a> <urn:b> <urn:c> <urn:g> .\n", '<urn:a> <urn:b> "c" <urn:g> .\n'
    assert digest(one + two) == digest(two + one + two)
    assert digest(one) != digest(one.replace("<urn:g>", "<urn:h>"))
    assert digest(two) != digest(two.replace('"c"', '"c"@en'))
    assert digest('<urn:a> <urn:b> "_:x" .') != digest(one)
    with pytest.raises(ValueError, match="blank node"):
        digest("_:a <urn:b> <urn:c> .")


def test_the_digest_of_a_dump_refuses_blank_nodes_and_not_their_look(tmp_path: Path) -> None:
    (dump := tmp_path / "dump.nq").write_text('<urn:a> <urn:b> "_:c" .\n')
    assert digest_of_dump(dump) == digest_of_file(dump)
    dump.write_text("_:a <urn:b> <urn:c> .\n")
    with pytest.raises(ValueError, match="blank node"):
        digest_of_dump(dump)
