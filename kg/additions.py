"""Named graphs that come and go in a built graph: literature runs and patient populations.

Decides what lies in the folder for them and in which order it changes. The graph as it was built
stands in `added/base` while anything is added, so that taking the last addition out gives the old
files back. `added/added.json` says what is in; snapshot, cases and store follow it, and a run
that was cut short is finished by the next one. What is taken in is decided in `kg.addition`.
"""

import gzip
import hashlib
import json
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, cast

import pyoxigraph as ox

from .addition import Addition, AdditionError, AdditionReport, read_additions, statements_of
from .case import ClinicalCase
from .cases import CaseError, read_cases
from .cases.populations import POPULATIONS, Population
from .cases.rdf import case_to_nquads
from .cases.statements import PatientStatements
from .controls import Controls
from .extend import extended
from .graph_folder import ADDED, CASES, SNAPSHOT, settle_store
from .rdf import QuadWriter
from .snapshot import GraphSnapshot
from .terms import source_iri
from .vocabulary import NodeType
from .writing import write_cases

__all__ = [
    "AddedGraph",
    "AdditionError",
    "AdditionReport",
    "add_cases",
    "add_graphs",
    "added_graphs",
    "base_snapshot",
    "hold_graphs",
    "remove_graphs",
]

_MANIFEST = "added.json"
_BASE = "base"


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedGraph:
    """One graph that was added.

    Attributes:
        name: Its name, which `remove_graphs` takes.
        kind: `statements` or `cases`.
        iri: Named graph in the store.
        file: What was taken in, below `added/`.
        input: File that it came from.
        sha256: Checksum of that file.
        report: What was kept and what was refused.
    """

    name: str
    kind: str
    iri: str
    file: str
    input: str
    sha256: str
    report: dict[str, object] = field(default_factory=dict)


def added_graphs(folder: Path) -> tuple[AddedGraph, ...]:
    """What was added to a graph, by name."""
    path = folder / ADDED / _MANIFEST
    if not path.is_file():
        return ()
    return tuple(AddedGraph(**row) for row in json.loads(path.read_text("utf-8")))


def base_snapshot(folder: Path) -> GraphSnapshot:
    """The graph as it was built, without what was added.

    Raises:
        SnapshotError: The folder holds no snapshot.
    """
    base = folder / ADDED / _BASE / SNAPSHOT
    return GraphSnapshot.load(base if base.is_dir() else folder / SNAPSHOT)


def add_graphs(folder: Path, paths: Iterable[Path]) -> list[AdditionReport]:
    """Adds the named graphs of RDF files; one that is in already is replaced.

    Nothing is read again but the files given and earlier additions.

    Returns:
        For each graph what was kept and what was refused.

    Raises:
        AdditionError: A file or graph is refused whole; then nothing has changed.
        SnapshotError, StoreError: The folder holds no graph.
    """
    base, controls = base_snapshot(folder), Controls.load(folder)
    found: dict[str, tuple[Path, Addition]] = {}
    for path in paths:
        for addition in read_additions(path, base, controls):
            if addition.facts.name in found:
                raise AdditionError(f"{path}: graph {addition.facts.name} stands in two files")
            found[addition.facts.name] = (path, addition)
    rows = [_keep(folder, path, addition) for path, addition in found.values()]
    standing = [one for one in added_graphs(folder) if one.name not in found]
    _change(folder, [*standing, *rows])
    return [addition.report for _, addition in found.values()]


def add_cases(folder: Path, paths: Sequence[Path], *, name: str) -> AdditionReport:
    """Adds patients as a named graph of their own; the snapshot of knowledge stays as it is.

    Args:
        folder: A built graph.
        paths: Files, folders or zips of cases.
        name: Name of the population.

    Raises:
        AdditionError: The name is no name, or none of the files holds a case.
    """
    if not re.fullmatch(r"[\w.-]+", name):
        raise AdditionError(f"{name!r}: a name has letters, digits, dots and dashes only")
    if name in {population.name for population in POPULATIONS}:
        raise AdditionError(f"{name}: is a population of builds; give another name")
    controls, report = Controls.load(folder), AdditionReport(name=f"cases/{name}")
    population = Population(name=name, title=f"Patients added as {name}", release="as added")
    if controls.licence_filter == "permissive":
        raise AdditionError(f"{name}: the graph takes permissive sources only; patients state none")
    others = [one for one in added_graphs(folder) if one.name != report.name]
    taken = {case.case_id for case in _all_cases(folder, others)}
    kept: list[ClinicalCase] = []
    for case in read_cases(paths):
        report.n_read += 1
        if isinstance(case, CaseError):
            report.refuse("is no case", str(case))
        elif not controls.publications.isdisjoint(case.publications):
            report.refuse("cites an excluded publication", case.case_id)
        elif case.case_id in taken:
            report.refuse("case id is in the graph already", case.case_id)
        else:
            taken.add(case.case_id)
            kept.append(case)
    if not kept:
        reasons = "; ".join(
            f"{n} {reason}, the first: {report.examples[reason][0]}"
            for reason, n in report.refused.items()
        )
        raise AdditionError(f"{name}: no case to add ({reasons or 'no case found'})")
    report.n_kept = len(kept)
    path = folder / ADDED / _file_name(report.name, "jsonl")
    path.parent.mkdir(exist_ok=True)
    write_cases(kept, path, notes=controls.notes)
    file = _file_name(report.name, "nq.gz")
    _pack(
        folder / ADDED / file,
        _patients(kept, population, base_snapshot(folder), notes=controls.notes),
    )
    row = AddedGraph(
        name=report.name,
        kind="cases",
        iri=population.graph,
        file=file,
        input=" ".join(map(str, paths)),
        sha256=_sha256(path),
        report=asdict(report),
    )
    _change(folder, [*others, row])
    return report


def _patients(
    cases: Sequence[ClinicalCase], population: Population, base: GraphSnapshot, *, notes: bool
) -> Iterator[str]:
    def canonical(curie: str, _: NodeType | None) -> str:
        index = base.index(curie)
        return curie if index is None else base.node_ids[index]

    writer = PatientStatements(population, canonical=canonical, known=frozenset(base.node_ids))
    yield from writer.facts()
    for case in cases:
        yield from case_to_nquads(case, include_notes=notes, statements=writer)


def remove_graphs(folder: Path, names: Iterable[str]) -> None:
    """Takes added graphs out again; without any left the old digest is back.

    Raises:
        AdditionError: A name is not that of an added graph; then nothing has changed.
    """
    standing, gone = {one.name: one for one in added_graphs(folder)}, set(names)
    for name in sorted(gone - standing.keys()):
        known = ", ".join(standing) or "none"
        raise AdditionError(f"{name}: no added graph of this name; added are: {known}")
    _change(folder, [one for name, one in standing.items() if name not in gone])


def hold_graphs(
    folder: Path, paths: Sequence[Path], progress: Callable[[str], None] = lambda _: None
) -> list[AdditionReport]:
    """Makes the files given all that is added of literature; patients stay.

    A file that is in already, byte for byte, is not read again.
    """
    wanted = {_sha256(path): path for path in paths if path.is_file()}
    missing = [path for path in paths if not path.is_file()]
    if missing:
        raise AdditionError(f"{missing[0]}: no such file")
    standing = [one for one in added_graphs(folder) if one.kind == "statements"]
    gone = [one.name for one in standing if one.sha256 not in wanted]
    have = {one.sha256 for one in standing}
    fresh = [path for digest, path in wanted.items() if digest not in have]
    reports = add_graphs(folder, fresh) if fresh else []
    gone = [name for name in gone if name not in {report.name for report in reports}]
    if gone:
        progress(f"warning: no longer asked for, taken out: {', '.join(gone)}")
        remove_graphs(folder, gone)
    return reports


# ------------------------------------------------------------------ in the folder


def _file_name(name: str, suffix: str) -> str:
    stem = re.sub(r"[^\w.-]+", "_", name.rstrip("/").rpartition("/")[2])[:60]
    return f"{stem}-{hashlib.sha256(name.encode()).hexdigest()[:10]}.{suffix}"


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _pack(path: Path, blocks: Iterable[str]) -> None:
    part = path.with_name(path.name + ".part")
    with part.open("wb") as raw, gzip.GzipFile("", "wb", 1, raw, mtime=0) as sink:
        for block in blocks:
            sink.write(block.encode())
    part.replace(path)


def _keep(folder: Path, path: Path, addition: Addition) -> AddedGraph:
    """Writes what is taken in, in the form of the graph that it joins."""
    name = addition.facts.name
    file = _file_name(name, "nq.gz")
    (folder / ADDED).mkdir(exist_ok=True)
    writer = QuadWriter([addition.facts])
    blocks = [
        writer.source(addition.facts),
        *(writer.node(node, name) for node in addition.nodes),
        *(writer.mapping(mapping) for mapping in addition.mappings),
    ]
    _pack(folder / ADDED / file, (*blocks, *map(writer.statement, addition.statements)))
    return AddedGraph(
        name=name,
        kind="statements",
        iri=source_iri(name),
        file=file,
        input=str(path),
        sha256=_sha256(path),
        report=asdict(addition.report),
    )


def _change(folder: Path, rows: Sequence[AddedGraph]) -> None:
    """Makes the folder hold the base and these additions, whatever it holds now."""
    added = folder / ADDED
    base = added / _BASE
    if not base.is_dir() and rows:
        part = base.with_name(_BASE + ".part")
        shutil.rmtree(part, ignore_errors=True)
        shutil.copytree(folder / SNAPSHOT, part / SNAPSHOT)
        shutil.copyfile(folder / CASES, part / CASES)
        part.rename(base)
    if not base.is_dir():
        return
    rows = sorted(rows, key=lambda row: row.name)
    part_ = added / f"{_MANIFEST}.part"
    part_.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n", "utf-8")
    part_.replace(added / _MANIFEST)
    _combined(folder, rows).save(folder / SNAPSHOT)
    cases = folder / (CASES + ".part")
    if any(row.kind == "cases" for row in rows):
        write_cases(_all_cases(folder, rows), cases, notes=Controls.load(folder).notes)
    else:
        shutil.copyfile(base / CASES, cases)
    cases.replace(folder / CASES)
    settle_store(folder)
    wanted = {row.file for row in rows} | {row.file.replace(".nq.gz", ".jsonl") for row in rows}
    for path in added.glob("*-??????????.*"):
        if path.name not in wanted:
            path.unlink()
    if not rows:
        shutil.rmtree(added)


def _combined(folder: Path, rows: Sequence[AddedGraph]) -> GraphSnapshot:
    base = GraphSnapshot.load(folder / ADDED / _BASE / SNAPSHOT)
    said = ox.Store()
    for row in rows:
        if row.kind == "statements":
            with gzip.open(folder / ADDED / row.file, "rb") as stream:
                said.bulk_load(cast(IO[bytes], stream), format=ox.RdfFormat.N_QUADS)
    if not len(said):
        return base
    return extended(base, statements_of(said))


def _all_cases(folder: Path, rows: Sequence[AddedGraph]) -> list[ClinicalCase]:
    base = folder / ADDED / _BASE / CASES
    paths = [base if base.is_file() else folder / CASES]
    paths += [
        folder / ADDED / row.file.replace(".nq.gz", ".jsonl") for row in rows if row.kind == "cases"
    ]
    return [case for case in read_cases(paths) if isinstance(case, ClinicalCase)]
