"""A snapshot on disk: three Arrow files and one JSON file in a folder, memory mapped when read.

Decides the file names and how a folder appears at once or not at all. What the columns mean is in
`kg.columns`.
"""

import json
import os
import shutil
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.ipc

from .columns import EDGE_SCHEMA, NODE_SCHEMA, NODE_TYPES, PREDICATES, SourceRecord, sorted_edges
from .links import LINK_SCHEMA
from .wording import in_words

__all__ = ["SnapshotError", "SnapshotFiles", "read_snapshot", "write_snapshot"]

_FORMAT = 1
_LATER = ("structure",)  # columns that graphs of before do not have; empty there
_MANIFEST, _NODES, _EDGES = "snapshot.json", "nodes.arrow", "edges.arrow"
_LINKS = "codes.arrow"  # not there in graphs of earlier versions


class SnapshotError(ValueError):
    """A folder that holds no readable snapshot; the mend stands behind the last semicolon."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotFiles:
    """What the files of a snapshot hold."""

    nodes: pa.Table
    edges: pa.Table
    links: pa.Table
    sources: tuple[SourceRecord, ...]
    release: str
    digest: str


def _write_table(path: Path, table: pa.Table) -> None:
    with pa.ipc.new_file(path, table.schema) as sink:
        sink.write_table(table.combine_chunks())


def write_snapshot(folder: Path, files: SnapshotFiles) -> None:
    """Writes a folder; one that is there is replaced only when the new one is whole."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        _write_table(fresh / _NODES, files.nodes)
        _write_table(fresh / _EDGES, files.edges)
        _write_table(fresh / _LINKS, files.links)
        manifest = {
            "format": _FORMAT,
            "digest": files.digest,
            "release": files.release,
            "n_nodes": files.nodes.num_rows,
            "n_edges": files.edges.num_rows,
            "node_types": [kind.value for kind in NODE_TYPES],
            "predicates": [predicate.value for predicate in PREDICATES],
            "sources": [asdict(source) for source in files.sources],
        }
        text = json.dumps(manifest, indent=1, ensure_ascii=False, sort_keys=True)
        (fresh / _MANIFEST).write_text(text + "\n", encoding="utf-8")
        fresh.chmod(0o755)
        if folder.exists():
            if not (folder / _MANIFEST).is_file() and any(folder.iterdir()):
                raise SnapshotError(f"{folder}: holds something else; choose another folder")
            old = Path(tempfile.mkdtemp(prefix=f".{folder.name}.old.", dir=folder.parent))
            os.replace(folder, old / folder.name)  # noqa: PTH105
            os.replace(fresh, folder)  # noqa: PTH105
            shutil.rmtree(old)
        else:
            os.replace(fresh, folder)  # noqa: PTH105
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _read_table(path: Path, schema: pa.Schema) -> pa.Table:
    try:
        with pa.memory_map(str(path)) as source:
            table = pa.ipc.open_file(source).read_all()
    except (OSError, pa.ArrowInvalid) as error:
        raise SnapshotError(f"{path}: {in_words(error)}; build the graph again") from error
    for name in schema.names:
        if name in _LATER and name not in table.schema.names:
            column = pa.repeat(pa.scalar("", pa.string()), table.num_rows)
            table = table.append_column(name, column)
    if sorted(table.schema.names) == sorted(schema.names):
        table = table.select(schema.names)
    if table.schema.names != schema.names:
        raise SnapshotError(
            f"{path}: columns {table.schema.names}, expected {schema.names}; build the graph again"
        )
    return table


def _recode(table: pa.Table, column: str, stored: list[str], current: list[str]) -> pa.Table:
    """The column in today's codes; a graph of an older vocabulary stays readable."""
    if stored == current[: len(stored)]:
        return table
    unknown = sorted(set(stored) - set(current))
    if unknown:
        raise SnapshotError(f"{column}: unknown name {unknown[0]!r}; build the graph again")
    to_current = np.array([current.index(name) for name in stored], dtype=np.int16)
    index = table.schema.get_field_index(column)
    codes = to_current[table[column].to_numpy()]
    kind = table.schema.field(column).type
    table = table.set_column(index, column, pa.array(codes).cast(kind))
    return sorted_edges(table) if column == "predicate" else table


def read_snapshot(folder: Path) -> SnapshotFiles:
    """Reads a folder; columns stay on disk until they are looked at.

    Raises:
        SnapshotError: The folder holds no snapshot, or one that this version cannot read.
    """
    path = folder / _MANIFEST
    if not path.is_file():
        raise SnapshotError(f"{folder}: holds no graph; name the --out folder of `iatros build`")
    try:
        return _read_parts(folder, json.loads(path.read_text(encoding="utf-8")))
    except SnapshotError:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SnapshotError(f"{path}: is damaged ({error!r}); build the graph again") from error


def _read_parts(folder: Path, manifest: dict[str, Any]) -> SnapshotFiles:
    if manifest.get("format") != _FORMAT:
        found = manifest.get("format")
        raise SnapshotError(
            f"{folder}: format {found!r}, this reads {_FORMAT}; build the graph again"
        )
    nodes = _read_table(folder / _NODES, NODE_SCHEMA)
    edges = _read_table(folder / _EDGES, EDGE_SCHEMA)
    if (nodes.num_rows, edges.num_rows) != (manifest["n_nodes"], manifest["n_edges"]):
        raise SnapshotError(f"{folder}: row counts differ from {_MANIFEST}; build the graph again")
    links = LINK_SCHEMA.empty_table()
    if (folder / _LINKS).is_file():
        links = _read_table(folder / _LINKS, LINK_SCHEMA)
    types = [kind.value for kind in NODE_TYPES]
    predicates = [predicate.value for predicate in PREDICATES]
    return SnapshotFiles(
        nodes=_recode(nodes, "type", manifest["node_types"], types),
        edges=_recode(edges, "predicate", manifest["predicates"], predicates),
        links=links,
        sources=tuple(SourceRecord(**facts) for facts in manifest["sources"]),
        release=manifest["release"],
        digest=manifest["digest"],
    )
