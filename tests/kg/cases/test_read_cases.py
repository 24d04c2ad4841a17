"""The stream of cases: every format, every way to be wrong, nothing raised."""

import json
from pathlib import Path
from typing import Any

import pytest

from kg.case import ClinicalCase
from kg.cases import ArchiveLimits, CaseError, read_cases


def read(*paths: Path, **options: Any) -> tuple[list[ClinicalCase], list[CaseError]]:
    found = list(read_cases(paths, **options))
    errors = [item for item in found if isinstance(item, CaseError)]
    assert all("\n" not in str(error) for error in errors)
    return [item for item in found if isinstance(item, ClinicalCase)], errors


def write(path: Path, content: object) -> Path:
    if not isinstance(content, bytes):
        content = (content if isinstance(content, str) else json.dumps(content)).encode()
    path.write_bytes(content)
    return path


def test_format_is_told_by_content_not_by_name(
    tmp_path: Path, phenopacket: dict[str, Any], bundle: dict[str, Any]
) -> None:
    own = {"case_id": "own", "note": "fever"}
    paths = [
        write(tmp_path / "a.dat", phenopacket),
        write(tmp_path / "b", bundle),
        write(tmp_path / "c.json", own),
        write(tmp_path / "d.json", '{"case_id":"l1","note":"x"}\n{"case_id":"l2","note":"y"}\n'),
        write(tmp_path / "e.json", [own | {"case_id": "m"}, phenopacket | {"id": "n"}]),
        write(tmp_path / "f.json", {"id": "fam", "proband": phenopacket | {"id": "o"}}),
        write(tmp_path / "g.json", {"id": "c", "members": [phenopacket | {"id": "q"}]}),
        write(tmp_path / "h.jsonl", "\ufeff" + json.dumps(phenopacket | {"id": "r"})),
    ]
    cases, errors = read(*paths)
    assert " ".join(c.case_id for c in cases) == "patient-1 p1 own l1 l2 m n o q r"
    assert {error.severity for error in errors} == {"warning"}  # own cases without a phenotype


def test_cases_of_the_json_lines_form_come_back_unchanged(
    tmp_path: Path, phenopacket: dict[str, Any], bundle: dict[str, Any]
) -> None:
    paths = [write(tmp_path / "a.json", phenopacket), write(tmp_path / "b.json", bundle)]
    cases, _ = read(*paths)
    lines = write(tmp_path / "c.jsonl", "\n".join(case.to_json() for case in cases))
    assert read(lines)[0] == cases


def test_source_and_licence_fill_what_is_missing(
    tmp_path: Path, phenopacket: dict[str, Any]
) -> None:
    lines = [phenopacket, {"case_id": "x", "note": "n", "source": "mine"}]
    path = write(tmp_path / "a.jsonl", "\n".join(map(json.dumps, lines)))
    cases, _ = read(path, source="s", licence="CC0-1.0")
    assert [(c.source, c.licence) for c in cases] == [("s", "CC0-1.0"), ("mine", "CC0-1.0")]


def test_image_paths_start_at_the_file(tmp_path: Path) -> None:
    images = [{"path": "i/a.png"}, {"path": "/x/b.png"}, {"path": "https://e.org/c.png"}]
    path = write(tmp_path / "a.json", {"case_id": "p", "images": images})
    (case,), _ = read(path)
    assert [image.path for image in case.images] == [
        str(tmp_path / "i/a.png"),
        "/x/b.png",
        "https://e.org/c.png",
    ]


@pytest.mark.parametrize(
    ("content", "kind", "words"),
    [
        (b"", "syntax", "empty"),
        (b"  \n ", "syntax", "empty"),
        (b'{"id": "p", "phenotypicFeatures": [{"type"', "syntax", "cut off"),
        (b'{"id": "p', "syntax", "cut off"),
        (b"hello", "syntax", "not JSON"),
        (b'{"id": "\xff\xfe"}', "syntax", "not UTF-8"),
        ('{"id": "p"}'.encode("utf-16"), "syntax", "not UTF-8"),
        (b'{"case_id": "p", "age_years": NaN}', "syntax", "NaN"),
        (b'{"case_id": "p", "age_years": 1e999}', "content", "age_years"),
        (b'{"case_id": "p", "age_years": ' + b"9" * 5000 + b"}", "syntax", "digits"),
        (b'{"case_id": "p", "age_years": ' + b"9" * 400 + b"}", "content", "age_years"),
        (b"[" * 100_000, "unsafe", "nested"),
        (b'{"a":' * 100_000, "unsafe", "nested"),
        (b"[]", "empty", "empty list"),
        (b"3", "format", "int"),
        (b"null", "format", "no case"),
        (b"{}", "format", "unknown kind"),
        (b'{"foo": 1}', "format", "foo"),
        (b'{"case_id": "p"}', "empty", "no phenotype"),
        (b'{"case_id": "p", "sexx": "male", "note": "x"}', "content", "sexx"),
        (b'{"id": "p", "phenotypicFeatures": []}', "empty", "no phenotype"),
        (b'{"id": "\\ud800", "phenotypicFeatures": []}', "content", "half a character"),
        (b'{"case_id": "\\ud800", "note": "x"}', "content", "case_id"),
        (b'{"resourceType": "Patient"}', "format", "Bundle"),
        (b'{"resourceType": "Bundle", "entry": 3}', "content", "entry"),
        (b"\x1f\x8b\x08\x00", "syntax", "not UTF-8"),
    ],
)
def test_bad_file_is_one_clear_line(
    tmp_path: Path, phenopacket: dict[str, Any], content: bytes, kind: str, words: str
) -> None:
    bad = write(tmp_path / "bad.json", content)
    good = write(tmp_path / "good.json", phenopacket)
    cases, (error,) = read(bad, good)
    assert [case.case_id for case in cases] == ["patient-1"]
    assert (error.kind, error.severity) == (kind, "error")
    assert str(error).startswith(str(bad))
    assert words in str(error)
    assert error.mend


def test_bad_line_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    lines = ['{"case_id":"a","note":"x"}', "{oops", "", '{"case_id":"b","note":"x"}']
    path = write(tmp_path / "a.jsonl", "\n".join(lines))
    cases, errors = read(path)
    assert [case.case_id for case in cases] == ["a", "b"]
    (error,) = [e for e in errors if e.severity == "error"]
    assert error.where == f"{path}:2"


def test_empty_json_lines(tmp_path: Path) -> None:
    cases, (error,) = read(write(tmp_path / "a.jsonl", "\n\n"))
    assert not cases
    assert error.kind == "syntax"


def test_missing_file_and_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    write(tmp_path / "empty" / "readme.txt", "no case")
    _, errors = read(tmp_path / "none.json", tmp_path / "empty", Path("a\x00b"))
    assert [error.kind for error in errors] == ["missing"] * 3
    assert "no such file" in str(errors[0])
    assert "no case file" in str(errors[1])


def test_folder_is_read_in_order_with_its_subfolders(
    tmp_path: Path, phenopacket: dict[str, Any]
) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / ".hidden").mkdir()
    for name in ("b.json", "a.json", "sub/c.json", ".hidden/d.json", ".e.json", "notes.txt"):
        write(tmp_path / name, phenopacket | {"id": name})
    cases, errors = read(tmp_path)
    assert [case.case_id for case in cases] == ["a.json", "b.json", "sub/c.json"]
    assert not errors


def test_duplicated_case_id_names_both_places(tmp_path: Path, phenopacket: dict[str, Any]) -> None:
    first = write(tmp_path / "a.json", phenopacket)
    second = write(tmp_path / "b.json", phenopacket)
    cases, (error,) = read(first, second)
    assert len(cases) == 1
    assert error.kind == "duplicate"
    assert str(first) in str(error)
    assert error.where == str(second)


def test_no_phenotype_is_a_warning_when_there_is_something_else(tmp_path: Path) -> None:
    path = write(tmp_path / "a.json", {"case_id": "p", "note": "fever"})
    (case,), (warning,) = read(path)
    assert (warning.severity, warning.case_id) == ("warning", case.case_id)


def test_too_large_document(tmp_path: Path) -> None:
    limits = ArchiveLimits(file_bytes=100)
    path = write(tmp_path / "a.json", {"case_id": "p", "note": "x" * 200})
    lines = write(tmp_path / "b.jsonl", '{"case_id":"q","note":"x"}\n' + "y" * 200 + "\n{}")
    cases, errors = read(path, lines, limits=limits)
    assert [case.case_id for case in cases] == ["q"]
    assert [e.kind for e in errors if e.severity == "error"] == ["unsafe", "unsafe"]


def test_unreadable_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "a.json", {"case_id": "p", "note": "x"})

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    _, (error,) = read(path)
    assert error.kind == "unreadable"
    assert "permission denied" in str(error)


def test_error_line_has_no_control_characters() -> None:
    error = CaseError(where="a\nb", problem="\x1b[31mred " + "x" * 2000)
    assert "\x1b" not in str(error)
    assert "\n" not in str(error)
    assert len(str(error)) <= 600
