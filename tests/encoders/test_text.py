"""The text encoder against transformers, on notes of all lengths, at each freeze level."""

import warnings
from pathlib import Path

import pytest
import torch
from transformers import AutoModel, AutoTokenizer

from encoders import Chunking, EncoderError, EncoderFallbackWarning, FreezeLevel, TextEncoder
from encoders.text_source import OFFLINE_TEXT_ENCODER
from encoders.weights import packaged_minilm
from tests.encoders.tiny import make_bert

NOTE = "fever and rash . patient has cough . " * 20


@pytest.fixture(scope="module")
def encoder(bert: Path) -> TextEncoder:
    chunking = Chunking(window_tokens=16, overlap_tokens=4)
    return TextEncoder(bert, chunking=chunking).eval()


def oracle_mean(folder: Path, texts: list[str]) -> torch.Tensor:
    tokenizer = AutoTokenizer.from_pretrained(folder)
    network = AutoModel.from_pretrained(folder).eval()
    given = tokenizer(texts, padding=True, return_tensors="pt")
    with torch.no_grad():
        states = network(**given).last_hidden_state
    weight = given["attention_mask"].unsqueeze(-1)
    mean: torch.Tensor = (states * weight).sum(1) / weight.sum(1)
    return mean


def test_short_notes_equal_transformers(encoder: TextEncoder, bert: Path) -> None:
    texts = ["fever", "patient denies cough , has rash", "unknownword of the heart"]
    with torch.no_grad():
        tokens = encoder(texts)
    assert tokens.n_tokens == 1
    torch.testing.assert_close(tokens.values[:, 0], oracle_mean(bert, texts))
    torch.testing.assert_close(encoder.pool(tokens), tokens.values[:, 0])


def test_first_token_pooling_equals_transformers(bert: Path) -> None:
    encoder = TextEncoder(bert, pooling="first").eval()
    given = AutoTokenizer.from_pretrained(bert)("fever and cough", return_tensors="pt")
    with torch.no_grad():
        want = AutoModel.from_pretrained(bert).eval()(**given).last_hidden_state[:, 0]
        torch.testing.assert_close(encoder(["fever and cough"]).values[:, 0], want)


def test_a_long_note_is_windows_that_cover_it(encoder: TextEncoder) -> None:
    tokens = encoder([NOTE, None, "fever", ""])
    windows = encoder.windows([NOTE])[0]
    assert len(windows) > 5
    assert tokens.n_tokens == len(windows)
    assert tokens.present.sum(1).tolist() == [len(windows), 0, 1, 0]
    assert all(len(window) <= 16 for window in windows)
    assert all(w[0] == windows[0][0] and w[-1] == windows[0][-1] for w in windows)
    total = len(encoder.tokenizer(NOTE, add_special_tokens=False)["input_ids"])
    assert sum(len(w) - 2 for w in windows) >= total


def test_batch_size_and_company_change_nothing(bert: Path) -> None:
    chunking = Chunking(window_tokens=16, overlap_tokens=4)
    small = TextEncoder(bert, chunking=chunking, batch_tokens=16).eval()
    large = TextEncoder(bert, chunking=chunking, batch_tokens=10_000).eval()
    texts = [NOTE, "fever", "patient has rash and cough"]
    torch.testing.assert_close(small(texts).values, large(texts).values)


def test_the_end_of_an_endless_note_is_left_out_aloud(bert: Path) -> None:
    chunking = Chunking(window_tokens=16, overlap_tokens=4, max_windows=3)
    encoder = TextEncoder(bert, chunking=chunking)
    with pytest.warns(UserWarning, match="1 notes are longer than 3 windows") as caught:
        tokens = encoder([NOTE * 200, "fever"])
    assert tokens.n_tokens == 3
    assert not any("rash" in str(w.message) for w in caught)


def test_attention_merging_attends_to_present_windows_only(bert: Path) -> None:
    chunking = Chunking(window_tokens=16, overlap_tokens=4)
    encoder = TextEncoder(bert, chunking=chunking, merging="attention").eval()
    assert encoder.query is not None
    tokens = encoder([NOTE, "fever", None])
    # With a query of zeros attention is the mean.
    torch.testing.assert_close(encoder.pool(tokens), tokens.pooled())
    torch.nn.init.normal_(encoder.query)
    pooled = encoder.pool(tokens)
    torch.testing.assert_close(pooled[1], tokens.values[1, 0])
    assert not pooled[2].any()
    torch.autograd.backward(pooled.sum())
    assert encoder.query.grad is not None


@pytest.mark.parametrize(("level", "layers"), [("frozen", set()), (1, {"1"}), (2, {"0", "1"})])
def test_gradient_reaches_the_layers_of_the_level(
    bert: Path, level: FreezeLevel, layers: set[str]
) -> None:
    encoder = TextEncoder(bert, freeze=level).train()
    tokens = encoder(["fever and rash", "cough"])
    assert tokens.values.requires_grad == bool(layers)
    if layers:
        (tokens.pooled() ** 2).sum().backward()
    reached = {n for n, p in encoder.network.named_parameters() if p.grad is not None}
    assert {n.split(".")[2] for n in reached} == layers
    assert reached == set(encoder.trained_parameters)


def test_frozen_in_training_mode_answers_alike(bert: Path) -> None:
    encoder = TextEncoder(bert).train()
    assert torch.equal(encoder([NOTE]).values, encoder([NOTE]).values)


def test_definition_without_weights_is_enough_for_a_checkpoint(
    encoder: TextEncoder, tmp_path: Path
) -> None:
    encoder.save_definition(tmp_path / "text")
    assert not list((tmp_path / "text").glob("*.safetensors"))
    again = TextEncoder(tmp_path / "text", load_weights=False, chunking=encoder.chunking).eval()
    again.load_state_dict(encoder.state_dict())
    assert torch.equal(again(["fever"]).values, encoder(["fever"]).values)


def test_recipe_follows_weights_and_pooling(bert: Path, tmp_path: Path) -> None:
    same = TextEncoder(bert)
    assert same.recipe() == TextEncoder(bert).recipe()
    assert same.recipe() != TextEncoder(bert, pooling="first").recipe()
    assert same.recipe() != TextEncoder(make_bert(tmp_path / "other", seed=1)).recipe()
    with torch.no_grad():
        next(same.network.parameters())[0, 0] += 1
    assert same.recipe() != TextEncoder(bert).recipe()


def test_hub_names_fall_back_with_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.warns(EncoderFallbackWarning, match="switched off.*using the packaged all-MiniLM"):
        encoder = TextEncoder("nobody/no-such-bert")
    assert encoder.is_fallback
    assert encoder.name == OFFLINE_TEXT_ENCODER
    with pytest.raises(EncoderError, match="nobody/no-such-bert: cannot be opened"):
        TextEncoder("nobody/no-such-bert", fallback=False)


def test_broken_folders_are_one_clear_line(bert: Path, tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="no such folder"):
        TextEncoder(tmp_path / "nowhere")
    with pytest.raises(EncoderError, match="cannot be opened") as caught:
        TextEncoder(tmp_path)
    assert "\n" not in str(caught.value)
    damaged = make_bert(tmp_path / "damaged")
    (damaged / "model.safetensors").write_bytes(b"\x08\0\0\0\0\0\0\0{broken")
    with pytest.raises(EncoderError, match="cannot be opened"):
        TextEncoder(damaged)


def test_options_are_checked(bert: Path) -> None:
    with pytest.raises(ValueError, match=r"window_tokens: 128; .* has 64 positions"):
        TextEncoder(bert, chunking=Chunking(window_tokens=128))
    with pytest.raises(ValueError, match="pooling: 'max'"):
        TextEncoder(bert, pooling="max")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="merging: 'max'"):
        TextEncoder(bert, merging="max")  # type: ignore[arg-type]


def test_packaged_minilm_is_the_default_and_equals_transformers() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        encoder = TextEncoder().eval()
    assert encoder.d_model == 384
    texts = ["Multicystic kidney dysplasia", "Marfan syndrome"]
    with torch.no_grad():
        got = encoder(texts).values[:, 0]
    torch.testing.assert_close(got, oracle_mean(packaged_minilm(), texts), atol=1e-5, rtol=1e-4)
