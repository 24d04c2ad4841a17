"""What a disease is called says what it looks like, and whom it belongs to.

Decides two readings of names. Many names list signs (`... with achalasia, polyneuropathy, and
alacrima`): a term of the phenotype ontology whose name or synonym stands in the name of a disease
is a sign of it. And many are numbered (`Joubert syndrome 30`): diseases of one series are
relatives. A new disease that nothing has been annotated of yet has a name, and often nothing else.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from scipy import sparse

from .relatives import Relatives

__all__ = ["LARGEST_SERIES", "NAMED_SHARE", "series_of", "signs_in_names", "stem"]

NAMED_SHARE = 0.8
"""Share of patients that show a sign which the disease is named after."""

LARGEST_SERIES = 300
"""A series with more members than this is a chapter."""

_WORD = re.compile(r"[a-z0-9]+")
_LONGEST_NAME = 7  # words of a term's name; longer ones do not stand in names of diseases
_NUMBER = re.compile(r"[ivx]+[a-z]?|[a-z]?\d+[a-z]{0,3}|[a-z]")
_MODE = frozenset(
    [
        "autosomal",
        "dominant",
        "recessive",
        "x",
        "linked",
        "type",
        "due",
        "to",
        "susceptibility",
        "form",
        "somatic",
        "familial",
        "with",
        "or",
        "without",
        "and",
        "of",
        "the",
        "in",
        "disease",
        "syndrome",
        "group",
        "related",
        "digenic",
        "isolated",
        "congenital",
        "early",
        "onset",
        "late",
        "adult",
        "juvenile",
        "infantile",
        "complementation",
        "mitochondrial",
        "nonsyndromic",
        "syndromic",
    ]
)
_GENERAL = frozenset(
    ["disease", "syndrome", "disorder", "abnormality", "deficiency", "type", "onset"]
)


_RENAMED = (
    ("mental retardation", "intellectual disability"),
    ("intellectual developmental disorder", "intellectual disability"),
    ("neurodevelopmental disorder", "neurodevelopmental abnormality"),
    ("seizures", "seizure"),
)
"""What OMIM has renamed over the years, old and new to the name of the term."""


def _words(text: str) -> tuple[str, ...]:
    """Lower-case words, plural endings dropped, renamed groups under one name."""
    lower = text.lower()
    for old, new in _RENAMED:
        lower = lower.replace(old, new)
    words = _WORD.findall(lower)
    return tuple(
        word[:-1] if len(word) > 4 and word.endswith("s") and word[-2] not in "sui" else word
        for word in words
    )


def stem(name: str) -> tuple[str, ...]:
    """Name of the series that a disease belongs to, empty when it has no number.

    >>> stem("Joubert syndrome 30"), stem("Deafness, autosomal recessive 122")
    (('joubert',), ('deafness',))
    >>> stem("Tan-Almurshedi syndrome")
    ()
    """
    words = _words(name)
    if not any(_NUMBER.fullmatch(word) for word in words):
        return ()
    return tuple(word for word in words if word not in _MODE and not _NUMBER.fullmatch(word))


def series_of(names: Sequence[str]) -> Relatives:
    """Relates diseases whose names differ in a number or a mode of inheritance only."""
    members: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
    for at, name in enumerate(names):
        if series := stem(name):
            members[series].append(at)
    groups = [group for group in members.values() if len(group) > 1]
    rows = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    columns = np.concatenate([np.asarray(group) for group in groups]) if groups else rows
    matrix = sparse.csr_matrix(
        (np.ones(len(rows), dtype=bool), (rows, columns)), shape=(len(groups), len(names))
    )
    return Relatives.from_groups(matrix, largest=LARGEST_SERIES)


def signs_in_names(
    names: Sequence[Iterable[str]], terms: Mapping[int, Iterable[str]], *, n_terms: int
) -> Any:
    """Terms whose name stands in a name of a disease.

    Args:
        names: Names of each disease.
        terms: Names of each term, by position.
        n_terms: Number of terms of the ontology.

    Returns:
        CSR `[n_diseases, n_terms]`, `NAMED_SHARE` where a name holds the term. Where one term's
        name lies within another's, the longer is read.
    """
    meaning: dict[tuple[str, ...], int] = {}
    for term, spellings in terms.items():
        for spelling in spellings:
            words = _words(spelling)
            if words and len(words) <= _LONGEST_NAME and not set(words) <= _GENERAL:
                meaning.setdefault(words, term)
    pairs: set[tuple[int, int]] = set()
    for disease, own in enumerate(names):
        for name in own:
            words = _words(name)
            at = 0
            while at < len(words):
                for size in range(min(_LONGEST_NAME, len(words) - at), 0, -1):
                    found = meaning.get(words[at : at + size])
                    if found is not None:
                        pairs.add((disease, found))
                        at += size
                        break
                else:
                    at += 1
    ordered = np.asarray(sorted(pairs), dtype=np.int32).reshape(-1, 2)
    shares = np.full(len(ordered), NAMED_SHARE, dtype=np.float32)
    place = (ordered[:, 0], ordered[:, 1])
    return sparse.csr_matrix((shares, place), shape=(len(names), n_terms))
