"""Sources and cases to a graph folder: RDF store, snapshot, cases, report.

Decides the order of the work: read, identify, rewrite, filter, write RDF, load the store, compile.
What may be asked is decided in `kg.build_options`, which statements a control removes in
`kg.holdout`, which ids are one node in `kg.identity`, what the report shows in `kg.build_report`.
"""

import gc
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from .build_options import PROFILES, BuildError, BuildOptions, read_id_list
from .build_report import BuildReport, CaseCoverage, write_report
from .case import ClinicalCase
from .cases.mimic_events import mimic_events
from .cases.statements import Canonical, PatientFact
from .controls import Controls
from .coverage import vocabulary_coverage
from .graph_folder import ALONE, CASES, SNAPSHOT
from .harmonise import (
    MergedNode,
    acyclic,
    demoted_statements,
    leading_codes,
    merge_nodes,
    rewrite,
    typed_ends,
)
from .holdout import (
    HeldOutTreatments,
    choose_decoys,
    treatment_family,
    without_publications,
    without_treatments,
)
from .identity import IdentityMap
from .namesakes import namesakes
from .reading import Progress, populations, read_all_cases, read_sources
from .records import SourceRecords
from .snapshot import GraphSnapshot
from .sources import SOURCES
from .statements import Mapping, Statement
from .vocabulary import NodeType
from .writing import (
    fresh_folder,
    graph_quads,
    patient_quads,
    refuse_foreign,
    storing,
    write_alone,
    write_cases,
)

__all__ = [
    "PROFILES",
    "BuildError",
    "BuildOptions",
    "BuildResult",
    "build_graph",
    "read_id_list",
]


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


def build_graph(options: BuildOptions, progress: Progress = lambda _: None) -> BuildResult:
    """Builds a graph folder.

    Args:
        options: What to build.
        progress: Called with one line per step.

    Raises:
        BuildError: A source that must be there is missing, or the folder cannot be written.
    """
    refuse_foreign(options.out)
    report = BuildReport(profile=options.profile or "none")
    started = time.perf_counter()
    with _without_collector():
        with _timed(report, "read", progress):
            records = read_sources(options, report, progress)
        with _timed(report, "identify", progress):
            trust = [source.facts.name for source in (*SOURCES, *options.guests)]
            records.mappings.extend(namesakes(records.nodes, records.mappings))
            identity = IdentityMap.from_mappings(records.mappings, trust=trust)
            report.take_identity(identity)
            merged = merge_nodes(records.nodes, identity)
            named = [node for _, node in records.nodes]
            statements = _identified(records, identity, trust, report)
            mappings = records.mappings
            del records
        with _timed(report, "filter", progress):
            statements, controls = _filtered(statements, merged, identity, options, report)
            merged = _without_idle_deprecated(merged, statements)
            cases = read_all_cases(options, report)
        facts = [report.source_facts[name] for name in sorted(report.source_facts)]
        links = _links(identity, merged, mappings)
        present = {item.node.id: item.node.type for item in merged}
        report.vocabulary = vocabulary_coverage(named, mappings, identity, present, links)
        del named, mappings
        patients = patient_quads(
            cases,
            _events(options),
            canonical=_node_finder(identity, merged),
            known=present,
            notes=options.notes,
            counts=report.patient_statements,
        )
        described = [*merged, *typed_ends(merged, statements)]
        quads = graph_quads(facts, described, links, statements, patients)
        with fresh_folder(options.out) as folder, _timed(report, "write", progress):
            with storing(folder, quads, store=options.store):
                # The law that `compile_snapshot` of the store gives this snapshot is a test.
                progress("snapshot ...")
                nodes = [item.node for item in merged]
                snapshot = GraphSnapshot.from_records(nodes, statements, links, facts)
                snapshot.save(folder / SNAPSHOT)
            write_cases(cases, folder / CASES, notes=options.notes)
            write_alone(merged, identity, folder / ALONE)
            controls.save(folder)
            report.take_snapshot(snapshot)
            report.take_cases(_coverage(cases, snapshot))
            report.seconds["total"] = round(time.perf_counter() - started, 2)
            write_report(report, folder)
    return BuildResult(
        out=options.out, snapshot=GraphSnapshot.load(options.out / SNAPSHOT), report=report
    )


def _identified(
    records: SourceRecords, identity: IdentityMap, trust: Sequence[str], report: BuildReport
) -> list[Statement]:
    """Statements between canonical ids, without loops and with an acyclic hierarchy."""
    kinds = {node.id: node.type for _, node in records.nodes}
    rewritten = rewrite(records.statements, identity, kinds)
    statements, loops = _without_loops([*rewritten, *demoted_statements(identity)])
    statements, circles = acyclic(statements, trust)
    report.take_hierarchy(loops=loops, circles=circles)
    return statements


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
) -> tuple[list[Statement], Controls]:
    excluded = options.exclude_publications
    of_decoys: frozenset[str] = frozenset()
    held_out: frozenset[str] = frozenset()
    if options.strip_decoys:
        rng = np.random.default_rng(options.seed)
        decoys, papers = choose_decoys(statements, excluded, count=options.strip_decoys, rng=rng)
        report.decoys = decoys
        of_decoys = frozenset(papers - excluded)
    if excluded or of_decoys:
        statements, fallen = without_publications(statements, excluded | of_decoys)
        report.fallen["excluded publication"] = fallen
    if options.holdout_treatments:
        held = _held_out(statements, merged, identity, options.holdout_treatments)
        # Under every id: a source that takes one of them for a drug would keep it a node apart.
        ids = {id_ for one in held.all for id_ in identity.members(one, NodeType.DISEASE)}
        statements, fallen = without_treatments(statements, held.all | ids)
        report.fallen["held-out treatment"] = fallen
        report.held_out = held
        held_out = held.all
    controls = Controls(
        publications=excluded,
        decoys=of_decoys,
        held_out=held_out,
        licence_filter=options.licence_filter,
        notes=options.notes,
    )
    return statements, controls


def _held_out(
    statements: list[Statement],
    merged: Sequence[MergedNode],
    identity: IdentityMap,
    asked: frozenset[str],
) -> HeldOutTreatments:
    nodes = [m.node for m in merged]
    diseases = {node.id for node in nodes if node.type is NodeType.DISEASE}
    canonical = {disease: identity.canonical(disease, NodeType.DISEASE) for disease in asked}
    for name, found in canonical.items():
        if found not in diseases:  # labels are also for symptoms, which are phenotypes here
            canonical[name] = identity.canonical(name, NodeType.PHENOTYPE)
    return treatment_family(canonical, nodes, statements)


def _without_idle_deprecated(
    merged: list[MergedNode], statements: Iterable[Statement]
) -> list[MergedNode]:
    used = {end for s in statements for end in (s.subject, s.object)}
    return [m for m in merged if not m.node.deprecated or m.node.id in used]


def _links(
    identity: IdentityMap, merged: Iterable[MergedNode], mappings: Iterable[Mapping]
) -> list[Mapping]:
    """Mappings of the graph: other ids of each node, then codes that only lead to it."""
    present = {item.node.id: item.node.type for item in merged}
    same = [mapping for mapping in identity.links() if mapping.subject in present]
    return [*same, *leading_codes(mappings, identity, present)]


def _node_finder(identity: IdentityMap, merged: Iterable[MergedNode]) -> Canonical:
    """Finds the graph's node of an identifier of a patient's record, so that both meet."""
    present = {item.node.id for item in merged}

    @cache
    def find(curie: str, kind: NodeType | None) -> str:
        canonical = identity.canonical(curie, kind)
        return canonical if canonical in present else curie

    return find


def _events(options: BuildOptions) -> Iterator[PatientFact]:
    """What the records of the profile's populations hold beside the cases."""
    for population, path in populations(options):
        if population.name == "mimic_iv_demo":
            yield from mimic_events(path)


@contextmanager
def _without_collector() -> Iterator[None]:
    """Leaves cycles alone: records hold none, and looking for them costs a third of a build."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


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
        if not case.diagnoses:
            continue
        n_cases += 1
        missing = [d for d in case.diagnoses if snapshot.index(d) is None]
        for diagnosis in missing:
            lost[diagnosis] = lost.get(diagnosis, 0) + 1
        n_reached += not missing
    return CaseCoverage(n_cases=n_cases, n_reached=n_reached, lost=lost)
