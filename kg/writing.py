"""The last step of a build: N-Quads, the store they go into, and a folder that appears whole.

Decides what lies on disk while a graph is written. The form of the quads is decided in `kg.rdf`.
"""

import gzip
import shutil
from collections import deque
from collections.abc import Container, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from .build_options import BuildError
from .case import ClinicalCase
from .cases.populations import population_of
from .cases.rdf import case_to_nquads, fact_to_nquads
from .cases.statements import Canonical, PatientFact, PatientStatements
from .coverage import alone
from .graph_folder import QUADS, REPORT, STORE
from .harmonise import MergedNode
from .identity import IdentityMap
from .rdf import QuadWriter
from .sources import SourceFacts
from .statements import Mapping, Statement
from .store import GraphStore
from .wording import in_words

__all__ = [
    "fresh_folder",
    "graph_quads",
    "patient_quads",
    "refuse_foreign",
    "storing",
    "write_alone",
    "write_cases",
]

_PIECE_CHARACTERS = 1 << 25
_PIECES_IN_MEMORY = 4


def refuse_foreign(out: Path) -> None:
    """Ends a build that would replace something else.

    Raises:
        BuildError: A file is there, or a folder that no build made.
    """
    if out.is_file():
        raise BuildError(f"{out}: is a file; give a folder as --out")
    if out.exists() and not (out / REPORT).is_file() and any(out.iterdir()):
        raise BuildError(f"{out}: exists and is no earlier build; give another --out")


@contextmanager
def fresh_folder(out: Path) -> Iterator[Path]:
    """A folder beside `out` that takes its place when all went well."""
    refuse_foreign(out)
    working = out.with_name(out.name + ".tmp")
    shutil.rmtree(working, ignore_errors=True)
    try:
        working.mkdir(parents=True)
    except OSError as error:
        raise BuildError(f"{working}: cannot be made ({in_words(error)})") from error
    try:
        yield working
        shutil.rmtree(out, ignore_errors=True)
        working.rename(out)
    except BaseException:
        shutil.rmtree(working, ignore_errors=True)
        raise


def graph_quads(
    facts: Sequence[SourceFacts],
    merged: Iterable[MergedNode],
    links: Iterable[Mapping],
    statements: Iterable[Statement],
    patients: Iterable[str] = (),
) -> Iterator[str]:
    """The whole graph as N-Quads, in blocks of lines.

    Args:
        facts: What is true of each source.
        merged: Nodes.
        links: Mappings.
        statements: Relations.
        patients: Lines of the graphs of patients, see `patient_quads`.
    """
    writer = QuadWriter(facts)
    yield from map(writer.source, facts)
    for item in merged:
        yield writer.node(item.node, item.source)
    yield from map(writer.mapping, links)
    yield from map(writer.statement, statements)
    yield from patients


def patient_quads(
    cases: Iterable[ClinicalCase],
    events: Iterable[PatientFact],
    *,
    canonical: Canonical,
    known: Container[str],
    notes: bool,
    counts: dict[str, int],
) -> Iterator[str]:
    """The graphs of patients as N-Quads lines, one graph a population.

    Args:
        cases: The patients.
        events: What their records hold beside the cases; of other patients nothing is written.
        canonical: Finds the graph's node of an identifier.
        known: Ids of the graph's nodes.
        notes: Write the notes of cases.
        counts: Filled with the number of statements by population.
    """
    writers: dict[str, PatientStatements] = {}
    owner: dict[str, PatientStatements] = {}
    for case in cases:
        population = population_of(case)
        writer = writers.get(population.name)
        if writer is None:
            writer = PatientStatements(population, canonical=canonical, known=known)
            writers[population.name] = writer
            yield from writer.facts()
        owner[case.case_id] = writer
        yield from case_to_nquads(case, include_notes=notes, statements=writer)
    for event in events:
        if event.case_id in owner:
            yield from fact_to_nquads(event, owner[event.case_id])
    counts.update({name: writer.n_statements for name, writer in writers.items()})


@contextmanager
def storing(folder: Path, blocks: Iterable[str], *, store: bool) -> Iterator[None]:
    """Writes N-Quads and puts them away in the background; they are there when the context ends.

    They go into the store as one file: in pieces that takes a quarter more time and twice the
    disk. Or they go into one compressed file, piece by piece. Both run outside the interpreter's
    lock, so that the snapshot is compiled meanwhile.
    """
    pending: deque[Future[None]] = deque()
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="store") as pool:
        if store:
            path = folder / "graph.nq"
            with _sink(path) as sink:
                sink.writelines(blocks)
            pending.append(pool.submit(_load, path, folder / STORE))
        else:
            for piece in _pieces(blocks):
                pending.append(pool.submit(_pack, piece, folder / QUADS))
                if len(pending) > _PIECES_IN_MEMORY:
                    pending.popleft().result()
        yield
        for future in pending:
            future.result()


def _load(path: Path, store: Path) -> None:
    graph = GraphStore(store)
    graph.bulk_load([path])
    graph.flush()
    path.unlink()


def _pack(piece: str, path: Path) -> None:
    with path.open("ab") as sink:  # gzip members one behind the other are one gzip file
        sink.write(gzip.compress(piece.encode(), compresslevel=1))


def _pieces(blocks: Iterable[str]) -> Iterator[str]:
    held: list[str] = []
    size = 0
    for block in blocks:
        held.append(block)
        size += len(block)
        if size >= _PIECE_CHARACTERS:
            yield "".join(held)
            held.clear()
            size = 0
    yield "".join(held)


def _sink(path: Path) -> TextIO:
    return path.open("w", encoding="utf-8", newline="\n", buffering=1 << 20)


def write_alone(merged: Sequence[MergedNode], identity: IdentityMap, path: Path) -> None:
    """A table of all nodes that no mapping joins to another identifier, sorted by id."""
    nodes, sources = [item.node for item in merged], [item.source for item in merged]
    with _sink(path) as sink:
        sink.write("id\ttype\tlabel\tsource\n")
        for row in alone(nodes, sources, identity):
            sink.write("\t".join(" ".join(cell.split()) for cell in row) + "\n")


def write_cases(cases: Iterable[ClinicalCase], path: Path, *, notes: bool) -> None:
    """Cases as JSON lines, sorted by id."""
    with _sink(path) as sink:
        for case in sorted(cases, key=lambda case: case.case_id):
            kept = case if notes else case.model_copy(update={"note": None})
            sink.write(kept.model_dump_json(exclude_defaults=True) + "\n")
