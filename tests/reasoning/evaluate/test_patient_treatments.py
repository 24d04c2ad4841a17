"""Treatments of unseen patients: who is asked, what counts, and what popularity alone gets."""

import json
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest

from kg.case import ClinicalCase
from kg.snapshot import GraphSnapshot
from kg.statements import Node, Statement
from kg.vocabulary import NodeType, Predicate
from reasoning.answer import (
    Answer,
    Entity,
    GraphIdentity,
    ModelIdentity,
    RankedTreatment,
    TreatmentEntity,
)
from reasoning.evaluate.patient_treatments import (
    FINDINGS,
    GIVEN,
    POPULARITY,
    evaluate_patient_treatments,
)

_RARE, _COMMON = "MONDO:0000001", "MONDO:0000002"


def _graph(*, known: bool = True) -> GraphSnapshot:
    nodes = [Node(id=i, type=NodeType.DISEASE, label=i) for i in (_RARE, _COMMON, "MONDO:0000003")]
    nodes += [
        Node(id=f"DRUGBANK:DB0000{n}", type=NodeType.DRUG, label=f"drug {n}") for n in range(3)
    ]
    nodes.append(Node(id="MAXO:0000001", type=NodeType.ACTION, label="diet"))
    facts = [("DRUGBANK:DB00001", _COMMON), ("DRUGBANK:DB00001", "MONDO:0000003")]
    if known:
        facts += [("DRUGBANK:DB00000", _RARE), ("MAXO:0000001", _RARE)]
    return GraphSnapshot.from_records(
        nodes,
        [
            Statement(subject=head, predicate=Predicate.TREATS, object=tail, source="toy")
            for head, tail in facts
        ],
    )


class _Ranker:
    """Says the drug of the given diagnosis, and without one the diet."""

    def __init__(self, graph: GraphSnapshot) -> None:
        self.predictor = SimpleNamespace(graph=graph)

    def answer_cases(
        self, cases: Sequence[ClinicalCase], *, top: int, paths: int, given: Sequence[str] = ()
    ) -> list[Answer]:
        assert paths == 0
        names = (
            ("DRUGBANK:DB00000", "MAXO:0000001") if given else ("MAXO:0000001", "DRUGBANK:DB00002")
        )
        ranked = tuple(
            RankedTreatment(
                rank=rank,
                treatment=TreatmentEntity(id=name, label=name, kind="drug"),
                for_disease=Entity(id=_RARE, label=_RARE),
                score=1.0 / rank,
                status="predicted",
            )
            for rank, name in enumerate(names[:top], start=1)
        )
        return [
            Answer(
                case_id=case.case_id,
                graph=GraphIdentity(digest="d", release="r"),
                model=ModelIdentity(digest="m"),
                treatments=ranked,
            )
            for case in cases
        ]


def _case(number: int, diagnosis: str) -> ClinicalCase:
    return ClinicalCase(
        case_id=str(number), diagnoses=(diagnosis,), publications=(f"PMID:{number // 2}",)
    )


def test_recall_from_findings_with_the_diagnosis_and_by_popularity(tmp_path: Path) -> None:
    cases = [_case(n, _RARE) for n in range(4)]
    result = evaluate_patient_treatments(
        _Ranker(_graph()),  # type: ignore[arg-type]
        cases,
        tmp_path,
        top=2,
        n_samples=20,
    )
    assert (result.n_cases, result.n_diseases, result.n_publications) == (4, 1, 2)
    assert result.recall[FINDINGS].value == pytest.approx(0.5)
    assert result.recall[GIVEN].value == pytest.approx(1.0)
    assert result.drugs_only[FINDINGS].value == 0.0
    assert result.recall[POPULARITY].value == pytest.approx(0.5)  # one of two goes to the common
    written = json.loads((tmp_path / "patient_treatments.json").read_text())
    assert written["top"] == 2
    assert "| the findings alone | 0.500" in (tmp_path / "patient_treatments.md").read_text()


def test_answers_may_come_from_a_larger_graph_and_others_are_left_out(tmp_path: Path) -> None:
    cases = [_case(0, _RARE), _case(2, "MONDO:0000099")]
    ranker = _Ranker(_graph(known=False))
    with pytest.raises(ValueError, match="no case has a diagnosis"):
        evaluate_patient_treatments(ranker, cases, tmp_path, n_samples=5)  # type: ignore[arg-type]
    result = evaluate_patient_treatments(
        ranker,  # type: ignore[arg-type]
        cases,
        tmp_path,
        truth=_graph(),
        n_samples=5,
    )
    assert result.n_cases == 1
    assert result.recall[GIVEN].value == pytest.approx(1.0)
    assert result.recall[POPULARITY].value == 0.0
