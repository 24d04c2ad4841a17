"""Embedding a catalogue: each distinct text once, in any order, with and without the cache."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from encoders import EmbeddingCache, TextEncoder, embed_texts
from encoders.precision import autocast, fastest_dtype
from tests.encoders.tiny import WORDS

TEXTS = ["fever", "short stature", "", "fever", "severe heart failure of the patient", " "]


@pytest.fixture(scope="module")
def encoder(bert: Path) -> TextEncoder:
    return TextEncoder(bert)


def test_rows_are_those_of_the_encoder(encoder: TextEncoder) -> None:
    got = embed_texts(TEXTS, encoder, dtype=torch.float32)
    assert got.dtype == np.float32
    assert got.shape == (6, 32)
    assert not got[[2, 5]].any()
    assert np.array_equal(got[0], got[3])
    with torch.no_grad():
        want = encoder([TEXTS[1], TEXTS[4]]).values[:, 0].numpy()
    np.testing.assert_allclose(got[[1, 4]], want, atol=1e-5)


@settings(
    deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    texts=st.lists(st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join), max_size=20),
    rng=st.randoms(use_true_random=False),
)
def test_order_moves_rows_and_nothing_else(
    encoder: TextEncoder, texts: list[str], rng: object
) -> None:
    got = embed_texts(texts, encoder, dtype=torch.float32)
    order = np.random.default_rng(len(texts)).permutation(len(texts))
    again = embed_texts([texts[i] for i in order], encoder, dtype=torch.float32)
    np.testing.assert_allclose(again, got[order], atol=1e-5)


def test_the_cache_answers_for_the_network(
    encoder: TextEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = EmbeddingCache(tmp_path, d_model=32)
    first = embed_texts(TEXTS[:3], encoder, cache)
    more = embed_texts(TEXTS, encoder, cache)
    assert np.array_equal(more[:3], first)
    assert len(cache) == 3
    monkeypatch.setattr(encoder, "embed_windows", None)  # would fail if it were called
    assert np.array_equal(embed_texts(TEXTS, encoder, EmbeddingCache(tmp_path, d_model=32)), more)


def test_other_weights_do_not_find_old_entries(bert: Path, tmp_path: Path) -> None:
    cache = EmbeddingCache(tmp_path, d_model=32)
    encoder = TextEncoder(bert)
    before = embed_texts(["fever"], encoder, cache)
    with torch.no_grad():
        for parameter in encoder.network.parameters():
            parameter.mul_(1.5)
    after = embed_texts(["fever"], encoder, cache)
    assert not np.allclose(before, after)
    assert len(cache) == 2


def test_no_word_is_in_the_cache(encoder: TextEncoder, tmp_path: Path) -> None:
    cache = EmbeddingCache(tmp_path, d_model=32)
    embed_texts(["severe heart failure"], encoder, cache)
    assert b"heart" not in cache.path.read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == [cache.path.name]


def test_long_texts_are_cut_and_training_mode_is_kept(encoder: TextEncoder) -> None:
    encoder.train()
    got = embed_texts(["fever " * 5000], encoder)
    assert np.isfinite(got).all()
    assert encoder.training


def test_the_bar_goes_to_standard_error(
    encoder: TextEncoder, capsys: pytest.CaptureFixture[str]
) -> None:
    embed_texts(["fever"], encoder, progress=True)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "text embeddings" in captured.err


def test_reduced_precision_points_the_same_way(encoder: TextEncoder) -> None:
    exact = embed_texts(TEXTS, encoder, dtype=torch.float32)[[0, 1, 4]]
    quick = embed_texts(TEXTS, encoder, dtype=torch.bfloat16)[[0, 1, 4]]
    cosine = (exact * quick).sum(1) / np.linalg.norm(exact, axis=1) / np.linalg.norm(quick, axis=1)
    assert (cosine > 0.999).all()


def test_precision_is_asked_of_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    device = torch.device("cpu")
    for capabilities, want in (
        ({"amx_bf16": True}, torch.bfloat16),
        ({"avx512_bf16": True}, torch.bfloat16),
        ({"avx2": True}, torch.float32),
    ):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda c=capabilities: c, raising=False)
        assert fastest_dtype(device) == want
    monkeypatch.delattr(torch.cpu, "get_capabilities")
    assert fastest_dtype(device) == torch.float32
    assert fastest_dtype(torch.device("mps")) == torch.float32
    with autocast(device, torch.float32):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.float32
