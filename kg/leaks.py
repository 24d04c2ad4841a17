"""Does a built graph still hold what it was built without? A search of the whole folder.

Decides in which forms an excluded publication, a held-out treatment or a source that the licence
filter keeps out could still be there: edges and texts of the snapshot, quads of any named graph in
either direction, mapped ids, association nodes, cases, reports. What is excluded is read from
`controls.json`, which names it and is itself no leak.
"""

import gzip
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import IO, cast

import numpy as np
import pyarrow as pa

from .controls import CONTROLS, Controls
from .graph_folder import ADDED, QUADS, SNAPSHOT, STORE, open_rdf
from .holdout import TREATMENT_PREDICATES
from .identifiers import to_iri
from .rdf import NODE_SOURCE
from .snapshot import GraphSnapshot
from .store import GraphStore
from .terms import (
    FIELD_IRI,
    GRAPH_OF_CASES,
    PREDICATE_IRI,
    QUALIFIER_IRI,
    SOURCE_FIELD_IRI,
    literal,
    source_name,
)

__all__ = ["Leak", "find_leaks"]

_PMID = re.compile(
    rb"(?:PMID|pubmed)[:_ /]{1,2}(\d{1,9})|pubmed\.ncbi\.nlm\.nih\.gov/(\d{1,9})", re.IGNORECASE
)
_BLOCK = 1 << 24
_QUADS = "quads"
_PATIENTS = f"<{GRAPH_OF_CASES}".encode()
_IDS_A_QUERY = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak:
    """One place where something excluded was found.

    Attributes:
        control: `publication`, `treatment` or `licence`.
        where: Part of the folder.
        what: The id or source that was found.
    """

    control: str
    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.control}: {self.where}: {self.what}"


def find_leaks(folder: Path) -> Iterator[Leak]:
    """Everything in a graph folder that its controls forbid, each finding once.

    Raises:
        StoreError, SnapshotError: The folder holds no graph.
    """
    controls = Controls.load(folder)
    snapshot = GraphSnapshot.load(folder / SNAPSHOT)
    if controls.publications or controls.decoys:
        yield from dict.fromkeys(_papers(folder, snapshot, controls))
    if controls.held_out:
        ids = _all_ids(snapshot, controls.held_out)
        in_rdf = _treatments_in_rdf(open_rdf(folder), sorted(ids))
        yield from dict.fromkeys(chain(_treatments(snapshot, controls), in_rdf))
    if controls.licence_filter == "permissive":
        yield from dict.fromkeys(_closed_sources(open_rdf(folder), snapshot))


# ------------------------------------------------------------------ publications


def _papers(folder: Path, snapshot: GraphSnapshot, controls: Controls) -> Iterator[Leak]:
    excluded = {paper.removeprefix("PMID:").encode() for paper in controls.publications}
    decoys = {paper.removeprefix("PMID:").encode() for paper in controls.decoys} - excluded
    for row in np.flatnonzero(
        snapshot.without_publications(controls.publications | controls.decoys)
    ):
        yield Leak(control="publication", where="snapshot", what=snapshot.statement_id(int(row)))
    knowledge = chain(_texts(snapshot), _rdf(folder))
    for where, text in chain(knowledge, _files(folder)):
        for found in _PMID.finditer(text):
            number = found[1] or found[2]
            if number in excluded or (number in decoys and _is_knowledge(where, text, found.end())):
                yield Leak(control="publication", where=where, what=f"PMID:{number.decode()}")


def _is_knowledge(where: str, text: bytes, at: int) -> bool:
    """A place where no patient speaks."""
    if where == _QUADS:
        line_end = text.find(b"\n", at)
        graph = text[at : None if line_end < 0 else line_end].rstrip(b" .").rpartition(b" ")[2]
        return not graph.startswith(_PATIENTS)
    return where.startswith("snapshot")


def _texts(snapshot: GraphSnapshot) -> Iterator[tuple[str, bytes]]:
    """Every different text of the snapshot, by column."""
    for table in snapshot.tables:
        for name in table.schema.names:
            column = table[name].combine_chunks()
            if pa.types.is_list(column.type):
                column = column.flatten()
            if pa.types.is_string(column.type):
                text = "\n".join(value for value in column.unique().to_pylist() if value)
                yield f"snapshot, column {name}", text.encode()


def _rdf(folder: Path) -> Iterator[tuple[str, bytes]]:
    """All quads as text, those of additions too."""
    if (folder / QUADS).is_file():
        for path in (folder / QUADS, *(folder / ADDED).glob("*.nq.gz")):
            with gzip.open(path, "rb") as stream:
                yield from ((_QUADS, text) for text in _blocks(cast(IO[bytes], stream)))
    elif (folder / STORE).is_dir():
        with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
            path = Path(scratch) / "all.nq"
            open_rdf(folder).dump(path)
            with path.open("rb") as plain:
                yield from ((_QUADS, text) for text in _blocks(plain))


def _blocks(stream: IO[bytes]) -> Iterator[bytes]:
    while block := stream.read(_BLOCK):
        yield block + stream.readline()  # no id is cut in two


def _files(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Everything else in the folder: cases, reports, readings, whatever lies there."""
    known = {folder / SNAPSHOT, folder / STORE, folder / ADDED, folder / QUADS, folder / CONTROLS}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and known.isdisjoint((path, *path.parents)):
            with path.open("rb") as stream:
                name = str(path.relative_to(folder))
                yield from ((name, text) for text in _blocks(stream))


# ------------------------------------------------------------------ treatments


def _all_ids(snapshot: GraphSnapshot, diseases: frozenset[str]) -> set[str]:
    """The diseases under every id that leads to them alone."""
    ids = set(diseases)
    for disease in diseases:
        index = snapshot.index(disease)
        if index is not None:
            ids.update((snapshot.node_ids[index], *snapshot.node(index).xrefs))
    return ids


def _treatments(snapshot: GraphSnapshot, controls: Controls) -> Iterator[Leak]:
    held = [i for d in controls.held_out if (i := snapshot.index(d)) is not None]
    for predicate in sorted(TREATMENT_PREDICATES):
        edges = snapshot.edges(predicate, negated=None)
        touched = np.isin(edges.head, held) | np.isin(edges.tail, held)
        for row in edges.rows[touched]:
            id_ = snapshot.statement_id(int(row))
            yield Leak(control="treatment", where="snapshot", what=id_)


def _treatments_in_rdf(store: GraphStore, ids: list[str]) -> Iterator[Leak]:
    properties = " ".join(f"<{PREDICATE_IRI[p]}>" for p in sorted(TREATMENT_PREDICATES))
    rest = iter(ids)
    while some := list(islice(rest, _IDS_A_QUERY)):
        nodes = " ".join(f"<{to_iri(id_)}>" for id_ in some)
        texts = " ".join(literal(id_) for id_ in some)
        for where, pattern in (
            ("plain triple", f"VALUES ?d {{ {nodes} }} {{ ?x ?p ?d }} UNION {{ ?d ?p ?x }}"),
            (
                "association node",
                f"VALUES ?d {{ {nodes} }} ?x <{FIELD_IRI['predicate']}> ?p . "
                f"{{ ?x <{FIELD_IRI['object']}> ?d }} UNION {{ ?x <{FIELD_IRI['subject']}> ?d }}",
            ),
            (
                "id before it was mapped",
                f"VALUES ?d {{ {texts} }} {{ ?x <{QUALIFIER_IRI['original_object']}> ?d }} "
                f"UNION {{ ?x <{QUALIFIER_IRI['original_subject']}> ?d }} "
                f"?x <{FIELD_IRI['predicate']}> ?p",
            ),
        ):
            sparql = f"SELECT ?x ?d WHERE {{ {pattern} VALUES ?p {{ {properties} }} }}"
            for row in store.query(sparql).rows:
                yield Leak(control="treatment", where=where, what=" ".join(map(str, row)))


# ------------------------------------------------------------------ licences


def _closed_sources(store: GraphStore, snapshot: GraphSnapshot) -> Iterator[Leak]:
    """Sources that are not permissive, and graphs and statements that no permissive one says."""
    classes = f"SELECT ?s WHERE {{ ?s <{SOURCE_FIELD_IRI['licence_class']}> ?c "
    found = store.query(classes + 'FILTER(?c = "permissive") }').rows
    open_names = {source_name(row[0].value) for row in found if row[0] is not None}
    for source in snapshot.sources:
        if source.name not in open_names:
            yield Leak(control="licence", where="snapshot", what=source.name)
    for graph in store.graphs():
        name = source_name(graph)
        if name not in open_names | {NODE_SOURCE} and not graph.startswith(GRAPH_OF_CASES):
            yield Leak(control="licence", where="named graph", what=name)
    for row in store.query(classes + 'FILTER(?c != "permissive") }').rows:
        yield Leak(control="licence", where="source facts", what=str(row[0]))
    stated = f"SELECT DISTINCT ?s WHERE {{ ?x <{FIELD_IRI['source']}> ?s }}"
    for row in store.query(stated).rows:
        name = "" if row[0] is None else source_name(row[0].value)
        if name not in open_names and row[0] is not None and row[0].kind == "iri":
            yield Leak(control="licence", where="knowledge source", what=name)
