"""`iatros evaluate treatment` on a toy world: tables, values of each fold, clear refusals."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from kg.snapshot import GraphSnapshot
from tests.fusion.conftest import toy_records
from tests.reasoning.conftest import Run

EVALUATE = ("evaluate", "treatment")


@pytest.fixture(scope="module")
def graph_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    nodes, statements = toy_records()
    folder = tmp_path_factory.mktemp("graph")
    named = [replace(statement, source="everycure_indications") for statement in statements]
    GraphSnapshot.from_records(nodes, named).save(folder / "snapshot")
    return folder


def test_tables_and_values_of_each_fold(run: Run, graph_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "results"
    code, shown, err = run(
        *EVALUATE,
        graph_folder,
        "--out",
        out,
        "--task",
        "every-cure",
        "--no-text",
        "--fold",
        0,
        "--fold",
        1,
        "--samples",
        20,
    )
    assert code == 0, err
    assert "## Every Cure, held-out diseases, without texts of treatments" in shown
    assert "with texts" not in shown
    assert "drug degree" in shown
    document = json.loads((out / "treatment.json").read_text())
    [result] = document["results"]
    rankers = {ranker["name"]: ranker for ranker in result["rankers"]}
    assert "LightGBM + kernel ridge" in rankers
    folds = rankers["drug degree"]["folds"]
    assert sum(fold["n_diseases"] for fold in folds) == result["n_diseases"] > 0
    assert {fold["number"] for fold in folds} <= {0, 1}
    assert document["options"]["folds"] == [0, 1]


def test_a_missing_label_set_and_a_wrong_task_are_said(
    run: Run, graph_folder: Path, tmp_path: Path
) -> None:
    code, _, err = run(
        *EVALUATE, graph_folder, "--out", tmp_path / "o", "--task", "pharmacotherapydb"
    )
    assert code == 1
    assert "the graph has no such treatment" in err
    assert run(*EVALUATE, graph_folder, "--out", tmp_path / "o", "--task", "all")[0] == 2
    code, _, err = run(
        *EVALUATE, graph_folder, "--out", tmp_path / "o", "--task", "every-cure", "--fold", 5
    )
    assert code == 2
    assert "fold 5 is not one of 0 to 4" in err
    assert "embedding" not in err
