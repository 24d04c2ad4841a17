"""Other ways to write a name: without side words, turned around, divided into its members.

Decides which shorter or longer names a name may stand for; whether one of them is known is decided
in `fusion.literature.linker`.
"""

import re
from collections.abc import Iterator

from .name_keys import word_key

__all__ = ["composite", "shortened"]

# Words that say how a disease is, or which salt a drug is, and not what it is.
_SIDE_WORDS = frozenset(
    word_key(word)
    for line in (
        "acute chronic severe mild moderate transient reversible irreversible fatal persistent",
        "progressive recurrent symptomatic asymptomatic new onset drug induced experimental",
        "spontaneous spontaneously primary secondary idiopathic familial hereditary inherited",
        "sporadic advanced early late end stage adult pediatric human neonatal diffuse massive",
        "intense hydrochloride hcl sodium potassium sulfate acetate phosphate citrate maleate",
        "tartrate mesylate bromide hydrobromide chloride d l dl r s",
    )
    for word in line.split()
)
_AND = re.compile(r" (?:and|or|/|and / or) ")


def shortened(key: str) -> list[str]:
    """Keys without side words, and with the words the other way round around "of" and "in".

    >>> shortened("severe pain"), shortened("cancer of the breast")
    (['pain'], ['breast cancer'])
    """
    parts = key.split(" ")
    kept = [part for part in parts if part not in _SIDE_WORDS]
    found = []
    if kept and len(kept) < len(parts):
        found.append(" ".join(kept))
    for word in ("of", "in"):
        if word in kept[1:-1]:
            place = kept.index(word)
            found.append(" ".join([*[p for p in kept[place + 1 :] if p != "the"], *kept[:place]]))
    return found


def composite(key: str) -> Iterator[tuple[str, str]]:
    """Pairs of keys that a name with "and" may stand for.

    >>> list(composite("liver and kidney disease"))
    [('liver disease', 'kidney disease'), ('liver', 'kidney disease')]
    """
    sides = _AND.split(key)
    if len(sides) != 2 or not all(sides):
        return
    left, right = sides
    words, first = right.split(" "), left.split(" ")
    if len(words) > 1:
        yield f"{left} {words[-1]}", right
    yield left, right
    if len(first) > 1:
        yield left, f"{first[0]} {right}"
