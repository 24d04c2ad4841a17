"""Losses, ranks, configuration, temperature, treatments: small, against hand or brute force."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from fusion.config import ConfigError, ModelConfig, TrainConfig
from fusion.context import GraphContext
from fusion.development import fit_temperature
from fusion.losses import listwise_loss, multi_positive_loss, pairwise_loss
from fusion.ranks import realistic_rank, summarise_ranks
from fusion.treatment_batches import TreatmentSampler, treatment_loss
from fusion.treatment_decoder import TreatmentDecoder


def test_listwise_loss_is_cross_entropy_for_one_gold() -> None:
    logits = torch.randn(5, 7)
    target = torch.tensor([0, 3, 6, 2, 2])
    gold = torch.nn.functional.one_hot(target, 7).bool()
    torch.testing.assert_close(
        listwise_loss(logits, gold), torch.nn.functional.cross_entropy(logits, target)
    )


def test_listwise_loss_ignores_cases_without_gold() -> None:
    logits = torch.randn(2, 4, requires_grad=True)
    gold = torch.tensor([[True, False, False, False], [False] * 4])
    torch.autograd.backward(listwise_loss(logits, gold))
    assert logits.grad is not None
    assert logits.grad.isfinite().all()
    assert not logits.grad[1].any()


def test_a_sampled_candidate_stands_for_many() -> None:
    logits = torch.tensor([[2.0, 0.0, 0.0, 0.0]])
    gold = torch.tensor([[True, False, False, False]])
    sampled = listwise_loss(
        logits[:, :2], gold[:, :2], log_count=torch.tensor([[0.0, math.log(3.0)]])
    )
    torch.testing.assert_close(sampled, listwise_loss(logits, gold))


def test_multi_positive_loss_wants_every_positive() -> None:
    positive = torch.tensor([[True, True, False]])
    one = multi_positive_loss(torch.tensor([[9.0, 0.0, 0.0]]), positive)
    both = multi_positive_loss(torch.tensor([[9.0, 9.0, 0.0]]), positive)
    assert both < one
    nothing = torch.zeros(1, 3, dtype=torch.bool)
    assert multi_positive_loss(torch.randn(1, 3), nothing) == 0.0


def test_pairwise_loss_of_no_pairs_is_zero() -> None:
    assert pairwise_loss(torch.zeros(0), torch.zeros(0)) == 0.0


@given(st.lists(st.integers(0, 3), min_size=1, max_size=8), st.data())
def test_realistic_rank_lies_between_best_and_worst(values: list[int], data: st.DataObject) -> None:
    gold = data.draw(st.integers(0, len(values) - 1))
    scores = np.array(values, dtype=np.float32)
    above = sum(v > values[gold] for v in values)
    at_least = sum(v >= values[gold] for v in values)
    assert above + 1 <= realistic_rank(scores, [gold]) <= at_least


def test_macro_average_counts_diseases_not_cases() -> None:
    summary = summarise_ranks([1, 1, 1, 20], [7, 7, 7, 8])
    assert summary.top1 == 0.75
    assert summary.macro_top1 == 0.5
    assert summary.n_diseases == 2


def test_temperature_tames_overconfidence() -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(5, size=2000)
    logits = rng.normal(size=(2000, 5))
    logits[np.arange(2000), truth] += 1.0
    golds: list[tuple[int, ...]] = [(int(t),) for t in truth]
    assert fit_temperature(logits.astype(np.float32), golds) == pytest.approx(1.0, abs=0.1)
    assert fit_temperature((4 * logits).astype(np.float32), golds) == pytest.approx(4.0, rel=0.1)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"d_modle": 1}, "did you mean 'd_model'"),
        ({"d_model": "wide"}, "not of type int"),
        ({"d_model": True}, "not of type int"),
        ({"d_model": 10}, "does not divide"),
        ({"dropout": 1.0}, r"not in \[0, 1\)"),
    ],
)
def test_model_configuration_errors_name_key_and_mend(
    values: dict[str, object], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        ModelConfig.from_mapping(values)


def test_configuration_survives_json() -> None:
    config = TrainConfig(model=ModelConfig(d_model=64), seed=3)
    assert TrainConfig.from_mapping(config.to_mapping()) == config


def test_training_configuration_knows_its_devices() -> None:
    with pytest.raises(ConfigError, match="'gpu' is not one of auto, cpu, cuda"):
        TrainConfig.from_mapping({"device": "gpu"})


def test_decoder_equals_its_equation_pair_by_pair() -> None:
    torch.manual_seed(0)
    decoder = TreatmentDecoder(4, d_hidden=3, n_pair_features=2, dropout=0.0)
    assert decoder.from_features is not None
    assert decoder.direct is not None
    diseases, treatments, features = torch.randn(2, 8), torch.randn(3, 8), torch.randn(2, 3, 2)
    scores = decoder(diseases, treatments, features)
    for i in range(2):
        for j in range(3):
            d, t, f = decoder.disease(diseases[i]), decoder.treatment(treatments[j]), features[i, j]
            hidden = torch.nn.functional.gelu(
                decoder.from_disease(d)
                + decoder.from_treatment(t)
                + decoder.from_product(d * t)
                + decoder.from_features(f)
            )
            expected = (
                (d * decoder.relation * t).sum(dim=-1)
                + decoder.popularity(t)
                + decoder.direct(f)
                + decoder.out(hidden)
            )
            torch.testing.assert_close(scores[i, j], expected)


def test_hard_negatives_are_never_indicated(context: GraphContext) -> None:
    assert context.pairs is not None
    sampler = TreatmentSampler(context.pairs)
    batch = sampler.draw(6, np.random.default_rng(0))
    row, better, worse = batch.matched.unbind(dim=1)
    assert batch.indicated[row, better].all()
    assert not batch.indicated[row, worse].any()
    row, better, worse = batch.opposed.unbind(dim=1)
    assert batch.forbidden[row, worse].all()
    perfect = torch.stack([batch.indicated * 9.0, batch.forbidden * 9.0], dim=-1)
    assert treatment_loss(perfect, batch) < treatment_loss(-perfect, batch)
