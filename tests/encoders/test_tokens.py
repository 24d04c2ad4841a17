"""Tokens check themselves, and absent ones change nothing."""

import pytest
import torch

from encoders import ModalityTokens, concatenate


def make_tokens(n_tokens: int = 3) -> ModalityTokens:
    generator = torch.Generator().manual_seed(n_tokens)
    values = torch.randn(2, n_tokens, 4, generator=generator)
    present = torch.rand(2, n_tokens, generator=generator) < 0.7
    present[0, 0] = True
    return ModalityTokens(values=values, present=present)


def test_pooling_reads_present_tokens_only() -> None:
    tokens = make_tokens()
    want = tokens.values[0][tokens.present[0]].mean(0)
    torch.testing.assert_close(tokens.pooled()[0], want)
    noisy = tokens.values.masked_fill(~tokens.present.unsqueeze(-1), 1e6)
    torch.testing.assert_close(tokens.with_values(noisy).pooled(), tokens.pooled())


def test_absent_tokens_pool_to_zero_and_add_nothing() -> None:
    tokens = make_tokens()
    absent = ModalityTokens.absent(2, 4, like=tokens.values)
    assert not absent.observed().any()
    assert not absent.pooled().any()
    both = concatenate([tokens, absent])
    assert both.n_tokens == 4
    assert torch.equal(both.pooled(), tokens.pooled())


def test_wrong_shapes_are_named() -> None:
    values = torch.zeros(2, 3, 4)
    with pytest.raises(ValueError, match=r"present: type torch\.float32"):
        ModalityTokens(values=values, present=torch.zeros(2, 3))
    with pytest.raises(ValueError, match=r"present: shape \(2, 4\)"):
        ModalityTokens(values=values, present=torch.zeros(2, 4, dtype=torch.bool))
    with pytest.raises(ValueError, match=r"values: shape \(2, 3\)"):
        ModalityTokens(values=values[..., 0], present=torch.zeros(2, 3, dtype=torch.bool))
    with pytest.raises(ValueError, match="empty"):
        concatenate([])
    other = ModalityTokens.absent(2, 5, like=values)
    with pytest.raises(ValueError, match="2 cases of width 5 beside 2 of width 4"):
        concatenate([make_tokens(), other])
