"""Mining files: the same output for any number of workers, resumed after a kill, exactly once."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from kg.compile import compile_snapshot
from kg.literature import registry
from kg.literature.document import Document
from kg.literature.endpoints import Endpoints
from kg.literature.miner import MinedStatement
from kg.literature.mining import MiningReport, Plug, mine_files
from kg.literature.readers import document_to_json
from kg.literature.rules import CueMiner
from kg.literature.statements import MiningRun, from_statement, resolves
from kg.store import GraphStore
from kg.validate import validate
from tests.kg.literature.papers import ABSTRACT, PAPERS, SEEDS, TITLE, toy_dictionary, toy_graph

RUN = MiningRun(name="run-1", model="iatros-cues", version="1")


def toy_plug() -> Plug:
    return Plug(reader=CueMiner(toy_dictionary()), endpoints=Endpoints(toy_graph()))


class SlowMiner(CueMiner):
    """Waits at each batch, so that a test has the time to stop it."""

    def mine(self, documents: Iterable[Document]) -> Iterator[MinedStatement]:
        time.sleep(0.15)
        return super().mine(documents)


def slow_plug() -> Plug:
    return Plug(reader=SlowMiner(toy_dictionary()), endpoints=Endpoints(toy_graph()))


def corpus(folder: Path, n_files: int, n_papers: int = 5) -> list[Document]:
    folder.mkdir()
    papers = []
    for file in range(n_files):
        lines = []
        for number in range(n_papers):
            pmid = 1 + file * n_papers + number
            paper = Document.of_abstract(
                str(pmid), title=TITLE, abstract=ABSTRACT, pmid=f"PMID:{pmid}", licence="CC-BY"
            )
            papers.append(paper)
            lines.append(document_to_json(paper) + "\n")
        (folder / f"{file:03d}.jsonl").write_text("".join(lines))
    return papers


def mine(folder: Path, out: Path, workers: int = 1) -> MiningReport:
    return mine_files([folder], out, source=toy_plug, run=RUN, workers=workers)


def no_plug() -> Plug:
    raise FileNotFoundError("graphs/none: holds no graph")


@pytest.mark.parametrize("workers", [1, 2])
def test_a_worker_that_cannot_start_says_why(tmp_path: Path, workers: int) -> None:
    corpus(tmp_path / "in", 2)
    with pytest.raises(FileNotFoundError, match="holds no graph"):
        mine_files([tmp_path / "in"], tmp_path / "o.nq", source=no_plug, run=RUN, workers=workers)


def test_output_is_the_same_for_one_and_two_workers(tmp_path: Path) -> None:
    corpus(tmp_path / "in", 6)
    one = mine(tmp_path / "in", tmp_path / "1.nq")
    two = mine(tmp_path / "in", tmp_path / "2.nq", workers=2)
    assert (tmp_path / "1.nq").read_bytes() == (tmp_path / "2.nq").read_bytes()
    assert one == two
    assert one.n_documents == 30
    assert one.n_statements > 100
    assert sorted(p.name for p in tmp_path.iterdir()) == ["1.nq", "2.nq", "in"]


def test_the_file_is_valid_and_every_statement_resolves(tmp_path: Path) -> None:
    papers = {p.id: p for p in corpus(tmp_path / "in", 3)}
    report = mine(tmp_path / "in", tmp_path / "o.nq")
    store = GraphStore(tmp_path / "store")
    store.bulk_load([tmp_path / "o.nq"])
    checked = validate(store)
    assert checked.n_violations == 0, list(checked.lines())
    said = [from_statement(s) for s in compile_snapshot(store).statements()]
    assert len(said) == report.n_statements
    assert all(resolves(s, papers[s.document]) for s in said)


def test_a_paper_in_two_files_is_said_once(tmp_path: Path) -> None:
    corpus(tmp_path / "in", 1)
    once = mine(tmp_path / "in", tmp_path / "1.nq")
    twin = (tmp_path / "in" / "000.jsonl").read_bytes()
    (tmp_path / "in" / "001.jsonl").write_bytes(twin)
    twice = mine(tmp_path / "in", tmp_path / "2.nq")
    assert twice.n_statements == once.n_statements == twice.n_repeated
    assert (tmp_path / "1.nq").read_bytes() == (tmp_path / "2.nq").read_bytes()


def test_a_kill_loses_one_file_and_repeats_nothing(tmp_path: Path) -> None:
    corpus(tmp_path / "in", 8)
    out = tmp_path / "o.nq"
    code = (
        "from pathlib import Path;"
        "from kg.literature.mining import mine_files;"
        "from tests.kg.literature.test_mining import RUN, slow_plug;"
        f"mine_files([Path({str(tmp_path / 'in')!r})], Path({str(out)!r}),"
        "source=slow_plug, run=RUN)"
    )
    root = str(Path(__file__).parents[3])
    child = subprocess.Popen([sys.executable, "-c", code], cwd=root)
    parts = tmp_path / "o.nq.parts"
    for _ in range(600):
        if len(list(parts.glob("*.json"))) >= 3:
            break
        time.sleep(0.05)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    finished = len(list(parts.glob("*.json")))
    assert 3 <= finished < 8
    assert not out.exists()
    report = mine(tmp_path / "in", out)
    assert report.n_resumed == finished
    whole = mine(tmp_path / "in", tmp_path / "whole.nq")
    assert out.read_bytes() == (tmp_path / "whole.nq").read_bytes()
    assert report.n_statements == whole.n_statements
    assert report.n_documents == 40


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    corpus(tmp_path / "in", 1)
    parts = tmp_path / "o.nq.parts"
    parts.mkdir()
    (parts / "deadbeef.json").write_text("{}")  # of another file or question
    report = mine(tmp_path / "in", tmp_path / "o.nq")
    assert report.n_resumed == 0
    assert not parts.exists()


def test_problems_are_counted_and_shown(tmp_path: Path) -> None:
    (tmp_path / "bad.xml").write_bytes(b"<PubmedArticleSet>")
    (tmp_path / "plain.txt").write_text("No id here.\nText.")
    good = SEEDS["PubTator"]
    (tmp_path / good[0]).write_bytes(good[1]())
    report = mine(tmp_path, tmp_path / "o.nq")
    assert report.problems["error: syntax"] == 1
    assert report.problems["warning: no PMID, PMCID or DOI to cite"] == 1
    assert any("bad.xml" in line for line in report.examples)
    assert report.n_statements > 0


class Elsewhere:
    """A plug of another package."""

    name, version = "elsewhere", "7"

    def mine(self, documents: Iterable[Document]) -> Iterator[MinedStatement]:
        yield from CueMiner(toy_dictionary()).mine(documents)


def test_entry_points_bring_miners(monkeypatch: pytest.MonkeyPatch) -> None:
    good = EntryPoint("mine", "tests.kg.literature.test_mining:Elsewhere", registry.GROUP)
    bad = EntryPoint("bad", "tests.kg.literature.papers:toy_graph", registry.GROUP)
    gone = EntryPoint("gone", "no.such:thing", registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda group: [good, bad, gone])
    assert {"mine", "semmeddb", "indra", "pubtator3"} <= set(registry.miner_names())
    assert registry.plug("mine").name == "elsewhere"
    for name, message in (("bad", "neither"), ("gone", "cannot be loaded"), ("x", "known: bad")):
        with pytest.raises(registry.UnknownMinerError, match=message):
            registry.plug(name)
    assert PAPERS
