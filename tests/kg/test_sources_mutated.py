"""Real rows of every source, damaged in every usual way: what is lost is counted, nothing crashes.

The law: when there are fewer records than from the sound file, the report counts something that it
did not count there. Files are the first rows of the mirror's, so that all tests stay fast.
"""

import gzip
import re
import zipfile
from collections import Counter
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest

from kg.files import DataFiles
from kg.sources import SOURCES, DropReport, Source
from kg.sources.contract import Record
from kg.sources.tables import MAX_FIELD_CHARACTERS
from kg.sources.workbook import MAX_UNPACKED_BYTES, sheet_rows
from kg.statements import Mapping, Node

N_LINES = 160
COUNTED_ELSEWHERE = {"drug_names"}  # derives from tables whose own sources count their bad rows

Damage = Callable[[list[bytes], int], list[bytes]]


def _replaced(change: Callable[[bytes], bytes]) -> Damage:
    return lambda lines, at: [*lines[:at], change(lines[at]), *lines[at + 1 :]]


def _ten_times(line: bytes) -> bytes:
    longest = max(line.replace(b",", b"\t").split(b"\t"), key=len)
    return line.replace(longest, longest * 10, 1)


DAMAGES: dict[str, Damage] = {
    "row cut in half": _replaced(lambda line: line[: len(line) // 2]),
    "row of rubbish": lambda lines, at: [*lines[:at], b"\x01 no row at all", *lines[at:]],
    "wrong encoding in a row": _replaced(lambda line: line + b"\xe9\xff"),
    "byte-order mark": lambda lines, _: [b"\xef\xbb\xbf" + lines[0], *lines[1:]],
    "header again": lambda lines, at: [*lines[:at], lines[0], *lines[at:]],
    "field ten times as long": _replaced(_ten_times),
    "field without end": _replaced(lambda line: line + b"x" * (10 * MAX_FIELD_CHARACTERS)),
    "NUL byte": _replaced(lambda line: line[:2] + b"\x00" + line[2:]),
    "quote never closed": _replaced(lambda line: b'"' + line),
    "cells without meaning": _replaced(lambda line: re.sub(rb"[^\t,]+", b"-", line)),
    "columns lost": lambda lines, _: [b"a\tb", *lines[1:]],
}
WHOLE: dict[str, Callable[[bytes], bytes]] = {
    "UTF-16": lambda text: text.decode("utf-8", "replace").encode("utf-16"),
    "truncated gzip": lambda text: gzip.compress(text)[: len(gzip.compress(text)) // 2],
    "nothing": lambda _: b"",
}


def sample(path: Path) -> bytes | None:
    """First lines of a text file, unpacked; None for a workbook or archive."""
    raw = path.read_bytes()[:2]
    if raw == b"PK":
        return None
    with gzip.open(path) if raw == b"\x1f\x8b" else path.open("rb") as stream:
        return b"".join(islice(stream, N_LINES))


def said(record: Record) -> tuple[str, ...]:
    """What a record says at its heart; names and texts may change with a damaged cell."""
    if isinstance(record, Node):
        return ("node", record.id)
    if isinstance(record, Mapping):
        return (record.subject, record.predicate, record.object)
    return (record.subject, record.predicate, record.object, str(record.negated))


def read(source: Source, files: DataFiles) -> tuple[set[tuple[str, ...]], Counter[str], list[str]]:
    report = DropReport()
    records = {said(record) for record in source.read(files, report)}
    noted = report.dropped + report.mended + Counter(report.faults)
    return records, noted, report.faults


@pytest.mark.mirror
@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.facts.name)
def test_what_damage_takes_away_is_counted(source: Source, mirror: Path, tmp_path: Path) -> None:
    real = DataFiles(mirror=mirror)
    samples = {name: sample(real.open_path(name)) for name in source.facts.files}
    paths = {}
    for name, content in samples.items():
        paths[name] = tmp_path / name
        paths[name].parent.mkdir(parents=True, exist_ok=True)
        if content is None:
            paths[name] = real.open_path(name)
        else:
            _put(paths[name], content)
    files = DataFiles(paths=paths, cache=tmp_path / "none")
    sound, noted_before, _ = read(source, files)
    silent = []
    for name, content in samples.items():
        if content is None:
            continue
        lines = content.split(b"\n")
        at = len(lines) // 2
        damaged = {what: b"\n".join(damage(lines, at)) for what, damage in DAMAGES.items()}
        damaged |= {what: damage(content) for what, damage in WHOLE.items()}
        for what, text in damaged.items():
            _put(paths[name], text, packed=what != "truncated gzip")
            left, noted, faults = read(source, files)
            assert all("\n" not in fault for fault in faults)
            lost = sound - left
            fewer = len(left) < len(sound)  # an id cut short is another id: no reader can tell
            told = noted - noted_before or source.facts.name in COUNTED_ELSEWHERE
            if lost and fewer and not told:
                silent.append(f"{name}, {what}: {len(lost)} lost, such as {min(lost)}")
        _put(paths[name], content)
    assert not silent, "\n".join(silent)


def _put(path: Path, content: bytes, *, packed: bool = True) -> None:
    path.write_bytes(gzip.compress(content, 1) if packed and path.suffix == ".gz" else content)


BOMB = (
    '<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a "aaaaaaaaaa">'
    + "".join(
        f'<!ENTITY {x} "{f"&{y};" * 10}">' for x, y in zip("bcdefghi", "abcdefgh", strict=True)
    )
    + "]>"
)


PARTS = {
    "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/'
    'content-types"><Default Extension="xml" ContentType="application/xml"/></Types>',
    "_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/'
    'relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/'
    '2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    ' xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets>'
    '<sheet name="s" sheetId="1" r:id="r1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/'
    '2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/'
    'officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
}


def workbook(path: Path, first: str, *, prologue: str = "", padding: int = 0) -> Path:
    """A sheet with the columns a and b and one row."""
    grid = (("a", "b"), (first, "two"))
    cells = "".join(
        f'<row r="{y}">'
        + "".join(
            f'<c r="{x}{y}" t="inlineStr"><is><t>{text}</t></is></c>'
            for x, text in zip("AB", line, strict=True)
        )
        + "</row>"
        for y, line in enumerate(grid, 1)
    )
    sheet = (
        f'{prologue}<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        f"<sheetData>{cells}</sheetData></worksheet>"
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as sink:
        for name, text in PARTS.items():
            sink.writestr(name, text)
        sink.writestr("xl/worksheets/sheet1.xml", sheet)
        if padding:
            sink.writestr("xl/media/padding.bin", b"\0" * padding)
    return path


def test_a_workbook_that_is_a_bomb_is_refused_in_one_line(tmp_path: Path) -> None:
    report = DropReport()
    good = workbook(tmp_path / "good.xlsx", "one")
    rows = list(sheet_rows(good, report, columns=("a", "b")))
    assert (rows, report.faults) == ([{"a": "one", "b": "two"}], [])
    entities = workbook(tmp_path / "entities.xlsx", "&i;", prologue=BOMB)
    rows = list(sheet_rows(entities, report, columns=("a", "b")))
    assert sum(len(cell) for row in rows for cell in row.values()) < 100  # not a billion
    report = DropReport()
    large = workbook(tmp_path / "large.xlsx", "one", padding=MAX_UNPACKED_BYTES + 1)
    assert list(sheet_rows(large, report, columns=("a", "b"))) == []
    (fault,) = report.faults
    assert "refused" in fault
    assert "\n" not in fault
