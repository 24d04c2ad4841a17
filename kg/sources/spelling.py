"""One spelling for the identifiers that upstream tables write in many ways.

Decides that an identifier of an unknown vocabulary is not an error of the row: the source counts
it and goes on. The table of spellings itself is `kg.prefixes`.
"""

from functools import lru_cache

from kg.identifiers import IdentifierError, normalise

__all__ = ["canonical"]


@lru_cache(maxsize=1 << 18)
def canonical(text: str, *, prefixes: frozenset[str] | None = None) -> str | None:
    """Canonical CURIE, or None when the text is none of a known (and wanted) vocabulary.

    >>> canonical("Orphanet:558"), canonical("BTO:0000001", prefixes=frozenset({"HP"}))
    ('ORPHA:558', None)
    """
    try:
        curie = normalise(text)
    except IdentifierError:
        return None
    if prefixes is not None and curie.partition(":")[0] not in prefixes:
        return None
    return curie
