"""Diagnosis words taken out of notes, and an audit that looks for what was missed.

Decides how a name is found in a text. Which names are masked is the caller's decision: for a set of
notes with a closed list of diagnoses it should be *all* names of the list in *every* note, because
a mask that falls only on the right answer is itself the answer.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

__all__ = ["MASK", "MaskLeak", "audit_masking", "mask_diagnosis"]

MASK = "[masked]"
"""What stands in a note where a diagnosis was named."""

_BREAKS = r"[\s\-_/.·\u2010-\u2015\u00ad\u200b]*"
_WORD = re.compile(r"[^\W_]+")
_RUN = re.compile(r"\[masked\](?:[\s/,-]*\[masked\])+")  # the number of masked words is a hint too
_SHORT = 5  # up to here a name may be part of an innocent word: "ards" in "towards"


@lru_cache(maxsize=256)
def _pattern(names: tuple[str, ...]) -> re.Pattern[str] | None:
    """One expression for all names, the longest first so that no rest of a name stays behind."""
    parts = []
    for name in sorted(set(names), key=lambda n: (-len(n), n)):
        words = _WORD.findall(name)
        if not words:
            continue
        # "COVID-19" is also found as "covid 19" and "Covid19"
        body = _BREAKS.join(re.escape(word) for word in words)
        ending = r"[^\W_]*" if name.rstrip().endswith("*") else r"(?:['’]?s|es)?(?![^\W_])"
        parts.append(body + ending)
    return re.compile(rf"(?<![^\W_])(?:{'|'.join(parts)})", re.IGNORECASE) if parts else None


def mask_diagnosis(note: str, names: Iterable[str]) -> str:
    """The note with every mention of the names replaced by `MASK`.

    Case, hyphens, blanks between the words, plural and genitive do not matter. A name that ends
    with `*` is a stem: all words that begin with it are masked.

    >>> mask_diagnosis("Covid19 (COVID-19) pneumonias; no covert sign.", ["COVID-19", "pneumoni*"])
    '[masked] ([masked]) [masked]; no covert sign.'
    >>> mask_diagnosis("COVID-19 pneumonia", ["COVID-19", "pneumoni*"])
    '[masked]'
    """
    pattern = _pattern(tuple(names))
    return note if pattern is None else _RUN.sub(MASK, pattern.sub(MASK, note))


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskLeak:
    """A name that still stands in a masked note.

    Attributes:
        position: Number of the note.
        name: The name that was found.
        context: The note around it, its letters and digits only.
    """

    position: int
    name: str
    context: str


def audit_masking(notes: Sequence[str], names: Iterable[str]) -> tuple[MaskLeak, ...]:
    """Names that are still in the notes; a sound masking has an empty report.

    The search is another one than the masking: notes and names are reduced to their letters and
    digits, and a name counts wherever it appears in them, so that odd spellings are found too.
    Names of up to five letters count as whole words only.
    """
    wanted = [(name, "".join(_WORD.findall(name)).casefold()) for name in sorted(set(names))]
    leaks = []
    for position, note in enumerate(notes):
        words = [word.casefold() for word in _WORD.findall(note.replace(MASK, " | "))]
        squeezed = "".join(words)
        for name, key in wanted:
            stem = name.rstrip().endswith("*")
            if not key:
                continue
            if len(key) <= _SHORT and not stem:
                found = squeezed.find(key) if key in words else -1
            elif len(key) <= _SHORT:
                found = squeezed.find(key) if any(word.startswith(key) for word in words) else -1
            else:
                found = squeezed.find(key)
            if found >= 0:
                context = squeezed[max(found - 20, 0) : found + len(key) + 20]
                leaks.append(MaskLeak(position=position, name=name, context=context))
    return tuple(leaks)
