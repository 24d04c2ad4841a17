"""Names of conditions and allergies in records, made plain enough to be found.

Decides what may be left off a name without changing what it is of: leading words of course, cause
or place ("acute viral pharyngitis" is a pharyngitis) and what follows a preposition or a comma
("sprain of ankle" is a sprain). A name that denies, doubts or looks back ("history of",
"suspected") is never shortened. What is found by a shortened name is broader than what was
recorded, never narrower.
"""

import re
from collections.abc import Iterator

__all__ = ["allergen_name", "broader_names"]

_TAG = re.compile(r"\s*\((?:disorder|finding|situation|event|substance)\)$", re.I)
_TAIL = re.compile(
    r"(?:,| (?:of|with|without|due to|caused by|in|to|by|from|for|at|on|not|unspecified) ).*$", re.I
)
_NOT_SO = re.compile(
    r"\b(history|family|no|not|without|suspected|possible|risk|screening|status|absence"
    r"|rule[ds]? out|vaccin\w*|contact|exposure|fear|normal|test|pre\w*|anti\w*|non\w*)\b",
    re.I,
)
_ALLERGY = re.compile(
    r"^(?:(?:drug )?allergy to|allergic to|hypersensitivity to)\s+(.+)$|^(.+?)\s+allergy$", re.I
)
_SHORTEST = 6  # letters: what is left of a name must say something


def broader_names(label: str) -> Iterator[str]:
    """Names that are broader than a recorded one, the nearest first.

    >>> list(broader_names("Acute viral pharyngitis (disorder)"))
    ['viral pharyngitis', 'pharyngitis']
    >>> list(broader_names("History of appendectomy"))
    []
    """
    name = _TAG.sub("", label).strip()
    if _NOT_SO.search(name):
        return
    short = _TAIL.sub("", name).strip()
    if short != name and len(short) >= _SHORTEST:
        yield short
    words = short.split()
    for start in range(1, len(words)):
        rest = " ".join(words[start:])
        if len(rest) >= _SHORTEST:
            yield rest


def allergen_name(label: str) -> str | None:
    """Substance that a recorded allergy names; None when the name has another form.

    >>> allergen_name("Allergy to penicillin"), allergen_name("Latex allergy")
    ('penicillin', 'Latex')
    """
    found = _ALLERGY.match(_TAG.sub("", label).strip())
    return (found[1] or found[2]) if found else None
