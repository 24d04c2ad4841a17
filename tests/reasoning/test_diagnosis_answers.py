"""What an answer says beside the ranking, on the toy world: sure, faithful, curious, robust."""

import json
import random
from pathlib import Path

import numpy as np
import pytest

from benchmarks.fuzz_phenopackets import check_same, fuzz
from fusion import Predictor
from fusion.confidence import CONFIDENCE
from kg.case import ClinicalCase, Observation
from kg.snapshot import GraphSnapshot
from reasoning.answer import Answer
from reasoning.counterfactual import without_finding
from reasoning.diagnose import Asked, Diagnoser
from reasoning.errors import InputError
from reasoning.evaluate import AnswerOptions, evaluate_answers, find_known
from reasoning.evaluate.noise import CaseNoise
from reasoning.questions import cost_class
from reasoning.render import to_text
from tests.fusion.conftest import DISEASES, SIGNS, toy_cases, toy_model, toy_records
from tests.reasoning.conftest import Run


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    graph = GraphSnapshot.from_records(*toy_records())
    return toy_model(
        tmp_path_factory.mktemp("model"),
        graph,
        dev_share=0.3,
        treatment_weight=0.0,
        boosted_treatments=False,
    )


@pytest.fixture(scope="module")
def engine(model: Path) -> Diagnoser:
    return Diagnoser.load(model)


def unseen(n_cases: int = 20) -> list[ClinicalCase]:
    return [
        case.model_copy(update={"case_id": f"new-{i}", "publications": (f"PMID:{7000 + i}",)})
        for i, case in enumerate(toy_cases(n_cases, seed=9))
    ]


SEEN = ClinicalCase(
    case_id="seen",
    phenotypes=(
        Observation(term=SIGNS[0]),
        Observation(term=SIGNS[1]),
        Observation(term=SIGNS[4], status="excluded"),
    ),
    genes=("HGNC:1", "HGNC:4"),
)


def test_an_answer_says_how_sure_it_is(engine: Diagnoser) -> None:
    (answer,) = engine.answer([SEEN], top=6)
    sure = answer.certainty
    assert sure is not None
    total = sum(d.probability or 0.0 for d in answer.diagnoses) + sure.none_of_catalogue
    assert total == pytest.approx(1.0, abs=1e-6)
    assert sum(bool(d.in_set) for d in answer.diagnoses) == sure.set_shown
    inside = [bool(d.in_set) for d in answer.diagnoses]
    assert inside == sorted(inside, reverse=True)
    assert sure.coverage == 0.9
    chances = [d.probability or 0.0 for d in answer.diagnoses]
    assert chances == sorted(chances, reverse=True)


def test_a_model_without_confidence_still_answers_with_a_temperature(
    model: Path, tmp_path: Path
) -> None:
    import shutil

    bare = tmp_path / "bare"
    shutil.copytree(model, bare)
    (bare / CONFIDENCE).unlink()
    (answer,) = Diagnoser.load(bare).answer([SEEN], Asked(top=3))
    assert answer.certainty is None
    assert answer.diagnoses[0].probability is not None
    (bare / CONFIDENCE).write_text("{}")
    with pytest.raises(InputError, match="confidence"):
        Diagnoser.load(bare)


def test_evidence_speaks_for_and_against_and_names_published_patients(engine: Diagnoser) -> None:
    (answer,) = engine.answer([SEEN], top=6)
    first = answer.diagnoses[0]
    assert first.disease.id == DISEASES[0]
    assert (first.nats_for or 0) > 0
    weights = [e.weight_nats or 0.0 for e in first.evidence if e.kind != "case"]
    assert sum(w for w in weights if w > 0) == pytest.approx(first.nats_for, abs=0.01)
    patients = [e for e in first.evidence if e.kind == "case"]
    assert patients
    assert all(e.publications and e.text.startswith("similarity") for e in patients)
    second = next(d for d in answer.diagnoses if d.disease.id == DISEASES[1])
    denied = [e for e in second.evidence if e.kind == "absent_finding"]
    assert [e.finding.id for e in denied] == [SIGNS[4]]
    assert (denied[0].weight_nats or 0.0) < 0
    assert denied[0].statements


def test_deleting_what_is_cited_lowers_the_probability(engine: Diagnoser) -> None:
    (answer,) = engine.answer([SEEN], Asked(top=1, counterfactual=True))
    assert {c.without.id for c in answer.counterfactuals} == {SIGNS[0], SIGNS[1], SIGNS[4]}
    for other in answer.counterfactuals:
        (without,) = engine.answer([without_finding(SEEN, other.without.id)], top=6)
        assert other.first.id == without.diagnoses[0].disease.id
        chance = {d.disease.id: d.probability or 0.0 for d in without.diagnoses}[DISEASES[0]]
        effect = np.log(answer.diagnoses[0].probability or 0.0) - np.log(chance)
        assert other.effect_nats == pytest.approx(effect, abs=2e-3)
    strongest = answer.counterfactuals[0]
    assert strongest.effect_nats > 0
    papers = {p for e in answer.diagnoses[0].evidence for p in e.publications}
    blind = engine.predictor.blind_to([], also=papers)
    at = engine.predictor.catalogue.position(engine.predictor.graph, DISEASES[0])
    before, after = (p.score_diagnoses([SEEN])[0, at] for p in (engine.predictor, blind))
    assert after < before


def test_a_blind_model_knows_nothing_of_a_case(engine: Diagnoser) -> None:
    case = toy_cases()[0]
    blind = engine.predictor.blind_to([case])
    assert case.case_id not in {c.case_id for c in blind.references}
    assert len(blind.references) == len(engine.predictor.references) - 1
    assert engine.predictor.blind_to([]).score_diagnoses([SEEN]) == pytest.approx(
        engine.predictor.score_diagnoses([SEEN])
    )


def test_a_model_without_the_patients_of_a_paper_keeps_its_annotations(engine: Diagnoser) -> None:
    case = toy_cases()[0].model_copy(update={"publications": ("PMID:1",)})
    left = engine.predictor.without_patients_of([case])
    assert case.case_id not in {c.case_id for c in left.references}
    assert len(left.references) == len(engine.predictor.references) - 1
    whole, kept = (p.symbolic.profiles.n_annotations for p in (engine.predictor, left))
    assert kept.tolist() == whole.tolist()


def test_questions_are_open_and_genes_are_used_only_when_asked(engine: Diagnoser) -> None:
    (answer,) = engine.answer([SEEN], Asked(top=6, questions=3, genes=True))
    asked = [q.finding.id for q in answer.next_questions]
    assert asked
    assert not {SIGNS[0], SIGNS[1], SIGNS[4]} & set(asked)
    gains = [q.gain_nats for q in answer.next_questions]
    assert gains == sorted(gains, reverse=True)
    assert answer.genes[0].gene.id == "HGNC:1"
    assert answer.genes[0].diseases[0].id == DISEASES[0]
    assert any("candidate genes" in w for w in answer.warnings)
    (plain,) = engine.answer([SEEN], Asked(top=6))
    assert plain.genes == ()
    assert any("--genes" in w for w in plain.warnings)
    other = SEEN.model_copy(update={"genes": ("HGNC:4",)})
    (with_gene,) = engine.answer([other], Asked(top=6, genes=True))
    lifted, before = (
        next(d.probability for d in a.diagnoses if d.disease.id == DISEASES[3])
        for a in (with_gene, plain)
    )
    assert (lifted or 0.0) > (before or 0.0)


def test_cost_classes() -> None:
    known = {
        "biopsy of kidney": "invasive", "MRI of the brain": "imaging",
        "blood chemistry measurement": "laboratory", "neurologist evaluation": "examination",
        "electroencephalography": "recording", "echocardiography": "imaging",
    }  # fmt: skip
    assert {name: cost_class(name) for name in known} == known


def test_the_table_and_the_page_show_all_of_it(run: Run, model: Path, tmp_path: Path) -> None:
    path = tmp_path / "seen.jsonl"
    path.write_text(SEEN.to_json() + "\n")
    code, out, err = run(
        "diagnose", path, "--model", model, "--ask", "--counterfactual", "--genes", "--top", "3"
    )
    assert code == 0, err
    for words in ("none of the catalogue", "ask:", "without", "gene 1"):
        assert words in out
    _, line, _ = run("diagnose", path, "--model", model, "--ask", "--format", "jsonl")
    answer = Answer.model_validate_json(line)
    assert answer.next_questions
    assert "none of the catalogue" in to_text([answer], "html")


def test_shuffled_repeated_and_mutated_documents(engine: Diagnoser) -> None:
    source = [
        {
            "id": f"p{i}",
            "subject": {"id": f"s{i}", "sex": "FEMALE"},
            "phenotypicFeatures": [
                {"type": {"id": o.term, "label": "sign"}, "excluded": o.status == "excluded"}
                for o in case.phenotypes
            ],
            "metaData": {"created": "2024-01-01T00:00:00Z", "createdBy": "x"},
        }
        for i, case in enumerate(unseen(10))
    ]
    assert json.loads(json.dumps(source)) == source
    counts = fuzz(engine, source, 200, 0)
    assert counts["documents"] == 200
    assert counts["answers"] > 50
    assert check_same(engine, source, 30, 0) == 30


def test_damage_keeps_a_term_and_adds_two(engine: Diagnoser) -> None:
    predictor = engine.predictor
    noise = CaseNoise(predictor.graph, predictor.symbolic.knowledge.ontology)
    rng = np.random.default_rng(0)
    for case in unseen():
        damaged = noise.damage(case, rng)
        n_kept = max(1, round(len(case.present) / 2))
        assert 1 <= len(damaged.present) <= n_kept + 2
        assert set(damaged.excluded) <= set(case.excluded)


def test_answers_are_measured_on_unseen_cases_and_refused_on_seen_ones(
    run: Run, model: Path, engine: Diagnoser, tmp_path: Path
) -> None:
    cases = unseen()
    result = evaluate_answers(
        engine.predictor, cases, out=tmp_path / "out", options=AnswerOptions(n_samples=50)
    )
    assert result.n_cases == len(cases)
    assert 0 <= result.certainty.ece.low <= result.certainty.ece.value <= 1
    assert result.certainty.none_outside > result.certainty.none_inside
    assert result.faithfulness is not None
    assert result.faithfulness.findings.value > 0.5
    assert result.questions is not None
    written = json.loads((tmp_path / "out" / "answers.json").read_text())
    assert written["certainty"]["ece"]["value"] == pytest.approx(result.certainty.ece.value)
    assert (tmp_path / "out" / "reliability.png").stat().st_size > 1000
    assert "Five questions" in (tmp_path / "out" / "answers.md").read_text()
    assert find_known(engine.predictor, cases) is None
    path = tmp_path / "seen.jsonl"
    path.write_text(random.Random(0).choice(toy_cases()).to_json() + "\n")
    code, _, err = run("evaluate", "answers", model, "--cases", path, "--out", tmp_path / "x")
    assert code == 1
    assert "is not unseen" in err


def test_a_predictor_without_confidence_cannot_be_measured(model: Path, tmp_path: Path) -> None:
    import shutil

    bare = tmp_path / "bare"
    shutil.copytree(model, bare)
    (bare / CONFIDENCE).unlink()
    with pytest.raises(ValueError, match="not calibrated"):
        evaluate_answers(Predictor.load(bare), unseen(), out=tmp_path / "out")
