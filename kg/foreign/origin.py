"""Where foreign RDF comes from: a file, an address that answers with a file, a SPARQL endpoint.

Decides how triples get here and which files are refused. All graphs of a data set are read, the
default graph too. What the triples mean is decided in `kg.foreign.graph`.
"""

import gzip
import hashlib
import re
import urllib.error
import urllib.parse
import urllib.request
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol, cast
from xml.parsers import expat

import pyoxigraph as ox

from kg.endpoint import EndpointSettings, SparqlEndpoint
from kg.store import RDF_FORMATS, StoreError, path_iri
from kg.terms import GRAPH_OF_CASES
from kg.wording import in_words

__all__ = ["Endpoint", "Origin", "RdfFile", "RdfTriple", "locate"]

RdfTriple = tuple[ox.NamedNode | ox.BlankNode, str, ox.NamedNode | ox.BlankNode | ox.Literal]

_MEDIA_SUFFIX = {
    "text/turtle": ".ttl",
    "application/n-triples": ".nt",
    "application/n-quads": ".nq",
    "application/trig": ".trig",
    "application/rdf+xml": ".rdf",
    "application/ld+json": ".jsonld",
}
_LONGEST_ENTITY = 300
_UTF8_MARK = b"\xef\xbb\xbf"
_BLOCK = 1 << 20


class Origin(Protocol):
    """Gives triples; `left_out` counts what was passed over, by reason."""

    @property
    def release(self) -> str:
        """What says which state of the graph was read."""
        ...

    def triples(
        self, properties: Collection[str], left_out: dict[tuple[str, str], int]
    ) -> Iterator[RdfTriple]:
        """Triples of some properties, in any order, repeats included."""
        ...


@dataclass(frozen=True, slots=True)
class RdfFile:
    """A file in any RDF format, plain or gzip."""

    path: Path

    @property
    def release(self) -> str:
        """Checksum of the bytes."""
        digest = hashlib.sha256()
        try:
            with self.path.open("rb") as stream:
                while block := stream.read(_BLOCK):
                    digest.update(block)
        except OSError as error:
            raise StoreError(f"{self.path}: cannot be read ({in_words(error)})") from error
        return f"sha256:{digest.hexdigest()[:16]}"

    def triples(
        self, properties: Collection[str], left_out: dict[tuple[str, str], int]
    ) -> Iterator[RdfTriple]:
        """All triples whose property is asked for; the others are counted.

        Raises:
            StoreError: The file is missing, malformed, cut short, or an entity bomb.
        """
        for quad in self.quads():
            yield from _wanted(quad, properties, left_out)

    def quads(self) -> Iterator[ox.Quad]:
        """All quads with the names of their graphs.

        Raises:
            StoreError: The file is missing, malformed, cut short, or an entity bomb.
        """
        suffixes = [suffix.lower() for suffix in self.path.suffixes]
        suffix = next((s for s in reversed(suffixes) if s != ".gz"), "")
        kind = RDF_FORMATS.get(suffix)
        if kind is None:
            if not self.path.is_file():
                raise StoreError(f"{self.path}: no such file")
            known = ", ".join(RDF_FORMATS)
            raise StoreError(f"{self.path}: unknown RDF format; known: {known}, each also .gz")
        try:
            if kind == ox.RdfFormat.RDF_XML:
                with self._open() as stream:
                    _refuse_entities(stream, self.path)
            with self._open() as stream:
                yield from ox.parse(input=stream, format=kind, base_iri=path_iri(self.path))
        except (OSError, EOFError, zlib.error, SyntaxError, ValueError) as error:
            raise StoreError(
                f"{self.path}: cannot be read as {kind.name}: {in_words(error)}"
            ) from error

    def _open(self) -> IO[bytes]:
        stream: IO[bytes] = self.path.open("rb")
        if stream.read(2) == b"\x1f\x8b":
            stream.close()
            stream = cast(IO[bytes], gzip.open(self.path, "rb"))  # noqa: SIM115  caller closes it
        else:
            stream.seek(0)
        if stream.read(3) != _UTF8_MARK:
            stream.seek(0)
        return stream


def _wanted(
    quad: ox.Quad, properties: Collection[str], left_out: dict[tuple[str, str], int]
) -> Iterator[RdfTriple]:
    property_ = quad.predicate.value
    reason = ("property that the mapping does not name", property_)
    graph = quad.graph_name
    if isinstance(graph, ox.NamedNode) and graph.value.startswith(GRAPH_OF_CASES):
        reason = ("patients; give them with --cases", "")
    elif isinstance(quad.subject, ox.Triple) or isinstance(quad.object, ox.Triple):
        reason = ("triple about a triple (RDF 1.2); reify it", property_)
    elif property_ in properties:
        yield quad.subject, property_, quad.object
        return
    left_out[reason] = left_out.get(reason, 0) + 1


class _PrologueEnds(Exception):  # noqa: N818  no error: the way out of expat
    pass


def _refuse_entities(stream: IO[bytes], path: Path) -> None:
    """Refuses XML whose entities refer to files or to each other; short texts may stay."""
    parser = expat.ParserCreate()

    def declared(name: str, is_parameter: bool, value: str | None, *_: object) -> None:
        if is_parameter or value is None or "&" in value or len(value) > _LONGEST_ENTITY:
            raise StoreError(f"{path}: entity {name!r} is nested, external or long; refused")

    def ends(*_: object) -> None:
        raise _PrologueEnds

    parser.EntityDeclHandler = declared
    parser.StartElementHandler = ends
    try:
        parser.ParseFile(stream)
    except _PrologueEnds:
        return
    except expat.ExpatError as error:
        raise StoreError(f"{path}: is no XML: {error}") from error


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A SPARQL 1.1 endpoint; one query for each property, in pages."""

    store: SparqlEndpoint

    @property
    def release(self) -> str:
        """An endpoint does not say in which state it is."""
        return "live endpoint"

    def triples(
        self, properties: Collection[str], left_out: dict[tuple[str, str], int]
    ) -> Iterator[RdfTriple]:
        """Triples of the default graph and of all named graphs but that of patients."""
        present = self._select(
            "SELECT ?s ?n WHERE { { SELECT ?s (COUNT(*) AS ?n) WHERE { "
            f"{{ SELECT DISTINCT ?x ?s ?y WHERE {{ {_any('?x ?s ?y')} }} }} }} GROUP BY ?s }} }}"
        )
        counts = {s.value: int(n.value) for s, n in present if isinstance(n, ox.Literal)}
        for property_, count in counts.items():
            if property_ not in properties:
                left_out["property that the mapping does not name", property_] = count
        for property_ in sorted(counts.keys() & set(properties)):
            sparql = f"SELECT DISTINCT ?s ?n WHERE {{ {_any(f'?s <{property_}> ?n')} }}"
            for subject, object_ in self._select(sparql):
                yield subject, property_, object_

    def _select(
        self, sparql: str
    ) -> Iterator[tuple[ox.NamedNode | ox.BlankNode, ox.NamedNode | ox.BlankNode | ox.Literal]]:
        answer = ox.parse_query_results(
            self.store.select_tsv(sparql), format=ox.QueryResultsFormat.TSV
        )
        if isinstance(answer, ox.QuerySolutions):
            for row in answer:
                yield row["s"], row["n"]


def _any(pattern: str) -> str:
    """A pattern in the default graph or in any named one but that of patients."""
    cases = f'STRSTARTS(STR(?c), "{GRAPH_OF_CASES}")'
    default = f"{pattern} FILTER NOT EXISTS {{ GRAPH ?c {{ {pattern} }} FILTER({cases}) }}"
    others = cases.replace("?c", "?g")
    return f"{{ {default} }} UNION {{ GRAPH ?g {{ {pattern} }} FILTER(!{others}) }}"


def locate(location: str, *, cache: Path) -> Origin:
    """The origin that a file name, an address or an endpoint address stands for.

    An address is an endpoint when it begins with `sparql+` or its last part is `sparql` or
    `query`; otherwise the file that it answers with is fetched.

    Args:
        location: Such as `graph.ttl`, `https://example.org/graph.nt.gz`,
            `sparql+https://example.org/ask`.
        cache: Folder for fetched files.

    Raises:
        StoreError: Nothing is there, or it is no RDF.
    """
    address = location.removeprefix("sparql+")
    if urllib.parse.urlsplit(address).scheme not in ("http", "https"):
        path = Path(location)
        if not path.is_file():
            what = "is a folder" if path.is_dir() else "no such file"
            raise StoreError(f"{location}: {what}; give a file, an address or an endpoint")
        return RdfFile(path)
    last = urllib.parse.urlsplit(address).path.rstrip("/").rpartition("/")[2]
    if address != location or last in ("sparql", "query"):
        return Endpoint(SparqlEndpoint(address, EndpointSettings(union=False)))
    return RdfFile(_fetch(address, cache))


def _fetch(address: str, cache: Path) -> Path:
    headers = {"Accept": ", ".join([*_MEDIA_SUFFIX, "*/*;q=0.1"]), "User-Agent": "iatros"}
    request = urllib.request.Request(address, headers=headers)  # noqa: S310  scheme is checked
    name = urllib.parse.urlsplit(address).path.rpartition("/")[2]
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:  # noqa: S310
            kind = answer.headers.get_content_type()
            suffix = "".join(Path(name).suffixes[-2:]).lower()
            if suffix.removesuffix(".gz") not in RDF_FORMATS:
                if kind not in _MEDIA_SUFFIX:
                    raise StoreError(
                        f"{address}: answers {kind}, which is no RDF; "
                        "write sparql+ before the address of an endpoint"
                    )
                suffix = _MEDIA_SUFFIX[kind]
            stem = re.sub(r"\W+", "_", name.partition(".")[0]) or "graph"
            key = hashlib.sha256(address.encode()).hexdigest()[:12]
            target = cache / "rdf" / key / f"{stem}{suffix}"
            target.parent.mkdir(parents=True, exist_ok=True)
            part = target.with_name(target.name + ".part")
            with part.open("wb") as sink:
                while block := answer.read(_BLOCK):
                    sink.write(block)
            part.replace(target)
            return target
    except (OSError, urllib.error.URLError) as error:
        raise StoreError(f"{address}: cannot be fetched ({in_words(error)})") from error
