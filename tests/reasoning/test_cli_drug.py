"""`iatros treat --drug` on the toy world: diseases of a drug, drugs like it, clear refusals."""

import json
from pathlib import Path

import numpy as np
import pytest

from fusion import Predictor
from kg.snapshot import GraphSnapshot
from kg.vocabulary import Predicate
from reasoning.drug_answer import DrugAnswer
from reasoning.evaluate.mechanism_gold import Mechanism
from reasoning.evaluate.path_deletion import delete_paths
from reasoning.treat import known_indications
from tests.fusion.conftest import DRUGS, toy_model, toy_records
from tests.reasoning.conftest import Run


@pytest.fixture(scope="module")
def graph() -> GraphSnapshot:
    return GraphSnapshot.from_records(*toy_records())


@pytest.fixture(scope="module")
def model(graph: GraphSnapshot, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return toy_model(tmp_path_factory.mktemp("model"), graph, max_steps=2)


def test_a_drug_gets_diseases_best_first_with_what_the_graph_says(
    run: Run, model: Path, graph: GraphSnapshot
) -> None:
    known = known_indications(graph)
    forbidding = graph.edges(Predicate.CONTRAINDICATED_IN, negated=False)
    forbidden = {
        (graph.node_ids[h], graph.node_ids[t])
        for h, t in zip(forbidding.head.tolist(), forbidding.tail.tolist(), strict=True)
    }
    for drug in DRUGS[:3]:
        code, shown, err = run(
            "treat", "--drug", drug, "--model", model, "--format", "jsonl", "--top", 50
        )
        assert code == 0, err
        answer = DrugAnswer.model_validate_json(shown)
        node = graph.index(drug)
        assert answer.treatment.id == drug
        statuses = {one.disease.id: one.status for one in answer.indications}
        for disease, drugs in known.items():
            if node in drugs:
                name = graph.node_ids[disease]
                expected = "contraindicated" if (drug, name) in forbidden else "indicated"
                assert statuses[name] == expected
        kept = [one.score for one in answer.indications if one.status != "contraindicated"]
        assert kept == sorted(kept, reverse=True)
        last = [one.status == "contraindicated" for one in answer.indications]
        assert last == sorted(last)
        for one in answer.indications:
            for path in one.paths:
                assert all(graph.row_of(hop.statement) is not None for hop in path.hops)
        for other in answer.similar:
            assert other.treatment.id != drug
            for trait in other.shared:
                assert all(graph.row_of(statement) is not None for statement in trait.statements)


def test_json_a_table_and_an_unknown_drug(run: Run, model: Path, tmp_path: Path) -> None:
    out = tmp_path / "drugs.json"
    code, _, err = run(
        "treat", "--drug", DRUGS[0], "--drug", "DRUGBANK:DB99999", "--model", model,
        "--format", "json", "--out", out,
    )  # fmt: skip
    assert code == 1
    assert "DRUGBANK:DB99999: is no treatment of this graph" in err
    assert [one["treatment"]["id"] for one in json.loads(out.read_text())] == [DRUGS[0]]
    code, shown, _ = run("treat", "--drug", DRUGS[0], "--model", model)
    assert code == 0
    assert "Diseases" in shown
    assert "Similar treatments" in shown
    refused = ("treat", "--drug", DRUGS[0], "--model", model)
    assert run(*refused, "--format", "html")[0] == 2
    assert run(*refused, "--disease", "MONDO:0000001")[0] == 2


def test_deleting_paths_counts_steps_and_asks_again(model: Path, graph: GraphSnapshot) -> None:
    known = known_indications(graph)
    pairs = [
        Mechanism(drug=drug, disease=disease, pathways=frozenset(), proteins=frozenset())
        for disease, drugs in sorted(known.items())
        for drug in sorted(drugs)
    ]
    result = delete_paths(Predictor.load(model), pairs, n_samples=20)
    assert 0 < result.n_pairs <= len({pair.drug for pair in pairs})
    assert 0 < result.n_steps["shown paths"] <= 4 * 3 * result.n_pairs
    assert np.isfinite(result.falls["shown paths"].value)
    assert "shown paths" in result.table()
