"""Pretraining on local text: the loss falls, the folder is an encoder, few texts are refused."""

from pathlib import Path

import numpy as np
import pytest
import torch

from encoders import TextEncoder
from encoders.masked_language import MaskedLanguageOptions, _Masker, pretrain_text
from tests.encoders.tiny import make_bert

WORDS = ["fever", "rash", "cough", "seizure", "short"]


def texts(n: int) -> list[str]:
    rng = np.random.default_rng(0)
    return [" ".join(rng.choice(WORDS, size=9)) + f" {i}" for i in range(n)]


def test_the_loss_falls_and_the_folder_is_an_encoder(tmp_path: Path) -> None:
    start = make_bert(tmp_path / "start")
    said: list[str] = []
    found = pretrain_text(
        texts(60),
        tmp_path / "out",
        encoder=start,
        options=MaskedLanguageOptions(steps=40, learning_rate=3e-3, batch_texts=8, max_tokens=32),
        progress=said.append,
    )
    assert found.after < found.before
    assert found.n_texts == 54
    assert len(said) == 2
    assert not list((tmp_path / "out").glob("*.bin"))  # no pickle
    before, after = TextEncoder(start), TextEncoder(tmp_path / "out")
    assert before.d_model == after.d_model
    one, two = before(["fever"]).values, after(["fever"]).values
    assert not torch.equal(one, two)


def test_few_texts_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="3 texts; give at least 20"):
        pretrain_text(texts(3), tmp_path, progress=print)


def test_special_pieces_are_never_hidden(tmp_path: Path) -> None:
    tokenizer = TextEncoder(make_bert(tmp_path / "b")).tokenizer
    fill = _Masker(tokenizer)
    rows = tokenizer(texts(50))["input_ids"]
    ids, there, labels = fill(rows, np.random.default_rng(0))
    hidden = labels != -100
    share = hidden.sum() / there.sum()
    assert 0.05 < float(share) < 0.25
    original = torch.tensor([row + [0] * (ids.shape[1] - len(row)) for row in rows])
    special = torch.isin(original, torch.tensor(sorted(fill.special)))
    assert not (hidden & special).any()
    assert torch.equal(ids[~hidden], original[~hidden])
