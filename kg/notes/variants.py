"""Ways in which clinicians write the name of an HPO term.

Decides systematic variants only: plural and singular, word order of `abnormality of`, and the plain
words for a raised or lowered level. Synonyms are HPO's own and come from the graph; nothing here is
about a single term.
"""

import re
from collections.abc import Iterator

__all__ = ["finding_variants"]

_LEVEL = re.compile(
    r"^(?P<way>increased|elevated|decreased|reduced|abnormal|low|high)\s+"
    r"(?:circulating|blood|serum|plasma|urinary|urine)?\s*(?P<what>.+?)\s+"
    r"(?P<of>concentration|level|activity|count|proportion)s?$",
    re.IGNORECASE,
)
_PLACE = re.compile(
    r"^(?:increased|elevated|decreased|reduced|abnormal|low|high)\s+(?P<place>serum|plasma|blood|"
    r"urinary|urine)\b",
    re.IGNORECASE,
)
_UP = ("raised", "elevated", "increased", "high")
_DOWN = ("low", "reduced", "decreased")
_ABNORMALITY_OF = re.compile(
    r"^abnormality of (?:the )?(?P<what>.+?)(?: morphology| physiology)?$", re.IGNORECASE
)
_ABNORMAL_FORM = re.compile(
    r"^(?:abnormal|aberrant) (?P<what>.+?) (?:morphology|physiology)$", re.IGNORECASE
)
_MIN_SINGLE = 5  # shorter single words have plurals that mean something else
_IRREGULAR = {
    "foot": "feet", "tooth": "teeth", "vertebra": "vertebrae", "fistula": "fistulae",
    "metastasis": "metastases", "crisis": "crises", "diagnosis": "diagnoses",
    "ganglion": "ganglia", "nucleus": "nuclei", "testis": "testes", "phalanx": "phalanges",
    "naris": "nares", "calcification": "calcifications", "opacification": "opacities",
}  # fmt: skip
_NO_PLURAL = re.compile(r"(?:s|x|z|ia|osis|itis|emia|uria|lity|ness|ing|ed|al|ic|ous|ism|ty)$")


def finding_variants(name: str) -> Iterator[str]:
    """Other ways to write a name; the name itself is not among them.

    >>> list(finding_variants("Increased circulating IgE concentration"))[:2]
    ['raised IgE', 'raised blood IgE']
    >>> list(finding_variants("Thin eyebrow")), list(finding_variants("Pulmonary opacity"))
    (['Thin eyebrows'], ['Pulmonary opacities'])
    """
    if level := _LEVEL.match(name):
        yield from _levels(level["way"].lower(), level["what"], level["of"].lower(), name)
        return
    if form := _ABNORMALITY_OF.match(name) or _ABNORMAL_FORM.match(name):
        what = form["what"]
        if " " in what or len(what) > _MIN_SINGLE:
            for noun in ("abnormality", "abnormalities", "anomaly", "anomalies"):
                yield f"{what} {noun}"
        yield f"abnormal {what}"
        return
    yield from _numbers(name)


def _levels(way: str, what: str, noun: str, name: str) -> Iterator[str]:
    words: tuple[str, ...] = _UP if way in ("increased", "elevated", "high") else _DOWN
    if way == "abnormal":
        words = ("abnormal",)
    if noun in ("activity", "count", "proportion"):  # "low neutrophil" says nothing yet
        yield from (f"{word} {what} {noun}" for word in words)
        return
    place = _PLACE.match(name)
    fluid = "urine" if place and place["place"].lower().startswith("urin") else "blood"
    for word in words:
        if fluid == "blood":
            yield f"{word} {what}"
        for where in ("blood", "serum", "plasma") if fluid == "blood" else ("urine", "urinary"):
            yield f"{word} {where} {what}"
        yield f"{word} {what} levels"
        yield f"{word} {what} level"


def _numbers(name: str) -> Iterator[str]:
    """Plural or singular of the last word."""
    first, _, last = name.rpartition(" ")
    low = last.lower()
    if not low.isalpha() or (not first and len(low) < _MIN_SINGLE):
        return
    lead = f"{first} " if first else ""
    if low in _IRREGULAR:
        yield f"{lead}{_IRREGULAR[low]}"
        if low.endswith(("tion",)):
            yield f"{lead}{last}s"
    elif low.endswith("ies") and len(low) > 5:
        yield f"{lead}{last[:-3]}y"
    elif low.endswith("s") and not low.endswith(("ss", "us", "is", "as", "os", "ics")):
        if first:
            yield f"{lead}{last[:-1]}"
    elif re.search(r"[^aeiou]y$", low):
        yield f"{lead}{last[:-1]}ies"
    elif not _NO_PLURAL.search(low):
        yield f"{lead}{last}s"
