"""What the tagger sees of a text, and what it is kept from in training."""

import numpy as np
import pytest
import torch

from encoders.word_states import WordPieces
from fusion.literature.relation_model import _best_threshold, best_threshold
from fusion.literature.settings import MinerSettings, SettingsError
from fusion.literature.tagger import MentionTagger, TaggerInput
from fusion.literature.tagger_training import TaggedSentence, _with_hidden_names
from fusion.literature.tags import TagSet
from fusion.literature.word_features import FEATURE_WIDTH, KNOWN_WIDTH
from kg.literature import EntityType

TAGS = TagSet((EntityType.DISEASE,))


def sentence(text: str, number: int = 0, *, seed: int = 0) -> TaggerInput:
    words = tuple(text.split())
    features = np.random.default_rng(seed).normal(size=(len(words), FEATURE_WIDTH))
    return TaggerInput(
        words=words,
        pieces=WordPieces(ids=(), words=(), n_words=len(words)),
        features=features.astype(np.float32),
        text=number,
    )


@pytest.fixture
def tagger() -> MentionTagger:
    torch.manual_seed(0)
    made = MentionTagger(None, [TAGS]).eval()
    torch.nn.init.normal_(made.elsewhere.weight)
    return made


def scores_of(tagger: MentionTagger, batch: list[TaggerInput]) -> dict[int, np.ndarray]:
    with torch.inference_mode():
        found = tagger(batch, 0)
    return {
        number: rows[: len(batch[number].words)].numpy()
        for part, scores in found
        for number, rows in zip(part, scores, strict=True)
    }


def test_a_word_is_read_with_what_it_is_elsewhere_in_its_text(tagger: MentionTagger) -> None:
    alone = sentence("GOUT was seen")
    same, other = sentence("of gout again", 0, seed=1), sentence("of gout again", 1, seed=1)
    by_itself = scores_of(tagger, [alone])[0]
    beside = scores_of(tagger, [alone, same])[0]
    elsewhere = scores_of(tagger, [alone, other])[0]
    np.testing.assert_allclose(elsewhere, by_itself, atol=1e-5)
    np.testing.assert_allclose(beside[1:], by_itself[1:], atol=1e-5)
    assert np.abs(beside[0] - by_itself[0]).max() > 1e-3


def test_tags_do_not_hang_on_the_order_of_sentences(tagger: MentionTagger) -> None:
    batch = [sentence("a gout b " * n, n % 3, seed=n) for n in range(1, 40)]
    there = tagger.tag(batch, [0])[0]
    back = tagger.tag(batch[::-1], [0])[0][::-1]
    assert [codes.tolist() for codes in there] == [codes.tolist() for codes in back]
    assert [len(codes) for codes in there] == [len(one.words) for one in batch]


def test_hidden_names_are_hidden_in_the_whole_text() -> None:
    torch.manual_seed(0)
    batch = [
        TaggedSentence(
            head=0,
            input=sentence("gout of the toe , gout", n // 2),
            tags=np.zeros(6, dtype=np.int64),
        )
        for n in range(60)
    ]
    shown = _with_hidden_names(batch, 0.3)
    hidden = np.stack([(one.input.features[:, :KNOWN_WIDTH] == 0).all(axis=1) for one in shown])
    assert 0.2 < hidden.mean() < 0.4
    np.testing.assert_array_equal(hidden[:, 0], hidden[:, 5])
    np.testing.assert_array_equal(hidden[::2], hidden[1::2])
    for before, after in zip(batch, shown, strict=True):
        rest = slice(KNOWN_WIDTH, None)
        np.testing.assert_array_equal(before.input.features[:, rest], after.input.features[:, rest])
    assert all(a is b for a, b in zip(batch, _with_hidden_names(batch, 0.0), strict=True))


def test_the_threshold_of_many_samples_moves_less() -> None:
    rng = np.random.default_rng(0)

    def drawn() -> tuple[np.ndarray, np.ndarray]:
        values = rng.random(600) ** 2
        return values.astype(np.float32), rng.random(600) < values

    single, many = [], []
    for _ in range(12):
        values, gold = drawn()
        single.append(_best_threshold(values, gold, 0))
        many.append(best_threshold(values, gold, n_missed=20))
    assert np.std(many) < np.std(single)
    assert abs(np.mean(many) - np.mean(single)) < 0.1


@pytest.mark.parametrize(
    ("name", "value"), [("hidden_names", "x"), ("epochs", 2.5), ("epochs", True), ("encoder", 3)]
)
def test_a_setting_of_another_kind_is_named(name: str, value: object) -> None:
    with pytest.raises(SettingsError, match=f"^{name}: .*needs a"):
        MinerSettings.from_mapping({name: value})
    assert MinerSettings.from_mapping({"dropout": 0}).dropout == 0
