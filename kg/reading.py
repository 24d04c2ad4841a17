"""The first step of a build: what the chosen sources and case files say.

Decides which sources are read and what a missing file means. What becomes of the records is decided
in `kg.build`.
"""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from .build_options import BuildError, BuildOptions
from .build_report import BuildReport
from .case import ClinicalCase
from .cases import CaseError, read_cases
from .cases.populations import POPULATIONS, Population
from .files import DataFiles, MissingSourceError
from .record_cache import RecordCache, WatchedFiles
from .records import SourceRecords
from .sources import SOURCES, DropReport, Source
from .statements import Node, Statement
from .store import StoreError

__all__ = ["Progress", "chosen_sources", "populations", "read_all_cases", "read_sources"]

Progress = Callable[[str], None]


def chosen_sources(options: BuildOptions, report: BuildReport) -> list[Source]:
    """Sources of the profile or those that are named, then the guests; the licence filter holds.

    What the filter keeps out is noted in the report.
    """
    chosen = []
    for source in (*SOURCES, *options.guests):
        facts = source.facts
        asked = facts.name in options.sources or source in options.guests
        if not (asked or (not options.sources and options.profile in facts.profiles)):
            continue
        if options.licence_filter == "permissive" and facts.licence_class != "permissive":
            report.left_out[facts.name] = f"licence: {facts.licence}"
            continue
        chosen.append(source)
    return chosen


def read_sources(options: BuildOptions, report: BuildReport, progress: Progress) -> SourceRecords:
    """Reads the sources of a build; one whose files are missing is left out whole.

    Raises:
        BuildError: A source that must be there is missing.
    """
    everything = SourceRecords()
    for source in chosen_sources(options, report):
        name = source.facts.name
        began = time.perf_counter()
        try:
            found, drops = _read(source, options)
        except StoreError as error:
            raise BuildError(f"source {name}: {error}") from error
        except MissingSourceError as error:
            if not source.facts.optional:
                raise BuildError(f"source {name}: {error}") from error
            # What came before the missing file is not half a source: none of it counts.
            report.left_out[name] = f"missing: {error}"
            progress(f"warning: source {name} left out: {error}")
            continue
        everything.add(found)
        for kind in ("nodes", "mappings", "statements"):
            drops.keep(kind, len(getattr(found, kind)))
        report.source_facts[name] = source.facts
        report.drops[name] = drops
        report.seconds[f"read {name}"] = round(time.perf_counter() - began, 2)
        for fault in drops.faults:
            progress(f"warning: source {name}: {fault}")
    return everything


def _read(source: Source, options: BuildOptions) -> tuple[SourceRecords, DropReport]:
    """What a source says: from an earlier reading that is still good, else from its files."""
    cache = None if options.records is None else RecordCache(options.records)
    if cache is None or source in options.guests:  # a guest may read what no checksum covers
        return _from_files(source, options.files)
    kept = cache.find(source, options.files)
    if kept is not None:
        return kept
    watched = WatchedFiles.over(options.files)
    found, drops = _from_files(source, watched)
    cache.keep(source, watched, found, drops)
    return found, drops


def _from_files(source: Source, files: DataFiles) -> tuple[SourceRecords, DropReport]:
    found, drops = SourceRecords(), DropReport()
    try:
        for record in source.read(files, drops):
            if isinstance(record, Statement):
                found.statements.append(record)
            elif isinstance(record, Node):
                found.nodes.append((source.facts.name, record))
            else:
                found.mappings.append(record)
    except ValueError as error:  # a row that no reader foresaw; what came before it is sound
        drops.fault(f"stopped at a record that is none: {' '.join(str(error).split())[:200]}")
    return found, drops


def read_all_cases(options: BuildOptions, report: BuildReport) -> list[ClinicalCase]:
    """Cases of the build without those that cite an excluded publication, each id once."""
    cases: dict[str, ClinicalCase] = {}
    for found in _found_cases(options, report):
        if isinstance(found, CaseError):
            report.case_problems.append(str(found))
        elif not options.exclude_publications.isdisjoint(found.publications):
            report.n_cases_excluded += 1
        elif found.case_id in cases:
            report.case_problems.append(f"{found.case_id}: case id used twice, first one kept")
        else:
            cases[found.case_id] = found
    return list(cases.values())


def _found_cases(options: BuildOptions, report: BuildReport) -> Iterator[ClinicalCase | CaseError]:
    if options.cases is not None:
        found = list(read_cases(list(options.cases)))
        if options.cases and all(isinstance(item, CaseError) for item in found):
            raise BuildError(f"{found[0]}" if found else f"{options.cases[0]}: holds no case")
        yield from found
        return
    for population, path in populations(options, report):
        yield from read_cases([path], source=population.name, licence=population.licence)


def populations(
    options: BuildOptions, report: BuildReport | None = None
) -> Iterator[tuple[Population, Path]]:
    """The populations of the profile and where they lie; what is left out is noted."""
    if options.cases is not None:
        return
    for population in POPULATIONS:
        if options.profile not in population.profiles:
            continue
        why = ""
        if options.licence_filter == "permissive" and population.licence_class != "permissive":
            why = f"licence: {population.licence}"
        else:
            try:
                yield population, population.find(options.files)
            except MissingSourceError as error:
                why = f"missing: {error}"
        if why and report is not None:
            report.left_out[population.name] = why
