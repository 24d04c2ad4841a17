"""Rows of a snapshot's tables as the records that they were compiled from.

Decides how columns become statements and node views again. Which rows are asked for is decided in
`kg.snapshot`.
"""

from collections.abc import Iterator, Sequence

import pyarrow as pa

from .columns import NODE_TYPES, PREDICATES, SourceRecord
from .statements import Statement
from .views import NodeView

__all__ = ["node_views", "statements_of"]


def statements_of(
    edges: pa.Table, ids: Sequence[str], sources: Sequence[SourceRecord]
) -> Iterator[Statement]:
    """Statements of some rows of the edge table, in their order."""
    for row in edges.to_pylist():
        pairs = [pair.partition("=") for pair in row["qualifiers"]]
        yield Statement(
            subject=ids[row["head"]],
            predicate=PREDICATES[row["predicate"]],
            object=ids[row["tail"]],
            source=sources[row["source"]].name,
            negated=row["negated"],
            frequency=row["frequency"],
            onset=row["onset"],
            sex=row["sex"],
            evidence=row["evidence"],
            publications=tuple(row["publications"]),
            confidence=row["confidence"],
            qualifiers=tuple((name, value) for name, _, value in pairs),
        )


def node_views(nodes: pa.Table | pa.RecordBatch) -> Iterator[NodeView]:
    """Some rows of the node table in words, in their order."""
    for row in nodes.to_pylist():
        yield NodeView(
            id=row["id"],
            type=NODE_TYPES[row["type"]],
            label=row["label"],
            synonyms=tuple(row["synonyms"]),
            definition=row["definition"],
            structure=row["structure"],
            xrefs=tuple(row["xrefs"]),
            deprecated=row["deprecated"],
        )
