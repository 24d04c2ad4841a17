"""What kind of study a paper reports, and who was studied.

Decides the study type and species of a document from PubMed's publication types and headings, and
from the words of the text where there are none.
"""

import re
from collections import Counter

from .document import Document
from .miner import StudyType

__all__ = ["species_of", "study_type_of"]

_TYPES: tuple[tuple[StudyType, str], ...] = (
    ("meta-analysis", r"meta-?analysis|systematic review"),
    (
        "randomised trial",
        r"randomi[sz]ed (?:controlled|clinical|trial)|double-blind|placebo-controlled",
    ),
    ("trial", r"clinical trial|open-label|phase (?:i{1,3}|[123]) (?:stud|trial)"),
    ("case report", r"case reports?\b|we (?:report|describe) (?:a|the) (?:case|patient)"),
    ("observational", r"observational stud|cohort|case-control|retrospective|prospective stud"),
)
_TYPE = re.compile("|".join(f"(?P<t{at}>{words})" for at, (_, words) in enumerate(_TYPES)))
_REVIEW = re.compile(r"\breview\b")
_SPECIES = (
    ("NCBITAXON:9606", r"patients?|humans?|wom[ae]n|m[ae]n|volunteers?|child(?:ren)?|infants?"),
    ("NCBITAXON:10116", r"rats?|sprague|wistar"),
    ("NCBITAXON:10090", r"mice|mouse|murine"),
    ("NCBITAXON:9986", r"rabbits?"),
    ("NCBITAXON:9615", r"dogs?|canine"),
    ("NCBITAXON:10141", r"guinea[- ]pigs?"),
    ("NCBITAXON:7955", r"zebrafish"),
    ("NCBITAXON:9544", r"rhesus|macaques?|monkeys?"),
)
_NAMED = re.compile(
    r"\b(?:" + "|".join(f"(?P<s{at}>{words})" for at, (_, words) in enumerate(_SPECIES)) + r")\b"
)
_IN_VITRO = re.compile(r"\bin vitro\b|\bcell lines?\b|cultured cells")
_HUMAN = _SPECIES[0][0]


def species_of(document: Document) -> str | None:
    """Who was studied: the species named most; people when they are named at all and no less.

    >>> species_of(Document.of_abstract("1", title="Rash in rats and other rats."))
    'NCBITAXON:10116'
    """
    counts = Counter(found.lastgroup for found in _NAMED.finditer(_words(document)))
    if not counts:
        return None
    most = max(counts.values())
    best = min(name for name, count in counts.items() if name and count == most)
    return _SPECIES[int(best[1:])][0]


def study_type_of(document: Document) -> StudyType | None:
    """Kind of study; PubMed's word counts before the paper's own."""
    named = " | ".join(document.publication_types).lower()
    found = _strongest(named) or ("review" if _REVIEW.search(named) else None)
    found = found or _strongest(document.text.lower())
    if found is not None:
        return found
    if species_of(document) not in (None, _HUMAN):
        return "animal"
    return "in vitro" if _IN_VITRO.search(document.text.lower()) else None


def _strongest(words: str) -> StudyType | None:
    """The strongest kind of study that is named; each pattern comes before weaker ones."""
    named = {found.lastgroup for found in _TYPE.finditer(words)}
    return next((kind for at, (kind, _) in enumerate(_TYPES) if f"t{at}" in named), None)


def _words(document: Document) -> str:
    return f"{document.text} {' . '.join(document.keywords)}".lower()
