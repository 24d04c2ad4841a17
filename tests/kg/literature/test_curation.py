"""Curation: the tasks that matter first, answers of several people, provenance in the graph."""

import csv
import json
import random
from dataclasses import replace
from pathlib import Path

import pytest

from kg.literature.curation import (
    CurationAnswer,
    agreement,
    choose_tasks,
    consensus,
    curated,
    is_orcid,
    read_answers,
    read_tasks,
    task_page,
    write_tasks,
)
from kg.literature.miner import MinedStatement
from kg.literature.readers import DocumentError
from kg.literature.rules import CueMiner
from kg.literature.statements import to_statement
from kg.rdf import write_nquads
from kg.statements import Statement
from kg.store import GraphStore
from kg.validate import validate
from kg.vocabulary import Predicate
from tests.kg.literature.papers import NODES, PAPERS, toy_dictionary
from tests.kg.literature.test_statements import RUN

ANNE, BEN, CARL = "0000-0002-1825-0097", "0000-0001-5109-3700", "0000-0002-1694-233X"


def mined() -> list[Statement]:
    return [to_statement(s, RUN.name) for s in CueMiner(toy_dictionary()).mine(PAPERS)]


def said(drug: str, confidence: float, paper: int) -> Statement:
    return to_statement(
        MinedStatement(
            subject=drug, predicate=Predicate.TREATS, object="MONDO:1", document=str(paper),
            publication=f"PMID:{paper}", section="abstract", evidence=None, subject_span=None,
            object_span=None, sentence_sha256="", confidence=confidence, model="m", version="1",
        ),
        "r",
    )  # fmt: skip


def test_orcids_have_a_check_digit() -> None:
    assert all(map(is_orcid, (ANNE, BEN, CARL, f"https://orcid.org/{ANNE}")))
    assert not any(map(is_orcid, ("", "Anne", ANNE[:-1] + "8", "0000-0002-1825-009")))


def test_tasks_that_move_a_ranking_come_first() -> None:
    # A stands alone at the top whatever is said of it; B and C are neck and neck
    statements = [
        *(said("DRUGBANK:DB1", 0.9, paper) for paper in range(1, 5)),
        said("DRUGBANK:DB2", 0.5, 9),
        said("DRUGBANK:DB3", 0.49, 10),
    ]
    tasks = choose_tasks(statements, limit=10)
    assert {t.subject for t in tasks if t.moves > 0} == {"DRUGBANK:DB2", "DRUGBANK:DB3"}
    assert [t.moves > 0 for t in tasks] == sorted((t.moves > 0 for t in tasks), reverse=True)
    # a curated prior far above makes even these matter less
    prior = {"DRUGBANK:DB2": 5.0, "DRUGBANK:DB3": 3.0, "DRUGBANK:DB1": 1.0}
    assert not any(t.moves for t in choose_tasks(statements, limit=10, prior=lambda _: prior))


def test_conflicting_statements_are_named_so() -> None:
    (first, *_) = mined()
    tasks = choose_tasks([first, replace(first, negated=True)], limit=9)
    assert {t.reason for t in tasks} == {"conflict"}


def test_tasks_go_to_files_and_back(tmp_path: Path) -> None:
    tasks = choose_tasks(mined(), limit=4)
    write_tasks(tasks, tmp_path / "t.json")
    assert read_tasks(tmp_path / "t.json") == tasks
    nasty = replace(tasks[0], sentence="=HYPERLINK(1)")
    write_tasks([nasty], tmp_path / "t.csv")
    (row,) = csv.DictReader((tmp_path / "t.csv").read_text().splitlines())
    assert row["sentence"] == "'=HYPERLINK(1)"
    assert row["verdict"] == ""
    with pytest.raises(ValueError, match=r"\.csv nor \.json"):
        write_tasks(tasks, tmp_path / "t.xlsx")


def test_the_page_stands_alone_and_holds_what_it_is_given() -> None:
    tasks = choose_tasks(mined(), limit=3)
    evil = replace(tasks[0], sentence="</script><script>alert(1)</script>")
    page = task_page([evil, *tasks[1:]])
    assert page.count("</script>") == 1
    assert "src=" not in page
    assert "http://" not in page
    assert "https://" not in page
    assert "default-src 'none'" in page
    start = page.index("const tasks = ") + len("const tasks = ")
    rows = json.loads(page[start : page.index(";\n", start)])
    assert rows[0]["sentence"] == evil.sentence


def test_answers_of_several_files_are_checked(tmp_path: Path) -> None:
    page = {"answers": [{"id": "iatros:1", "verdict": "yes", "curator": ANNE}]}
    (tmp_path / "a.json").write_text(json.dumps(page))
    (tmp_path / "b.csv").write_text(
        f"id,verdict,curator\niatros:1,no,{BEN}\niatros:1,yes,{BEN}\niatros:2,,{BEN}\n"
        f"iatros:9,yes,{BEN}\niatros:2,maybe,{BEN}\niatros:2,no,Ben\n"
    )
    (tmp_path / "c.json").write_bytes(b"\xff")
    files = [tmp_path / "a.json", tmp_path / "b.csv", tmp_path / "c.json"]
    found = list(read_answers(files, tasks=frozenset({"iatros:1", "iatros:2"})))
    errors = [str(f) for f in found if isinstance(f, DocumentError)]
    assert [f for f in found if isinstance(f, CurationAnswer)] == [
        CurationAnswer(task="iatros:1", curator=f"ORCID:{ANNE}", verdict="yes"),
        CurationAnswer(task="iatros:1", curator=f"ORCID:{BEN}", verdict="yes"),
    ]
    for words in ("no task", "is not yes, no or unsure", "no ORCID", "cannot be read"):
        assert any(words in error for error in errors)


def answers(table: dict[str, str]) -> list[CurationAnswer]:
    """One string a task, one letter a curator: y, n or u."""
    words = {"y": "yes", "n": "no", "u": "unsure"}
    return [
        CurationAnswer(task=task, curator=f"ORCID:{who}", verdict=words[letter])  # type: ignore[arg-type]
        for task, letters in table.items()
        for who, letter in zip((ANNE, BEN, CARL), letters, strict=False)
    ]


def test_agreement_is_krippendorffs() -> None:
    pytest.importorskip("krippendorff")
    assert agreement(answers({"a": "yy", "b": "nn"})) == 1.0
    assert agreement(answers({"a": "yy", "b": "yy"})) == 1.0
    assert agreement(answers({"a": "y", "b": "n"})) is None
    # two of three pairs agree; observed disagreement 1/3, expected 3*3*2/(6*5)
    found = agreement(answers({"a": "yy", "b": "nn", "c": "yn"}))
    assert found == pytest.approx(1 - (1 / 3) / (18 / 30))


def test_consensus_learns_who_is_right() -> None:
    pytest.importorskip("crowdkit")
    rng = random.Random(0)
    truth = {f"t{i}": rng.random() < 0.5 for i in range(60)}
    table = {}
    for task, right in truth.items():
        careful = "y" if right else "n"
        guess = rng.choice("yn")
        table[task] = careful + careful + guess  # two careful curators, one who tosses a coin
    table["last"] = "ynn"[:1] + "u" + "n"  # the careful one against the coin
    found = {c.task: c for c in consensus(answers(table))}
    assert all(found[t].is_accepted is right for t, right in truth.items())
    assert found["last"].is_accepted
    assert found["last"].accepting == (f"ORCID:{ANNE}",)
    assert consensus(answers({"a": "u"})) == []
    assert not consensus(answers({"a": "nn"}))[0].is_accepted


def test_curators_stand_in_the_graph(tmp_path: Path) -> None:
    pytest.importorskip("crowdkit")
    statements = mined()
    yes, no = statements[0].id, statements[1].id
    outcome = curated(statements, consensus(answers({yes: "yy", no: "nn"})))
    assert outcome.rejected == (no,)
    assert outcome.n_accepted == 1
    assert len(outcome.statements) == len(statements) - 1
    accepted = outcome.statements[0]
    assert [v for k, v in accepted.qualifiers if k == "curator"] == sorted(
        [f"ORCID:{ANNE}", f"ORCID:{BEN}"]
    )
    path = tmp_path / "curated.nq"
    write_nquads(path, [*NODES, *outcome.statements], sources=[RUN.facts])
    store = GraphStore(tmp_path / "store")
    store.bulk_load([path])
    assert validate(store).n_violations == 0
    assert not choose_tasks([accepted], limit=5)  # what people have said is not asked again
