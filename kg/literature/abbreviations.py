"""Short forms and what they stand for: "congestive heart failure (CHF)".

Decides which short form belongs to which long form, by the algorithm of Schwartz and Hearst
(10.1142/9789812776303_0042): the shortest stretch before the bracket that holds the characters of
the short form in order and begins with its first one.
"""

import re
from dataclasses import dataclass

from .document import Span

__all__ = ["Abbreviation", "abbreviations"]

_BRACKET = re.compile(r"\(([^()]{1,80})\)")
_SHORT = re.compile(r"[A-Za-z0-9\u0370-\u03ff][\w.+/-]*(?: [\w.+/-]+)?$")
_CLAUSE = re.compile(r"[.;:!?](?=\s)")
_MAX_SHORT, _MIN_SHORT = 10, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Abbreviation:
    """A definition in a text.

    Attributes:
        short: The short form.
        long: The long form.
        short_span: Where the short form is defined.
        long_span: Where the long form stands.
    """

    short: str
    long: str
    short_span: Span
    long_span: Span


def abbreviations(text: str) -> list[Abbreviation]:
    """Definitions in a text, in order; the first one of a short form counts.

    >>> [(a.short, a.long) for a in abbreviations("With congestive heart failure (CHF) or not.")]
    [('CHF', 'congestive heart failure')]
    """
    found: dict[str, Abbreviation] = {}
    for bracket in _BRACKET.finditer(text):
        inside = bracket[1]
        cut = re.search(r"[;,]", inside)
        short = (inside[: cut.start()] if cut else inside).strip()
        start = bracket.start(1) + inside.index(short) if short else 0
        before = text[max(0, bracket.start() - 300) : bracket.start()].rstrip()
        base = max(0, bracket.start() - 300)
        if _is_short(short):
            place = _long_form(short, before)
            if place is not None and short not in found:
                found[short] = _definition(text, base + place, base + len(before), start, short)
        elif before:  # the other way round: "CHF (congestive heart failure)"
            first = re.search(r"\S+$", before)
            if first and _is_short(first[0]) and len(short) > len(first[0]) + 4:
                at = _long_form(first[0], short)
                if at is not None and first[0] not in found:
                    found[first[0]] = _definition(
                        text, start + at, start + len(short), base + first.start(), first[0]
                    )
    return list(found.values())


def _definition(text: str, start: int, end: int, short_at: int, short: str) -> Abbreviation:
    return Abbreviation(
        short=short,
        long=text[start:end],
        short_span=Span(start=short_at, end=short_at + len(short)),
        long_span=Span(start=start, end=end),
    )


def _is_short(text: str) -> bool:
    bare = text.replace(".", "")
    return (
        _MIN_SHORT <= len(bare) <= _MAX_SHORT
        and _SHORT.match(text) is not None
        and any(c.isalpha() for c in bare)
        and (any(c.isupper() for c in bare) or any(c.isdigit() for c in bare) or len(bare) <= 4)
    )


def _long_form(short: str, before: str) -> int | None:
    """Place in `before` where the long form begins, which ends where `before` ends."""
    n_words = min(len(short) + 5, len(short) * 2)
    clause = [m.end() for m in _CLAUSE.finditer(before)]
    low = clause[-1] if clause else 0
    starts = [m.start() for m in re.finditer(r"\S+", before) if m.start() >= low]
    low = starts[-n_words] if len(starts) >= n_words else (starts[0] if starts else len(before))
    at = len(before) - 1
    for position in range(len(short) - 1, -1, -1):
        sign = short[position].lower()
        if not sign.isalnum():
            continue
        while at >= low and (
            before[at].lower() != sign or (position == 0 and at > 0 and before[at - 1].isalnum())
        ):
            at -= 1
        if at < low:
            return None
        at -= 1
    start = at + 1
    long = before[start:]
    if len(long) <= len(short) or short in long.split() or long.count("(") != long.count(")"):
        return None
    return start
