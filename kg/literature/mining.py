"""From files of papers to one file of statements: per-file parts, resumed, exactly once.

Decides how work is split (a file is the unit), what survives a kill (every finished file), and that
the result depends on the input alone, not on the number of workers. What is read from a paper is
decided by the miner.
"""

import gzip
import hashlib
import io
import json
import os
import shutil
import struct
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Literal, TextIO

from kg.rdf import QuadWriter

from .endpoints import Endpoints
from .miner import MinedStatement, Miner
from .ray_engine import in_ray
from .readers import DocumentError, corpus_files, read_documents
from .readers.tar import is_tar
from .registry import Importer
from .statements import MiningRun, to_statement

__all__ = ["MiningReport", "MiningSource", "Plug", "mine_files"]

_INDEX = struct.Struct(">12sI")  # statement id, characters of its quads
_EXAMPLES = 20
_BATCH = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Plug:
    """What a worker needs: somebody who reads, and the graph that his statements are about."""

    reader: Miner | Importer
    endpoints: Endpoints


MiningSource = Callable[[], Plug]
"""Makes a `Plug` in each worker; must be picklable, such as a function of a module."""


@dataclass(slots=True, kw_only=True)
class MiningReport:
    """What a run did.

    Attributes:
        n_files: Files read.
        n_resumed: Files whose part an earlier, interrupted run had finished.
        n_documents: Documents read.
        n_statements: Statements written.
        n_repeated: Statements that another file had said in the same words.
        problems: Number of problems by kind.
        examples: The first of them, one line each.
    """

    n_files: int = 0
    n_resumed: int = 0
    n_documents: int = 0
    n_statements: int = 0
    n_repeated: int = 0
    problems: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)

    @property
    def nothing_read(self) -> bool:
        """True when there was no document in any file, and an error says why."""
        return not self.n_documents and any(kind.startswith("error") for kind in self.problems)

    def add(self, part: dict[str, Any]) -> None:
        """Counts what one file gave."""
        self.n_files += 1
        self.n_documents += part["n_documents"]
        self.problems.update(part["problems"])
        self.examples.extend(part["examples"][: max(_EXAMPLES - len(self.examples), 0)])


def mine_files(
    paths: Iterable[Path],
    out: Path,
    *,
    source: MiningSource,
    run: MiningRun,
    workers: int = 1,
    engine: Literal["local", "ray"] = "local",
    min_confidence: float = 0.0,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> MiningReport:
    """Reads papers and writes what they say as N-Quads.

    Args:
        paths: Files and folders; a folder stands for its files, each a unit of work.
        out: N-Quads file, compressed when it ends with .gz. Beside it `OUT.parts/` holds finished
            files until all are done.
        source: Makes the miner; called once in each process.
        run: Names the run and its graph.
        workers: Processes.
        engine: Who hands the files out: processes of this machine, or a Ray cluster.
        min_confidence: Statements below are left out.
        progress: Called with the number of files done and of all.

    Returns:
        What was done; the file is in place, unless no input could be read: then an older one stays.
    """
    files = list(dict.fromkeys(_units(paths)))
    folder = out.with_name(out.name + ".parts")
    folder.mkdir(parents=True, exist_ok=True)
    asked = json.dumps([run.name, run.model, run.version, run.graph, run.licence, min_confidence])
    jobs = [
        _Job(
            path=path, part=folder / f"{at:06d}-{_key(path, asked)}", run=run, least=min_confidence
        )
        for at, path in enumerate(files)
    ]
    open_jobs = [job for job in jobs if not job.is_done]
    report = MiningReport(n_resumed=len(jobs) - len(open_jobs))
    done = report.n_resumed
    progress(done, len(jobs))
    if engine == "ray" and open_jobs:
        finished = in_ray(open_jobs, partial(_start, source), _run_job, workers=workers)
    else:
        finished = _work(open_jobs, source, workers)
    for _ in finished:
        done += 1
        progress(done, len(jobs))
    for job in jobs:
        report.add(json.loads(job.file(".json").read_text("utf-8")))
    if not report.nothing_read:
        _join(jobs, out, run, report)
    shutil.rmtree(folder, ignore_errors=True)
    return report


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    path: Path
    part: Path
    run: MiningRun
    least: float

    def file(self, suffix: str) -> Path:
        return self.part.with_name(self.part.name + suffix)

    @property
    def is_done(self) -> bool:
        return self.file(".json").is_file()  # written last


def _units(paths: Iterable[Path]) -> Iterator[Path]:
    """Files as units of work, in the order given; those of a folder by name."""
    for path in paths:
        if path.is_dir():
            seen = set()
            for item in corpus_files(path):
                name = Path(item.where.partition("!")[0])
                if name not in seen:
                    seen.add(name)
                    yield name
            yield from (p for p in sorted(path.rglob("*.tar*")) if is_tar(p) and p not in seen)
        else:
            yield path


def _key(path: Path, asked: str) -> str:
    """Changes when the file or the question does, so that an old part is not taken for it."""
    try:
        state = path.stat()
        seen = f"{state.st_size} {state.st_mtime_ns}"
    except OSError:
        seen = "missing"
    return hashlib.sha256(f"{path}\0{seen}\0{asked}".encode("utf-8", "replace")).hexdigest()[:16]


# ------------------------------------------------------------------ in a worker

_plug: Plug | None = None
_failure: Exception | None = None


def _start(source: MiningSource) -> None:
    global _plug, _failure
    try:
        _plug = source()
    except Exception as error:  # raised with the first file: of a start a pool says nothing
        _failure = error


def _run_job(job: _Job) -> str:
    if _failure is not None:
        raise _failure
    if _plug is None:
        raise RuntimeError("the worker has no miner")
    _mine_file(job, _plug)
    return job.part.name


def _work(jobs: Sequence[_Job], source: MiningSource, workers: int) -> Iterator[str]:
    if not jobs:
        return
    if workers <= 1:
        plug = source()
        for job in jobs:
            _mine_file(job, plug)
            yield job.part.name
        return
    with ProcessPoolExecutor(
        max_workers=min(workers, len(jobs)),
        mp_context=get_context("spawn"),
        initializer=_start,
        initargs=(source,),
    ) as pool:
        for future in as_completed([pool.submit(_run_job, job) for job in jobs]):
            yield future.result()


def _mine_file(job: _Job, plug: Plug) -> None:
    """Writes the part of one file; its report, written last, says that it is whole."""
    writer = QuadWriter([job.run.facts])
    counts: dict[str, Any] = {"n_documents": 0, "problems": Counter(), "examples": []}
    nodes: set[int] = set()
    quads, index = job.file(".nq"), job.file(".idx")
    with (
        quads.open("w", encoding="utf-8", newline="\n", buffering=1 << 20) as text_sink,
        index.open("wb") as index_sink,
    ):
        for mined in _statements(job.path, plug.reader, counts):
            found = plug.endpoints.resolved(mined)
            if isinstance(found, str):
                counts["problems"][found] += 1
                continue
            if found.confidence < job.least:
                continue
            statement = to_statement(found, job.run.name)
            text = writer.statement(statement)
            text_sink.write(text)
            index_sink.write(_INDEX.pack(bytes.fromhex(statement.id[7:]), len(text)))
            nodes.update(plug.endpoints.nodes(found))
    described = [plug.endpoints.described(node) for node in sorted(nodes)]
    job.file(".nodes").write_text("".join(map(writer.node, described)), "utf-8")
    fresh = job.file(".json.tmp")
    fresh.write_text(json.dumps(counts), "utf-8")
    os.replace(fresh, job.file(".json"))  # noqa: PTH105


def _statements(
    path: Path, reader: Miner | Importer, counts: dict[str, Any]
) -> Iterator[MinedStatement]:
    def told(error: DocumentError) -> None:
        counts["problems"][f"{error.severity}: {error.kind}"] += 1
        if len(counts["examples"]) < _EXAMPLES:
            counts["examples"].append(str(error))

    if isinstance(reader, Importer):
        for found in reader.statements(path):
            if isinstance(found, DocumentError):
                told(found)
            else:
                counts["n_documents"] += 1
                yield found
        return
    batch = []
    for item in read_documents(path):
        if isinstance(item, DocumentError):
            told(item)
            continue
        counts["n_documents"] += 1
        if not item.publication:
            counts["problems"]["warning: no PMID, PMCID or DOI to cite"] += 1
            continue
        batch.append(item)
        if len(batch) == _BATCH:
            yield from reader.mine(batch)
            batch = []
    yield from reader.mine(batch)


# ------------------------------------------------------------------ the result


def _join(jobs: Sequence[_Job], out: Path, run: MiningRun, report: MiningReport) -> None:
    """One file of all parts, in the order of the files, each statement once."""
    writer = QuadWriter([run.facts])
    seen: set[bytes] = set()
    nodes: dict[str, None] = {}
    fresh = out.with_name(out.name + ".tmp")
    with _sink(fresh, packed=out.suffix == ".gz") as sink:
        sink.write(writer.source(run.facts))
        for job in jobs:
            index = job.file(".idx").read_bytes()
            with job.file(".nq").open(encoding="utf-8", newline="\n") as quads:
                for id_, length in _INDEX.iter_unpack(index):
                    text = quads.read(length)
                    if id_ in seen:
                        report.n_repeated += 1
                        continue
                    seen.add(id_)
                    sink.write(text)
                    report.n_statements += 1
            nodes.update(dict.fromkeys(job.file(".nodes").read_text("utf-8").splitlines()))
        for line in sorted(nodes):
            sink.write(line + "\n")
    os.replace(fresh, out)  # noqa: PTH105


@contextmanager
def _sink(path: Path, *, packed: bool) -> Iterator[TextIO]:
    """A text file, gzip without a date when asked, so that equal content is equal bytes."""
    if not packed:
        with path.open("w", encoding="utf-8", newline="\n", buffering=1 << 20) as plain:
            yield plain
        return
    with (
        path.open("wb") as raw,
        gzip.GzipFile("", "wb", 1, raw, mtime=0) as zipped,
        io.TextIOWrapper(io.BufferedWriter(zipped, 1 << 20), "utf-8", newline="\n") as text,
    ):
        yield text
