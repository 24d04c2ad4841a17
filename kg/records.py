"""What sources say, in the order of reading, and how it lies on disk as columns.

Decides the form of cached records. When a cached reading is still good is decided in
`kg.record_cache`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import repeat
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.ipc

from .statements import Mapping, Node, Statement
from .vocabulary import NodeType, Predicate

__all__ = ["SourceRecords", "load_records", "save_records"]

_Record = TypeVar("_Record", Node, Mapping, Statement)

_TEXTS = pa.list_(pa.string())
_NODE = pa.schema(
    [
        *(("id", pa.string()), ("type", pa.string()), ("label", pa.string())),
        *(("synonyms", _TEXTS), ("definition", pa.string())),
        *(("structure", pa.string()), ("deprecated", pa.bool_())),
    ]
)
_MAPPING = pa.schema(
    [
        *((name, pa.string()) for name in ("subject", "object", "source", "predicate")),
        *(("justification", pa.string()), ("confidence", pa.float64())),
    ]
)
_STATEMENT = pa.schema(
    [
        *((name, pa.string()) for name in ("subject", "predicate", "object", "source")),
        *(("negated", pa.bool_()), ("frequency", pa.float64()), ("onset", pa.string())),
        *(("sex", pa.string()), ("evidence", pa.string()), ("publications", _TEXTS)),
        *(("confidence", pa.float64()), ("qualifiers", _TEXTS)),
    ]
)
_NODE_TYPE = {kind.value: kind for kind in NodeType}
_PREDICATE = {predicate.value: predicate for predicate in Predicate}


@dataclass(slots=True)
class SourceRecords:
    """Everything that one source says, or several.

    Attributes:
        nodes: Records with the name of their source.
        mappings: Identifiers that mean the same.
        statements: Relations.
    """

    nodes: list[tuple[str, Node]] = field(default_factory=list)
    mappings: list[Mapping] = field(default_factory=list)
    statements: list[Statement] = field(default_factory=list)

    def add(self, other: "SourceRecords") -> None:
        """Takes in the records of another source."""
        self.nodes += other.nodes
        self.mappings += other.mappings
        self.statements += other.statements


def save_records(records: SourceRecords, path: Path) -> None:
    """Writes the records of one source: three Arrow streams, one behind the other."""
    with pa.OSFile(str(path), "wb") as sink:
        _write(sink, _NODE, (node for _, node in records.nodes), {})
        _write(sink, _MAPPING, records.mappings, {})
        pairs = {"qualifiers": lambda values: [f"{name}={value}" for name, value in values]}
        _write(sink, _STATEMENT, records.statements, pairs)


def _write(
    sink: pa.NativeFile,
    schema: pa.Schema,
    records: Iterable[object],
    forms: dict[str, Callable[[Any], list[str]]],
) -> None:
    rows = list(records)
    arrays = []
    for column in schema:
        values: Iterable[object] = map(getattr, rows, repeat(column.name))
        if column.name in forms:
            values = map(forms[column.name], values)
        arrays.append(pa.array(list(values), column.type))
    with pa.ipc.new_stream(sink, schema) as writer:
        writer.write_table(pa.table(arrays, schema=schema), max_chunksize=1 << 16)


def load_records(source: str, path: Path) -> SourceRecords:
    """Reads what `save_records` wrote.

    Raises:
        OSError, ArrowInvalid, ValueError: The file is gone or damaged.
    """
    with pa.OSFile(str(path), "rb") as stream:
        nodes = _read(stream, _node)
        mappings = _read(stream, _mapping)
        statements = _read(stream, _statement)
    return SourceRecords(
        nodes=list(zip(repeat(source), nodes)),
        mappings=mappings,
        statements=statements,
    )


def _read(stream: pa.NativeFile, make: Callable[..., _Record]) -> list[_Record]:
    made: list[_Record] = []
    for batch in pa.ipc.open_stream(stream):
        made.extend(map(make, *(column.to_pylist() for column in batch.columns)))
    return made


def _node(
    id_: str,
    type_: str,
    label: str,
    synonyms: list[str],
    definition: str,
    structure: str,
    deprecated: bool,
) -> Node:
    return Node(
        id=id_,
        type=_NODE_TYPE[type_],
        label=label,
        synonyms=tuple(synonyms),
        definition=definition,
        structure=structure,
        deprecated=deprecated,
    )


def _mapping(
    subject: str,
    object_: str,
    source: str,
    predicate: str,
    justification: str,
    confidence: float | None,
) -> Mapping:
    return Mapping(
        subject=subject,
        object=object_,
        source=source,
        predicate=predicate,
        justification=justification,
        confidence=confidence,
    )


def _statement(
    subject: str,
    predicate: str,
    object_: str,
    source: str,
    negated: bool,
    frequency: float | None,
    onset: str | None,
    sex: str | None,
    evidence: str | None,
    publications: list[str],
    confidence: float | None,
    qualifiers: list[str],
) -> Statement:
    pairs = [text.partition("=") for text in qualifiers]
    return Statement(
        subject=subject,
        predicate=_PREDICATE[predicate],
        object=object_,
        source=source,
        negated=negated,
        frequency=frequency,
        onset=onset,
        sex=sex,
        evidence=evidence,
        publications=tuple(publications),
        confidence=confidence,
        qualifiers=tuple((name, value) for name, _, value in pairs),
    )
