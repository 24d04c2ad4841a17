"""Gradients reach every trained part; what is absent changes nothing."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from encoders import ModalityTokens
from fusion.batches import ImageCache, collate
from fusion.config import ModelConfig, TrainConfig
from fusion.context import GraphContext
from fusion.folds import TrainingParts
from fusion.objective import Objective, StepInputs
from fusion.patient import PatientEncoder, PatientInputs
from fusion.sampling import combiner_batch
from fusion.treatment_batches import TreatmentSampler
from kg.case import ClinicalCase, ImageReference, Observation

DISEASE = "OMIM:100001"


@pytest.fixture
def multimodal_config(text_encoder_folder: Path) -> ModelConfig:
    return ModelConfig(
        d_model=16,
        n_heads=2,
        d_combiner=8,
        d_treatment=8,
        text_encoder=str(text_encoder_folder),
        text_freeze="1",
        note_window_tokens=32,
        image_encoder="test_vit",
        image_weights="none",
        image_size=160,
        image_freeze="all",
        modality_dropout=0.0,
    )


def some_cases(image_files: Sequence[Path]) -> list[ClinicalCase]:
    image = (ImageReference(path=str(image_files[0])),)
    sign = (Observation(term="HP:1000000"), Observation(term="HP:1000005", status="excluded"))
    return [
        ClinicalCase(case_id="text", note="fever seen.", diagnoses=(DISEASE,)),
        ClinicalCase(case_id="image", images=image, diagnoses=(DISEASE,)),
        ClinicalCase(case_id="both", note="cough.", images=image, diagnoses=(DISEASE,)),
        ClinicalCase(case_id="signs", phenotypes=sign, diagnoses=(DISEASE,)),
    ]


def test_one_step_moves_every_trained_part_and_no_frozen_one(
    context: GraphContext,
    cases: list[ClinicalCase],
    multimodal_config: ModelConfig,
    image_files: Sequence[Path],
) -> None:
    assert context.pairs is not None
    config = TrainConfig(
        model=multimodal_config, n_folds=2, decoys_per_fold=0, dev_share=0.0, device="cpu"
    )
    parts = TrainingParts.build(context, cases, config)
    torch.manual_seed(0)
    model = context.new_model(config.model, feature_names=parts.feature_names)
    batch = collate(
        [context.indexer.encode(case) for case in some_cases(image_files)],
        n_diseases=context.n_diseases,
        images=ImageCache(size=160),
    )
    assert batch.problems == ()
    judged = next(iter(parts.candidates))
    inputs = StepInputs(
        cases=replace(batch, gold=batch.gold.clone()),
        neural=torch.ones(4, dtype=torch.bool),
        combiner=combiner_batch(np.array([3]), [parts.candidates[judged]]),
        treatments=TreatmentSampler(context.pairs).draw(4, np.random.default_rng(0)),
        rng=torch.Generator().manual_seed(0),
    )
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    model.train()
    vectors = model.encode_graph(context.tensors)
    Objective(model, config)(inputs, vectors).total.backward()
    optimizer.step()
    moved = {name for name, p in model.named_parameters() if not torch.equal(p, before[name])}
    frozen = {name for name, p in model.named_parameters() if not p.requires_grad}
    assert not moved & frozen
    assert any(name.startswith("text_encoder.network.encoder.layer.0") for name in frozen)
    for part in (
        "text_encoder.network.encoder.layer.1",
        "image_encoder.network.patch_embed",
        "image_encoder.network.blocks.0",
        "node_text",
        "node_learned",
        "graph_encoder.layers.0.weight",
        "graph_encoder.layers.1.weight",
        "patient_encoder.note",
        "patient_encoder.image",
        "patient_encoder.layers.0",
        "similarity.disease",
        "similarity.text",
        "combiner.weight",
        "combiner.gate",
        "combiner.network",
        "treatment_decoder.relation",
        "treatment_decoder.from_product",
        "treatment_decoder.from_features",
    ):
        assert any(name.startswith(part) for name in moved), part


def patient_inputs(seed: int = 0) -> PatientInputs:
    generator = torch.Generator().manual_seed(seed)
    return PatientInputs(
        nodes=torch.randint(1, 9, (3, 8), generator=generator),
        roles=torch.randint(0, 4, (3, 8), generator=generator),
        demographics=torch.rand(3, 6, generator=generator),
    )


@pytest.mark.parametrize("garbage", [0.0, 1e6, float("nan")])
def test_an_absent_modality_changes_nothing_to_the_bit(garbage: float) -> None:
    torch.manual_seed(0)
    encoder = PatientEncoder(16, d_note=5, d_image=7, n_heads=2).eval()
    states = torch.randn(10, 16)
    present = torch.tensor([[True, False], [False, False], [True, True]])
    values = torch.randn(3, 2, 5)
    other = torch.where(present[..., None], values, garbage)
    inputs = patient_inputs()
    with torch.no_grad():
        plain = encoder(
            replace(inputs, notes=ModalityTokens(values=values, present=present)), states
        )
        changed = encoder(
            replace(inputs, notes=ModalityTokens(values=other, present=present)), states
        )
        without = encoder(inputs, states)
    assert torch.equal(plain, changed)
    # Beside patients with notes, the one without is the same as among its like.
    torch.testing.assert_close(plain[1], without[1])
    assert not torch.allclose(plain[0], without[0])


def test_padding_of_shorter_patients_changes_nothing_to_the_bit() -> None:
    torch.manual_seed(0)
    encoder = PatientEncoder(16, n_heads=2).eval()
    states = torch.randn(10, 16)
    inputs = patient_inputs()
    other = replace(inputs, nodes=torch.where(inputs.roles == 0, 5, inputs.nodes))
    with torch.no_grad():
        assert torch.equal(encoder(inputs, states), encoder(other, states))


def test_a_patient_of_whom_nothing_is_known_has_a_finite_vector() -> None:
    encoder = PatientEncoder(16, n_heads=2)
    nothing = PatientInputs(
        nodes=torch.zeros(2, 8, dtype=torch.long),
        roles=torch.zeros(2, 8, dtype=torch.long),
        demographics=torch.zeros(2, 6),
    )
    assert encoder(nothing, torch.randn(10, 16)).isfinite().all()


def test_modality_dropout_leaves_every_patient_something() -> None:
    torch.manual_seed(0)
    encoder = PatientEncoder(16, n_heads=2, modality_dropout=0.95, dropout=0.0).train()
    states = torch.randn(10, 16)
    inputs = replace(patient_inputs(), demographics=torch.zeros(3, 6))
    with torch.no_grad():
        found = encoder(inputs, states, rng=torch.Generator().manual_seed(1))
        plain = encoder(inputs, states)
    torch.testing.assert_close(found, plain)


def test_a_corrupt_image_is_named_and_the_case_goes_on(
    context: GraphContext, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    case = ClinicalCase(case_id="c7", note="rash.", images=(ImageReference(path=str(broken)),))
    batch = collate(
        [context.indexer.encode(case)], n_diseases=context.n_diseases, images=ImageCache(size=32)
    )
    assert len(batch.images) == 0
    assert len(batch.problems) == 1
    assert "c7" in batch.problems[0]
    assert str(broken) in batch.problems[0]
