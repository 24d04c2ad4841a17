"""Where sentences begin and end.

Decides the spans that statements are read from. Breaks are found by `sentencex` (compiled, tens of
thousands of abstracts a second) and mended where medical writing misleads it: an abbreviation
before a number or a small letter ends no sentence.
"""

import re

from sentencex import get_sentence_boundaries

from .document import Document, Span

__all__ = ["document_sentences", "sentences"]

_NO_END = re.compile(
    r"(?:\b(?:vs|cf|approx|ca|resp|spp?|subsp|var|e\.g|i\.e|et al|Fig|Figs|No|Nos|Dr|Prof|St|Ref|"
    r"refs?|mg|kg|ml|hr?s?|min|sec|wk|yr|i\.v|i\.p|s\.c|p\.o|i\.m|b\.i\.d|t\.i\.d|q\.i\.d|d)"
    r"|\b[A-Z])\.\s*$"
)
_CONTINUES = re.compile(r"\s*[a-z0-9(<>=+%]")


def sentences(text: str, *, offset: int = 0) -> list[Span]:
    """Spans of the sentences of a text, without the white space around them.

    Args:
        text: Running text.
        offset: Added to every place.

    >>> [(s.start, s.end) for s in sentences("It helps. Dose: 5 mg i.v. in E. coli sepsis.")]
    [(0, 9), (10, 44)]
    """
    found: list[Span] = []
    begun = -1
    for boundary in get_sentence_boundaries("en", text):
        start, end = int(boundary["start_index"]), int(boundary["end_index"])
        piece = text[start:end]
        if begun < 0:
            begun = start
        if _NO_END.search(piece) and _CONTINUES.match(text[end : end + 8]):
            continue
        found.extend(_trimmed(text, begun, end, offset))
        begun = -1
    if begun >= 0:
        found.extend(_trimmed(text, begun, len(text), offset))
    return found


def document_sentences(document: Document) -> list[tuple[int, Span]]:
    """Section number and span of every sentence of a document; none crosses a section."""
    return [
        (number, span)
        for number, section in enumerate(document.sections)
        for span in sentences(section.text, offset=section.offset)
    ]


def _trimmed(text: str, start: int, end: int, offset: int) -> list[Span]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return [Span(start=start + offset, end=end + offset)] if start < end else []
