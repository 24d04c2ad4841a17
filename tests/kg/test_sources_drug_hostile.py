"""Every drug source on hostile files, and on the mirror: counted or refused, never a crash."""

import gzip
from collections import Counter
from pathlib import Path

import pytest

from kg.files import DataFiles, default_mirror
from kg.identifiers import normalise
from kg.identity import IdentityMap
from kg.sources import SOURCES, Source
from kg.sources.contract import DropReport
from kg.statements import Mapping, Node, Statement
from kg.vocabulary import NodeType

DRUG_SOURCES = (
    "everycure_indications",
    "everycure_contraindications",
    "everycure_drugs",
    "drugbank",
    "drugbank_proteins",
    "drugcentral",
    "pharmacotherapydb",
    "hetionet_binding",
    "hetionet_binding_restricted",
    "sider",
    "onc_interactions",
    "drugmechdb",
    "drug_names",
    "atc",
)
WITH_MAPPINGS_OR_USES = (
    "everycure_indications",
    "everycure_drugs",
    "drugbank",
    "drugbank_proteins",
    "drug_names",
    "atc",
)
HOSTILE = {
    "empty": b"",
    "binary": bytes(range(256)) * 40,
    "nul": b"a\tb\x00c\n" * 3,
    "latin": "drugbank_id\tname\nDB00001\tcaf\xe9\n".encode("latin-1"),
    "long line": b"x" * 300_000 + b"\n",
    "quote never closed": b'drugbank_id\tname\n"DB00001\t' + b"y" * 1000,
    "zip": b"PK\x03\x04" + b"\x00" * 30,
    "truncated gzip": gzip.compress(b"a\tb\tc\n" * 1000, mtime=0)[:-20],
    "xml": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
}


def drug_sources() -> tuple[Source, ...]:
    named = {source.facts.name: source for source in SOURCES}
    return tuple(named[name] for name in DRUG_SOURCES)


@pytest.mark.parametrize("content", list(HOSTILE.values()), ids=list(HOSTILE))
@pytest.mark.parametrize("source", drug_sources(), ids=lambda source: source.facts.name)
def test_hostile_files_give_a_report_and_no_crash(
    tmp_path: Path, source: Source, content: bytes
) -> None:
    for name in source.facts.files:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    report = DropReport()
    records = list(source.read(DataFiles(mirror=tmp_path, cache=tmp_path), report))
    assert not [x for x in records if isinstance(x, Statement)]
    assert report.faults or report.dropped or report.mended or content == b"" or not records


@pytest.mark.parametrize("source", drug_sources(), ids=lambda source: source.facts.name)
def test_a_missing_file_is_named(tmp_path: Path, source: Source) -> None:
    with pytest.raises(FileNotFoundError, match="neither in the mirror"):
        list(source.read(DataFiles(mirror=tmp_path, cache=tmp_path), DropReport()))


@pytest.fixture(scope="module")
def upstream() -> DataFiles:
    folder = default_mirror()
    if folder is None or not (folder / "everycure").is_dir():
        pytest.skip("the data mirror is not here")
    return DataFiles(mirror=folder)


@pytest.mark.mirror
@pytest.mark.parametrize("source", drug_sources(), ids=lambda source: source.facts.name)
def test_each_source_gives_sound_records_from_the_mirror(
    source: Source, upstream: DataFiles
) -> None:
    report = DropReport()
    kinds: Counter[str] = Counter()
    for record in source.read(upstream, report):
        kinds[type(record).__name__] += 1
        if not isinstance(record, Node):
            assert record.source == source.facts.name
        for curie in (record.id,) if isinstance(record, Node) else (record.subject, record.object):
            assert normalise(curie) == curie
    assert not report.faults
    assert kinds["Statement"] > 500


@pytest.mark.mirror
def test_no_two_drugbank_drugs_in_one_group(upstream: DataFiles) -> None:
    mappings: list[Mapping] = []
    uses: list[str] = []
    linked: set[str] = set()
    for source in drug_sources():
        if source.facts.name not in WITH_MAPPINGS_OR_USES:
            continue
        for record in source.read(upstream, DropReport()):
            if isinstance(record, Mapping):
                mappings.append(record)
            elif isinstance(record, Statement):
                name = record.predicate.name
                if name in ("AFFECTS", "HAS_PART", "HAS_ROLE"):
                    linked.add(record.subject)
                elif source.facts.name == "everycure_indications":
                    uses.append(record.subject)
    identity = IdentityMap.from_mappings(mappings)
    groups = {identity.members(x.subject, NodeType.DRUG) for x in mappings}
    assert len(groups) > 2000
    for members in groups:
        assert sum(member.startswith("DRUGBANK:") for member in members) <= 1, members
    known = {identity.canonical(curie, NodeType.DRUG) for curie in linked}
    joined = sum(identity.canonical(curie, NodeType.DRUG) in known for curie in uses)
    assert joined / len(uses) >= 0.85
