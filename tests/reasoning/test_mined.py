"""From text to ranking on the toy world: papers move a treatment, and taking them out undoes it."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from kg.additions import added_graphs
from kg.snapshot import GraphSnapshot
from kg.statements import Statement
from kg.vocabulary import Predicate
from reasoning.answer import Answer
from reasoning.mined import MinedSupport
from tests.fusion.conftest import DISEASES, DRUGS, toy_cases, toy_model, toy_records
from tests.reasoning.conftest import Run

COLOURS = ("azure", "brown", "coral", "denim", "ecru", "fawn")
STEMS = ("aten", "brox", "cel", "dox", "esm", "fen")
NAMES = {
    **{id_: f"{word} fever" for id_, word in zip(DISEASES, COLOURS, strict=True)},
    **{id_: f"{stem}olol" for id_, stem in zip(DRUGS, STEMS, strict=True)},
}
PAPERS = """\
501|t|Doxolol in azure fever.
501|a|Doxolol is effective in the treatment of azure fever. Nobody was harmed.

502|t|More doxolol.
502|a|We treated azure fever with doxolol. Doxolol treatment of azure fever is effective.

503|t|Against it.
503|a|Celolol was not effective in the treatment of azure fever.
"""


@pytest.fixture(scope="module")
def graph_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("graph")
    nodes, statements = toy_records()
    named = [replace(node, label=NAMES.get(node.id, node.label)) for node in nodes]
    GraphSnapshot.from_records(named, statements).save(folder / "snapshot")
    lines = "".join(case.to_json() + "\n" for case in toy_cases())
    (folder / "cases.jsonl").write_text(lines)
    (folder / "graph.nq.gz").write_bytes(b"")
    return folder


@pytest.fixture(scope="module")
def model(graph_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    graph = GraphSnapshot.load(graph_folder / "snapshot")
    return toy_model(tmp_path_factory.mktemp("model"), graph, max_steps=2, evaluate_every=5)


def test_papers_change_a_ranking_and_taking_them_out_restores_it(
    run: Run, graph_folder: Path, model: Path, tmp_path: Path
) -> None:
    papers, mined = tmp_path / "papers.pubtator", tmp_path / "papers.nq"
    papers.write_text(PAPERS)
    treat = ("treat", "--disease", DISEASES[0], "--model", model, "--graph", graph_folder,
             "--format", "jsonl", "--top", 6)  # fmt: skip
    code, before, err = run(*treat)
    assert code == 0, err
    digest = GraphSnapshot.load(graph_folder / "snapshot").digest

    code, _, err = run("mine", papers, "--graph", graph_folder, "--out", mined, "--run", "lit-1")
    assert code == 0, err
    assert "no trained miner given" in err
    code, _, err = run("update", graph_folder, "--add", mined)
    assert code == 0, err
    assert [one.name for one in added_graphs(graph_folder)] == ["lit-1"]
    assert added_graphs(graph_folder)[0].report["refused"] == {}

    code, after, err = run(*treat)
    assert code == 0, err
    old = {t.treatment.id: t for t in Answer.model_validate_json(before).treatments}
    new = {t.treatment.id: t for t in Answer.model_validate_json(after).treatments}
    moved, denied = DRUGS[3], DRUGS[2]
    assert new[moved].rank < old[moved].rank
    assert new[moved].score - old[moved].score == pytest.approx(1 - (1 - 0.6) * (1 - 0.6), abs=1e-6)
    assert new[moved].status == "predicted"  # papers are no curated indication
    assert new[moved].paths[0].hops[0].source == "lit-1"
    assert {p.publication for p in new[moved].passages} == {"PMID:501", "PMID:502"}
    assert {p.stance for p in new[moved].passages} == {"supporting"}
    table = run(*treat[:-4], "--format", "table", "--top", 6)[1]
    assert "for: " in table or new[moved].rank > 1  # the top treatment shows what papers say
    assert new[denied].score == old[denied].score
    assert [p.stance for p in new[denied].passages] == ["contradicting"]

    code, _, err = run("update", graph_folder, "--remove", "lit-1")
    assert code == 0, err
    assert run(*treat)[1] == before
    assert GraphSnapshot.load(graph_folder / "snapshot").digest == digest


def test_denial_lowers_belief_and_curated_pairs_are_not_raised() -> None:
    nodes, statements = toy_records()
    base = GraphSnapshot.from_records(nodes, statements)

    def said(pmid: str, *, negated: bool) -> Statement:
        return Statement(
            subject=DRUGS[3],
            predicate=Predicate.TREATS,
            object=DISEASES[0],
            source="lit",
            negated=negated,
            publications=(pmid,),
            confidence=0.5,
            qualifiers=(("document", pmid), ("model", "m"), ("model_version", "1")),
        )

    disease, drug = base.index(DISEASES[0]), base.index(DRUGS[3])
    assert disease is not None
    assert drug is not None
    alone = MinedSupport([said("PMID:1", negated=False)], base)
    both = MinedSupport([said("PMID:1", negated=False), said("PMID:2", negated=True)], base)
    assert alone.of_disease(disease) == {drug: 0.5}
    assert both.of_disease(disease) == {drug: 0.25}
    assert [p.stance for p in both.passages(drug, disease)] == ["supporting", "contradicting"]
    assert both.passages(disease, drug) == ()
    torn = MinedSupport([said("PMID:1", negated=False), said("PMID:1", negated=True)], base)
    assert torn.of_disease(disease) == {}  # a paper that says both says neither
    assert [p.stance for p in torn.passages(drug, disease)] == ["supporting", "contradicting"]


def test_a_diagnosis_cites_papers_on_its_findings_and_keeps_its_score(
    run: Run, graph_folder: Path, model: Path, tmp_path: Path
) -> None:
    case = toy_cases()[0]
    finding = next(o.term for o in case.phenotypes if o.status == "present")
    given, mined = tmp_path / "case.jsonl", tmp_path / "signs.nq"
    given.write_text(case.to_json() + "\n")
    ask = ("diagnose", given, "--model", model, "--graph", graph_folder, "--format", "jsonl")
    code, before, err = run(*ask)
    assert code == 0, err
    rows = (
        ("502", DISEASES[0], False),
        ("503", DISEASES[0], True),
        ("504", DISEASES[1], False),
    )
    (tmp_path / "said.jsonl").write_text(
        "".join(
            json.dumps(
                {
                    "pmid": pmid, "subject": disease, "predicate": "has_phenotype",
                    "object": finding, "confidence": 0.7, "negated": negated,
                }
            ) + "\n"
            for pmid, disease, negated in rows
        )
    )  # fmt: skip
    code, _, err = run("mine", tmp_path / "said.jsonl", "--miner", "llm", "--graph", graph_folder,
                       "--out", mined, "--run", "signs")  # fmt: skip
    assert code == 0, err
    assert run("update", graph_folder, "--add", mined)[0] == 0
    code, after, err = run(*ask)
    assert code == 0, err
    old = {d.disease.id: d for d in Answer.model_validate_json(before).diagnoses}
    new = {d.disease.id: d for d in Answer.model_validate_json(after).diagnoses}
    assert {i: d.score for i, d in new.items()} == {i: d.score for i, d in old.items()}
    cited = {i: [(p.stance, p.publication) for p in d.passages] for i, d in new.items()}
    assert cited[DISEASES[0]] == [("supporting", "PMID:502"), ("contradicting", "PMID:503")]
    assert cited[DISEASES[1]] == [("supporting", "PMID:504")]
    assert not any(said for i, said in cited.items() if i not in DISEASES[:2])
    assert run("update", graph_folder, "--remove", "signs")[0] == 0
    assert run(*ask)[1] == before
