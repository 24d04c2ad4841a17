"""Text to words and sentences, with their places.

Decides what a word is for tagging: a run of letters, a run of digits, or one other sign. In BC5CDR
every annotated name begins and ends at such a word. How a word becomes features is decided in
`fusion.literature.word_features`.
"""

import re
from dataclasses import dataclass

__all__ = ["MAX_WORDS", "PASSAGE_WORDS", "Words", "split_words", "word_strings"]

MAX_WORDS = 96
"""Longest sentence; what is longer is cut."""

PASSAGE_WORDS = 128
"""Longest run of whole sentences that is tagged at once."""

_WORD = re.compile(r"[^\W\d_]+|\d+|[^\w\s]|_")
# A sentence ends at a full stop that a capital, a digit or a bracket follows.
_END = re.compile(
    r"(?<=[.!?])(?<!\b[A-Z]\.)(?<!\bvs\.)(?<!\bal\.)(?<!\bi\.e\.)\s+(?=[A-Z0-9(\[])|\n+"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The words of a text.

    Attributes:
        text: The text.
        starts: First character of each word.
        ends: Behind the last one.
        sentences: Ranges of words, in order, covering all of them.
    """

    text: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]
    sentences: tuple[tuple[int, int], ...]

    def __len__(self) -> int:
        return len(self.starts)

    def word(self, number: int) -> str:
        """The characters of one word."""
        return self.text[self.starts[number] : self.ends[number]]

    def strings(self) -> list[str]:
        """The characters of all words."""
        return [self.text[a:b] for a, b in zip(self.starts, self.ends, strict=True)]

    def passages(self) -> list[tuple[int, int]]:
        """Ranges of words that are tagged at once: neighbouring sentences explain each other.

        >>> split_words("5-HT fell. It rose.").passages()
        [(0, 8)]
        """
        found: list[tuple[int, int]] = []
        for first, last in self.sentences:
            if found and last - found[-1][0] <= PASSAGE_WORDS:
                found[-1] = (found[-1][0], last)
            else:
                found.append((first, last))
        return found


def word_strings(text: str) -> list[str]:
    """The words of a short text, such as a name, without their places."""
    return _WORD.findall(text)


def split_words(text: str) -> Words:
    """Cut a text.

    >>> words = split_words("5-HT fell. It rose.")
    >>> words.strings(), words.sentences
    (['5', '-', 'HT', 'fell', '.', 'It', 'rose', '.'], ((0, 5), (5, 8)))
    """
    places = [match.span() for match in _WORD.finditer(text)]
    breaks = [match.end() for match in _END.finditer(text)]
    sentences: list[tuple[int, int]] = []
    first = 0
    waiting = iter([*breaks, len(text) + 1])
    stop = next(waiting)
    for number, (start, _) in enumerate(places):
        if start >= stop or number - first >= MAX_WORDS:
            if number > first:  # a break before the first word ends nothing
                sentences.append((first, number))
            first = number
            while start >= stop:
                stop = next(waiting)
    if first < len(places):
        sentences.append((first, len(places)))
    return Words(
        text=text,
        starts=tuple(start for start, _ in places),
        ends=tuple(end for _, end in places),
        sentences=tuple(sentences),
    )
