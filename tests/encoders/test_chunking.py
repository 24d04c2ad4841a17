"""Windows hold every token, fit, and begin at sentence borders where they can."""

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from encoders import Chunking
from encoders.chunking import sentence_starts, window_spans


@given(
    n_tokens=st.integers(0, 300),
    borders=st.sets(st.integers(1, 299)),
    size=st.integers(4, 60),
    share=st.floats(0, 0.5),
)
def test_spans_cover_fit_and_move_on(
    n_tokens: int, borders: set[int], size: int, share: float
) -> None:
    overlap = int(size * share)
    inside = [0, *sorted(b for b in borders if b < n_tokens)]
    spans = window_spans(n_tokens, inside, size=size, overlap=overlap)
    assert spans[0][0] == 0
    assert spans[-1][1] == n_tokens
    for (a, b), (c, d) in pairwise(spans):
        assert a < c <= b < d
        assert b - c <= overlap
    assert all(end - start <= size for start, end in spans)


@given(st.lists(st.integers(1, 8), min_size=1, max_size=60))
def test_short_sentences_are_never_cut(lengths: list[int]) -> None:
    borders = [sum(lengths[:i]) for i in range(len(lengths))]
    n_tokens = sum(lengths)
    for start, end in window_spans(n_tokens, borders, size=20, overlap=6):
        assert start in borders
        assert end in {*borders, n_tokens}


def test_clinical_borders() -> None:
    text = "Seen by Dr. Ito. BP 3.5 mmHg? No fever.\nMEDICATIONS:\n- aspirin\n- none\nwrapped line"
    pieces = [
        text[a:b].strip()
        for a, b in zip(sentence_starts(text), [*sentence_starts(text)[1:], None], strict=True)
    ]
    assert pieces == [
        "Seen by Dr. Ito.",
        "BP 3.5 mmHg?",
        "No fever.",
        "MEDICATIONS:",
        "- aspirin",
        "- none\nwrapped line",
    ]


@given(st.text(alphabet="aB. \n-\t", max_size=200))
def test_starts_rise_within_the_text(text: str) -> None:
    starts = sentence_starts(text)
    assert starts[0] == 0
    assert starts == sorted(set(starts))
    assert starts[-1] <= len(text)


@pytest.mark.parametrize("unit", ["\n", " ", ". ", ".) ", "\n ", "A.", "- "])
def test_hostile_runs_take_linear_time(unit: str) -> None:
    begin = time.perf_counter()
    sentence_starts(unit * 100_000)
    assert time.perf_counter() - begin < 3


def test_options_are_checked() -> None:
    with pytest.raises(ValueError, match="overlap_tokens: 40; needs 0 to 32"):
        Chunking(window_tokens=64, overlap_tokens=40)
    with pytest.raises(ValueError, match="window_tokens"):
        Chunking(window_tokens=2)
    with pytest.raises(ValueError, match="max_windows"):
        Chunking(max_windows=0)


def test_a_window_ends_where_a_section_begins() -> None:
    borders, sections = [0, 3, 5, 7, 9], [7]
    assert window_spans(12, borders, size=8, overlap=2, sections=sections) == [(0, 7), (7, 12)]
    # A section that begins early in the window does not shorten it.
    assert window_spans(12, borders, size=8, overlap=2, sections=[3])[0] == (0, 7)


@given(
    st.integers(0, 200),
    st.lists(st.integers(0, 200), max_size=20),
    st.lists(st.integers(0, 200), max_size=8),
)
def test_sections_or_not_every_token_is_in_a_window(
    n_tokens: int, borders: list[int], sections: list[int]
) -> None:
    spans = window_spans(
        n_tokens, sorted(set(borders)), size=16, overlap=4, sections=sorted(set(sections))
    )
    assert {i for a, b in spans for i in range(a, b)} == set(range(n_tokens))
    assert all(b - a <= 16 for a, b in spans)
