"""Archives without trust: limits, names that lead out, links, nesting, damage."""

import io
import json
import os
import random
import stat
import struct
import zipfile
from pathlib import Path

import pytest

from kg.case import ClinicalCase
from kg.cases import ArchiveLimits, CaseError, read_cases


def case(name: str) -> bytes:
    return json.dumps({"case_id": name, "phenotypes": [{"term": "HP:0001250"}]}).encode()


def pack(path: Path | io.BytesIO, members: dict[str | zipfile.ZipInfo, bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def read(path: Path, limits: ArchiveLimits | None = None) -> tuple[list[str], list[CaseError]]:
    found = list(read_cases([path], limits=limits))
    cases = [item.case_id for item in found if isinstance(item, ClinicalCase)]
    return cases, [item for item in found if isinstance(item, CaseError)]


def test_members_are_read_by_name_and_named_in_errors(tmp_path: Path) -> None:
    path = tmp_path / "c.zip"
    pack(
        path,
        {
            "b/2.json": case("two"),
            "a/1.json": case("one"),
            "bad.json": b"{",
            "readme.md": b"",
            "__MACOSX/._1.json": b"x",
            "lines.jsonl": case("three") + b"\n" + case("four"),
        },
    )
    cases, (error,) = read(path)
    assert cases == ["one", "two", "three", "four"]
    assert error.where == f"{path}!bad.json"


@pytest.mark.parametrize(
    "name", ["../evil.json", "a/../../evil.json", "/etc/evil.json", "c:/evil.json", "..\\e.json"]
)
def test_name_that_leads_out_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / "c.zip"
    pack(path, {name: case("evil"), "good.json": case("good")})
    cases, (error,) = read(path)
    assert cases == ["good"]
    assert error.kind == "unsafe"


def test_link_in_archive_is_refused(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("link.json")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    path = tmp_path / "c.zip"
    pack(path, {link: b"/etc/passwd"})
    cases, (error,) = read(path)
    assert not cases
    assert error.kind == "unsafe"


def test_link_out_of_a_folder_is_refused_and_one_inside_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (tmp_path / "secret.json").write_bytes(case("secret"))
    (folder / "real.txt").write_bytes(case("real"))
    (folder / "a.json").symlink_to(tmp_path / "secret.json")
    (folder / "b.json").symlink_to(folder / "real.txt")
    (folder / "c.json").symlink_to(folder / "gone.json")
    (folder / "loop").symlink_to(folder)
    cases, errors = read(folder)
    assert cases == ["real"]
    assert [error.kind for error in errors] == ["unsafe", "missing"]


def test_bomb_is_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "c.zip"
    pack(path, {"bomb.json": b"0" * (8 << 20), "good.json": case("good")})
    cases, (error,) = read(path)
    assert cases == ["good"]
    assert error.kind == "unsafe"
    assert "fold" in str(error)


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (ArchiveLimits(members=1), "members"),
        (ArchiveLimits(total_bytes=10), "unpacks to"),
        (ArchiveLimits(file_bytes=10), "a member of"),
    ],
)
def test_limits(tmp_path: Path, limits: ArchiveLimits, words: str) -> None:
    path = tmp_path / "c.zip"
    pack(path, {"a.json": case("a"), "b.json": case("b")})
    cases, errors = read(path, limits)
    assert not cases
    assert all(error.kind == "unsafe" and words in str(error) for error in errors)
    assert errors


def test_folder_with_too_many_files(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number}.json").write_bytes(case(str(number)))
    cases, (error,) = read(tmp_path, ArchiveLimits(members=2))
    assert cases == ["0", "1"]
    assert error.kind == "unsafe"


def test_archive_in_archive_one_deep(tmp_path: Path) -> None:
    inner, middle = io.BytesIO(), io.BytesIO()
    pack(inner, {"deep.json": case("deep")})
    pack(middle, {"shallow.json": case("shallow"), "inner.zip": inner.getvalue()})
    path = tmp_path / "c.zip"
    pack(path, {"middle.zip": middle.getvalue()})
    cases, (error,) = read(path)
    assert cases == ["shallow"]
    assert "nested" in str(error)
    assert read(path, ArchiveLimits(depth=2))[0] == ["deep", "shallow"]


def test_empty_archive(tmp_path: Path) -> None:
    path = tmp_path / "c.zip"
    pack(path, {})
    cases, (error,) = read(path)
    assert not cases
    assert error.kind == "missing"


def test_damaged_archive(tmp_path: Path) -> None:
    path = tmp_path / "c.zip"
    pack(path, {"a.json": case("a")})
    whole = path.read_bytes()
    for size in (10, 40, len(whole) - 10):
        path.write_bytes(whole[:size])
        cases, (error,) = read(path)
        assert not cases
        assert error.kind == "unreadable"


def test_member_with_a_wrong_checksum(tmp_path: Path) -> None:
    path = tmp_path / "c.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("a.json", case("a"))
        archive.writestr("b.json", case("b"))
    data = bytearray(path.read_bytes())
    data[data.find(b"case_id")] ^= 1
    path.write_bytes(data)
    cases, (error,) = read(path)
    assert cases == ["b"]
    assert error.kind == "unreadable"


def test_encrypted_member_and_odd_compression(tmp_path: Path) -> None:
    path = tmp_path / "c.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.json", case("a"))
        archive.writestr("b.json", case("b"), compress_type=zipfile.ZIP_LZMA)
    data = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = data.find(signature) + offset
        flags = struct.unpack_from("<H", data, start)[0]
        struct.pack_into("<H", data, start, flags | 1)
    path.write_bytes(data)
    cases, errors = read(path)
    assert not cases
    assert ["encrypted" in str(errors[0]), "compression" in str(errors[1])] == [True, True]


def test_fuzzed_archives_never_raise(tmp_path: Path) -> None:
    path = tmp_path / "c.zip"
    pack(path, {f"{n}.json": case(str(n)) for n in range(5)})
    whole = path.read_bytes()
    rng = random.Random(0)
    for _ in range(150):
        data = bytearray(whole)
        for _ in range(rng.randint(1, 8)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        path.write_bytes(bytes(data))
        read(path)


def test_pipe_is_no_file(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    _, (error,) = read(path)
    assert error.kind == "unreadable"
