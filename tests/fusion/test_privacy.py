"""No word of a note is left in what a training writes: checkpoints, logs, caches, folders."""

import gzip
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from encoders.cache import default_cache
from fusion import ModelConfig, TrainConfig, train
from fusion.batches import CaseIndexer
from fusion.context import GraphContext
from kg.case import ClinicalCase
from kg.snapshot import GraphSnapshot

CANARY = "quokkaberry"
NAME = "Zephyrine Oldcastle"
NOTE = f"Ms. {NAME}, fever and {CANARY} rash seen. Tel 555-0142-7788."
SECRETS = (CANARY, *NAME.split(), "555-0142-7788")


def leaks_under(folder: Path) -> list[str]:
    found = []
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        data = path.read_bytes()
        if path.suffix == ".gz":
            data += gzip.decompress(data)
        low = data.lower()
        name = path.relative_to(folder)
        found += [
            f"{name}: {secret}"
            for secret in SECRETS
            for coding in ("utf-8", "utf-16-le")
            if secret.lower().encode(coding) in low
        ]
    return found


def test_the_search_itself_finds_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(NOTE.upper())
    (tmp_path / "b.txt.gz").write_bytes(gzip.compress(NOTE.encode()))
    assert len(leaks_under(tmp_path)) == 2 * len(SECRETS)


def test_training_leaves_no_word_of_a_note(
    graph: GraphSnapshot,
    cases: list[ClinicalCase],
    node_text: npt.NDArray[np.float32],
    text_encoder_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("IATROS_CACHE", str(tmp_path / "cache"))
    config = TrainConfig(
        model=ModelConfig(
            d_model=16, n_heads=2, d_combiner=8, d_treatment=8,
            text_encoder=str(text_encoder_folder), text_freeze="1", note_window_tokens=32,
        ),
        max_steps=4, batch_cases=8, batch_diseases=4, n_folds=2, decoys_per_fold=1, dev_share=0.2,
        evaluate_every=2, checkpoint_every=2, boosted_diagnoses=False, boosted_treatments=False,
        device="cpu",
    )  # fmt: skip
    noted = [case.model_copy(update={"note": NOTE}) for case in cases[:30]]
    train(graph, noted, config, tmp_path / "model", node_text=node_text)
    assert (tmp_path / "model" / "model.safetensors").is_file()
    assert leaks_under(tmp_path) == []
    said = capfd.readouterr()
    assert not any(secret in said.out + said.err for secret in SECRETS)


@pytest.mark.parametrize("on", [True, False])
def test_notes_are_deidentified_before_they_are_encoded(context: GraphContext, on: bool) -> None:
    knowledge = context.knowledge
    indexer = CaseIndexer(context.graph, knowledge.catalogue, knowledge.encoder, deidentify=on)
    note = indexer.encode(ClinicalCase(case_id="p", note=NOTE)).note
    assert note is not None
    assert (NAME in note) is not on
    assert CANARY in note


def test_the_cache_can_be_off(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("IATROS_CACHE", "off")
    assert default_cache(8) is None
    monkeypatch.setenv("IATROS_CACHE", str(tmp_path))
    cache = default_cache(8)
    assert cache is not None
    assert cache.path.is_relative_to(tmp_path)
