"""The columns of a snapshot: Arrow schemas, integer codes, and the digest over their content.

Decides the layout that `kg.assemble` fills and `kg.snapshot` reads. How the columns lie on disk is
in `kg.snapshot_io`.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from .vocabulary import NodeType, Predicate

__all__ = [
    "EDGE_SCHEMA",
    "NODE_SCHEMA",
    "NODE_TYPES",
    "NODE_TYPE_CODE",
    "PREDICATES",
    "PREDICATE_CODE",
    "RAW_EDGE_SCHEMA",
    "SourceLike",
    "SourceRecord",
    "array_of",
    "content_digest",
    "incidence",
    "sorted_edges",
]

_Scalar = TypeVar("_Scalar", bound=np.generic)

NODE_TYPES: tuple[NodeType, ...] = tuple(NodeType)
NODE_TYPE_CODE = {kind: code for code, kind in enumerate(NODE_TYPES)}
PREDICATES: tuple[Predicate, ...] = tuple(Predicate)
PREDICATE_CODE = {predicate: code for code, predicate in enumerate(PREDICATES)}

NODE_SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("type", pa.int8()),
        ("label", pa.string()),
        ("definition", pa.string()),
        ("structure", pa.string()),
        ("deprecated", pa.bool_()),
        ("synonyms", pa.list_(pa.string())),
        ("xrefs", pa.list_(pa.string())),
    ]
)

_QUALIFYING = [
    ("negated", pa.bool_()),
    ("frequency", pa.float64()),  # null when unknown; 64 bits, or the statement id would change
    ("confidence", pa.float64()),
    ("onset", pa.string()),
    ("sex", pa.string()),
    ("evidence", pa.string()),
    ("publications", pa.list_(pa.string())),
    ("qualifiers", pa.list_(pa.string())),  # "name=value", sorted
    ("id", pa.binary(12)),  # the 24 hexadecimal digits of Statement.id
]

RAW_EDGE_SCHEMA = pa.schema(
    [
        ("subject", pa.string()),
        ("predicate", pa.int16()),
        ("object", pa.string()),
        ("source", pa.string()),
        *_QUALIFYING,
    ]
)
"""Edges before their nodes have numbers."""

_DICTIONARY = pa.dictionary(pa.int32(), pa.string())
EDGE_SCHEMA = pa.schema(
    [
        ("head", pa.int32()),
        ("tail", pa.int32()),
        ("predicate", pa.int16()),
        ("source", pa.int16()),
        *((n, _DICTIONARY if n in ("onset", "sex", "evidence") else t) for n, t in _QUALIFYING),
    ]
)


class SourceLike(Protocol):
    """Facts of a source, as far as the graph carries them (`kg.sources.SourceFacts` has more)."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def title(self) -> str: ...  # noqa: D102
    @property
    def licence(self) -> str: ...  # noqa: D102
    @property
    def licence_class(self) -> str: ...  # noqa: D102
    @property
    def release(self) -> str: ...  # noqa: D102
    @property
    def homepage(self) -> str: ...  # noqa: D102


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRecord:
    """What the graph knows of a source.

    Attributes:
        name: Short name, the one that statements carry.
        title: Full name.
        licence: SPDX identifier or the source's words; empty when nothing is known.
        licence_class: `permissive`, `noncommercial` or `unstated`.
        release: Version or date; empty when nothing is known.
        homepage: Web address.
    """

    name: str
    title: str = ""
    licence: str = ""
    licence_class: str = "unstated"
    release: str = ""
    homepage: str = ""

    @classmethod
    def of(cls, source: SourceLike) -> "SourceRecord":
        """The record of a source's facts."""
        return cls(
            name=source.name,
            title=source.title,
            licence=source.licence,
            licence_class=source.licence_class,
            release=source.release,
            homepage=source.homepage,
        )


def sorted_edges(table: pa.Table) -> pa.Table:
    """Edges in the order of a snapshot: by predicate, head, tail and id."""
    keys = [(name, "ascending") for name in ("predicate", "head", "tail", "id")]
    return table.take(pc.sort_indices(table, sort_keys=keys)).combine_chunks()


def array_of(column: pa.ChunkedArray, dtype: type[_Scalar]) -> NDArray[_Scalar]:
    """A column as a read-only array; nulls become NaN."""
    array: NDArray[_Scalar] = column.to_numpy().astype(dtype, copy=False)
    array.setflags(write=False)
    return array


def incidence(
    head: NDArray[np.int32], tail: NDArray[np.int32], *, n_nodes: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Compressed rows: where each node's edges start, and the edges, both directions."""
    other = np.flatnonzero(head != tail)  # a loop is one edge of its node, not two
    ends = np.concatenate([head, tail[other]])
    rows = np.concatenate([np.arange(head.size, dtype=np.int64), other])
    order = np.lexsort((rows, ends))
    starts = np.zeros(n_nodes + 1, np.int64)
    np.cumsum(np.bincount(ends, minlength=n_nodes), out=starts[1:])
    return starts, rows[order]


def _sorted_ids(column: pa.ChunkedArray) -> NDArray[np.uint8]:
    """Statement ids as rows of 12 bytes, in ascending order."""
    chunks = [np.frombuffer(b"".join(c.to_pylist()), np.uint8) for c in column.chunks if len(c)]
    ids: NDArray[np.uint8] = np.concatenate([np.empty(0, np.uint8), *chunks]).reshape(-1, 12)
    high = np.ascontiguousarray(ids[:, :8]).view(">u8").ravel()
    low = np.ascontiguousarray(ids[:, 8:]).view(">u4").ravel()
    return ids[np.lexsort((low, high))]


def content_digest(
    nodes: pa.Table, edges: pa.Table, sources: Iterable[SourceRecord], links: pa.Table
) -> str:
    """SHA-256 of everything that a snapshot states, whatever the order it was given in."""
    total = hashlib.sha256()
    columns: list[list[Any]] = [nodes.column(name).to_pylist() for name in NODE_SCHEMA.names]
    rows = []
    structures = []
    for id_, code, label, definition, structure, deprecated, synonyms, xrefs in zip(
        *columns, strict=True
    ):
        if structure:
            structures.append(f"{id_}\x1f{structure}")
        words = ("\x1e".join(synonyms), "\x1e".join(xrefs), "1" if deprecated else "0")
        rows.append("\x1f".join((id_, NODE_TYPES[code].value, label, definition, *words)))
    rows.sort()
    total.update("\x1d".join(rows).encode())
    total.update(b"\x1cstatements\x1c")
    total.update(_sorted_ids(edges.column("id")).tobytes())
    total.update(b"\x1csources\x1c")
    facts = sorted(
        "\x1f".join((s.name, s.title, s.licence, s.licence_class, s.release, s.homepage))
        for s in sources
    )
    total.update("\x1d".join(facts).encode())
    if structures:  # a graph without them, or without links, has the digest it had before them
        total.update(b"\x1cstructures\x1c")
        total.update("\x1d".join(sorted(structures)).encode())
    if links.num_rows:
        ids = columns[0]
        codes, ends, relations = (links[name].to_pylist() for name in links.schema.names)
        matches = zip(codes, ends, relations, strict=True)
        total.update(b"\x1ccodes\x1c")
        lines = sorted("\x1f".join((code, ids[end], kind)) for code, end, kind in matches)
        total.update("\x1d".join(lines).encode())
    return total.hexdigest()
