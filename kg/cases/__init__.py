"""Patients from files: phenopackets, FHIR bundles, JSON lines, in files, folders and zip archives.

Decides how many inputs become one stream of cases, in which a bad input is a value beside the good
ones: nothing that stands in a file raises. A `CaseError` of severity `error` means that no case
came of it; one of severity `warning` stands before the case that it belongs to (`case_id`). Tables
of public data sets (MIMIC, chest X-rays) and splits have modules of their own in this package.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from kg.case import ClinicalCase

from .archive import READ_ERRORS, ArchiveLimits, CaseFile, walk
from .covid_chestxray import is_covid_chestxray, read_covid_chestxray
from .document import cases_of_bytes
from .jsonlines import resolve_images
from .mimic import is_mimic, read_mimic
from .problem import CaseError

__all__ = ["ArchiveLimits", "CaseError", "read_cases"]

_LINE_SUFFIXES = (".jsonl", ".ndjson")
_HEAD_BYTES = 1 << 20


def read_cases(
    paths: Sequence[Path | str],
    *,
    limits: ArchiveLimits | None = None,
    notes: bool = True,
    source: str | None = None,
    licence: str | None = None,
) -> Iterator[ClinicalCase | CaseError]:
    """Cases of all inputs, in the order of the paths and of the names in them.

    Args:
        paths: Files, folders and zip archives. The format is told by the content; a folder with
            the tables of MIMIC-IV or of covid-chestxray is read as that (diagnosis words masked).
        limits: How much an input may be.
        notes: Take the notes of FHIR bundles.
        source: Data set that cases without one are said to come from.
        licence: Licence of cases without one.

    Yields:
        Each case once, by its `case_id`, and each problem as a `CaseError`.
    """
    limits = limits or ArchiveLimits()
    first_seen: dict[str, str] = {}
    for path in map(Path, paths):
        for where, found in _read_path(path, limits, notes=notes):
            if isinstance(found, CaseError):
                yield found
                continue
            problem = _case_problem(found, where, first_seen)
            if problem is not None:
                yield problem
                if problem.severity == "error":
                    continue
            first_seen[found.case_id] = where
            yield _stamped(found, source, licence)


def _read_path(
    path: Path, limits: ArchiveLimits, *, notes: bool
) -> Iterator[tuple[str, ClinicalCase | CaseError]]:
    """What one input holds, each with the place it was found at."""
    tables = _table_reader(path)
    if tables is not None:
        yield from ((str(path), found) for found in tables(path))
        return
    for file in walk(path, limits):
        if isinstance(file, CaseError):
            yield file.where, file
            continue
        for where, found in _read_file(file, limits, notes=notes):
            if isinstance(found, CaseError):
                yield where, found
            else:
                yield where, resolve_images(found, file.folder)


def _table_reader(path: Path) -> Callable[[Path], Iterator[ClinicalCase | CaseError]] | None:
    """Reader of the public data set whose tables a folder holds."""
    try:
        if is_mimic(path):
            return read_mimic
        return read_covid_chestxray if is_covid_chestxray(path) else None
    except OSError:  # a folder that must not be looked into is reported by the walk
        return None


def _case_problem(case: ClinicalCase, where: str, first_seen: dict[str, str]) -> CaseError | None:
    """Why a well-formed case is not used, or is used with a warning."""
    if case.case_id in first_seen:
        return CaseError(
            where=where,
            problem=f"case id {case.case_id!r} was there before, in {first_seen[case.case_id]}",
            mend="give each case its own id",
            kind="duplicate",
        )
    if not case.has_input():
        return CaseError(
            where=where,
            problem=f"case {case.case_id!r} has no phenotype, note, image, gene or condition",
            mend="add at least one phenotype",
            kind="empty",
        )
    if not case.phenotypes and not case.conditions:
        return CaseError(
            where=where,
            problem=f"case {case.case_id!r} has no phenotype",
            mend="the answer rests on what else is there",
            kind="empty",
            severity="warning",
            case_id=case.case_id,
        )
    return None


def _stamped(case: ClinicalCase, source: str | None, licence: str | None) -> ClinicalCase:
    added = {}
    if source is not None and case.source is None:
        added["source"] = source
    if licence is not None and case.licence is None:
        added["licence"] = licence
    return case.model_copy(update=added) if added else case


def _read_file(
    file: CaseFile, limits: ArchiveLimits, *, notes: bool
) -> Iterator[tuple[str, ClinicalCase | CaseError]]:
    """What stands in a file, each with the place it was found at."""
    stem = file.name.rpartition(".")[0] or file.name
    try:
        with file.open() as stream:
            if file.name.lower().endswith(_LINE_SUFFIXES):
                yield from _read_lines(b"", stream, file, limits, stem, notes=notes)
                return
            head = stream.read(_HEAD_BYTES)
            if _is_lines(head):
                yield from _read_lines(head, stream, file, limits, stem, notes=notes)
                return
            data = head + stream.read(max(limits.file_bytes + 1 - len(head), 0))
    except READ_ERRORS as error:
        problem = f"cannot be read ({str(error)[:120] or type(error).__name__})"
        mend = "check the file, or pack the archive anew"
        yield (
            file.where,
            CaseError(where=file.where, problem=problem, mend=mend, kind="unreadable"),
        )
        return
    if len(data) > limits.file_bytes:
        problem = f"larger than {limits.file_bytes >> 20} MiB"
        mend = "write the cases as JSON lines"
        yield file.where, CaseError(where=file.where, problem=problem, mend=mend, kind="unsafe")
        return
    for found in cases_of_bytes(data, where=file.where, fallback_id=stem, notes=notes):
        yield file.where, found


def _is_lines(head: bytes) -> bool:
    """True when the first line is a whole object and another one follows."""
    first, _, rest = head.removeprefix(b"\xef\xbb\xbf").lstrip().partition(b"\n")
    first, rest = first.strip(), rest.lstrip()
    return first.startswith(b"{") and first.endswith(b"}") and rest.startswith(b"{")


def _read_lines(
    head: bytes,
    stream: BinaryIO,
    file: CaseFile,
    limits: ArchiveLimits,
    stem: str,
    *,
    notes: bool,
) -> Iterator[tuple[str, ClinicalCase | CaseError]]:
    """One document a line; the rest of the file behind an oversized line is not read."""
    found_any = False
    for number, line in enumerate(_lines(head, stream, limits.file_bytes), start=1):
        where = f"{file.where}:{number}"
        if len(line) > limits.file_bytes:
            problem = f"a line of more than {limits.file_bytes >> 20} MiB; the rest is not read"
            mend = "write one case a line"
            yield where, CaseError(where=where, problem=problem, mend=mend, kind="unsafe")
            return
        if not line.strip():
            continue
        found_any = True
        for found in cases_of_bytes(line, where=where, fallback_id=f"{stem}:{number}", notes=notes):
            yield where, found
    if not found_any:
        mend = "write one case a line"
        empty = CaseError(where=file.where, problem="the file is empty", mend=mend, kind="syntax")
        yield file.where, empty


def _lines(head: bytes, stream: BinaryIO, max_bytes: int) -> Iterator[bytes]:
    """Lines of what was read already and of the rest; one over the limit is cut behind it."""
    *whole, last = head.split(b"\n")
    yield from whole
    line = last + stream.readline(max(max_bytes + 2 - len(last), 1))
    while line:
        yield line
        line = stream.readline(max_bytes + 2)
