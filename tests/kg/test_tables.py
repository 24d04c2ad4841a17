"""The row reader survives what real files hold, and counts it."""

import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.sources.contract import DropReport
from kg.sources.tables import MAX_FIELD_CHARACTERS, rows


def read(path: Path, data: bytes, **options: object) -> tuple[list[dict[str, str]], DropReport]:
    path.write_bytes(data)
    report = DropReport()
    table = rows(path, report, columns=("a", "b"), **options)  # type: ignore[arg-type]
    return list(table), report


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "table.tsv"


def test_plain(path: Path) -> None:
    found, report = read(path, b"a\tb\n1\t 2 \n")
    assert found == [{"a": "1", "b": "2"}]
    assert not report.dropped


def test_byte_order_mark_and_carriage_returns(path: Path) -> None:
    assert read(path, b"\xef\xbb\xbfa\tb\r\n1\t2\r\n")[0] == [{"a": "1", "b": "2"}]


def test_comments_before_a_header_that_is_one_itself(path: Path) -> None:
    assert read(path, b"#title: x\n# a\tb\n1\t2\n")[0] == [{"a": "1", "b": "2"}]


def test_hash_in_a_row_is_no_comment(path: Path) -> None:
    assert read(path, b"a\tb\n#1\t2\n")[0] == [{"a": "#1", "b": "2"}]


def test_second_header_is_skipped(path: Path) -> None:
    assert read(path, b"a\tb\nID\tSC %\n1\t2\n", skip=1)[0] == [{"a": "1", "b": "2"}]


def test_wrong_encoding_is_mended_and_counted(path: Path) -> None:
    found, report = read(path, "a\tb\nMénière\t2\n".encode("latin-1"))
    assert found[0]["a"] == "Ménière"
    assert report.mended["not UTF-8, read as Windows-1252"] == 1


def test_ragged_rows_are_dropped_unless_allowed(path: Path) -> None:
    found, report = read(path, b"a\tb\n1\n1\t2\t3\n\n1\t2\n")
    assert len(found) == 1
    assert report.dropped["number of cells differs from the header"] == 2
    assert read(path, b"a\tb\n1\n", ragged=True)[0] == [{"a": "1", "b": ""}]


def test_repeated_header_is_dropped(path: Path) -> None:
    found, report = read(path, b"a\tb\na\tb\n1\t2\n")
    assert len(found) == 1
    assert report.dropped["header repeated"] == 1


def test_first_of_two_columns_of_one_name_wins(path: Path) -> None:
    found, report = read(path, b"a\tb\ta\n1\t2\t3\n")
    assert found == [{"a": "1", "b": "2"}]
    assert report.mended


def test_missing_column_is_one_fault(path: Path) -> None:
    found, report = read(path, b"a\tc\n1\t2\n")
    assert not found
    assert report.faults == ["table.tsv: no column b; it has ['a', 'c']"]


def test_huge_field_is_dropped_and_the_rest_read(path: Path) -> None:
    data = b"a\tb\n" + b"x" * (3 * MAX_FIELD_CHARACTERS) + b"\t2\n1\t2\n"
    found, report = read(path, data)
    assert found == [{"a": "1", "b": "2"}]
    assert report.dropped["line too long"] == 1


def test_nul_byte_is_dropped(path: Path) -> None:
    found, report = read(path, b"a\tb\n1\x00\t2\n3\t4\n")
    assert found == [{"a": "3", "b": "4"}]
    assert report.dropped["NUL byte in line"] == 1


def test_truncated_gzip_gives_its_good_part_and_a_fault(path: Path) -> None:
    body = b"a\tb\n" + b"".join(b"%d\t%d\n" % (n * 7919 % 10007, n) for n in range(20000))
    found, report = read(path, gzip.compress(body)[:-2000])
    assert 0 < len(found) < 20000
    assert len(report.faults) == 1
    assert "fetch it again" in report.faults[0]


def test_name_says_gzip_and_content_does_not(tmp_path: Path) -> None:
    found, report = read(tmp_path / "table.tsv.gz", b"a\tb\n1\t2\n")
    assert not found
    assert "not a gzip file" in report.faults[0]


def test_unclosed_quote_is_counted(path: Path) -> None:
    data = b'a,b\n1,2\n"3,4\n' + b"x,y\n" * 80_000
    found, report = read(path, data, delimiter=",")
    assert found[0] == {"a": "1", "b": "2"}
    assert report.dropped


@given(st.binary(max_size=400))
def test_any_bytes_never_raise(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("any") / "table.tsv"
    for quoted in (False, True):
        found, _ = read(path, b"a\tb\n" + data, quoted=quoted)
        assert len(found) <= data.count(b"\n") + data.count(b"\r") + 1
        assert all(set(row) == {"a", "b"} for row in found)
