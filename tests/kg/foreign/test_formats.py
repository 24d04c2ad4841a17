"""One small graph in every format and from every kind of place gives the same records."""

import gzip
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pyoxigraph as ox
import pytest

from kg.files import DataFiles
from kg.foreign import rdf_sources
from kg.snapshot import GraphSnapshot
from kg.sources import DropReport
from kg.statements import Mapping, Node, Statement
from kg.store import StoreError
from kg.vocabulary import NodeType, Predicate

TURTLE = """
@prefix biolink: <https://w3id.org/biolink/vocab/> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix obo: <http://purl.obolibrary.org/obo/> .
@prefix ex: <https://example.org/> .

obo:MONDO_0007739 a biolink:Disease ; rdfs:label "Huntington disease"@en , "Chorea-Huntington"@de ;
  skos:exactMatch <https://omim.org/entry/143100> ; biolink:has_phenotype obo:HP_0002072 .
ex:pill a biolink:Drug ; rdfs:label "Pill" ; biolink:treats obo:MONDO_0007739 ; ex:price "3" ;
  <https://w3id.org/chemrof/inchi_string> "InChI=1S/H2O/h1H2" .
obo:MONDO_1 rdfs:subClassOf obo:MONDO_0007739 ; rdfs:label "a kind of it" .
ex:a1 a biolink:Association ; rdf:subject obo:MONDO_0007739 ;
  rdf:predicate biolink:has_phenotype ; rdf:object obo:HP_0002072 ;
  biolink:has_quotient 0.9 ; biolink:publications "PMID:2;PMID:1" ;
  biolink:primary_knowledge_source ex:orphanet .
[] a biolink:DiseaseToPhenotypicFeatureAssociation ; biolink:subject obo:MONDO_0007739 ;
  biolink:predicate biolink:has_phenotype ; biolink:object obo:HP_0000726 ; biolink:negated true .
ex:a2 rdf:subject ex:pill ; rdf:predicate biolink:cures ; rdf:object obo:MONDO_0007739 .
"""


def triples() -> list[ox.Triple]:
    return [quad.triple for quad in ox.parse(TURTLE.encode(), format=ox.RdfFormat.TURTLE)]


def in_graph(some: list[ox.Triple], name: str | None = "https://example.org/g") -> list[ox.Quad]:
    graph = ox.DefaultGraph() if name is None else ox.NamedNode(name)
    return [ox.Quad(t.subject, t.predicate, t.object, graph) for t in some]


def read(location: Path | str, cache: Path) -> tuple[GraphSnapshot, DropReport]:
    (source,) = rdf_sources([str(location)], cache=cache)
    report = DropReport()
    records = list(source.read(DataFiles(), report))
    return (
        GraphSnapshot.from_records(
            [r for r in records if isinstance(r, Node)],
            [r for r in records if isinstance(r, Statement)],
            [r for r in records if isinstance(r, Mapping)],
        ),
        report,
    )


def check(graph: GraphSnapshot, report: DropReport) -> None:
    disease = graph.index("OMIM:143100")
    assert disease is not None
    assert graph.node(disease).label == "Huntington disease"
    (row,) = graph.edges(Predicate.HAS_PHENOTYPE).rows
    found = graph.statement(int(row))
    assert (found.subject, found.object) == ("MONDO:0007739", "HP:0002072")
    assert (found.frequency, found.publications) == (0.9, ("PMID:1", "PMID:2"))
    assert found.qualifier("stated_by") == "https://example.org/orphanet"
    (pill,) = graph.nodes_of(NodeType.DRUG).tolist()
    assert graph.node(pill).structure == "InChI=1S/H2O/h1H2"
    (denied,) = graph.edges(Predicate.HAS_PHENOTYPE, negated=True).rows
    assert graph.statement(int(denied)).object == "HP:0000726"
    (treats,) = graph.edges(Predicate.TREATS).rows
    assert graph.statement(int(treats)).subject == "https://example.org/pill"
    child = graph.index("MONDO:0000001")
    assert child is not None
    assert graph.node(child).type is NodeType.DISEASE
    assert report.dropped["property that the mapping does not name"] == 1
    assert report.dropped["association with a predicate that the mapping does not name"] == 1
    assert report.dropped["text in another language than English"] == 1


@pytest.mark.parametrize("suffix", [".ttl", ".nt", ".rdf", ".nq", ".trig", ".jsonld", ".nt.gz"])
def test_every_format(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"theirs{suffix}"
    formats = {".ttl": "TURTLE", ".nt": "N_TRIPLES", ".rdf": "RDF_XML", ".nq": "N_QUADS"}
    name = formats | {".trig": "TRIG", ".jsonld": "JSON_LD", ".nt.gz": "N_TRIPLES"}
    content = ox.serialize(triples(), format=getattr(ox.RdfFormat, name[suffix]))
    assert content is not None
    path.write_bytes(gzip.compress(content) if suffix.endswith(".gz") else content)
    check(*read(path, tmp_path))


def test_a_named_graph_and_the_default_graph_are_both_read(tmp_path: Path) -> None:
    path = tmp_path / "theirs.nq"
    there, half = triples(), len(triples()) // 2
    quads = [*in_graph(there[:half]), *(in_graph(there[half:], None))]
    ox.serialize(quads, path, ox.RdfFormat.N_QUADS)
    check(*read(path, tmp_path))


def test_a_byte_order_mark_is_no_error(tmp_path: Path) -> None:
    path = tmp_path / "theirs.ttl"
    path.write_bytes(b"\xef\xbb\xbf" + TURTLE.encode())
    check(*read(path, tmp_path))


class _Server(BaseHTTPRequestHandler):
    store = ox.Store()

    def do_GET(self) -> None:
        content, kind = TURTLE.encode(), "text/turtle; charset=utf-8"
        if self.path == "/page":
            content, kind = b"<html>", "text/html"
        self._answer(content, kind)

    def do_POST(self) -> None:
        query = self.rfile.read(int(self.headers["Content-Length"])).decode()
        found = self.store.query(query)
        assert isinstance(found, ox.QuerySolutions)
        self._answer(found.serialize(format=ox.QueryResultsFormat.TSV) or b"", "text/plain")

    def _answer(self, content: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    there, half = triples(), len(triples()) // 2
    _Server.store.extend([*in_graph(there[:half], None), *in_graph(there[half:])])
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Server)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize("place", ["/theirs.ttl", "/download", "/sparql", "sparql+"])
def test_addresses_and_endpoints(place: str, address: str, tmp_path: Path) -> None:
    location = f"sparql+{address}/ask" if place == "sparql+" else address + place
    check(*read(location, tmp_path))


def test_what_is_no_rdf_is_refused_in_one_line(address: str, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"text/html, which is no RDF; write sparql\+"):
        read(f"{address}/page", tmp_path)
    with pytest.raises(StoreError, match="no such file"):
        read(tmp_path / "none.ttl", tmp_path)


BOMB = """<?xml version="1.0"?>
<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;">]>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/>"""
FILE_ENTITY = BOMB.replace('"aaaaaaaaaa"', 'SYSTEM "file:///etc/passwd"')


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("bomb.rdf", BOMB.encode(), "entity 'b' is nested, external or long; refused"),
        ("file.owl", FILE_ENTITY.encode(), "entity 'a' is nested, external or long; refused"),
        ("cut.ttl", TURTLE.encode()[:-60], "cannot be read as Turtle"),
        (
            "cut.nt.gz",
            gzip.compress(b"<urn:a> <urn:b> <urn:c> .\n" * 9, mtime=0)[:-9],
            "cannot be read",
        ),
        ("latin.nt", b'<urn:a> <urn:b> "\xe9" .', "cannot be read as N-Triples"),
        ("far.jsonld", b'{"@context": "https://example.org/c", "@id": "urn:a"}', "JSON-LD"),
        ("table.csv", b"a,b\n", "unknown RDF format; known: .nq"),
    ],
)
def test_hostile_files_are_refused_in_one_line(
    name: str, content: bytes, reason: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(StoreError, match=reason) as caught:
        read(path, tmp_path)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_entity_that_abbreviates_a_namespace_is_welcome(tmp_path: Path) -> None:
    path = tmp_path / "usual.owl"
    path.write_text(
        '<?xml version="1.0"?>\n<!DOCTYPE rdf:RDF [<!ENTITY obo "http://purl.obolibrary.org/obo/">]>'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
        'xmlns:rdfs="http://www.w3.org/2000/01/rdf-schema#">'
        '<rdf:Description rdf:about="&obo;HP_1"><rdfs:subClassOf rdf:resource="&obo;HP_0000118"/>'
        "</rdf:Description></rdf:RDF>"
    )
    graph, _ = read(path, tmp_path)
    assert graph.node_ids == ("HP:0000001", "HP:0000118")
