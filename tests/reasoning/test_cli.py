"""The command line on the toy world: answers, exit status, one clear line for each bad input."""

import json
import shutil
import zipfile
from pathlib import Path

import pytest
import torch

from kg.case import ClinicalCase, CodedItem, ImageReference, Observation
from kg.snapshot import GraphSnapshot
from reasoning.answer import Answer
from reasoning.diagnose import Diagnoser
from tests.fusion.conftest import DISEASES, DRUGS, toy_cases, toy_model, toy_records
from tests.reasoning.conftest import Run


@pytest.fixture(scope="module")
def graph_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("graph")
    GraphSnapshot.from_records(*toy_records()).save(folder / "snapshot")
    lines = "".join(case.to_json() + "\n" for case in toy_cases())
    (folder / "cases.jsonl").write_text(lines)
    return folder


@pytest.fixture(scope="module")
def model(graph_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    graph = GraphSnapshot.load(graph_folder / "snapshot")
    return toy_model(tmp_path_factory.mktemp("model"), graph)


def case_file(folder: Path, case: ClinicalCase) -> Path:
    path = folder / f"{case.case_id}.jsonl"
    path.write_text(case.to_json() + "\n")
    return path


SEEN = ClinicalCase(
    case_id="seen",
    phenotypes=(Observation(term="HP:1000000"), Observation(term="HP:1000001")),
)


def test_diagnose_gives_valid_answers_with_evidence(run: Run, model: Path, tmp_path: Path) -> None:
    code, out, _ = run(
        "diagnose", case_file(tmp_path, SEEN), "--model", model, "--format", "jsonl", "--top", "3"
    )
    answer = Answer.model_validate_json(out)
    assert code == 0
    assert answer.case_id == "seen"
    assert [d.rank for d in answer.diagnoses] == [1, 2, 3]
    assert answer.diagnoses[0].disease.id == DISEASES[0]
    scores = [d.score for d in answer.diagnoses]
    assert scores == sorted(scores, reverse=True)
    evidence = [e for e in answer.diagnoses[0].evidence if e.kind == "finding"]
    assert {e.finding.id for e in evidence} == {"HP:1000000", "HP:1000001"}
    assert all(e.publications == ("PMID:900",) and e.statements for e in evidence)


def test_treat_flags_what_the_graph_forbids_and_ranks_it_last(
    run: Run, model: Path, graph_folder: Path
) -> None:
    code, out, _ = run(
        "treat", "--disease", DISEASES[1], "--model", model, "--format", "jsonl", "--top", "10"
    )
    answer = Answer.model_validate_json(out)
    assert code == 0
    assert answer.case_id is None
    assert answer.disease is not None
    by_id = {t.treatment.id: t for t in answer.treatments}
    assert by_id[DRUGS[1]].status == "indicated"
    forbidden = by_id[DRUGS[0]]
    assert forbidden.status == "contraindicated"
    assert forbidden.rank == max(t.rank for t in answer.treatments)
    graph = GraphSnapshot.load(graph_folder / "snapshot")
    for treatment in answer.treatments:
        for alert in treatment.alerts:
            assert all(graph.row_of(s) is not None for s in alert.statements)
        for path in treatment.paths:
            assert all(graph.row_of(hop.statement) is not None for hop in path.hops)


def test_treat_for_a_patient_uses_the_diagnoses_and_the_allergies(
    run: Run, model: Path, tmp_path: Path
) -> None:
    case = SEEN.model_copy(
        update={"case_id": "allergic", "allergies": (CodedItem(id=DRUGS[0], label="drug 0"),)}
    )
    code, out, _ = run(
        "treat", case_file(tmp_path, case), "--model", model, "--format", "json", "--top", "4"
    )
    (answer,) = [Answer.model_validate(a) for a in json.loads(out)]
    assert code == 0
    assert answer.diagnoses[0].disease.id == DISEASES[0]
    stopped = next(t for t in answer.treatments if t.treatment.id == DRUGS[0])
    assert [a.kind for a in stopped.alerts if a.severity == "stop"] == ["allergy"]
    assert stopped.rank > 1


def test_table_and_html_show_the_same_answer(run: Run, model: Path, tmp_path: Path) -> None:
    path = case_file(tmp_path, SEEN)
    _, table, _ = run("treat", path, "--model", model, "--top", "3")
    out = tmp_path / "report.html"
    code, _, _ = run("treat", path, "--model", model, "--format", "html", "--out", out)
    assert code == 0
    page = out.read_text()
    for words in ("disease 0", "drug 0"):
        assert words in table
        assert words in page
    assert "<svg" in page
    assert "http-equiv" not in page
    assert "<script" not in page


def test_a_list_of_diseases_is_answered_and_the_unknown_one_named(
    run: Run, model: Path, tmp_path: Path
) -> None:
    listed = tmp_path / "diseases.txt"
    listed.write_text(f"{DISEASES[0]}\nMONDO:9999999\n{DISEASES[2]}\n")
    code, out, err = run(
        "treat", "--diseases", listed, "--model", model, "--format", "jsonl", "--top", "100"
    )
    assert code == 1
    assert "MONDO:9999999: is no disease of this graph" in err
    assert len(out.splitlines()) == 2


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("truncated.json", b'{"id": "x", "phenotypicFeat', "truncated.json"),
        ("empty.jsonl", b"", "empty.jsonl"),
        ("nothing.json", b'{"id": "n", "subject": {"id": "1"}}', "nothing.json"),
        ("bytes.json", b"\xff\xfe\x00\x01", "bytes.json"),
    ],
)
def test_a_bad_file_is_one_line_and_the_others_are_answered(
    run: Run, model: Path, tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    bad = tmp_path / name
    bad.write_bytes(content)
    good = case_file(tmp_path, SEEN)
    code, out, err = run("diagnose", bad, good, "--model", model, "--format", "jsonl")
    assert code == 1
    assert sum(words in line for line in err.splitlines()) == 1
    assert "Traceback" not in err
    assert [json.loads(line)["case_id"] for line in out.splitlines()] == ["seen"]


def test_missing_file_empty_folder_and_missing_model(run: Run, model: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    for path in (tmp_path / "nowhere.json", empty):
        code, out, err = run("diagnose", path, "--model", model, "--format", "jsonl")
        assert (code, out) == (1, "")
        assert path.name in err
    code, _, err = run("diagnose", case_file(tmp_path, SEEN), "--model", empty)
    assert code == 1
    assert "holds no trained model" in err


def test_unknown_terms_and_a_case_without_phenotype_are_said(
    run: Run, model: Path, tmp_path: Path
) -> None:
    unknown = ClinicalCase(case_id="unknown", phenotypes=(Observation(term="HP:9999999"),))
    code, out, _ = run(
        "diagnose", case_file(tmp_path, unknown), "--model", model, "--format", "jsonl"
    )
    answer = Answer.model_validate_json(out)
    assert code == 0
    assert answer.unresolved_inputs == ("HP:9999999",)
    assert any("no present phenotype" in w for w in answer.warnings)
    assert answer.diagnoses


def test_a_model_of_another_graph_is_refused(run: Run, model: Path, tmp_path: Path) -> None:
    nodes, statements = toy_records()
    GraphSnapshot.from_records(nodes, statements[:-1]).save(tmp_path / "other" / "snapshot")
    code, _, err = run(
        "diagnose", case_file(tmp_path, SEEN), "--model", model, "--graph", tmp_path / "other"
    )
    assert code == 1
    assert "graph" in err
    assert "Traceback" not in err


def test_wrong_usage_is_status_two(run: Run, model: Path) -> None:
    assert run("diagnose", "--model", model)[0] == 2
    assert run("treat", "--model", model)[0] == 2
    assert run("diagnose", "x.json", "--model", model, "--format", "pdf")[0] == 2
    assert run("evaluate", "diagnosis", "g", "--out", "o", "--part", "all")[0] == 2
    dev = ("--part", "dev", "--test", "x.json")
    assert run("evaluate", "diagnosis", "g", "--out", "o", *dev)[0] == 2


def test_a_failed_run_leaves_the_old_output(run: Run, model: Path, tmp_path: Path) -> None:
    out = tmp_path / "answers.jsonl"
    out.write_text("old\n")
    broken = tmp_path / "broken"
    shutil.copytree(model, broken)
    (broken / "model.safetensors").write_bytes(b"not weights")
    code, _, err = run(
        "diagnose", case_file(tmp_path, SEEN), "--model", broken, "--format", "jsonl", "--out", out
    )
    assert code == 1
    assert "broken" in err
    assert out.read_text() == "old\n"


def test_a_zip_is_read_and_its_order_kept(run: Run, model: Path, tmp_path: Path) -> None:
    archive = tmp_path / "cases.zip"
    with zipfile.ZipFile(archive, "w") as writer:
        for case in toy_cases(5):
            writer.writestr(f"{case.case_id}.jsonl", case.to_json() + "\n")
    code, out, err = run("diagnose", archive, "--model", model, "--format", "jsonl", "--top", "1")
    assert code == 0
    assert [json.loads(line)["case_id"] for line in out.splitlines()] == [
        f"case-{i}" for i in range(5)
    ]
    assert "5 cases answered, 0 refused" in err


def test_a_corrupt_image_that_the_model_does_not_read_changes_nothing(
    run: Run, model: Path, tmp_path: Path
) -> None:
    (tmp_path / "x.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    case = SEEN.model_copy(update={"images": (ImageReference(path=str(tmp_path / "x.png")),)})
    code, out, _ = run("diagnose", case_file(tmp_path, case), "--model", model, "--format", "jsonl")
    assert code == 0
    assert Answer.model_validate_json(out).diagnoses


def test_train_command_trains_and_resumes(run: Run, graph_folder: Path, tmp_path: Path) -> None:
    config = tmp_path / "small.toml"
    config.write_text(
        "max_steps = 4\nbatch_cases = 8\nn_folds = 2\ndecoys_per_fold = 1\nevaluate_every = 2\n"
        "checkpoint_every = 2\n[model]\nd_model = 16\nn_heads = 2\n"
    )
    out = tmp_path / "model"
    excluded = tmp_path / "excluded.txt"
    excluded.write_text("PMID:1000\n")
    for more in ((), ("--resume",)):
        code, _, err = run(
            "train", graph_folder, "--config", config, "--out", out,
            "--exclude-publications", excluded, *more,
        )  # fmt: skip
        assert code == 0, err
        assert "1 cases of excluded publications left out" in err
    assert (out / "model.safetensors").is_file()
    config.write_text("max_stepz = 4\n")
    code, _, err = run("train", graph_folder, "--config", config, "--out", out)
    assert code == 1
    assert "max_steps" in err


def test_answers_are_the_same_on_one_thread_and_on_many(model: Path) -> None:
    cases = [*toy_cases(), *toy_cases()]
    engine = Diagnoser.load(model)
    before = torch.get_num_threads()
    answers = []
    try:
        for n_threads in (1, 3):
            torch.set_num_threads(n_threads)
            answers.append([a.model_dump_json() for a in engine.answer(cases, top=3)])
            assert torch.get_num_threads() == n_threads
    finally:
        torch.set_num_threads(before)
    assert answers[0] == answers[1]
