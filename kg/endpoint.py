"""A SPARQL 1.1 endpoint by URL, with the methods of `kg.store.GraphStore`.

Decides how requests are made: which paths are asked, how large a request is, when it is tried
again. The queries are those of the embedded store.
"""

import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPException
from itertools import islice
from pathlib import Path

import pyoxigraph as ox

from .query import QueryResult, decode_solutions, with_prefixes
from .store import StoreError, file_graph, path_iri, rdf_format
from .wording import in_words

__all__ = ["EndpointSettings", "SparqlEndpoint"]

_SPARQL_JSON = "application/sparql-results+json"
_TSV = "text/tab-separated-values"
_UNION = "union-default-graph"  # Oxigraph's own parameter of a query


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointSettings:
    """How a remote endpoint is asked.

    Attributes:
        timeout_seconds: Wait for an answer to begin, and between its parts.
        n_attempts: How often a request is made before giving up; only failures of the network and
            of a busy server (429, 502, 503, 504) are tried again.
        pause_seconds: Wait before the second attempt; it doubles with each.
        page_rows: Rows that one request asks for; 0 asks for all at once. Paging needs a server
            whose order does not change between requests, as Oxigraph's does.
        page_quads: Quads that one upload carries.
        update_url: Where updates go; empty for the query address with its last part `update`.
        store_url: Where N-Quads can be posted (Oxigraph: `/store`, the Graph Store protocol for
            whole data sets); an upload goes there when it is given, as updates otherwise.
        union: Queries have to see the union of all named graphs, as those of this project expect;
            False for one who asks for the graphs by name.
    """

    timeout_seconds: float = 120.0
    n_attempts: int = 4
    pause_seconds: float = 0.5
    page_rows: int = 500_000
    page_quads: int = 100_000
    update_url: str = ""
    store_url: str = ""
    union: bool = True


class SparqlEndpoint:
    """A store on another machine, spoken to in the SPARQL 1.1 protocol."""

    def __init__(self, url: str, settings: EndpointSettings | None = None) -> None:
        """Takes the address of the query service; nothing is asked yet."""
        if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
            raise StoreError(f"{url}: an endpoint address starts with http:// or https://")
        self.url = url
        self.settings = settings or EndpointSettings()
        self._update_url = self.settings.update_url or f"{url.rpartition('/')[0]}/update"
        # Of a union it is known as soon as there is something to see.
        self._query_url = None if self.settings.union else url

    def _post(self, url: str, body: bytes, *, content_type: str, accept: str) -> bytes:
        headers = {"Content-Type": content_type, "Accept": accept, "User-Agent": "iatros"}
        pause = self.settings.pause_seconds
        for attempt in range(1, self.settings.n_attempts + 1):
            request = urllib.request.Request(url, body, headers)  # noqa: S310  scheme is checked
            try:
                with urllib.request.urlopen(  # noqa: S310
                    request, timeout=self.settings.timeout_seconds
                ) as answer:
                    content: bytes = answer.read()
                    return content
            except urllib.error.HTTPError as error:
                busy = error.code in (
                    HTTPStatus.TOO_MANY_REQUESTS,
                    HTTPStatus.BAD_GATEWAY,
                    HTTPStatus.SERVICE_UNAVAILABLE,
                    HTTPStatus.GATEWAY_TIMEOUT,
                )
                detail = error.read(300).decode(errors="replace").strip()
                if not busy or attempt == self.settings.n_attempts:
                    raise StoreError(f"{url}: HTTP {error.code}: {detail}") from error
            except (OSError, HTTPException) as error:
                if attempt == self.settings.n_attempts:
                    raise StoreError(f"{url}: {in_words(error)} ({attempt} attempts)") from error
            time.sleep(pause)
            pause *= 2
        raise StoreError(f"{url}: n_attempts must be at least 1")

    def _ask(self, sparql: str, accept: str) -> bytes:
        if self._query_url is None:
            self._query_url = self._union_url()
        return self._put(self._query_url or self.url, with_prefixes(sparql), accept)

    def _put(self, url: str, sparql: str, accept: str) -> bytes:
        return self._post(
            url, sparql.encode(), content_type="application/sparql-query", accept=accept
        )

    def _holds(self, url: str, pattern: str) -> bool:
        answer = self._put(url, f"ASK {{ {pattern} }}", _SPARQL_JSON)
        return b"true" in answer.lower()

    def _union_url(self) -> str | None:
        """Address whose queries see the union of all named graphs; None as long as all is empty.

        Raises:
            StoreError: Queries see the default graph alone, and it is empty.
        """
        if not self._holds(self.url, "GRAPH ?g { ?s ?p ?o }"):
            return None
        mark = "&" if urllib.parse.urlsplit(self.url).query else "?"
        for url in (self.url, f"{self.url}{mark}{_UNION}"):
            if self._holds(url, "?s ?p ?o"):
                return url
        raise StoreError(
            f"{self.url}: its default graph is empty; let it show the union of the named graphs "
            "(Oxigraph: serve --union-default-graph)"
        )

    def select_tsv(self, sparql: str) -> bytes:
        """Answer of a SELECT query without LIMIT in the SPARQL TSV format, fetched in pages."""
        size = self.settings.page_rows
        if not size:
            return self._ask(sparql, _TSV)
        parts: list[bytes] = []
        while True:
            offset = size * len(parts)
            page = self._ask(f"{sparql} LIMIT {size} OFFSET {offset}", _TSV)
            header, _, rows = page.partition(b"\n")
            if rows and not rows.endswith(b"\n"):
                rows += b"\n"
            parts.append(rows if parts else header + b"\n" + rows)
            if rows.count(b"\n") < size:
                return b"".join(parts)

    def query(self, sparql: str) -> QueryResult:
        """Answer of any SPARQL query.

        Raises:
            StoreError: The query is malformed, or the endpoint does not answer.
        """
        accept = f"{_SPARQL_JSON}, application/n-triples;q=0.9"
        answer = self._ask(sparql, accept)
        if answer.lstrip()[:1] == b"{":
            try:
                parsed = ox.parse_query_results(answer, format=ox.QueryResultsFormat.JSON)
            except SyntaxError as error:
                raise StoreError(f"{self.url}: {error}") from error
            return decode_solutions(parsed)
        store = ox.Store()
        store.load(answer, format=ox.RdfFormat.N_TRIPLES)
        return decode_solutions(store.query("CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }"))

    def bulk_load(self, paths: Iterable[Path]) -> None:
        """Adds the content of RDF files, in requests of `page_quads` quads.

        A request that is made again adds nothing twice, since a graph is a set.
        """
        for path in paths:
            quads = ox.parse(path=str(path), format=rdf_format(path), base_iri=path_iri(path))
            graph = file_graph(path)  # of what is in no graph
            while page := list(islice(quads, self.settings.page_quads)):
                if self.settings.store_url:
                    self._post_quads(page, graph)
                else:
                    self.update(f"INSERT DATA {{\n{''.join(_insertions(page, graph))}}}")

    def _post_quads(self, page: list[ox.Quad], default: ox.NamedNode) -> None:
        named = (
            quad
            if isinstance(quad.graph_name, ox.NamedNode)
            else ox.Quad(quad.subject, quad.predicate, quad.object, default)
            for quad in page
        )
        body = ox.serialize(named, format=ox.RdfFormat.N_QUADS) or b""
        self._post(self.settings.store_url, body, content_type="application/n-quads", accept="*/*")

    def update(self, sparql: str) -> None:
        """Runs a SPARQL update."""
        self._post(
            self._update_url,
            sparql.encode(),
            content_type="application/sparql-update",
            accept="*/*",
        )

    def graphs(self) -> tuple[str, ...]:
        """IRIs of all named graphs, sorted."""
        rows = self.query("SELECT DISTINCT ?g WHERE { GRAPH ?g { ?s ?p ?o } }").rows
        return tuple(sorted(row[0].value for row in rows if row[0] is not None))

    def __len__(self) -> int:
        sparql = "SELECT (COUNT(*) AS ?n) WHERE { GRAPH ?g { ?s ?p ?o } }"
        for row in self.query(sparql).rows:
            if row[0] is not None:
                return int(row[0].value)
        return 0


def _insertions(quads: list[ox.Quad], default: ox.NamedNode) -> Iterator[str]:
    """Quads as lines of an INSERT DATA, one GRAPH block for each run of one graph."""
    current: object = None
    for quad in quads:
        name = default if isinstance(quad.graph_name, ox.DefaultGraph) else quad.graph_name
        if name != current:
            if current is not None:
                yield "}\n"
            current = name
            yield f"GRAPH {current} {{\n"
        yield f"{quad.subject} {quad.predicate} {quad.object} .\n"
    if current is not None:
        yield "}\n"
