"""Which papers' sentences may be passed on.

Decides it from the licence that a document states: open ones that allow copying and adapting. A
sentence without such a licence is named by its hash and its place, never copied.
"""

import re

__all__ = ["may_quote"]

_OPEN = re.compile(
    r"(?:CC0|CC[- ]?BY)(?:[- ]?SA)?(?:[- ]?\d(?:\.\d)?)?$|public domain|PDM", re.IGNORECASE
)
_CLOSED = re.compile(r"\bNC\b|\bND\b|non-?commercial|no-?deriv", re.IGNORECASE)


def may_quote(licence: str) -> bool:
    """True when sentences of a paper under this licence may stand in the graph.

    >>> [may_quote(x) for x in ("CC-BY-4.0", "CC0-1.0", "CC-BY-NC", "", "all rights reserved")]
    [True, True, False, False, False]
    """
    text = licence.strip()
    return (
        bool(text)
        and _CLOSED.search(text.replace("_", "-")) is None
        and (_OPEN.search(text) is not None)
    )
