"""A bad input is one line with the file, what is wrong and the mend, before any work; status 1."""

import shutil
from pathlib import Path

import pytest

from kg.snapshot import GraphSnapshot
from reasoning.cli.options import file_to_write, folder_to_write
from reasoning.errors import InputError
from tests.fusion.conftest import toy_cases, toy_records
from tests.reasoning.conftest import Run


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a graph, its RDF, and things that are not what they should be."""
    folder = tmp_path_factory.mktemp("world")
    graph = GraphSnapshot.from_records(*toy_records())
    graph.save(folder / "graph" / "snapshot")
    graph.to_nquads(folder / "toy.nq")
    for name in ("torn", "unlike"):
        shutil.copytree(folder / "graph", folder / name)
    nodes = folder / "torn" / "snapshot" / "nodes.arrow"
    nodes.write_bytes(nodes.read_bytes()[:100])
    (folder / "unlike" / "snapshot" / "snapshot.json").write_text('{"format": 1}')
    store = folder / "rotten" / "store"
    store.mkdir(parents=True)
    (store / "CURRENT").write_text("x")
    (folder / "case.jsonl").write_text(toy_cases()[0].to_json() + "\n")
    bare = toy_cases()[0].model_copy(update={"diagnoses": ()})
    (folder / "bare.jsonl").write_text(bare.to_json() + "\n")
    (folder / "empty").mkdir()
    (folder / "file.txt").touch()
    (folder / "bytes.txt").write_bytes(b"\xff\xfe\x00")
    (folder / "ids.txt").write_text("PMID:1\nhello\n")
    (folder / "list.json").write_text("[1]")
    (folder / "space.toml").write_text("max_steps = 3\n")
    return folder


@pytest.mark.parametrize(
    ("line", "place", "mend"),
    [
        ("export none --format kgx --out o", "none: holds no graph", "--out folder of `iatros"),
        ("export empty --format kgx --out o", "empty: holds no graph", "--out folder of `iatros"),
        ("train file.txt --out o", "file.txt: holds no graph", "--out folder of `iatros"),
        ("train torn --out o", "torn: snapshot/nodes.arrow", "Build the graph again"),
        ("train unlike --out o", "unlike: snapshot/snapshot.json", "Build the graph again"),
        ("mine toy.nq --graph torn --out o", "torn: snapshot/nodes.arrow", "Build the graph again"),
        ("update none", "none: holds no graph", "--out folder of `iatros"),
        ("query rotten ASK{}", "rotten: store: the RDF store cannot", "build the graph again"),
        ("update graph --add none.nq", "none.nq: cannot be read", "See"),
        ("build --rdf empty --out o", "empty: is a folder", "Give a file"),
        ("build --rdf toy.nq --cases none --out o", "none: no such file", "Check the path"),
        ("build --rdf toy.nq --cases bytes.txt --out o", "bytes.txt: not UTF-8", "Save it as UTF"),
        ("build --rdf toy.nq --out file.txt", "file.txt: is a file", "Give a folder"),
        ("build --rdf toy.nq --exclude-publications ids.txt --out o", "ids.txt: line 2", "prefix:"),
        ("build --rdf toy.nq --exclude-publications empty --out o", "empty: cannot be", "one id a"),
        ("build --rdf toy.nq --mapping none.toml --out o", "none.toml: cannot be read", "See docs"),
        ("train graph --out o --config none.toml", "none.toml: cannot be read", "TOML"),
        ("train graph --out o --config bytes.txt", "bytes.txt: cannot be read", "TOML"),
        ("train graph --out o --config list.json", "list.json: holds no settings", "JSON object"),
        ("train graph --out file.txt/o", "file.txt is a file", "Give a folder"),
        ("tune graph --out o --space space.toml", "space.toml: max_steps", "[choices]"),
        ("evaluate diagnosis graph --out file.txt", "file.txt: is a file", "Give a folder"),
        (
            "evaluate diagnosis graph --cases case.jsonl --test none.zip --out o",
            "none.zip: no such file",
            "Check the path",
        ),
        (
            "evaluate diagnosis graph --cases case.jsonl --test bare.jsonl --out o",
            "bare.jsonl: no case states both a finding and a diagnosis",
            "with their interpretations",
        ),
        ("evaluate safety graph --out file.txt", "file.txt: is a file", "Give a folder"),
        ("diagnose case.jsonl --model m --out empty", "empty: is a folder", "name of a file"),
        ("treat --diseases file.txt --model m", "file.txt: holds no disease id", "OMIM:219800"),
        (
            "treat --diseases none.txt --model m",
            "none.txt: cannot be read",
            "one disease id a line",
        ),
        ("mine toy.nq --graph graph --out file.txt/o", "file.txt is a file", "another --out"),
        ("curate export none.nq --out o", "none.nq: no such file", "`iatros mine`"),
        ("curate export toy.nq --out file.txt", "file.txt: is a file", "Give a folder"),
        ("pretrain-text bytes.txt --out o", "bytes.txt: cannot be read", "UTF-8"),
        ("pretrain-text file.txt --out o", "file.txt: 0 texts", "Give at least"),
    ],
)
def test_a_bad_input_is_one_line_with_place_and_mend(
    world: Path, run: Run, monkeypatch: pytest.MonkeyPatch, line: str, place: str, mend: str
) -> None:
    monkeypatch.chdir(world)
    code, out, err = run(*line.split())
    said = err.strip()
    assert (code, out) == (1, "")
    assert len(said.splitlines()) == 1
    assert said.startswith("iatros: ")
    assert place in said
    assert mend in said.partition(place)[2]
    assert "Errno" not in said
    assert not (world / "o").exists()


def test_an_output_that_cannot_be_written_is_one_line(
    world: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device", "o/nodes.tsv")

    monkeypatch.setattr("kg.export.export", full)
    code, _, err = run("export", world / "graph", "--format", "kgx", "--out", "o")
    assert (code, err) == (1, "iatros: o/nodes.tsv: no space left on device. Check the path\n")


def test_a_place_in_a_query_is_counted_in_the_query(world: Path, run: Run, tmp_path: Path) -> None:
    run("build", "--rdf", world / "toy.nq", "--out", tmp_path / "g")
    assert "error at 1:16" in run("query", tmp_path / "g", "SELECT nonsense")[2]
    err = run("query", tmp_path / "g", "SELECT ?x { ?x foo:bar ?y }")[2]
    assert "a prefix here is not declared" in err


def test_an_output_is_checked_against_what_stands_there(world: Path) -> None:
    assert folder_to_write(world / "new" / "folder") == world / "new" / "folder"
    assert folder_to_write(world / "empty") == world / "empty"
    assert file_to_write(world / "new.json") == world / "new.json"
    assert file_to_write(None) is folder_to_write(None) is None
    with pytest.raises(InputError, match="is a file"):
        folder_to_write(world / "file.txt")
    with pytest.raises(InputError, match="is a folder"):
        file_to_write(world / "empty")
