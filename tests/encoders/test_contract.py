"""What every member of `ENCODERS` keeps; a new member needs an entry in `tiny.members`."""

from pathlib import Path

import pytest
import torch

from encoders import ENCODERS, ModalityEncoder, ModalityTokens, TextEncoder
from tests.encoders.tiny import Member, members


@pytest.fixture(scope="module", params=ENCODERS, ids=lambda cls: cls.modality)
def member(request: pytest.FixtureRequest, bert: Path) -> Member:
    return members(bert)[request.param]


def test_every_member_has_a_case_here(bert: Path) -> None:
    assert members(bert).keys() == set(ENCODERS)
    assert len({cls.modality for cls in ENCODERS}) == len(ENCODERS)


def test_tokens_have_the_promised_width_and_mask(member: Member) -> None:
    encoder, call = member
    tokens = call(True)
    assert isinstance(tokens, ModalityTokens)
    assert tokens.values.shape[0] == 2
    assert isinstance(encoder, ModalityEncoder)
    assert tokens.d_model == encoder.d_model
    assert tokens.observed().all()
    assert tokens.values.isfinite().all()


def test_an_absent_modality_is_present_nowhere_and_finite(member: Member) -> None:
    encoder, call = member
    tokens = call(False)
    assert not tokens.present.any()
    assert tokens.n_cases == 2
    assert tokens.n_tokens >= 1
    assert isinstance(encoder, ModalityEncoder)
    assert tokens.d_model == encoder.d_model
    assert tokens.values.isfinite().all()


def test_a_gradient_reaches_every_parameter_in_use(member: Member) -> None:
    encoder, call = member
    encoder.train()
    encoder.zero_grad()
    tokens = call(True)
    # A random direction: the plain sum of layer-normed features has no gradient.
    direction = torch.randn(tokens.d_model, generator=torch.Generator().manual_seed(0))
    torch.autograd.backward((tokens.pooled() @ direction).square().sum())
    still = [
        name
        for name, parameter in encoder.named_parameters()
        if parameter.requires_grad and parameter.grad is None and name != "absent"
    ]
    assert still == []


def test_the_state_travels_by_state_dict(member: Member) -> None:
    encoder, call = member
    encoder.eval()
    before = call(True).values
    state = {name: tensor.clone() for name, tensor in encoder.state_dict().items()}
    with torch.no_grad():
        for parameter in encoder.parameters():
            parameter.add_(1.0)
    assert not torch.equal(call(True).values, before)
    encoder.load_state_dict(state)
    assert torch.equal(call(True).values, before)


def test_absent_and_present_cases_do_not_touch_each_other(bert: Path) -> None:
    encoder = TextEncoder(bert).eval()
    alone = encoder(["fever and rash"])
    beside = encoder([None, "fever and rash"])
    assert torch.equal(alone.values[0], beside.values[1])
    assert beside.observed().tolist() == [False, True]
