"""The RDF store: Oxigraph embedded in the process, read through SPARQL 1.1 or through rdflib.

Decides how quads get in and how questions get out. A store on another machine has the same methods
and is in `kg.endpoint`; the form of the quads is in `kg.rdf`.
"""

import gzip
import os
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol, cast

import pyoxigraph as ox

from .query import QueryResult, decode_solutions, in_query, with_prefixes
from .terms import PREFIX_HEADER, source_iri
from .wording import in_words

if TYPE_CHECKING:
    import rdflib

__all__ = [
    "RDF_FORMATS",
    "GraphStore",
    "StoreError",
    "TripleStore",
    "file_graph",
    "open_store",
    "path_iri",
    "rdf_format",
]

RDF_FORMATS = {
    ".nq": ox.RdfFormat.N_QUADS,
    ".nquads": ox.RdfFormat.N_QUADS,
    ".nt": ox.RdfFormat.N_TRIPLES,
    ".ttl": ox.RdfFormat.TURTLE,
    ".trig": ox.RdfFormat.TRIG,
    ".rdf": ox.RdfFormat.RDF_XML,
    ".owl": ox.RdfFormat.RDF_XML,
    ".xml": ox.RdfFormat.RDF_XML,
    ".jsonld": ox.RdfFormat.JSON_LD,
}


class StoreError(RuntimeError):
    """A store that cannot be opened, loaded or asked; the message names it and the mend."""


class TripleStore(Protocol):
    """What compiling, exporting and validating need of a store, near or far."""

    def select_tsv(self, sparql: str) -> bytes:
        """Answer of a SELECT query in the SPARQL TSV format."""
        ...

    def query(self, sparql: str) -> QueryResult:
        """Answer of any SPARQL query."""
        ...

    def bulk_load(self, paths: Iterable[Path]) -> None:
        """Adds the content of RDF files."""
        ...

    def graphs(self) -> tuple[str, ...]:
        """IRIs of all named graphs, sorted."""
        ...

    def __len__(self) -> int: ...


class GraphStore:
    """An Oxigraph store in a folder, or in memory when no folder is given.

    Queries see the union of all named graphs, and may use the prefixes of `kg.terms` undeclared.

    Example:
        >>> store = GraphStore()
        >>> store.load_text("<urn:a> <urn:b> <urn:c> <urn:g> .")
        >>> store.query("ASK { ?s <urn:b> ?o }").answer
        True
    """

    def __init__(self, path: Path | str | None = None, *, read_only: bool = False) -> None:
        """Opens or makes a store.

        Args:
            path: Folder of the store; None for one in memory.
            read_only: Open an existing folder beside other readers.

        Raises:
            StoreError: The folder holds no store, or another process is writing to it.
        """
        self.path = None if path is None else Path(path)
        try:
            if self.path is None:
                self._store = ox.Store()
            elif read_only:
                if not (self.path / "CURRENT").is_file():
                    raise StoreError(f"{self.path}: no RDF store here; build the graph first")
                self._store = ox.Store.read_only(str(self.path))
            else:
                self.path.mkdir(parents=True, exist_ok=True)
                self._store = ox.Store(str(self.path))
        except (OSError, RuntimeError) as error:  # a damaged store is a RuntimeError of Oxigraph
            raise StoreError(
                f"{self.path}: the RDF store cannot be opened ({in_words(error)}); "
                "if nothing else uses it, build the graph again"
            ) from error

    @classmethod
    def over(cls, store: ox.Store) -> "GraphStore":
        """The methods of this class over an Oxigraph store that is at hand."""
        graph = cls.__new__(cls)
        graph.path = None
        graph._store = store
        return graph

    def bulk_load(self, paths: Iterable[Path]) -> None:
        """Adds the content of RDF files; the suffix says the format.

        A format without named graphs, and what a file says in the default graph, goes into the
        graph of the source that the file is named after: nothing stays in the default graph.

        Raises:
            StoreError: A file is missing, of an unknown format or malformed.
        """
        for path in paths:
            if not path.is_file():
                raise StoreError(f"{path}: {'is a folder' if path.is_dir() else 'no such file'}")
            kind = rdf_format(path)
            try:
                self._store.bulk_load(
                    path=os.fspath(path),
                    format=kind,
                    base_iri=path_iri(path),
                    to_graph=None if kind.supports_datasets else file_graph(path),
                    lenient=True,  # half the time; rdf.py writes no invalid term
                )
            except (OSError, SyntaxError) as error:
                raise StoreError(f"{path}: {error}") from error
            default = self._store.quads_for_pattern(None, None, None, ox.DefaultGraph())
            if next(iter(default), None) is not None:
                self._store.update(f"ADD DEFAULT TO {file_graph(path)} ; CLEAR DEFAULT")

    def load_text(self, text: str) -> None:
        """Adds N-Quads that are at hand as text."""
        try:
            self._store.load(text.encode(), format=ox.RdfFormat.N_QUADS)
        except SyntaxError as error:
            raise StoreError(f"N-Quads: {error}") from error

    def load_packed(self, path: Path) -> None:
        """Adds a gzip file of N-Quads in one transaction: all of it or nothing."""
        try:
            with gzip.open(path, "rb") as stream:
                self._store.load(cast(IO[bytes], stream), format=ox.RdfFormat.N_QUADS)
        except (OSError, EOFError, zlib.error, SyntaxError) as error:
            raise StoreError(f"{path}: {error}") from error

    def select_tsv(self, sparql: str) -> bytes:
        """Answer of a SELECT query in the SPARQL TSV format, for reading in columns."""
        solutions = self._solve(sparql)
        if not isinstance(solutions, ox.QuerySolutions):
            raise StoreError("select_tsv takes SELECT queries only")
        return solutions.serialize(format=ox.QueryResultsFormat.TSV) or b""

    def query(self, sparql: str) -> QueryResult:
        """Answer of any SPARQL query; rows come as they are found.

        Raises:
            StoreError: The query is malformed.
        """
        return decode_solutions(self._solve(sparql))

    def _solve(self, sparql: str) -> ox.QuerySolutions | ox.QueryBoolean | ox.QueryTriples:
        try:
            return self._store.query(with_prefixes(sparql), use_default_graph_as_union=True)
        except (SyntaxError, ValueError) as error:
            raise StoreError(f"SPARQL: {in_query(error)}") from error

    def graphs(self) -> tuple[str, ...]:
        """IRIs of all named graphs, sorted."""
        return tuple(sorted(str(graph.value) for graph in self._store.named_graphs()))

    def quads(self, graph: str | None = None) -> Iterator[ox.Quad]:
        """All quads, or those of one named graph, as pyoxigraph objects."""
        name = None if graph is None else ox.NamedNode(graph)
        return iter(self._store.quads_for_pattern(None, None, None, name))

    def remove_graph(self, graph: str) -> None:
        """Forgets all that one named graph says."""
        self._store.remove_graph(ox.NamedNode(graph))

    def dump(self, path: Path, graph: str | None = None) -> None:
        """Writes all quads, or the triples of one graph; the suffix says the format."""
        kind = rdf_format(path)
        if graph is None and not kind.supports_datasets:
            raise StoreError(f"{path}: {kind.name} holds one graph; name it, or write .nq or .trig")
        name = None if graph is None else ox.NamedNode(graph)
        self._store.dump(os.fspath(path), format=kind, from_graph=name)

    def write_turtle(self, path: Path) -> None:
        """Writes the triples of all named graphs as one Turtle file."""
        triples = (quad.triple for quad in self._store.quads_for_pattern(None, None, None, None))
        ox.serialize(triples, os.fspath(path), ox.RdfFormat.TURTLE, prefixes=dict(PREFIX_HEADER))

    def flush(self) -> None:
        """Makes sure that everything is on disk."""
        self._store.flush()

    def as_rdflib(self) -> "rdflib.Dataset":
        """The same store as an rdflib dataset; what is added there is stored here."""
        import rdflib
        from oxrdflib import OxigraphStore

        return rdflib.Dataset(store=OxigraphStore(store=self._store), default_union=True)

    def __len__(self) -> int:
        return len(self._store)


def rdf_format(path: Path) -> ox.RdfFormat:
    """Format of a file by its suffix.

    Raises:
        StoreError: The suffix is that of no RDF format.
    """
    kind = RDF_FORMATS.get(path.suffix.lower())
    if kind is None:
        raise StoreError(f"{path}: unknown RDF format; known: {', '.join(RDF_FORMATS)}")
    return kind


def file_graph(path: Path) -> ox.NamedNode:
    """Graph of a file whose format has no graphs of its own."""
    return ox.NamedNode(source_iri(path.stem))


def path_iri(path: Path) -> str:
    """Base for relative IRIs in a file."""
    return path.resolve().as_uri()


def open_store(location: Path | str | None, *, read_only: bool = False) -> TripleStore:
    """A store by folder, by endpoint address (`http://…`), or in memory for None."""
    if isinstance(location, str) and location.startswith(("http://", "https://")):
        from .endpoint import SparqlEndpoint

        return SparqlEndpoint(location)
    return GraphStore(location, read_only=read_only)
