"""Streams the rows of delimited text files and survives what real files hold.

Decides how a bad line, a byte-order mark, a wrong encoding, a repeated header, an oversized field
or a truncated gzip are treated: counted in the `DropReport`, never raised, never silent. What the
columns mean is decided by each source.
"""

import csv
import gzip
import zlib
from collections.abc import Iterator, Sequence
from io import BufferedReader
from pathlib import Path

from .contract import DropReport

__all__ = ["MAX_FIELD_CHARACTERS", "lines", "rows"]

MAX_FIELD_CHARACTERS = 200_000
"""A longer line of a table (or field of a quoted table) is dropped: no real row comes near it."""


def lines(path: Path, report: DropReport) -> Iterator[str]:
    """Lines of a text file (gzip by its first bytes), without their line ends.

    A line that is not UTF-8 is read as Windows-1252 and counted as mended; a line with a NUL byte
    or of more than `MAX_FIELD_CHARACTERS` bytes is dropped. A gzip that ends early or is broken
    gives its good part and one fault.
    """
    with path.open("rb") as raw:
        zipped = raw.read(2) == b"\x1f\x8b"
    if path.suffix == ".gz" and not zipped:
        report.fault(f"{path.name}: not a gzip file, though its name says so; fetch it again")
        return
    with gzip.open(path, "rb") if zipped else path.open("rb") as stream:
        number = 0
        while True:
            try:
                line = stream.readline(MAX_FIELD_CHARACTERS + 2)
                oversized = len(line) > MAX_FIELD_CHARACTERS and not line.endswith(b"\n")
                if oversized:
                    _skip_line(stream)
            except (EOFError, OSError, zlib.error) as error:
                report.fault(f"{path.name}: broken after line {number} ({error}); fetch it again")
                return
            if not line:
                if number == 0:
                    report.fault(f"{path.name}: empty; fetch it again")
                return
            number += 1
            if oversized:
                report.drop("line too long", f"{path.name} line {number}")
                continue
            if number == 1:
                line = line.removeprefix(b"\xef\xbb\xbf")
            if b"\x00" in line:
                report.drop("NUL byte in line", f"{path.name} line {number}")
                continue
            try:
                text = line.decode("utf-8")
            except UnicodeDecodeError:
                text = line.decode("cp1252", errors="replace")
                report.mend("not UTF-8, read as Windows-1252", f"{path.name} line {number}")
            yield text.rstrip("\r\n")


def _skip_line(stream: gzip.GzipFile | BufferedReader) -> None:
    while True:
        part = stream.readline(MAX_FIELD_CHARACTERS)
        if not part or part.endswith(b"\n"):
            return


def rows(
    path: Path,
    report: DropReport,
    *,
    columns: Sequence[str],
    delimiter: str = "\t",
    quoted: bool | None = None,
    comment: str = "#",
    header: Sequence[str] | None = None,
    skip: int = 0,
    ragged: bool = False,
) -> Iterator[dict[str, str]]:
    """Rows as dictionaries of stripped strings.

    Args:
        path: Table, plain or gzip.
        report: Where dropped and mended rows are counted.
        columns: Names that must be in the header; without them there is one fault and no row.
        delimiter: Cell separator.
        quoted: Whether double quotes enclose cells; default: only in comma-separated tables.
        comment: Lines that begin so, before the header, are skipped; a header that begins so
            (`#name`) is found when all `columns` are in it. Empty: no comments.
        header: Names of the columns when the file has none.
        skip: Lines to skip after the header (ROBOT templates have a second header line).
        ragged: Accept rows whose last cells are missing; they become empty, which is counted.
    """
    quoted = delimiter == "," if quoted is None else quoted
    cells = _cells(path, report, delimiter=delimiter, quoted=quoted)
    names = list(header) if header is not None else None
    distinct = names is not None and len(set(names)) == len(names)
    for row in cells:
        if names is None:
            found = _header(row, columns=columns, comment=comment)
            if found is None:
                continue
            names = found
            if missing := [column for column in columns if column not in names]:
                report.fault(f"{path.name}: no column {', '.join(missing)}; it has {names[:12]}")
                return
            distinct = len(set(names)) == len(names)
            if not distinct:
                report.mend("column name used twice, first one read", path.name)
            continue
        if skip > 0:
            skip -= 1
            continue
        if len(row) != len(names):
            if not any(row):
                continue
            if not (ragged and len(row) < len(names)):
                report.drop("number of cells differs from the header", f"{path.name}: {row[:3]}")
                continue
            report.mend("row ends early, missing cells read as empty", f"{path.name}: {row[:3]}")
            row = [*row, *[""] * (len(names) - len(row))]
        if row == names:
            report.drop("header repeated", path.name)
            continue
        if distinct:
            yield dict(zip(names, map(str.strip, row), strict=True))
        else:  # reversed, so that the first of two columns with one name wins
            yield dict(zip(reversed(names), map(str.strip, reversed(row)), strict=True))
    if names is None and not report.faults:
        report.fault(f"{path.name}: no header with {', '.join(columns)}")


def _header(row: list[str], *, columns: Sequence[str], comment: str) -> list[str] | None:
    names = [name.strip() for name in row]
    if not any(names):
        return None
    if comment and names[0].startswith(comment):
        names[0] = names[0].lstrip(comment).strip()
        return names if set(columns) <= set(names) else None
    return names


def _cells(path: Path, report: DropReport, *, delimiter: str, quoted: bool) -> Iterator[list[str]]:
    if not quoted:
        for line in lines(path, report):
            yield line.split(delimiter)
        return
    limit = csv.field_size_limit(MAX_FIELD_CHARACTERS)
    try:
        reader = csv.reader((line + "\n" for line in lines(path, report)), delimiter=delimiter)
        while True:
            try:
                yield next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                report.drop("malformed quoted row", f"{path.name} line {reader.line_num}: {error}")
    finally:
        csv.field_size_limit(limit)
