"""Mentions of a document by the dictionary alone, short forms resolved.

Decides how a match becomes a mention with a type and an id: its best candidate, and for a short
form whatever its long form means in this document. A trained tagger with the same output is in
`fusion.literature`.
"""

from .abbreviations import abbreviations
from .dictionary import Dictionary, Match
from .document import Document, EntityType, Mention

__all__ = ["Recogniser"]


class Recogniser:
    """Finds the names of a dictionary in documents.

    Example:
        >>> from kg.literature.dictionary import Name
        >>> book = Dictionary([Name(text="gout", type=EntityType.DISEASE, id="MONDO:1")])
        >>> paper = Document.of_abstract("1", title="Gouty arthritis, or gout (GO). GO hurts.")
        >>> [(m.text, m.ids) for m in Recogniser(book).mentions(paper)]
        [('gout', ('MONDO:1',)), ('GO', ('MONDO:1',)), ('GO', ('MONDO:1',))]
    """

    def __init__(self, dictionary: Dictionary) -> None:
        self.dictionary = dictionary

    def mentions(self, document: Document) -> list[Mention]:
        """Mentions from left to right, without overlap; those of no node have no ids."""
        text = document.text
        found: list[tuple[int, int, EntityType, tuple[str, ...]]] = []
        matches = self.dictionary.matches(text)
        ends = {match.end: match for match in matches}
        shorts: dict[str, tuple[EntityType, tuple[str, ...]]] = {}
        for abbreviation in abbreviations(text):
            long = ends.get(abbreviation.long_span.end)
            # the long form may begin earlier than the name: "severe congestive heart failure"
            if long is not None and long.start >= abbreviation.long_span.start - 1:
                shorts[abbreviation.short] = _meaning(long)
            else:
                shorts[abbreviation.short] = (EntityType.DISEASE, ())  # whatever it is, not this
        found.extend(
            (match.start, match.end, *_meaning(match))
            for match in matches
            if text[match.start : match.end] not in shorts
        )
        taken = [(start, end) for start, end, _, _ in found]
        for short, (kind, ids) in shorts.items():
            if ids:
                for start in _places(text, short):
                    end = start + len(short)
                    if not any(s < end and start < e for s, e in taken):
                        found.append((start, end, kind, ids))
        found.sort()
        return [
            Mention(
                start=start,
                end=end,
                text=text[start:end],
                type=kind,
                ids=ids,
                section=document.section_at(start),
            )
            for start, end, kind, ids in found
        ]


def _meaning(match: Match) -> tuple[EntityType, tuple[str, ...]]:
    """The best type under which the match has one node; else its best type without a node.

    What is a disease and a finding too is the disease: treatments hang there.
    """
    for kind in sorted(match.types, key=lambda kind: kind is EntityType.PHENOTYPE):
        ids = match.ids(kind)
        if ids:
            return kind, ids
    return match.types[0], ()


def _places(text: str, short: str) -> list[int]:
    places = []
    at = text.find(short)
    while at >= 0:
        before, after = text[at - 1 : at], text[at + len(short) : at + len(short) + 1]
        if not before.isalnum() and not after.isalnum():
            places.append(at)
        at = text.find(short, at + 1)
    return places
