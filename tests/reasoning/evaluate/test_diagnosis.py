"""The benchmark end to end on the toy world: no number to be proud of, every part in place."""

import json
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from fusion.finding_embedding import EmbeddingOptions
from fusion.symbolic import ReferenceCases, SymbolicKnowledge
from fusion.symbolic.boosted import BoostedOptions
from kg.case import ClinicalCase
from reasoning.evaluate import (
    PROTOCOLS,
    CaseBatch,
    EvaluationOptions,
    Scorer,
    Setting,
    SplitOptions,
    evaluate_diagnosis,
    split_parts,
)
from reasoning.evaluate.ablations import EVERYTHING


class _Oracle:
    """Knows the answer: what a perfect ranker looks like in the table."""

    name = "oracle"

    def __init__(self, setting: Setting) -> None:
        everyone = (setting.tested, setting.calibration)
        self._gold = {
            case_id: gold
            for part in everyone
            for case_id, gold in zip(part.case_ids, part.disease.tolist(), strict=True)
        }

    def score(self, batch: CaseBatch) -> np.ndarray:
        scores = np.zeros((len(batch.case_ids), batch.maker.n_diseases), dtype=np.float32)
        for row, case_id in enumerate(batch.case_ids):
            scores[row, self._gold[case_id]] = 1.0
        return scores


def _make_oracle(setting: Setting) -> Scorer:
    return _Oracle(setting)


@pytest.fixture(scope="module")
def cases(toy: ModuleType) -> list[ClinicalCase]:
    terms = {"A": (11, 21), "B": (12, 23), "C": (23, 30)}
    return [
        toy.case(f"{letter}{number}", own, disease=letter, papers=(f"PMID:{number}{at}00",))
        for at, (letter, own) in enumerate(terms.items())
        for number in range(1, 9)
    ]


def test_every_protocol_is_written_with_its_control(
    tmp_path: Path, knowledge: SymbolicKnowledge, cases: list[ClinicalCase]
) -> None:
    options = EvaluationOptions(
        split=SplitOptions(n_decoys=2, n_calibration=4),
        boosted=BoostedOptions(n_trees=5, smallest_leaf=2),
        n_folds=2,
        n_samples=50,
        embedding=EmbeddingOptions(width=4, n_steps=3, n_cases=8),
        ablations=True,
    )
    results = evaluate_diagnosis(
        knowledge, cases, out=tmp_path, scorers=[_make_oracle], options=options
    )
    assert [result.protocol for result in results] == list(PROTOCOLS)
    for result in results:
        names = [ranker.name for ranker in result.rankers]
        first = names.index("LambdaRank over the classical scores")
        assert names[first + 1 : first + 4] == [
            "learned embedding of findings",
            "LambdaRank over the classical scores + embedding",
            "iatros, boosted trees alone",
        ]
        oracle = result.rankers[-1]
        assert oracle.name == "oracle"
        whole = names.index(EVERYTHING)
        rows = result.rankers[whole + 1 : -1]
        assert {row.compared_with for row in rows} == {EVERYTHING}
        assert all(row.against_best is not None for row in rows)
        ranks = json.loads((tmp_path / f"ranks-{result.protocol}.json").read_text())
        assert ranks["rank"]["oracle"] == [1.0] * len(ranks["disease"])
        assert oracle.overall["macro_top1"].value == 1.0
        assert oracle.against_best is not None
        assert oracle.against_best["macro_top1"].value >= 0.0
        assert oracle.confidence is not None
        assert (tmp_path / f"ranks-{result.protocol}.png").stat().st_size > 0
        assert (tmp_path / f"reliability-{result.protocol}.png").stat().st_size > 0
    document = json.loads((tmp_path / "diagnosis.json").read_text(encoding="utf-8"))
    assert document["run"]["graph"] == knowledge.snapshot.digest
    table = (tmp_path / "diagnosis.md").read_text(encoding="utf-8")
    for phrase in ("no control", "2 random decoy diseases", "no training case of any test disease"):
        assert phrase in table


def test_tested_papers_are_unknown_unless_as_published(
    knowledge: SymbolicKnowledge, cases: list[ClinicalCase]
) -> None:
    references = knowledge.references(cases)
    for protocol in PROTOCOLS:
        setting = Setting.make(protocol, knowledge=knowledge, references=references)
        assert not setting.training.citing(setting.held_out).any()
        own = frozenset().union(*setting.tested.publications)
        assert (own <= setting.excluded) == (protocol != "as-published")
        shared = np.intersect1d(setting.training.disease, setting.tested.disease)
        assert bool(len(shared)) == (protocol != "disease-out")


def test_parts_are_disjoint_and_complete(
    knowledge: SymbolicKnowledge, cases: list[ClinicalCase]
) -> None:
    references = knowledge.references(cases)
    parts = split_parts(references)
    assert sorted(np.concatenate(list(parts.values())).tolist()) == list(range(len(references)))


def test_a_report_learns_from_all_that_is_neither_tested_nor_for_temperatures(
    knowledge: SymbolicKnowledge, cases: list[ClinicalCase]
) -> None:
    references = knowledge.references(cases)
    parts = split_parts(references)
    for n_calibration in (0, 2):
        report = Setting.make(
            "paper-out",
            knowledge=knowledge,
            references=references,
            options=SplitOptions(n_decoys=2, n_calibration=n_calibration),
        )
        assert len(report.calibration) <= n_calibration
        own = (report.training, report.tested, report.calibration)
        assert sorted(id_ for part in own for id_ in part.case_ids) == sorted(references.case_ids)
        assert set(report.calibration.case_ids) <= {references.case_ids[n] for n in parts["dev"]}
    choice = Setting.make(
        "paper-out", knowledge=knowledge, references=references, tested="dev",
        options=SplitOptions(n_decoys=2),
    )  # fmt: skip
    assert choice.training.case_ids == references.select(parts["train"]).case_ids
    assert not len(choice.calibration)


def test_given_cases_are_tested_and_nothing_that_touches_them_is_learnt_from(
    knowledge: SymbolicKnowledge, cases: list[ClinicalCase]
) -> None:
    references = knowledge.references(cases)
    first = references.select([0])
    bridge = references.select([1])  # cites the paper of a given case and one of its own
    linked = replace(bridge, publications=(frozenset({*first.publications[0], "PMID:77"}),))
    far = replace(references.select([2]), publications=(frozenset({"PMID:77"}),))
    rest = references.select(range(3, len(references)))
    known = ReferenceCases(
        patients=(*linked.patients, *far.patients, *rest.patients),
        disease=np.concatenate([linked.disease, far.disease, rest.disease]),
        publications=(*linked.publications, *far.publications, *rest.publications),
        case_ids=(*linked.case_ids, *far.case_ids, *rest.case_ids),
    )
    given = replace(first, case_ids=("new",))
    options = SplitOptions(n_decoys=2, n_calibration=2)
    setting = Setting.make(
        "paper-out", knowledge=knowledge, references=known, unseen=given, options=options
    )
    assert setting.tested.case_ids == ("new",)
    learnt = {*setting.training.case_ids, *setting.calibration.case_ids}
    assert learnt.isdisjoint({*linked.case_ids, *far.case_ids})
    assert learnt == set(rest.case_ids)
    assert first.publications[0] <= setting.excluded
    assert "given apart" in setting.control()
    same = Setting.make(
        "paper-out", knowledge=knowledge, references=rest, unseen=rest.select([0]), options=options
    )
    assert rest.case_ids[0] not in same.training.case_ids


def test_known_cases_that_all_touch_the_given_ones_are_refused(
    knowledge: SymbolicKnowledge, cases: list[ClinicalCase], tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="no known case is without contact"):
        evaluate_diagnosis(knowledge, cases, out=tmp_path, unseen=cases)
    empty = [case.model_copy(update={"phenotypes": ()}) for case in cases]
    with pytest.raises(ValueError, match="no unseen case"):
        evaluate_diagnosis(knowledge, cases, out=tmp_path, unseen=empty)


def test_cases_without_a_diagnosis_are_one_clear_error(
    tmp_path: Path, toy: ModuleType, knowledge: SymbolicKnowledge
) -> None:
    with pytest.raises(ValueError, match="OMIM diagnoses"):
        evaluate_diagnosis(knowledge, [toy.case("x", (11,))], out=tmp_path)
