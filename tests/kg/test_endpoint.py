import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pyoxigraph as ox
import pytest

from kg.compile import compile_snapshot
from kg.endpoint import EndpointSettings, SparqlEndpoint
from kg.rdf import write_nquads
from kg.snapshot import GraphSnapshot
from kg.store import GraphStore, StoreError
from kg.validate import validate
from tests.kg.oxigraph_server import oxigraph_server
from tests.kg.records import NODES, SOURCES, STATEMENTS


class Handler(BaseHTTPRequestHandler):
    """The smallest SPARQL 1.1 service: Oxigraph behind two paths, with a fault to inject."""

    store: ClassVar[ox.Store]
    n_faults: ClassVar[int] = 0
    n_requests: ClassVar[int] = 0

    stall_seconds: ClassVar[float] = 0.0
    union: ClassVar[bool] = True

    def do_POST(self) -> None:
        kind = type(self)
        kind.n_requests += 1
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        time.sleep(kind.stall_seconds)
        if kind.n_faults:
            kind.n_faults -= 1
            self._answer(503, b"busy")
            return
        try:
            if self.path == "/store":
                kind.store.load(body.encode(), format=ox.RdfFormat.N_QUADS)
                self._answer(204, b"")
                return
            if self.path == "/update":
                kind.store.update(body)
                self._answer(204, b"")
                return
            found = kind.store.query(body, use_default_graph_as_union=kind.union)
        except SyntaxError as error:
            self._answer(400, str(error).encode())
            return
        if isinstance(found, ox.QueryTriples):
            self._answer(200, found.serialize(format=ox.RdfFormat.N_TRIPLES) or b"")
            return
        is_tsv = "tab-separated" in self.headers["Accept"]
        form = ox.QueryResultsFormat.TSV if is_tsv else ox.QueryResultsFormat.JSON
        self._answer(200, found.serialize(format=form) or b"")

    def _answer(self, code: int, content: bytes) -> None:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # nobody waits any more
            self.send_response(code)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@pytest.fixture
def endpoint() -> Iterator[SparqlEndpoint]:
    handler = type("Fresh", (Handler,), {"store": ox.Store(), "n_faults": 0, "n_requests": 0})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    settings = EndpointSettings(
        timeout_seconds=5, pause_seconds=0.01, page_rows=3, page_quads=7, n_attempts=3
    )
    endpoint = SparqlEndpoint(f"http://127.0.0.1:{server.server_port}/query", settings)
    endpoint.handler = handler  # type: ignore[attr-defined]
    yield endpoint
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def quads(tmp_path: Path) -> Path:
    path = tmp_path / "graph.nq"
    write_nquads(path, [*NODES, *STATEMENTS], sources=SOURCES)
    return path


def test_the_same_build_goes_there_and_the_same_snapshot_comes_back(
    endpoint: SparqlEndpoint, quads: Path
) -> None:
    endpoint.bulk_load([quads])
    near = GraphStore()
    near.bulk_load([quads])
    assert len(endpoint) == len(near)
    assert endpoint.graphs() == near.graphs()
    expected = GraphSnapshot.from_records(NODES, STATEMENTS, (), SOURCES).digest
    assert compile_snapshot(endpoint).digest == expected
    assert validate(endpoint).counts == validate(near).counts


@pytest.mark.parametrize("option", ["--union-default-graph", None])
def test_an_oxigraph_server_as_it_comes_from_its_makers(quads: Path, option: str | None) -> None:
    near = GraphStore()
    near.bulk_load([quads])
    with oxigraph_server(*filter(None, [option])) as address:
        far = SparqlEndpoint(f"{address}/query")
        assert far.query("ASK { ?s ?p ?o }").answer is False
        far.bulk_load([quads])
        assert len(far) == len(near)
        assert compile_snapshot(far).digest == compile_snapshot(near).digest
        assert validate(far).counts == validate(near).counts


def test_a_server_that_shows_no_named_graph_is_told(endpoint: SparqlEndpoint, quads: Path) -> None:
    endpoint.bulk_load([quads])
    endpoint.handler.union = False  # type: ignore[attr-defined]
    with pytest.raises(StoreError, match="default graph is empty; let it show the union"):
        endpoint.query("ASK { ?s ?p ?o }")


def test_answers_of_each_kind(endpoint: SparqlEndpoint, quads: Path) -> None:
    endpoint.bulk_load([quads])
    assert endpoint.query("ASK { ?s a biolink:Drug }").answer is True
    rows = list(endpoint.query("SELECT ?l { HP:0002072 rdfs:label ?l }").rows)
    assert [str(term) for row in rows for term in row] == ["Chorea"]
    triples = endpoint.query("CONSTRUCT { ?s rdfs:label ?l } WHERE { ?s rdfs:label ?l }")
    assert len(list(triples.rows)) == len(NODES)


def test_a_busy_server_is_asked_again(endpoint: SparqlEndpoint) -> None:
    handler = endpoint.handler  # type: ignore[attr-defined]
    handler.n_faults = 2
    assert endpoint.query("ASK { ?s ?p ?o }").answer is False
    assert handler.n_requests == 4  # two were refused; one asks whether anything is there
    handler.n_faults = 3
    with pytest.raises(StoreError, match="HTTP 503: busy"):
        endpoint.query("ASK { ?s ?p ?o }")


def test_a_wrong_query_is_refused_at_once(endpoint: SparqlEndpoint) -> None:
    with pytest.raises(StoreError, match="HTTP 400"):
        endpoint.query("SELECT nonsense")
    assert endpoint.handler.n_requests == 2  # type: ignore[attr-defined]


def test_unreachable_and_unfit_addresses_are_named() -> None:
    quick = EndpointSettings(timeout_seconds=1, n_attempts=2, pause_seconds=0.0)
    with pytest.raises(StoreError, match=r"127\.0\.0\.1:9/query.*2 attempts"):
        SparqlEndpoint("http://127.0.0.1:9/query", quick).query("ASK {}")
    with pytest.raises(StoreError, match="starts with http"):
        SparqlEndpoint("file:///etc/passwd")


def test_a_server_that_does_not_answer_is_given_up_in_time(endpoint: SparqlEndpoint) -> None:
    handler = endpoint.handler  # type: ignore[attr-defined]
    handler.stall_seconds = 0.5
    quick = EndpointSettings(timeout_seconds=0.1, n_attempts=2, pause_seconds=0.0)
    began = time.perf_counter()
    with pytest.raises(StoreError, match=r"timed out \(2 attempts\)"):
        SparqlEndpoint(endpoint.url, quick).query("ASK { ?s ?p ?o }")
    assert time.perf_counter() - began < 2
    assert handler.n_requests == 2


@pytest.mark.parametrize("way", ["update", "store"])
def test_an_upload_that_is_cut_off_is_finished_without_repeats(
    endpoint: SparqlEndpoint, quads: Path, way: str
) -> None:
    handler = endpoint.handler  # type: ignore[attr-defined]
    near = GraphStore()
    near.bulk_load([quads])
    store_url = endpoint.url.replace("/query", "/store") if way == "store" else ""
    busy = SparqlEndpoint(endpoint.url, replace(endpoint.settings, store_url=store_url))
    handler.n_faults = 2
    busy.bulk_load([quads])
    busy.bulk_load([quads])
    assert handler.n_requests > 2 * len(near) // busy.settings.page_quads
    assert set(handler.store) == set(near.quads())
