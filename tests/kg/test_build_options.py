"""Options of a build and the lists of ids that it takes."""

from pathlib import Path

import pytest

from kg.build import BuildError, BuildOptions, read_id_list


class TestIdLists:
    def test_reads_ids_comments_and_bare_digits(self, tmp_path: Path) -> None:
        path = tmp_path / "ids"
        path.write_bytes(b"\xef\xbb\xbf12\nPMID:13  # why\n\n# note\n")
        assert read_id_list(path, kind="publication") == {"PMID:12", "PMID:13"}
        path.write_text("Orphanet:5\n")
        assert read_id_list(path, kind="disease") == {"ORPHA:5"}

    def test_names_the_line(self, tmp_path: Path) -> None:
        path = tmp_path / "ids"
        path.write_text("PMID:1\nnothing\n")
        with pytest.raises(BuildError, match="line 2"):
            read_id_list(path, kind="publication")
        with pytest.raises(BuildError, match="cannot be read"):
            read_id_list(tmp_path / "absent", kind="disease")


def test_options_refuse_what_they_do_not_know(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="profile"):
        BuildOptions(out=tmp_path, profile="huge")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="known: hpo"):
        BuildOptions(out=tmp_path, sources=("nothing",))
    with pytest.raises(ValueError, match="strip_decoys"):
        BuildOptions(out=tmp_path, strip_decoys=-1)
