"""Metrics against scikit-learn, the strict control as a law, and a whole run on a toy world."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from fusion.symbolic.pair_sampling import BoostedTreatmentOptions
from fusion.symbolic.pairs import PairOptions
from kg.snapshot import GraphSnapshot
from kg.statements import Node, Statement
from kg.vocabulary import NodeType, Predicate
from reasoning.evaluate.treatment import TreatmentEvaluationOptions, evaluate_treatment
from reasoning.evaluate.treatment_metrics import (
    TREATMENT_METRICS,
    DiseaseTable,
    pair_auroc,
    paired_table_differences,
)
from reasoning.evaluate.treatment_pairs import HeldOutPairs
from reasoning.evaluate.treatment_protocol import (
    PHARMACOTHERAPY,
    TreatmentFold,
    TreatmentSplit,
    TreatmentTask,
)
from reasoning.evaluate.treatment_scorers import TreatmentBatch

_TASK = TreatmentTask(name="toy", sources=("toy",))
_N_DRUGS = 12


def toy_world(n_families: int = 8) -> GraphSnapshot:
    """Families of three diseases with one gene each; a drug treats a family, one treats many."""
    nodes, facts = [Node(id="MONDO:1", type=NodeType.DISEASE, label="disease")], []

    def say(head: str, predicate: Predicate, tail: str) -> None:
        facts.append(Statement(subject=head, predicate=predicate, object=tail, source="toy"))

    for number in range(_N_DRUGS):
        drug = f"DRUGBANK:DB{number:05d}"
        nodes.append(Node(id=drug, type=NodeType.DRUG, label=f"drug {number}"))
        say(drug, Predicate.AFFECTS, f"HGNC:{number % 4 + 1}")
    for family in range(n_families):
        parent = f"MONDO:{100 + family}"
        nodes.append(Node(id=parent, type=NodeType.DISEASE, label=f"group {family}"))
        say(parent, Predicate.SUBCLASS_OF, "MONDO:1")
        for child in range(3):
            disease = f"MONDO:{1000 + 10 * family + child}"
            nodes.append(Node(id=disease, type=NodeType.DISEASE, label=f"kind {family} {child}"))
            say(disease, Predicate.SUBCLASS_OF, parent)
            say(f"HGNC:{family % 4 + 1}", Predicate.CAUSES, disease)
            say(f"DRUGBANK:DB{family % 4:05d}", Predicate.TREATS, disease)
            say(f"DRUGBANK:DB{4 + family % 8:05d}", Predicate.TREATS, disease)
            say(f"DRUGBANK:DB{(family + 3) % 4:05d}", Predicate.CONTRAINDICATED_IN, disease)
    return GraphSnapshot.from_records(nodes, facts)


def toy_text(snapshot: GraphSnapshot) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(snapshot.n_nodes, 16)).astype(np.float32)


def _unit(vectors: np.ndarray) -> np.ndarray:
    unit: np.ndarray = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


@given(seed=st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_metrics_against_sklearn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.permutation(60).astype(float)[None]
    right = np.zeros((1, 60), dtype=bool)
    right[0, rng.choice(60, size=int(rng.integers(1, 20)), replace=False)] = True
    found = dict(zip(TREATMENT_METRICS, DiseaseTable.of(scores, right).values[0], strict=True))
    assert found["auroc"] == pytest.approx(roc_auc_score(right[0], scores[0]))
    assert found["ap"] == pytest.approx(average_precision_score(right[0], scores[0]))
    top = np.argsort(-scores[0])
    assert found["recall10"] == pytest.approx(right[0, top[:10]].sum() / right.sum())
    assert found["mrr"] == pytest.approx(1.0 / (1 + int(np.argmax(right[0, top]))))


def test_a_constant_score_earns_what_chance_earns() -> None:
    right = np.random.default_rng(0).random((400, 50)) < 0.1
    right = right[right.any(axis=1)]
    summary = DiseaseTable.of(np.zeros(right.shape), right).summary()
    assert summary["auroc"] == pytest.approx(0.5)
    assert summary["recall10"] == pytest.approx(0.2, abs=0.05)


def test_a_disease_without_an_answer_is_an_error() -> None:
    with pytest.raises(ValueError, match="right and a wrong"):
        DiseaseTable.of([[1.0, 2.0]], [[False, False]])


@given(seed=st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_pooled_area_against_sklearn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    right = rng.integers(0, 5, size=9).astype(float)
    wrong = rng.integers(0, 5, size=7).astype(float)
    found = pair_auroc(right, wrong, np.arange(9), np.arange(7), n_samples=20)
    truth = [1] * 9 + [0] * 7
    assert found.value == pytest.approx(roc_auc_score(truth, np.concatenate([right, wrong])))
    assert found.low <= found.value + 1e-9
    assert found.high >= found.value - 1e-9


def test_paired_difference_of_a_table_with_itself_is_zero() -> None:
    right = np.eye(6, dtype=bool)
    table = DiseaseTable.of(np.random.default_rng(0).normal(size=(6, 6)), right)
    assert all(
        (d.value, d.low, d.high) == (0, 0, 0)
        for d in paired_table_differences(table, table, n_samples=20).values()
    )


def test_strict_folds_know_nothing_of_the_family_of_a_tested_disease() -> None:
    snapshot = toy_world()
    split = TreatmentSplit(snapshot, _unit(toy_text(snapshot)), _TASK, n_folds=4)
    seen = []
    for fold in split:
        known = {snapshot.node_ids[n] for n in fold.labels.labelled.tolist()}
        tested = {snapshot.node_ids[n] for n in fold.tested.tolist()}
        assert tested
        assert known
        families = {(int(id_.partition(":")[2]) - 1000) // 10 for id_ in tested}
        assert families.isdisjoint((int(id_.partition(":")[2]) - 1000) // 10 for id_ in known)
        graph = fold.training_graph()
        treated = graph.edges(Predicate.TREATS).tail
        assert {graph.node_ids[n] for n in treated.tolist()} <= known
        seen += sorted(tested)
    assert len(seen) == len(set(seen)) == 24


class _Oracle:
    """Knows the answers; a stand-in for a model that joins the run."""

    name = "oracle"

    def __init__(self, fold: TreatmentFold) -> None:
        self._answers = fold.answers

    def score(self, batch: TreatmentBatch) -> np.ndarray:
        right = self._answers[batch.diseases].toarray()
        return np.stack([right, -right], axis=2).astype(np.float32)


def test_a_whole_run(tmp_path: Path) -> None:
    snapshot = toy_world()
    options = TreatmentEvaluationOptions(
        tasks=(_TASK,),
        n_folds=4,
        pairs=PairOptions(near_name=0.99),
        boosted=BoostedTreatmentOptions(n_trees=5, smallest_leaf=2, n_leaves=3, n_random=5),
        folds=(0, 1),
        n_samples=50,
    )
    results = evaluate_treatment(
        snapshot, toy_text(snapshot), tmp_path, scorers=(_Oracle,), options=options
    )
    assert [result.with_text for result in results] == [True, False]
    for result in results:
        of_name = {ranker.name: ranker for ranker in result.rankers}
        assert of_name["oracle"].overall["ap"].value == pytest.approx(1.0)
        assert of_name["drug degree"].overall["auroc"].value < 1.0
        assert of_name["shared target and disease genes"].overall["auroc"].value > 0.7
        assert of_name[result.best_baseline].against_best is None
        assert result.best_baseline != "oracle"
    document = json.loads((tmp_path / "treatment.json").read_text(encoding="utf-8"))
    assert document["graph"] == snapshot.digest
    for ranker in document["results"][0]["rankers"]:
        folds = ranker["folds"]
        assert [fold["number"] for fold in folds] == [0, 1]
        total = sum(fold["n_diseases"] for fold in folds)
        mean = sum(fold["n_diseases"] * fold["means"]["ap"] for fold in folds) / total
        assert mean == pytest.approx(ranker["overall"]["ap"]["value"])
    table = (tmp_path / "treatment.md").read_text(encoding="utf-8")
    assert "| oracle | 1.000" in table
    assert "type-matched degree" in table


def test_held_out_pairs_are_unknown_and_all_other_pairs_are_given() -> None:
    snapshot = toy_world()
    text = _unit(toy_text(snapshot))
    split = TreatmentSplit(snapshot, text, _TASK, n_folds=3, dealt=HeldOutPairs())
    asked = np.zeros(split.answers.shape)
    for fold in split:
        right, wrong = fold.answers.toarray(), fold.wrong.toarray()
        known = fold.labels.indicated.toarray(), fold.labels.forbidden.toarray()
        assert right.any()
        assert not (known[0] * (right + wrong)).any()
        assert not (known[1] * (right + wrong)).any()
        assert (known[0] + right >= split.answers.toarray()).all()
        asked += right
        graph = fold.training_graph()
        for predicate, held in (
            (Predicate.TREATS, right),
            (Predicate.CONTRAINDICATED_IN, wrong),
        ):
            edges = graph.edges(predicate)
            assert not held[edges.tail, split.catalogue.positions[edges.head]].any()
    assert (asked == split.answers.toarray()).all()


def test_a_given_treatment_is_not_ranked_again() -> None:
    scores = np.asarray([[4.0, 3.0, 2.0, 1.0]])
    right = np.asarray([[False, True, False, False]])
    given = np.asarray([[True, False, False, False]])
    assert DiseaseTable.of(scores, right).summary()["mrr"] == 0.5
    table = DiseaseTable.of(scores, right, given=given).summary()
    assert (table["mrr"], table["auroc"]) == (1.0, 1.0)


def test_a_family_with_a_known_treatment_makes_pairs_easier(tmp_path: Path) -> None:
    snapshot = toy_world()
    found = {}
    for held_out in ("diseases", "pairs"):
        (result,) = evaluate_treatment(
            snapshot,
            toy_text(snapshot),
            tmp_path / held_out,
            options=TreatmentEvaluationOptions(
                tasks=(_TASK,),
                n_folds=4,
                texts=(False,),
                held_out="pairs" if held_out == "pairs" else "diseases",
                pairs=PairOptions(near_name=0.99),
                boosted=None,
                n_samples=20,
            ),
        )
        ranker = next(r for r in result.rankers if r.name == "nearest diseases by hierarchy")
        found[held_out] = ranker.overall["auroc"].value
    assert found["pairs"] > found["diseases"]
    assert "Held-out pairs of" in (tmp_path / "pairs" / "treatment.md").read_text()


def test_a_graph_without_the_label_set_is_said() -> None:
    snapshot = toy_world()
    with pytest.raises(ValueError, match="pharmacotherapydb"):
        TreatmentSplit(snapshot, toy_text(snapshot), PHARMACOTHERAPY)
