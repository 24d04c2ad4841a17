"""A second build reads only what changed, and gives what a fresh one would give."""

import importlib.resources
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.build import BuildOptions, build_graph
from kg.files import DataFiles
from kg.foreign import rdf_sources
from kg.graph_folder import REPORT
from kg.record_cache import RecordCache, WatchedFiles
from kg.records import SourceRecords, load_records, save_records
from kg.sources import DropReport, source_named
from kg.statements import Mapping, Node, Statement
from kg.update import inputs_digest, update_graph
from tests.kg.records import MAPPINGS, NODES, STATEMENTS, mappings, nodes, statements

TREATMENTS = "iatros/demo_treatments.tsv"
SOURCE = "demo_treatments"


@pytest.fixture
def files(tmp_path: Path) -> DataFiles:
    """The project's own treatment table, as a copy that a test may change."""
    copy = tmp_path / "treatments.tsv"
    packaged = importlib.resources.files("kg").joinpath("data/demo_treatments.tsv")
    copy.write_text(packaged.read_text("utf-8"), "utf-8")
    return DataFiles(paths={TREATMENTS: copy}, mirror=None, cache=tmp_path / "none")


def options(files: DataFiles, tmp_path: Path, **more: object) -> BuildOptions:
    return BuildOptions(
        out=tmp_path / "out",
        files=files,
        sources=(SOURCE,),
        cases=(),
        records=tmp_path / "records",
        **more,  # type: ignore[arg-type]
    )


def drop_last_row(files: DataFiles) -> None:
    path = files.paths[TREATMENTS]
    path.write_text("\n".join(path.read_text("utf-8").splitlines()[:-1]) + "\n", "utf-8")


def built_at(tmp_path: Path) -> int:
    return (tmp_path / "out" / REPORT).stat().st_mtime_ns


def test_an_unchanged_build_leaves_the_folder_alone(files: DataFiles, tmp_path: Path) -> None:
    lines: list[str] = []
    first = update_graph(options(files, tmp_path))
    before = built_at(tmp_path)
    again = update_graph(options(files, tmp_path), lines.append)
    assert (again.digest, built_at(tmp_path)) == (first.digest, before)
    assert lines == [f"{tmp_path / 'out'}: nothing has changed since it was built"]


def test_a_fresh_build_reads_all_again_and_is_known_afterwards(
    files: DataFiles, tmp_path: Path
) -> None:
    first = update_graph(options(files, tmp_path), fresh=True)
    before = built_at(tmp_path)
    assert update_graph(options(files, tmp_path)).digest == first.digest
    assert built_at(tmp_path) == before
    assert update_graph(options(files, tmp_path), fresh=True).digest == first.digest
    assert built_at(tmp_path) != before


def test_a_changed_file_an_option_or_a_damaged_folder_is_built_again(
    files: DataFiles, tmp_path: Path
) -> None:
    first = update_graph(options(files, tmp_path))
    drop_last_row(files)
    second = update_graph(options(files, tmp_path))
    assert second.n_edges == first.n_edges - 1
    fresh = BuildOptions(
        out=tmp_path / "fresh", files=files, sources=(SOURCE,), cases=(), store=False
    )
    assert build_graph(fresh).snapshot.digest == second.digest
    paper = next(s.publications[0] for s in second.statements() if s.publications)
    third = update_graph(options(files, tmp_path, exclude_publications=frozenset({paper})))
    assert third.n_edges < second.n_edges
    (tmp_path / "out" / "snapshot" / "snapshot.json").write_text("{")
    assert update_graph(options(files, tmp_path)).digest == second.digest


def test_a_kept_reading_is_what_the_files_say(files: DataFiles, tmp_path: Path) -> None:
    plain = BuildOptions(out=tmp_path / "plain", files=files, sources=(SOURCE,), cases=())
    first = build_graph(options(files, tmp_path))
    kept = build_graph(options(files, tmp_path))
    bare = build_graph(plain)
    assert first.snapshot.digest == kept.snapshot.digest == bare.snapshot.digest
    assert first.report.drops[SOURCE] == kept.report.drops[SOURCE] == bare.report.drops[SOURCE]


def test_a_reading_falls_with_its_files_and_with_its_own(files: DataFiles, tmp_path: Path) -> None:
    cache, source = RecordCache(tmp_path / "records"), source_named(SOURCE)
    build_graph(options(files, tmp_path))
    assert cache.find(source, files) is not None
    assert cache.find(source_named("hpo"), files) is None
    (kept,) = (tmp_path / "records").glob("*.arrow")
    content = kept.read_bytes()
    kept.write_bytes(content[: len(content) // 2])
    assert cache.find(source, files) is None
    kept.write_bytes(content)
    drop_last_row(files)
    assert cache.find(source, files) is None


def test_a_file_that_appears_counts_as_a_change(tmp_path: Path) -> None:
    files = WatchedFiles(mirror=tmp_path, cache=tmp_path)
    assert not files.has("maxo/maxo-annotations.tsv")
    assert files.asked == {"maxo/maxo-annotations.tsv"}
    cache, source = RecordCache(tmp_path / "records"), source_named(SOURCE)
    cache.keep(source, files, SourceRecords(), DropReport())
    assert cache.find(source, files) is not None
    (tmp_path / "maxo").mkdir()
    (tmp_path / "maxo" / "maxo-annotations.tsv").write_text("x")
    assert cache.find(source, files) is None


def test_a_guest_counts_by_its_bytes_and_an_endpoint_is_always_asked(tmp_path: Path) -> None:
    graph = tmp_path / "g.nt"
    graph.write_text("<urn:a> <https://w3id.org/biolink/vocab/treats> <urn:b> .\n")

    def digest(location: str) -> str | None:
        guests = rdf_sources([location], cache=tmp_path)
        return inputs_digest(BuildOptions(out=tmp_path / "out", profile=None, guests=guests))

    before = digest(str(graph))
    assert before is not None
    assert digest(str(graph)) == before
    graph.write_text("<urn:a> <https://w3id.org/biolink/vocab/treats> <urn:c> .\n")
    assert digest(str(graph)) not in (None, before)
    assert digest("http://127.0.0.1:9/sparql") is None


@given(
    st.lists(nodes, max_size=3), st.lists(mappings, max_size=3), st.lists(statements, max_size=3)
)
def test_records_come_back_unchanged(
    some: list[Node], same: list[Mapping], said: list[Statement]
) -> None:
    records = SourceRecords(
        nodes=[("s", node) for node in (*NODES, *some)],
        mappings=[*MAPPINGS, *same],
        statements=[*STATEMENTS, *said],
    )
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "records.arrow"
        save_records(records, path)
        assert load_records("s", path) == records
