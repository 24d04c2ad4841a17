"""`iatros train-miner` and `iatros evaluate literature` on a toy corpus."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fusion.literature import load_miner, read_manifest
from reasoning.cli import app
from reasoning.errors import InputError
from reasoning.evaluate.literature import _Scorer, evaluate_miner
from tests.fusion.literature.toy import toy_graph, write_gold

RUN = CliRunner()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A graph, gold and a miner trained by the command line."""
    folder = tmp_path_factory.mktemp("reading")
    toy_graph().save(folder / "graph" / "snapshot")
    write_gold(folder / "train.txt")
    write_gold(folder / "new.txt", 8, first=20)  # four of them were in training
    (folder / "settings.json").write_text(
        json.dumps({"epochs_without_encoder": 12, "batch_words": 64, "head_rate": 5e-3})
    )
    found = RUN.invoke(
        app,
        ["train-miner", str(folder / "train.txt"), "--graph", str(folder / "graph"),
         "--encoder", "none", "--config", str(folder / "settings.json"),
         "--out", str(folder / "miner")],
    )  # fmt: skip
    assert found.exit_code == 0, found.output
    return folder


def test_seen_documents_do_not_count_and_tables_are_written(place: Path) -> None:
    out = place / "tables"
    found = RUN.invoke(
        app,
        ["evaluate", "literature", str(place / "new.txt"), "--miner", str(place / "miner"),
         "--graph", str(place / "graph"), "--samples", "50", "--out", str(out)],
    )  # fmt: skip
    assert found.exit_code == 0, found.output
    result = json.loads((out / "literature.json").read_text())
    assert (result["n_documents"], result["n_seen"]) == (4, 4)
    by_name = {(m["task"], m["part"], m["system"]): m for m in result["measures"]}
    assert by_name["entities", "all", "miner"]["f"] > 0.9
    assert by_name["entities", "all", "dictionary"]["recall"] == 1.0
    assert by_name["linking, gold spans", "all", "miner"]["f"] == 1.0
    assert by_name["relations, gold entities", "all", "miner"]["n_gold"] == 4
    assert {"relations, end to end", "linking"} <= {m["task"] for m in result["measures"]}
    for measure in result["measures"]:
        assert measure["low"] <= measure["f"] <= measure["high"]
    bins = result["reliability"]["bins"]
    assert sum(one["n_pairs"] for one in bins) == result["reliability"]["n_pairs"]
    rows = (out / "literature.md").read_text().count("\n| ")
    assert rows == len(result["measures"]) + len(bins) + 2  # and two headers


def test_gold_that_was_all_seen_is_refused(place: Path) -> None:
    manifest = read_manifest(place / "miner")
    with pytest.raises(ValueError, match="trained on every document"):
        evaluate_miner(
            load_miner(place / "miner"),
            [],
            trained_on=manifest.trained_on,
            namespaces=manifest.namespaces,
        )
    with pytest.raises(InputError, match="trained on every document"):
        RUN.invoke(
            app,
            ["evaluate", "literature", str(place / "train.txt"), "--miner", str(place / "miner")],
            catch_exceptions=False,
        )


def test_a_folder_without_a_miner_and_missing_gold_are_one_line(place: Path) -> None:
    for arguments in (
        ["evaluate", "literature", str(place / "new.txt"), "--miner", str(place / "graph")],
        ["evaluate", "literature", str(place / "none.txt"), "--miner", str(place / "miner")],
        ["train-miner", str(place / "none.txt"), "--out", str(place / "x")],
        ["train-miner", str(place / "train.txt"), "--out", str(place / "x"), "--exclude",
         str(place / "train.txt")],
    ):  # fmt: skip
        with pytest.raises(InputError):
            RUN.invoke(app, arguments, catch_exceptions=False)


def test_the_interval_is_of_documents() -> None:
    score = _Scorer(3, n_samples=200, seed=0)
    gold = [{1, 2}, {3}, {4}]
    measure = score.measure("t", "all", "miner", gold, [{1, 2}, {3, 9}, set()])
    assert (measure.precision, measure.recall) == (0.75, 0.75)
    assert measure.f == pytest.approx(0.75)
    assert measure.low < 0.75 < measure.high


def test_a_trained_miner_writes_the_same_for_one_and_two_workers(
    place: Path, tmp_path: Path
) -> None:
    papers = tmp_path / "papers"
    papers.mkdir()
    for number in range(3):
        write_gold(papers / f"{number}.txt", 5, first=100 + 5 * number)
    said = {}
    for workers in ("1", "2"):
        out = tmp_path / f"{workers}.nq"
        found = RUN.invoke(
            app,
            ["mine", str(papers), "--graph", str(place / "graph"), "--model", str(place / "miner"),
             "--workers", workers, "--run", "same", "--out", str(out)],
        )  # fmt: skip
        assert found.exit_code == 0, found.output
        said[workers] = out.read_bytes()
    assert said["1"] == said["2"]
    assert said["1"].count(b"\n") > 20
