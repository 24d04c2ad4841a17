"""The compiled graph: columnar, immutable, digested; what models and answers read.

Decides how the graph is looked at once it is compiled: by node, by edge row, by predicate, by
neighbour. How it is compiled from RDF is in `kg.compile`, how it lies on disk in
`kg.snapshot_io`. A row is the number of an edge, a node index the number of a node; both follow
from the content alone, so equal graphs have equal numbers.
"""

import itertools
from collections.abc import Collection, Iterable, Iterator
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from .assemble import assemble
from .columns import (
    NODE_TYPE_CODE,
    PREDICATE_CODE,
    SourceLike,
    SourceRecord,
    array_of,
    content_digest,
    incidence,
)
from .identifiers import IdentifierError, normalise
from .links import LINK_SCHEMA, Match, links_by_code, matches_of
from .rdf import QuadWriter
from .rows import node_views, statements_of
from .snapshot_io import SnapshotFiles, read_snapshot, write_snapshot
from .statements import Mapping, Node, Statement
from .views import EdgeColumns, NodeView
from .vocabulary import NodeType, Predicate

__all__ = ["EdgeColumns", "GraphSnapshot", "NodeView", "SourceRecord"]


class GraphSnapshot:
    """A graph that no longer changes.

    Example:
        >>> from kg.statements import Node, Statement
        >>> graph = GraphSnapshot.from_records(
        ...     [Node(id="MONDO:1", type=NodeType.DISEASE, label="a disease")],
        ...     [Statement(subject="MONDO:1", predicate=Predicate.HAS_PHENOTYPE, object="HP:1",
        ...                source="hpoa")],
        ... )
        >>> graph.n_nodes, graph.n_edges, graph.node(graph.index("HP:1")).type.value
        (2, 1, 'PhenotypicFeature')
    """

    def __init__(
        self,
        *,
        nodes: pa.Table,
        edges: pa.Table,
        sources: tuple[SourceRecord, ...],
        links: pa.Table | None = None,
        release: str = "",
        digest: str = "",
    ) -> None:
        self._nodes = nodes
        self._edges = edges
        self._links = LINK_SCHEMA.empty_table() if links is None else links
        self._digest = digest
        self.sources = sources
        self.release = release

    @classmethod
    def from_records(
        cls,
        nodes: Iterable[Node],
        statements: Iterable[Statement],
        mappings: Iterable[Mapping] = (),
        sources: Iterable[SourceLike] = (),
        *,
        release: str = "",
    ) -> "GraphSnapshot":
        """A snapshot of records in any order; identifiers are taken as they are.

        Args:
            nodes: Node records; several of one id are merged.
            statements: Edges; a node that no record describes is typed by its prefix or role.
            mappings: `exactMatch` between a node's id and another identifier becomes an xref; the
                other matches make codes lead to nodes (`matches`).
            sources: Facts of the sources; a source without facts has an empty record.
            release: Name of this state of the graph; not part of the digest.
        """
        node_table, edge_table, links, facts = assemble(
            nodes=nodes, statements=statements, mappings=mappings, sources=sources
        )
        return cls(nodes=node_table, edges=edge_table, links=links, sources=facts, release=release)

    @classmethod
    def load(cls, folder: Path | str) -> "GraphSnapshot":
        """Reads a saved snapshot; columns stay on disk until they are used.

        Raises:
            SnapshotError: The folder holds no snapshot that this version can read.
        """
        files = read_snapshot(Path(folder))
        return cls(
            nodes=files.nodes,
            edges=files.edges,
            links=files.links,
            sources=files.sources,
            release=files.release,
            digest=files.digest,
        )

    def save(self, folder: Path | str) -> None:
        """Writes the snapshot into a folder, which appears whole or not at all."""
        files = SnapshotFiles(
            nodes=self._nodes,
            edges=self._edges,
            links=self._links,
            sources=self.sources,
            release=self.release,
            digest=self.digest,
        )
        write_snapshot(Path(folder), files)

    def to_nquads(self, path: Path | str) -> int:
        """Writes the graph as RDF that `kg.compile` turns into an equal snapshot.

        Returns:
            Number of quads.
        """
        writer = QuadWriter(self.sources)
        n_quads = 0
        with Path(path).open("w", encoding="utf-8", newline="\n", buffering=1 << 20) as sink:
            for block in itertools.chain(
                map(writer.source, self.sources),
                map(writer.described, self.nodes()),
                itertools.starmap(writer.link, self.links()),
                map(writer.statement, self.statements()),
            ):
                n_quads += block.count("\n")
                sink.write(block)
        return n_quads

    @property
    def digest(self) -> str:
        """SHA-256 of the content, the same for every order of nodes and statements."""
        if not self._digest:
            self._digest = self.compute_digest()
        return self._digest

    def compute_digest(self) -> str:
        """The digest, worked out from the columns rather than remembered."""
        return content_digest(self._nodes, self._edges, self.sources, self._links)

    @property
    def tables(self) -> tuple[pa.Table, pa.Table, pa.Table]:
        """Nodes and edges in the layout of `kg.columns`, and the codes of `kg.links`."""
        return self._nodes, self._edges, self._links

    def __repr__(self) -> str:
        return f"GraphSnapshot(n_nodes={self.n_nodes}, n_edges={self.n_edges})"

    # ------------------------------------------------------------------ nodes

    @property
    def n_nodes(self) -> int:
        """Number of nodes."""
        return int(self._nodes.num_rows)

    @property
    def n_edges(self) -> int:
        """Number of edges; negated ones count."""
        return int(self._edges.num_rows)

    @cached_property
    def node_ids(self) -> tuple[str, ...]:
        """Canonical CURIE of every node, ascending."""
        return tuple(self._nodes["id"].to_pylist())

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """Preferred name of every node; empty when it has none."""
        return tuple(self._nodes["label"].to_pylist())

    @cached_property
    def node_types(self) -> NDArray[np.int8]:
        """Type of every node, an index into `kg.columns.NODE_TYPES`."""
        return array_of(self._nodes["type"], np.int8)

    @cached_property
    def _index(self) -> dict[str, int]:
        """Every identifier to its node; a node's own id wins over another's xref."""
        index = {id_: i for i, id_ in enumerate(self.node_ids)}
        for i, xrefs in enumerate(self._nodes["xrefs"].to_pylist()):
            for xref in xrefs:
                index.setdefault(xref, i)
        return index

    def index(self, curie: str) -> int | None:
        """Node of an identifier: canonical id, mapped id, or another usual spelling of either."""
        found = self._index.get(curie)
        if found is None and (spelled := _spelled(curie)) is not None:
            found = self._index.get(spelled)
        return found

    @cached_property
    def _by_code(self) -> dict[str, tuple[Match, ...]]:
        return links_by_code(self._links)

    def links(self) -> Iterator[tuple[str, str, str]]:
        """(node id, relation, code) of every code that leads to a node it is no id of."""
        ids = self.node_ids
        columns = (self._links[name].to_pylist() for name in ("node", "relation", "code"))
        for node, relation, code in zip(*columns, strict=True):
            yield ids[node], relation, code

    def matches(self, curie: str) -> tuple[Match, ...]:
        """All nodes that an identifier leads to, the nearest relation first.

        Its own node (`exact`) comes first, then the nodes that it is narrower than (a product's
        ingredients), then those that are close. A broader code leads nowhere.

        Example:
            >>> from kg.statements import Mapping, Node
            >>> graph = GraphSnapshot.from_records(
            ...     [Node(id="DRUGBANK:DB00722", type=NodeType.DRUG, label="Lisinopril")], [],
            ...     [Mapping(subject="DRUGBANK:DB00722", object="RXNORM:314076", source="x",
            ...              predicate="narrowMatch")])
            >>> graph.index("RXNORM:314076"), graph.matches("RXNORM:314076")
            (None, (Match(node=0, relation='narrower'),))
        """
        own = self.index(curie)
        names = (curie, _spelled(curie) or curie, curie if own is None else self.node_ids[own])
        return matches_of(own, names, self._by_code)

    def resolve(self, curie: str) -> Match | None:
        """The one node that an identifier leads to; None when there is none, or several alike."""
        found = self.matches(curie)
        if not found or sum(m.relation == found[0].relation for m in found) > 1:
            return None
        return found[0]

    def node(self, index: int) -> NodeView:
        """One node in words."""
        if not 0 <= index < self.n_nodes:
            raise IndexError(f"node {index}: the graph has {self.n_nodes} nodes")
        return next(node_views(self._nodes.slice(index, 1)))

    def nodes(self) -> Iterator[NodeView]:
        """All nodes in words, by ascending index."""
        for batch in self._nodes.to_batches(max_chunksize=8192):
            yield from node_views(batch)

    def nodes_of(self, kind: NodeType) -> NDArray[np.int32]:
        """Indices of all nodes of a type, ascending."""
        return np.flatnonzero(self.node_types == NODE_TYPE_CODE[kind]).astype(np.int32)

    # ------------------------------------------------------------------ edges

    @cached_property
    def _columns(self) -> EdgeColumns:
        """All edges; integer columns are views of the file."""
        edges = self._edges
        return EdgeColumns(
            rows=np.arange(self.n_edges, dtype=np.int64),
            head=array_of(edges["head"], np.int32),
            tail=array_of(edges["tail"], np.int32),
            predicate=array_of(edges["predicate"], np.int16),
            source=array_of(edges["source"], np.int16),
            negated=array_of(edges["negated"], np.bool_),
            frequency=array_of(edges["frequency"], np.float32),
            confidence=array_of(edges["confidence"], np.float32),
        )

    def edges(
        self,
        predicate: Predicate | None = None,
        head_type: NodeType | None = None,
        tail_type: NodeType | None = None,
        *,
        negated: bool | None = False,
    ) -> EdgeColumns:
        """Edges that fit every condition given, in ascending row order.

        Args:
            predicate: One relation; None for all.
            head_type: Type of the subject; None for all.
            tail_type: Type of the object; None for all.
            negated: False for what holds, True for what is denied, None for both.
        """
        columns = self._columns
        start, stop = 0, self.n_edges
        if predicate is not None:  # rows are sorted by predicate first
            code = PREDICATE_CODE[predicate]
            start, stop = (int(x) for x in np.searchsorted(columns.predicate, [code, code + 1]))
        keep = np.ones(stop - start, bool)
        if negated is not None:
            keep &= columns.negated[start:stop] == negated
        for kind, ends in ((head_type, columns.head), (tail_type, columns.tail)):
            if kind is not None:
                keep &= self.node_types[ends[start:stop]] == NODE_TYPE_CODE[kind]
        return self.take(np.flatnonzero(keep) + start)

    def take(self, rows: NDArray[np.integer]) -> EdgeColumns:
        """The named edge rows, column by column, in the order given."""
        columns = self._columns
        return EdgeColumns(
            rows=rows.astype(np.int64),
            head=columns.head[rows],
            tail=columns.tail[rows],
            predicate=columns.predicate[rows],
            source=columns.source[rows],
            negated=columns.negated[rows],
            frequency=columns.frequency[rows],
            confidence=columns.confidence[rows],
        )

    def qualifier_column(self, name: str, rows: NDArray[np.integer]) -> list[str | None]:
        """First value of a qualifier of `kg.vocabulary.QUALIFIERS` in some rows."""
        start = f"{name}="
        pairs = self._edges["qualifiers"].take(pa.array(rows)).to_pylist()
        return [next((p[len(start) :] for p in row if p.startswith(start)), None) for row in pairs]

    def statement(self, row: int) -> Statement:
        """One edge as the statement that it was compiled from."""
        if not 0 <= row < self.n_edges:
            raise IndexError(f"row {row}: the graph has {self.n_edges} edges")
        return next(statements_of(self._edges.slice(row, 1), self.node_ids, self.sources))

    def statements(self) -> Iterator[Statement]:
        """All edges as statements, by ascending row."""
        for batch in self._edges.to_batches(max_chunksize=16384):
            table = pa.Table.from_batches([batch])
            yield from statements_of(table, self.node_ids, self.sources)

    def statement_id(self, row: int) -> str:
        """CURIE of the association node of one edge row."""
        return f"iatros:{self._edges['id'][row].as_py().hex()}"

    def row_of(self, statement_id: str) -> int | None:
        """Edge row of an association CURIE; None when the graph does not hold it."""
        return self._row_of_id.get(statement_id.removeprefix("iatros:"))

    @cached_property
    def _row_of_id(self) -> dict[str, int]:
        return {id_.hex(): row for row, id_ in enumerate(self._edges["id"].to_pylist())}

    def publications(self, row: int) -> tuple[str, ...]:
        """Publications that one edge cites."""
        return tuple(self._edges["publications"][row].as_py())

    def without_publications(self, publications: Collection[str]) -> NDArray[np.bool_]:
        """Mask over all edge rows: True where an edge cites at least one of the publications."""
        column = self._edges["publications"]
        mask = np.zeros(self.n_edges, bool)
        start = 0
        values = pa.array(sorted(publications), pa.string())
        for chunk in column.chunks:
            hit = pc.is_in(chunk.flatten(), value_set=values)
            parents = pc.list_parent_indices(chunk).filter(hit)
            mask[parents.to_numpy(zero_copy_only=False) + start] = True
            start += len(chunk)
        return mask

    @cached_property
    def _incidence(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Where each node's edges start, and the edges, both directions."""
        return incidence(self._columns.head, self._columns.tail, n_nodes=self.n_nodes)

    def incident(self, node: int) -> NDArray[np.int64]:
        """Edge rows that start or end at a node, ascending; negated ones count."""
        starts, rows = self._incidence
        return rows[starts[node] : starts[node + 1]]

    def subset(self, keep: NDArray[np.bool_]) -> "GraphSnapshot":
        """The graph with all nodes and only the edges that a mask over rows keeps."""
        return GraphSnapshot(
            nodes=self._nodes,
            edges=self._edges.filter(pa.array(keep)).combine_chunks(),
            links=self._links,
            sources=self.sources,
            release=self.release,
        )


def _spelled(curie: str) -> str | None:
    """The usual spelling of an identifier; None for what is none."""
    try:
        return normalise(curie)
    except IdentifierError:
        return None
