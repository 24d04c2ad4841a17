"""Sources and cases to a graph folder: RDF store, snapshot, cases, report.

Decides the order of the work: read, identify, rewrite, filter, write RDF, load the store, compile.
The folder appears whole or not at all. Which statements a control removes is decided in
`kg.holdout`, which ids are one node in `kg.identity`, what the report shows in `kg.build_report`.
"""

import gzip
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Literal

import numpy as np

from .build_report import BuildReport, CaseCoverage, write_report
from .case import ClinicalCase
from .cases import CaseError, read_cases
from .cases.rdf import case_to_nquads
from .files import DataFiles, MissingSourceError
from .graph_folder import CASES, QUADS, REPORT, SNAPSHOT, STORE
from .harmonise import MergedNode, acyclic, demoted_statements, merge_nodes, rewrite
from .holdout import (
    HeldOutTreatments,
    choose_decoys,
    treatment_family,
    without_publications,
    without_treatments,
)
from .identifiers import IdentifierError, normalise
from .identity import IdentityMap
from .rdf import QuadWriter
from .snapshot import GraphSnapshot
from .sources import SOURCES, DropReport, Source, SourceFacts, source_named
from .statements import Mapping, Node, Statement
from .store import GraphStore
from .vocabulary import NodeType

__all__ = [
    "PROFILES",
    "BuildError",
    "BuildOptions",
    "BuildResult",
    "build_graph",
    "read_id_list",
]

Profile = Literal["demo", "rare", "full"]
PROFILES: tuple[Profile, ...] = ("demo", "rare", "full")

_DEMO_CASES = "iatros/demo_cases.jsonl"
_PHENOPACKETS = "phenopacket-store/all_phenopackets.zip"
_STATEMENTS_PER_FILE = 100_000

Progress = Callable[[str], None]


class BuildError(RuntimeError):
    """A build that cannot be done; the message names the input and the mend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildOptions:
    """What to build, from what, without what.

    Attributes:
        out: Folder to make; it must not exist, or hold an earlier build.
        files: Where source files are found.
        profile: `demo`, `rare` or `full`.
        sources: Names of sources to read instead of those of the profile.
        cases: Files, folders or zips of cases; None takes those of the profile, () takes none.
        exclude_publications: PMIDs; statements and cases that cite any of them are left out.
        holdout_treatments: Disease ids that lose their treatments together with their family.
        strip_decoys: Number of random other diseases whose publications are excluded as well.
        seed: Of the choice of decoys.
        licence_filter: `permissive` leaves out sources that are non-commercial or state no licence.
        notes: Whether the notes of cases are written into the graph.
        store: Whether the RDF store is made now. Without it the same RDF stands in `graph.nq.gz`,
            which takes a fraction of the time, and `kg.graph_folder.open_rdf` loads it when it is
            first asked.
    """

    out: Path
    files: DataFiles = field(default_factory=DataFiles)
    profile: Profile = "demo"
    sources: tuple[str, ...] = ()
    cases: tuple[Path, ...] | None = None
    exclude_publications: frozenset[str] = frozenset()
    holdout_treatments: frozenset[str] = frozenset()
    strip_decoys: int = 0
    seed: int = 0
    licence_filter: Literal["permissive"] | None = None
    notes: bool = True
    store: bool = True

    def __post_init__(self) -> None:
        if self.profile not in PROFILES:
            raise ValueError(f"profile: {self.profile!r} is not one of {', '.join(PROFILES)}")
        if self.strip_decoys < 0:
            raise ValueError(f"strip_decoys: {self.strip_decoys} is negative")
        for name in self.sources:
            source_named(name)


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildResult:
    """A finished build.

    Attributes:
        out: The folder; `kg.graph_folder` says what lies in it.
        snapshot: The compiled graph.
        report: What went in, what was left out, and why.
    """

    out: Path
    snapshot: GraphSnapshot
    report: BuildReport


def read_id_list(path: Path, *, kind: Literal["publication", "disease"]) -> frozenset[str]:
    """Identifiers of a file with one id a line; bare digits are PubMed ids.

    Raises:
        BuildError: The file cannot be read, or a line is no identifier.
    """
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BuildError(f"{path}: cannot be read ({error}); give one id a line") from error
    ids = set()
    for number, line in enumerate(text.splitlines(), 1):
        word = line.partition("#")[0].strip()
        if not word:
            continue
        try:
            bare = kind == "publication" and word.isdigit()
            ids.add(f"PMID:{word}" if bare else normalise(word))
        except IdentifierError as error:
            raise BuildError(f"{path} line {number}: {error}") from error
    return frozenset(ids)


def build_graph(options: BuildOptions, progress: Progress = lambda _: None) -> BuildResult:
    """Builds a graph folder.

    Args:
        options: What to build.
        progress: Called with one line per step.

    Raises:
        BuildError: A source that must be there is missing, or the folder cannot be written.
    """
    report = BuildReport(profile=options.profile)
    started = time.perf_counter()
    with _timed(report, "read", progress):
        nodes, mappings, statements = _read_sources(options, report, progress)
    with _timed(report, "identify", progress):
        trust = [source.facts.name for source in SOURCES]
        identity = IdentityMap.from_mappings(mappings, trust=trust)
        del mappings
        report.take_identity(identity, nodes)
        merged = merge_nodes(nodes, identity)
        kinds = {node.id: node.type for _, node in nodes}
        statements = [*rewrite(statements, identity, kinds), *demoted_statements(identity)]
        statements, loops = _without_loops(statements)
        statements, circles = acyclic(statements, trust)
        report.take_hierarchy(loops=loops, circles=circles)
    with _timed(report, "filter", progress):
        statements = _filtered(statements, merged, identity, options, report)
        merged = _without_idle_deprecated(merged, statements)
        cases = _read_cases(options, report)
    facts = [report.source_facts[name] for name in sorted(report.source_facts)]
    links = _links(identity, merged)
    with _folder(options.out) as folder, _timed(report, "write", progress):
        with _keeping(folder, store=options.store) as load:
            writer = QuadWriter(facts)
            for path in _quad_files(folder, writer, facts, merged, links, statements):
                load(path)
            load(_case_file(folder, cases, notes=options.notes))
            # The law that `compile_snapshot` of the store gives this snapshot is a test.
            progress("snapshot ...")
            snapshot = GraphSnapshot.from_records(
                [item.node for item in merged], statements, links, facts
            )
            snapshot.save(folder / SNAPSHOT)
        _write_cases(cases, folder / CASES, notes=options.notes)
        report.take_snapshot(snapshot)
        report.take_cases(_coverage(cases, snapshot))
        report.seconds["total"] = round(time.perf_counter() - started, 2)
        write_report(report, folder)
    return BuildResult(
        out=options.out, snapshot=GraphSnapshot.load(options.out / SNAPSHOT), report=report
    )


# ---------------------------------------------------------------------- reading


def _chosen(options: BuildOptions, report: BuildReport) -> list[Source]:
    chosen = []
    for source in SOURCES:
        facts = source.facts
        asked = facts.name in options.sources
        if not (asked if options.sources else options.profile in facts.profiles):
            continue
        if options.licence_filter == "permissive" and facts.licence_class != "permissive":
            report.left_out[facts.name] = f"licence: {facts.licence}"
            continue
        chosen.append(source)
    return chosen


def _read_sources(
    options: BuildOptions, report: BuildReport, progress: Progress
) -> tuple[list[tuple[str, Node]], list[Mapping], list[Statement]]:
    nodes: list[tuple[str, Node]] = []
    mappings: list[Mapping] = []
    statements: list[Statement] = []
    for source in _chosen(options, report):
        facts, drops = source.facts, DropReport()
        began = time.perf_counter()
        before = (len(nodes), len(mappings), len(statements))
        try:
            for record in source.read(options.files, drops):
                if isinstance(record, Statement):
                    statements.append(record)
                elif isinstance(record, Node):
                    nodes.append((facts.name, record))
                else:
                    mappings.append(record)
        except MissingSourceError as error:
            if not facts.optional:
                raise BuildError(f"source {facts.name}: {error}") from error
            # What came before the missing file is not half a source: none of it counts.
            del nodes[before[0] :], mappings[before[1] :], statements[before[2] :]
            report.left_out[facts.name] = f"missing: {error}"
            progress(f"warning: source {facts.name} left out: {error}")
            continue
        counts = (len(nodes), len(mappings), len(statements))
        for kind, old, new in zip(("nodes", "mappings", "statements"), before, counts, strict=True):
            drops.keep(kind, new - old)
        report.source_facts[facts.name] = facts
        report.drops[facts.name] = drops
        report.seconds[f"read {facts.name}"] = round(time.perf_counter() - began, 2)
        for fault in drops.faults:
            progress(f"warning: source {facts.name}: {fault}")
    return nodes, mappings, statements


def _read_cases(options: BuildOptions, report: BuildReport) -> list[ClinicalCase]:
    paths = list(options.cases) if options.cases is not None else _default_cases(options, report)
    cases: dict[str, ClinicalCase] = {}
    for found in read_cases(paths):
        if isinstance(found, CaseError):
            report.case_problems.append(str(found))
        elif not options.exclude_publications.isdisjoint(found.publications):
            report.n_cases_excluded += 1
        elif found.case_id in cases:
            report.case_problems.append(f"{found.case_id}: case id used twice, first one kept")
        else:
            cases[found.case_id] = found
    return list(cases.values())


def _default_cases(options: BuildOptions, report: BuildReport) -> list[Path]:
    names = [_DEMO_CASES] if options.profile == "demo" else [_PHENOPACKETS]
    paths = []
    for name in names:
        try:
            paths.append(options.files.open_path(name))
        except MissingSourceError as error:
            report.left_out[name] = f"missing: {error}"
    return paths


# ---------------------------------------------------------------------- filtering


def _without_loops(statements: Iterable[Statement]) -> tuple[list[Statement], int]:
    kept, loops = [], 0
    for statement in statements:
        if statement.subject == statement.object:
            loops += 1
        else:
            kept.append(statement)
    return kept, loops


def _filtered(
    statements: list[Statement],
    merged: Sequence[MergedNode],
    identity: IdentityMap,
    options: BuildOptions,
    report: BuildReport,
) -> list[Statement]:
    excluded = options.exclude_publications
    if options.strip_decoys:
        rng = np.random.default_rng(options.seed)
        decoys, papers = choose_decoys(statements, excluded, count=options.strip_decoys, rng=rng)
        report.decoys = decoys
        excluded = excluded | papers
    if excluded:
        statements, fallen = without_publications(statements, excluded)
        report.fallen["excluded publication"] = fallen
    if options.holdout_treatments:
        held = _held_out(statements, merged, identity, options.holdout_treatments)
        statements, fallen = without_treatments(statements, held.all)
        report.fallen["held-out treatment"] = fallen
        report.held_out = held
    return statements


def _held_out(
    statements: list[Statement],
    merged: Sequence[MergedNode],
    identity: IdentityMap,
    asked: frozenset[str],
) -> HeldOutTreatments:
    canonical = {disease: identity.canonical(disease, NodeType.DISEASE) for disease in asked}
    return treatment_family(canonical, [m.node for m in merged], statements)


def _without_idle_deprecated(
    merged: list[MergedNode], statements: Iterable[Statement]
) -> list[MergedNode]:
    used = {end for s in statements for end in (s.subject, s.object)}
    return [m for m in merged if not m.node.deprecated or m.node.id in used]


# ---------------------------------------------------------------------- writing


@contextmanager
def _folder(out: Path) -> Iterator[Path]:
    """A folder beside `out` that takes its place when all went well."""
    if out.exists() and not (out / REPORT).is_file() and any(out.iterdir()):
        raise BuildError(f"{out}: exists and is no earlier build; give another --out")
    working = out.with_name(out.name + ".tmp")
    shutil.rmtree(working, ignore_errors=True)
    try:
        working.mkdir(parents=True)
    except OSError as error:
        raise BuildError(f"{working}: cannot be made ({error})") from error
    try:
        yield working
        shutil.rmtree(out, ignore_errors=True)
        working.rename(out)
    except BaseException:
        shutil.rmtree(working, ignore_errors=True)
        raise


def _links(identity: IdentityMap, merged: Iterable[MergedNode]) -> list[Mapping]:
    present = {item.node.id for item in merged}
    return [mapping for mapping in identity.links() if mapping.subject in present]


@contextmanager
def _keeping(folder: Path, *, store: bool) -> Iterator[Callable[[Path], None]]:
    """Takes in N-Quads files in the background, in the order given, and deletes them.

    They go into the store, or into one compressed file. Both run outside the interpreter's lock,
    so that writing the next file and compiling the snapshot go on meanwhile.
    """
    graph = GraphStore(folder / STORE) if store else None

    def take(path: Path) -> None:
        if graph is not None:
            graph.bulk_load([path])
        else:  # gzip files one behind the other are one gzip file
            with path.open("rb") as plain, gzip.open(folder / QUADS, "ab", compresslevel=1) as sink:
                shutil.copyfileobj(plain, sink, 1 << 20)
        path.unlink()

    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="load") as pool:
        pending: list[Future[None]] = []
        yield lambda path: pending.append(pool.submit(take, path))
        for future in pending:
            future.result()
    if graph is not None:
        graph.flush()


def _quad_files(
    folder: Path,
    writer: QuadWriter,
    facts: Sequence[SourceFacts],
    merged: Iterable[MergedNode],
    links: Iterable[Mapping],
    statements: Iterable[Statement],
) -> Iterator[Path]:
    """N-Quads files: one of sources, nodes and mappings, then the statements in pieces."""
    path = folder / "nodes.nq"
    with path.open("w", encoding="utf-8", newline="\n", buffering=1 << 20) as sink:
        sink.writelines(writer.source(known) for known in facts)
        sink.writelines(writer.node(item.node, item.source) for item in merged)
        sink.writelines(writer.mapping(mapping) for mapping in links)
    yield path
    for number, piece in enumerate(_batched(statements, _STATEMENTS_PER_FILE)):
        path = folder / f"statements-{number:04}.nq"
        with path.open("w", encoding="utf-8", newline="\n", buffering=1 << 20) as sink:
            sink.writelines(map(writer.statement, piece))
        yield path


def _batched(items: Iterable[Statement], size: int) -> Iterator[list[Statement]]:
    """Pieces of a stream (`itertools.batched` came with Python 3.12)."""
    stream = iter(items)
    while piece := list(islice(stream, size)):
        yield piece


def _case_file(folder: Path, cases: Iterable[ClinicalCase], *, notes: bool) -> Path:
    path = folder / "cases.nq"
    with path.open("w", encoding="utf-8", newline="\n", buffering=1 << 20) as sink:
        for case in cases:
            sink.writelines(case_to_nquads(case, include_notes=notes))
    return path


def _write_cases(cases: Iterable[ClinicalCase], path: Path, *, notes: bool) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as sink:
        for case in sorted(cases, key=lambda case: case.case_id):
            kept = case if notes else case.model_copy(update={"note": None})
            sink.write(kept.model_dump_json(exclude_defaults=True) + "\n")


@contextmanager
def _timed(report: BuildReport, step: str, progress: Progress) -> Iterator[None]:
    progress(f"{step} ...")
    began = time.perf_counter()
    yield
    report.seconds[step] = round(time.perf_counter() - began, 2)


def _coverage(cases: Iterable[ClinicalCase], snapshot: GraphSnapshot) -> CaseCoverage:
    n_cases = n_reached = 0
    lost: dict[str, int] = {}
    for case in cases:
        n_cases += 1
        missing = [d for d in case.diagnoses if snapshot.index(d) is None]
        for diagnosis in missing:
            lost[diagnosis] = lost.get(diagnosis, 0) + 1
        n_reached += not missing
    return CaseCoverage(n_cases=n_cases, n_reached=n_reached, lost=lost)
