"""When two spellings are the same name.

Decides the key of a name: small letters, hyphens and apostrophes dropped, plural and British
spellings folded. Matching, counting and linking all use this key.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from .words import word_strings

__all__ = ["key_of", "spellings", "word_key"]

_DROPPED = frozenset("-'’‐‑–—`´")
_MAYBE_BRITISH = re.compile(r"ae|oe|our$|sulph|leuc|leuk")
_BRITISH = tuple(
    (re.compile(pattern), mend)
    for pattern, mend in (
        (r"aemi", "emi"),
        (r"haem", "hem"),
        (r"oedem", "edem"),
        (r"oesoph", "esoph"),
        (r"rrhoea", "rrhea"),
        (r"our$", "or"),
        (r"paed", "ped"),
        (r"anaesth", "anesth"),
        (r"ischaem", "ischem"),
        (r"leuca?em", "leukem"),
        (r"sulph", "sulf"),
        (r"caes", "ces"),
        (r"oestr", "estr"),
        (r"gynaec", "gynec"),
    )
)


@lru_cache(maxsize=1 << 17)
def word_key(word: str) -> str:
    """Key of one word; empty for a sign that does not count.

    >>> [word_key(w) for w in ("Tumours", "anaemia", "-", "diabetes", "ALS")]
    ['tumor', 'anemia', '', 'diabete', 'als']
    """
    if word in _DROPPED:
        return ""
    low = word.lower()
    if len(low) > 4 and low.isalpha():
        if low.endswith("ies"):
            low = low[:-3] + "y"
        elif low.endswith("s") and not low.endswith(("ss", "is", "us")):
            low = low[:-1]
        if _MAYBE_BRITISH.search(low):
            for pattern, mend in _BRITISH:
                low = pattern.sub(mend, low)
    return low


def key_of(words: Sequence[str]) -> str:
    """Key of a name that is cut into words; empty when nothing counts."""
    return " ".join(filter(None, map(word_key, words)))


def spellings(name: str) -> Iterator[str]:
    """Keys of a name as catalogues write it: itself, uninverted, without its aside.

    >>> list(spellings("Anemia, Sickle Cell"))
    ['anemia , sickle cell', 'sickle cell anemia']
    """
    key = key_of(word_strings(name))
    if key:
        yield key
    parts = key.split(" , ")
    if len(parts) > 1 and not any(mark in key for mark in ("(", "[", "/", " and ", " or ")):
        yield " ".join(reversed(parts))
    if key.endswith((")", "]")) and (" (" in key or " [" in key):
        cut = key.rfind(" (" if key.endswith(")") else " [")
        if cut > 0:
            yield key[:cut]
