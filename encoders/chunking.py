"""Cutting a long note into overlapping windows that begin and end at sentence borders.

Decides where sentences begin and which tokens make a window; where sections begin is decided in
`kg.notes.sections`. It works on offsets and counts alone;
the tokenizer and the network stand in `encoders.text`.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Chunking", "sentence_starts", "window_spans"]

# Runs of blanks are bounded, so that a hostile note cannot make the search quadratic.
_BORDER = re.compile(
    r"""(?<=[.!?])["')\]]{0,3}\s{1,40}(?=[A-Z0-9"'(\[])   # end of a sentence
      | \n[ \t]{0,40}(?=\n)                                # empty line
      | \n(?=[ \t]{0,40}(?:[-*•]|\d{1,3}[.)]|[A-Z]))       # list item, heading, new line
    """,
    re.VERBOSE,
)
_ABBREVIATION = re.compile(
    r"\b(?:dr|mr|mrs|ms|prof|pt|st|vs|approx|fig|no|nr|ca|cf|resp|e\.g|i\.e|[A-Z])\.$", re.I
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunking:
    """How long notes are cut.

    Attributes:
        window_tokens: Tokens in a window, the tokenizer's special ones included.
        overlap_tokens: Tokens that neighbouring windows share at most.
        max_windows: Windows kept of one note, from its beginning; bounds the memory.

    Raises:
        ValueError: If the overlap leaves no room to move on.
    """

    window_tokens: int = 256
    overlap_tokens: int = 32
    max_windows: int = 16

    def __post_init__(self) -> None:
        if self.window_tokens < 8:
            raise ValueError(f"window_tokens: {self.window_tokens}; needs at least 8")
        if not 0 <= self.overlap_tokens <= self.window_tokens // 2:
            raise ValueError(
                f"overlap_tokens: {self.overlap_tokens}; needs 0 to {self.window_tokens // 2}, "
                "half of window_tokens"
            )
        if self.max_windows < 1:
            raise ValueError(f"max_windows: {self.max_windows}; needs at least 1")

    @property
    def max_characters(self) -> int:
        """Characters of a note that are read at all; generous beside what the windows hold."""
        return self.window_tokens * self.max_windows * 16


def sentence_starts(text: str) -> list[int]:
    """Offsets at which sentences, list items and headings begin; the first is 0.

    Example:
        >>> sentence_starts("Seen by Dr. Ito. No fever.")
        [0, 17]
    """
    starts = [0]
    for match in _BORDER.finditer(text):
        before = text[max(starts[-1], match.start() - 12) : match.start()]
        if not _ABBREVIATION.search(before):
            starts.append(match.end())
    return starts


def window_spans(
    n_tokens: int,
    borders: Sequence[int],
    *,
    size: int,
    overlap: int,
    sections: Sequence[int] = (),
) -> list[tuple[int, int]]:
    """Half-open spans of tokens that together hold every token.

    A span ends where a section begins, if that is in its second half, else at the last sentence
    border that fits; the next begins at the first border within the overlap, or with the section.
    A sentence longer than a window is cut inside.

    Args:
        n_tokens: Number of tokens in the note.
        borders: Rising positions of the tokens that begin a sentence.
        size: Most tokens in a span.
        overlap: Most tokens that two neighbouring spans share; less than `size`.
        sections: Rising positions of the tokens that begin a section.

    Example:
        >>> window_spans(10, [0, 3, 6, 8], size=6, overlap=3)
        [(0, 6), (3, 8), (6, 10)]
    """
    spans: list[tuple[int, int]] = []
    start = 0
    while n_tokens - start > size:
        heading = bisect_right(sections, start + size) - 1
        if heading >= 0 and sections[heading] > start + max(size // 2, overlap):
            spans.append((start, sections[heading]))
            start = sections[heading]
            continue
        last = bisect_right(borders, start + size) - 1
        # A border inside the overlap would not move the next span on: cut the sentence instead.
        at_border = last >= 0 and borders[last] > start + overlap
        end = borders[last] if at_border else start + size
        spans.append((start, end))
        following = bisect_left(borders, max(start + 1, end - overlap))
        if following < len(borders) and borders[following] <= end:
            start = borders[following]
        else:
            start = end - overlap
    if n_tokens > start or not spans:
        spans.append((start, n_tokens))
    return spans
