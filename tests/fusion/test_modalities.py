"""Ways of fusion: same size, all trained, and what is absent changes nothing to the bit."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from encoders import ModalityTokens
from fusion.batches import ImageCache, collate
from fusion.config import FUSIONS, ConfigError, ModelConfig
from fusion.context import GraphContext
from fusion.modalities import alignment_loss, compacted
from fusion.patient import ABSENT, PatientEncoder, PatientInputs
from kg.case import ClinicalCase, ImageReference, Observation

MODALITIES = ("nodes", "demographics", "notes", "images")


def tokens(n_cases: int, most: int, d: int) -> ModalityTokens:
    count = torch.randint(0, most + 1, (n_cases, 1))
    return ModalityTokens(
        values=torch.randn(n_cases, most, d), present=torch.arange(most)[None] < count
    )


def random_inputs(n_cases: int, width: int) -> PatientInputs:
    return PatientInputs(
        nodes=torch.randint(0, 50, (n_cases, width)),
        roles=torch.randint(0, 4, (n_cases, width)),
        demographics=torch.rand(n_cases, 6),
        notes=tokens(n_cases, int(torch.randint(1, 9, (1,))), 5),
        images=tokens(n_cases, int(torch.randint(1, 9, (1,))), 7),
    )


def without(inputs: PatientInputs, what: str) -> tuple[PatientInputs, PatientInputs]:
    """The first patient without a modality among others who have it, and nobody having it."""
    if what == "nodes":
        roles = inputs.roles.clone()
        roles[0] = ABSENT
        none = torch.zeros(inputs.n_cases, 8, dtype=torch.long)
        return replace(inputs, roles=roles), replace(inputs, nodes=none, roles=none)
    if what == "demographics":
        values = inputs.demographics.clone()
        values[0] = 0.0
        return (
            replace(inputs, demographics=values),
            replace(inputs, demographics=torch.zeros_like(values)),
        )
    given = inputs.notes if what == "notes" else inputs.images
    assert given is not None
    present, values = given.present.clone(), given.values.clone()
    present[0], values[0] = False, torch.nan
    hidden = ModalityTokens(values=values, present=present)
    if what == "notes":
        return replace(inputs, notes=hidden), replace(inputs, notes=None)
    return replace(inputs, images=hidden), replace(inputs, images=None)


@pytest.mark.parametrize("fusion", FUSIONS)
@pytest.mark.parametrize("what", MODALITIES)
def test_an_absent_modality_equals_one_that_never_existed_to_the_bit(
    fusion: str, what: str
) -> None:
    for seed in range(12):
        torch.manual_seed(seed)
        d = (16, 32, 64)[seed % 3]
        encoder = PatientEncoder(d, d_note=5, d_image=7, n_heads=4, fusion=fusion).eval()
        states = torch.randn(50, d)
        inputs = random_inputs((1, 2, 5, 16)[seed % 4], 8 * (1 + seed % 3))
        hidden, never = without(inputs, what)
        with torch.no_grad():
            one, other = encoder(hidden, states), encoder(never, states)
        assert one.isfinite().all()
        assert torch.equal(one[0], other[0])


@pytest.mark.parametrize("fusion", FUSIONS)
def test_a_patient_without_any_one_modality_is_scored_by_the_whole_model(
    fusion: str,
    context: GraphContext,
    text_encoder_folder: Path,
    image_files: list[Path],
) -> None:
    config = ModelConfig(
        d_model=16, n_heads=2, d_combiner=8, d_treatment=8, fusion=fusion,
        text_encoder=str(text_encoder_folder), note_window_tokens=32,
        image_encoder="test_vit", image_weights="none", image_size=160,
    )  # fmt: skip
    torch.manual_seed(0)
    model = context.new_model(config, feature_names=("likelihood",)).eval()
    whole = ClinicalCase(
        case_id="all", sex="female", age_years=3.0, note="fever seen.",
        phenotypes=(Observation(term="HP:1000000"),),
        images=(ImageReference(path=str(image_files[0])),),
    )  # fmt: skip
    lacking = {
        "notes": whole.model_copy(update={"note": None}),
        "images": whole.model_copy(update={"images": ()}),
        "nodes": whole.model_copy(update={"phenotypes": ()}),
        "demographics": whole.model_copy(update={"sex": None, "age_years": None}),
    }

    def scores(*cases: ClinicalCase) -> torch.Tensor:
        batch = collate(
            [context.indexer.encode(case) for case in cases],
            n_diseases=context.n_diseases,
            images=ImageCache(size=160),
        )
        with torch.no_grad():
            vectors = model.encode_graph(context.tensors)
            return model.neural_scores(model.encode_patients(batch, vectors), vectors)

    full = scores(whole)[0]
    for what, case in lacking.items():
        found = scores(case)[0]
        assert found.isfinite().all()
        assert not torch.equal(found, full), what
        # A batch of the same size in which the neighbour has what this one lacks, or lacks it too.
        assert torch.equal(scores(case, whole)[0], scores(case, case)[0]), what


def test_the_ways_beside_attention_have_the_same_parameters() -> None:
    sizes = {
        sum(p.numel() for p in PatientEncoder(32, d_note=5, d_image=7, fusion=f).parameters())
        for f in FUSIONS[1:]
    }
    assert len(sizes) == 1


@pytest.mark.parametrize("fusion", FUSIONS)
def test_every_parameter_learns(fusion: str) -> None:
    torch.manual_seed(0)
    encoder = PatientEncoder(16, d_note=5, d_image=7, n_heads=2, fusion=fusion)
    inputs = random_inputs(8, 8)
    encoder(inputs, torch.randn(50, 16)).square().sum().backward()
    still = [n for n, p in encoder.named_parameters() if p.grad is None or not p.grad.any()]
    assert still == []


def test_an_unknown_way_is_refused() -> None:
    with pytest.raises(ConfigError, match="fusion: 'sum' is not one of attention"):
        ModelConfig(fusion="sum")


def test_compacted_keeps_the_order_of_what_is_present() -> None:
    values = torch.arange(6.0).view(1, 6, 1)
    present = torch.tensor([[False, True, False, True, True, False]])
    packed, there = compacted(values, present)
    assert packed.shape == (1, 16, 1)
    assert packed[there].flatten().tolist() == [1.0, 3.0, 4.0]


def test_alignment_is_least_for_the_right_pairs() -> None:
    torch.manual_seed(0)
    one = torch.randn(6, 8)
    both = torch.ones(6, dtype=torch.bool)
    assert alignment_loss(one, one, both) < alignment_loss(one, one.roll(1, 0), both)
    assert alignment_loss(one, one, torch.zeros(6, dtype=torch.bool)) == 0
    encoder = PatientEncoder(16, d_note=5, d_image=7, n_heads=2)
    assert encoder.alignment(random_inputs(8, 8)).isfinite()
    assert encoder.alignment(replace(random_inputs(8, 8), notes=None)) == 0
