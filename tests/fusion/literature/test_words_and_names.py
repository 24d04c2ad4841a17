"""Words, tags, keys and known names."""

from itertools import pairwise, product
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st

from fusion.literature.crf import ChainField
from fusion.literature.lexicon import Lexicon
from fusion.literature.name_keys import spellings
from fusion.literature.surfaces import Surfaces
from fusion.literature.tags import TagSet
from fusion.literature.words import MAX_WORDS, PASSAGE_WORDS, split_words
from kg.literature import EntityType

D, C = EntityType.DISEASE, EntityType.CHEMICAL


@given(st.text(max_size=300))
@example("\n0")
def test_words_and_sentences_cover_the_text_once(text: str) -> None:
    words = split_words(text)
    assert all(a < b for a, b in zip(words.starts, words.ends, strict=True))
    assert "".join(words.strings()) == "".join(text.split())
    covered = [n for first, last in words.sentences for n in range(first, last)]
    assert covered == list(range(len(words)))
    assert all(0 < last - first <= MAX_WORDS for first, last in words.sentences)


@given(st.lists(st.integers(1, 60), max_size=12))
def test_passages_are_whole_neighbouring_sentences(lengths: list[int]) -> None:
    words = split_words("".join(f"{'Ab ' * (length - 1)}Ab. " for length in lengths))
    passages = words.passages()
    assert [n for a, b in passages for n in range(a, b)] == list(range(len(words)))
    assert all(last - first <= PASSAGE_WORDS for first, last in passages)
    assert {first for first, _ in passages} <= {first for first, _ in words.sentences}
    assert all(b - a + d - c > PASSAGE_WORDS // 2 for (a, b), (c, d) in pairwise(passages))


@given(st.data())
def test_tags_come_back_as_the_names_they_were_made_of(data: st.DataObject) -> None:
    tags = TagSet((D, C))
    cuts = sorted(data.draw(st.sets(st.integers(0, 12), max_size=8)))
    pairs = list(zip(cuts[::2], cuts[1::2], strict=False))
    names = [(a, b, data.draw(st.sampled_from([D, C]))) for a, b in pairs]
    assert tags.decode(tags.encode(12, names)) == names


def test_chain_agrees_with_counting_all_rows() -> None:
    tags = TagSet((D,))
    chain = ChainField(tags.allowed())
    torch.manual_seed(0)
    torch.nn.init.normal_(chain.transitions)
    scores = torch.randn(1, 4, len(tags))
    table = chain.transitions.detach().masked_fill(chain.forbidden, -1e4)
    begin, end = len(tags), len(tags)

    def value(row: tuple[int, ...]) -> float:
        total = table[begin, row[0]] + table[row[-1], end]
        total = total + sum(scores[0, place, tag] for place, tag in enumerate(row))
        return float(total + sum(table[a, b] for a, b in pairwise(row)))

    rows = list(product(range(len(tags)), repeat=4))
    values = torch.tensor([value(row) for row in rows], dtype=torch.float64)
    present = torch.ones(1, 4, dtype=torch.bool)
    best = rows[int(values.argmax())]
    assert tuple(chain.best(scores, present)[0]) == best
    loss = chain.loss(scores, torch.tensor([best]), present)
    assert float(loss.detach()) == pytest.approx(
        float(values.logsumexp(0) - values.max()), abs=1e-4
    )


def test_padding_changes_nothing_in_the_chain() -> None:
    chain = ChainField(TagSet((D,)).allowed())
    scores = torch.randn(1, 3, 5)
    padded = torch.cat([scores, torch.randn(1, 2, 5)], dim=1)
    mask = torch.tensor([[True, True, True, False, False]])
    tags = torch.tensor([[0, 4, 0]])
    short = chain.loss(scores, tags, mask[:, :3])
    long = chain.loss(padded, torch.tensor([[0, 4, 0, 2, 1]]), mask)
    assert torch.allclose(short, long)
    assert chain.best(padded, mask)[0].tolist() == chain.best(scores, mask[:, :3])[0].tolist()


def test_names_are_found_in_other_spellings_and_survive_the_disk(tmp_path: Path) -> None:
    lexicon = Lexicon(
        [
            ("Anemia, Sickle Cell", "disease", ("MONDO:1",)),
            ("Tumour", "disease", ("MONDO:2",)),
            ("CAT", "gene", ("HGNC:1",)),
        ]
    )
    lexicon.save(tmp_path / "names.arrow")
    for book in (lexicon, Lexicon.load(tmp_path / "names.arrow")):
        words = split_words("Sickle-cell anaemias and tumors in a cat").strings()
        found = [(start, end) for start, end, _, _ in book.found(words)]
        assert found == [(0, 4), (5, 6)]
        assert [g for *_, g in book.found(["CAT"])] == [{"gene"}]


def test_uninverted_names_keep_no_comma() -> None:
    assert list(spellings("Diabetes mellitus (type 2)"))[-1] == "diabete mellitus"


def test_a_training_document_never_sees_its_own_marks() -> None:
    one = ("1", ["lithium", "rose"], [(0, 1, C)], (C,))
    other = ("2", ["lithium", "fell"], [(0, 1, C)], (C,))
    alone = Surfaces.count([one])
    assert list(alone.found(["lithium"], own="1")) == []
    both = Surfaces.count([one, other])
    assert [(s, e, k) for s, e, k, _ in both.found(["lithium"], own="1")] == [(0, 1, C)]
    assert np.isclose(next(both.found(["lithium"], own="1"))[3], 1 / 1.25)
