"""A set of terms is a set: order, repetition and padding change nothing."""

from random import Random

import torch
from hypothesis import given
from hypothesis import strategies as st

from encoders import PhenotypeSetEncoder, TermBatch

VECTORS = torch.randn(12, 8, generator=torch.Generator().manual_seed(0))
TERMS = st.lists(st.integers(0, 11), max_size=8)


def make_encoder(**options: int) -> PhenotypeSetEncoder:
    torch.manual_seed(0)
    return PhenotypeSetEncoder(8, 16, **options).eval()


ENCODER = make_encoder(n_queries=2)


@given(present=TERMS, excluded=TERMS, rng=st.randoms(use_true_random=False))
def test_order_and_repetition_change_nothing_to_the_bit(
    present: list[int], excluded: list[int], rng: Random
) -> None:
    again_present = present + present[:3]
    again_excluded = excluded * 2
    rng.shuffle(again_present)
    rng.shuffle(again_excluded)
    first = ENCODER(VECTORS, TermBatch.from_lists([present], [excluded]))
    second = ENCODER(VECTORS, TermBatch.from_lists([again_present], [again_excluded]))
    assert torch.equal(first.values, second.values)
    assert torch.equal(first.present, second.present)


@given(cases=st.lists(st.tuples(TERMS, TERMS), min_size=1, max_size=5))
def test_company_changes_nothing(cases: list[tuple[list[int], list[int]]]) -> None:
    together = ENCODER(VECTORS, TermBatch.from_lists([p for p, _ in cases], [e for _, e in cases]))
    for row, (present, excluded) in enumerate(cases):
        alone = ENCODER(VECTORS, TermBatch.from_lists([present], [excluded]))
        torch.testing.assert_close(alone.values[0], together.values[row])
        assert alone.observed()[0] == bool(present or excluded)


def test_a_contradiction_counts_as_present() -> None:
    terms = TermBatch.from_lists([[3, 5]], [[5, 7]]).distinct()
    assert terms.index.tolist() == [[3, 5, 7]]
    assert terms.excluded.tolist() == [[False, False, True]]


def test_no_terms_give_the_learned_absent_vector() -> None:
    tokens = ENCODER(VECTORS, TermBatch.from_lists([[], [1]], [[], []]))
    assert tokens.present.tolist() == [[False, False], [True, True]]
    assert torch.equal(tokens.values[0], ENCODER.absent)
    alone = ENCODER(VECTORS, TermBatch.from_lists([[]], [[]]))
    assert torch.equal(alone.values[0], ENCODER.absent)


def test_excluded_terms_speak_but_gently() -> None:
    base = ENCODER(VECTORS, TermBatch.from_lists([[1, 2]], [[]])).values
    excluded = ENCODER(VECTORS, TermBatch.from_lists([[1, 2]], [[3]])).values
    present = ENCODER(VECTORS, TermBatch.from_lists([[1, 2, 3]], [[]])).values
    assert 0 < (excluded - base).norm() < (present - base).norm()


def test_attention_sums_to_one_and_follows_the_prior() -> None:
    terms = TermBatch.from_lists([[1, 2], [4]], [[3], []])
    distinct, weights = ENCODER.attention(VECTORS, terms)
    torch.testing.assert_close(weights.sum(1), torch.ones(2))
    assert not weights[~distinct.given].any()
    prior = torch.zeros(12)
    prior[2] = 20.0
    _, pulled = ENCODER.attention(VECTORS, terms, prior=prior)
    assert pulled[0, 1] > 0.99
    empty, none = ENCODER.attention(VECTORS, TermBatch.from_lists([[]], [[]]))
    assert none.shape == empty.index.shape == (1, 0)


def test_gradients_reach_the_term_vectors_and_the_absent_vector() -> None:
    encoder = make_encoder()
    vectors = VECTORS.clone().requires_grad_()
    tokens = encoder(vectors, TermBatch.from_lists([[1], []], [[2], []]))
    (tokens.values * torch.randn_like(tokens.values)).sum().backward()
    assert vectors.grad is not None
    assert vectors.grad.abs().sum(1).nonzero().flatten().tolist() == [1, 2]
    assert all(parameter.grad is not None for parameter in encoder.parameters())


def test_term_tokens_keep_places() -> None:
    terms = TermBatch.from_lists([[1, 2], [4]], [[3], []])
    tokens = ENCODER.term_tokens(VECTORS, terms)
    assert torch.equal(tokens.present, terms.given)
    assert tokens.values.shape == (2, 3, 16)
    assert not tokens.values[~tokens.present].any()
