"""`iatros mine` and `iatros curate` on a small graph: files, messages, exit status."""

import json
from pathlib import Path

import pytest

from tests.kg.literature.papers import SEEDS, toy_graph
from tests.reasoning.conftest import Run

ANNE, BEN = "0000-0002-1825-0097", "0000-0001-5109-3700"


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("graph")
    toy_graph().save(folder / "snapshot")
    return folder


@pytest.fixture
def mined(run: Run, graph: Path, tmp_path: Path) -> Path:
    name, make = SEEDS["JSON lines"]
    (tmp_path / name).write_bytes(make())
    out = tmp_path / "mined.nq.gz"
    code, shown, err = run("mine", tmp_path / name, "--graph", graph, "--out", out)
    assert code == 0, err
    assert shown == ""
    assert "no trained miner given" in err
    assert "graph mined-mined" in err
    return out


def test_bad_papers_are_named_and_the_others_read(run: Run, graph: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.xml").write_text("<PubmedArticleSet>")
    name, make = SEEDS["PubTator"]
    (tmp_path / name).write_bytes(make())
    out = tmp_path / "o.nq.gz"
    code, _, err = run("mine", tmp_path, "--graph", graph, "--out", out)
    assert code == 1
    assert "bad.xml" in err
    assert "statements from 2 documents in 2 files" in err
    assert out.read_bytes()[:2] == b"\x1f\x8b"


def test_a_good_file_is_kept_when_every_input_is_bad(run: Run, graph: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text("{")
    out = tmp_path / "o.nq"
    out.write_text("good\n")
    code, _, err = run("mine", tmp_path / "bad.json", "--graph", graph, "--out", out)
    assert code == 1
    assert "was left as it was" in " ".join(err.split())
    assert out.read_text() == "good\n"
    assert not (tmp_path / "o.nq.parts").exists()


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("--miner", "nobody"), 1, "is no miner. Known: indra, llm, pubtator3, semmeddb"),
        (("--miner", "llm", "--model", "m"), 2, "not both"),
        (("--graph", "nowhere"), 1, "holds no graph"),
        (("--model", "nowhere"), 1, "holds no trained miner"),
    ],
)
def test_wrong_use_is_one_clear_line(
    run: Run, graph: Path, tmp_path: Path, words: tuple[str, ...], code: int, message: str
) -> None:
    (tmp_path / "p.txt").write_text("x")
    given = ("mine", tmp_path / "p.txt", "--graph", graph, "--out", tmp_path / "o", *words)
    found, _, err = run(*given)
    assert found == code
    assert message in " ".join(err.split())


def test_curators_answer_and_the_graph_says_who(run: Run, mined: Path, tmp_path: Path) -> None:
    pytest.importorskip("crowdkit")
    code, _, err = run("curate", "export", mined, "--out", tmp_path / "tasks", "--limit", 3)
    assert code == 0, err
    assert sorted(p.name for p in (tmp_path / "tasks").iterdir()) == [
        "tasks.csv",
        "tasks.html",
        "tasks.json",
    ]
    tasks = json.loads((tmp_path / "tasks" / "tasks.json").read_text())
    assert len(tasks) == 3
    files = []
    for curator in (ANNE, BEN):
        rows = [
            {"id": task["id"], "curator": curator, "verdict": verdict}
            for task, verdict in zip(tasks, ("yes", "no", "unsure"), strict=True)
        ]
        files.append(tmp_path / f"{curator}.json")
        files[-1].write_text(json.dumps({"answers": rows}))
    out = tmp_path / "curated.nq"
    code, _, err = run("curate", "import", *files, "--mined", mined, "--out", out)
    assert code == 0, err
    assert "Krippendorff's alpha 1.00; 1 statements accepted, 1 rejected" in err
    text = out.read_text()
    assert f"ORCID:{ANNE}" in text
    assert tasks[1]["id"].removeprefix("iatros:") not in text


def test_answers_to_nothing_are_refused(run: Run, mined: Path, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("[]")
    code, _, err = run("curate", "import", tmp_path / "a.json", "--mined", mined, "--out", "o")
    assert code == 1
    assert "hold no answer" in err
    (tmp_path / "empty.nq").write_text("")
    code, _, err = run("curate", "export", tmp_path / "empty.nq", "--out", tmp_path / "t")
    assert code == 1
    assert "holds no statement" in err


def test_passages_are_found_and_sorted_by_what_they_say(run: Run, tmp_path: Path) -> None:
    name, make = SEEDS["JSON lines"]
    (tmp_path / name).write_bytes(make())
    index = tmp_path / "index"
    code, _, err = run("passages", "index", tmp_path / name, "--out", index, "--words-only")
    assert code == 0, err
    code, out, _ = run("passages", "search", index, "SCN1A", "--top", 1)
    assert code == 0
    assert "PMID:101 abstract" in out
    words = ("passages", "search", index, "valproic acid", "--treats", "epilepsy")
    code, out, _ = run(*words, "--format", "jsonl")
    assert [json.loads(line)["stance"] for line in out.splitlines()] == ["supporting"]
    code, _, err = run("passages", "search", tmp_path, "x")
    assert code == 1
    assert "holds no index" in err
