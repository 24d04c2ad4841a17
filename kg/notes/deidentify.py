r"""Identifiers of people taken out of a note, before anything else reads or keeps it.

Decides what counts as an identifier (names, dates but for the year, telephone and record numbers,
addresses, mail, links, ages above 89: the classes of 45 CFR 164.514 that notes hold) and how it is
found: by form, and names by the words around them; a name found once is taken out everywhere in the
note. Names without any such word are not found: no name recogniser can be had offline. It lowers a
risk and removes none; what is found is measured in docs/results-multimodal.md.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

__all__ = ["Identifier", "deidentify", "find_identifiers"]

_CAP = r"[A-Z](?:[a-zà-öø-ÿ]+|['’][A-Z][a-zà-öø-ÿ]+|\.)(?:[-'’][A-Z]?[a-zà-öø-ÿ]+)?"
_PARTICLE = r"(?:van(?: der)?|von|de(?: la)?|del|di|al|el|bin|ibn|da|dos|le|la|st\.?)"
_NAME = rf"{_CAP}(?:[ \t]+(?:{_PARTICLE}[ \t]+)?{_CAP}){{0,3}}"
_MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|"
    r"Sep(?:t(?:ember)?)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)\.?"
)
_RELATIVE = (
    r"(?:mother|father|wife|husband|son|daughter|brother|sister|partner|spouse|guardian|aunt|uncle|"
    r"cousin|grandmother|grandfather|neighbou?r|caregiver|mom|dad)"
)
_STREET = (
    r"(?:Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|Ct|Way|Square|Sq|Place|"
    r"Pl|Terrace|Parkway|Pkwy|Close|Crescent)"
)

_FORMS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("EMAIL", re.compile(r"\b[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}\b")),
    ("URL", re.compile(r"\b(?:https?://|www\.)[^\s<>\"')]{3,200}", re.I)),
    ("IP", re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])")),
    (
        "ID",
        re.compile(
            r"\b(?:MRN|medical record(?: number)?|record|patient id|hospital (?:no|number)|SSN|"
            r"social security(?: number)?|NHS(?: no| number)?|account|acct|policy|"
            r"insurance(?: id| no|"
            r" number)?|licen[cs]e|accession|case|visit|encounter|passport|device|serial|id)"
            r"(?:[ \t]*(?:no|number|#|id))?\.?[ \t]*[:#]?[ \t]*"
            r"(?P<what>(?=[A-Z\d-]*\d{3})[A-Z\d][A-Z\d-]{3,24})\b",
            re.I,
        ),
    ),
    ("ID", re.compile(r"(?<![\d-])\d{3}-\d{2}-\d{4}(?![\d-])")),
    ("ID", re.compile(r"(?<![\w.,:/-])\d{7,12}(?![\d.,/-]*\d)")),
    (
        "PHONE",
        re.compile(
            r"(?<![\w.])(?:\+\d{1,3}[ .-]?)?(?:\(\d{2,5}\)[ .-]?|\d{2,5}[ .-])\d{3,4}[ .-]\d{3,4}"
            r"(?:[ ]?(?:x|ext\.?)[ ]?\d{1,5})?(?![\w-])"
        ),
    ),
    ("DATE", re.compile(r"(?<![\d/.-])\d{1,2}([/.-])\d{1,2}\1(?:19|20)?\d{2}(?![\d/-])")),
    ("DATE", re.compile(r"(?<![\d/.-])(?:19|20)\d{2}([/.-])\d{1,2}\1\d{1,2}(?![\d/-])")),
    ("DATE", re.compile(rf"\b\d{{1,2}}(?:st|nd|rd|th)?[ -](?:of )?{_MONTH}(?:,?[ -]\d{{2,4}})?\b")),
    ("DATE", re.compile(rf"\b{_MONTH}[ ]\d{{1,2}}(?:st|nd|rd|th)?\b(?:,?[ ](?:19|20)\d{{2}})?")),
    ("DATE", re.compile(rf"\b(?!May\b){_MONTH},?[ ](?:19|20)\d{{2}}\b")),
    (
        "ADDRESS",
        re.compile(
            rf"\b\d{{1,5}}[A-Za-z]?[ ](?:[A-Z][\w'’]+[ ]){{1,3}}{_STREET}\b\.?"
            r"(?:,?[ ](?:Apt|Unit|Suite|#)\.?[ ]?\w{1,5})?"
            r"(?:,[ ][A-Z][\w' ]{2,30})?(?:,?[ ][A-Z]{2})?(?:[ ]\d{5}(?:-\d{4})?)?"
        ),
    ),
    ("ADDRESS", re.compile(r"\b[A-Z][\w' ]{2,30},[ ][A-Z]{2}[ ]\d{5}(?:-\d{4})?\b")),
    ("ADDRESS", re.compile(r"\b[A-Z]{1,2}\d[A-Z\d]?[ ]\d[A-Z]{2}\b")),
    (
        "AGE",
        re.compile(r"\b(?:9\d|1[0-2]\d)(?=[ -](?:years?|yrs?|y/o|yo)\b|[ ]?-?year-old)", re.I),
    ),
    (
        "PLACE",
        re.compile(
            r"\b(?:[A-Z][\w'’.]+[ ]){1,4}(?:Hospital|Clinic|Infirmary|Medical Cent(?:er|re)|"
            r"Health Cent(?:er|re)|Nursing Home|Hospice)\b"
        ),
    ),
)
_NAMES: tuple[re.Pattern[str], ...] = (
    re.compile(
        rf"\b(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Professor|Doctor|Nurse|Sir|Fr|"
        rf"Rev)\b\.?[ \t]+(?P<what>{_NAME})"
    ),
    re.compile(
        r"\b(?i:patient(?:[ ]name)?|name|surname|first name|last name|physician|doctor|attending|"
        r"referr(?:ing|ed by)|referrer|signed(?: by)?|dictated by|reported by|seen by|reviewed by|"
        rf"next of kin|contact|gp|consultant|surgeon|cc)[ \t]*:[ \t]*(?P<what>{_NAME})"
    ),
    re.compile(
        rf"(?P<what>{_NAME}),?[ ]"
        r"(?:M\.?D\.?|Ph\.?D\.?|R\.?N\.?|D\.?O\.?|FRCP|MBBS|NP|PA-C)\b"
    ),
    re.compile(
        rf"\b(?:patient|named|{_RELATIVE}|signed|dictated by|seen by|reviewed by|examined by|"
        rf"referred by|discussed with|spoke (?:to|with)|for|"
        rf"by),?[ ](?P<what>{_CAP}(?:[ ]{_CAP}){{1,2}})"
    ),
    re.compile(rf"\b(?:named|{_RELATIVE}|called),?[ ](?P<what>{_CAP})\b"),
    re.compile(
        r"\b(?i:told|informed|advised|thank(?:ed)?|asked|counsell?ed|(?:met|follow(?:ed)?[- ]up|"
        rf"appointment|discussion|meeting|contact) with|(?:letter|copy) to),?[ ](?P<what>{_NAME})"
    ),
    re.compile(
        rf"(?:^|(?<=[.!?\n][ ])|(?<=\n))(?P<what>{_CAP}(?:[ ](?:{_PARTICLE}[ ])?{_CAP}){{0,2}})"
        r"(?=[ ](?:denies|denied|reports|reported|complains|complained|states|stated|"
        r"lives|works|says|"
        r"said|feels|felt|agrees|agreed|consented)\b)",
        re.MULTILINE,
    ),
    re.compile(
        rf"(?:^|(?<=[.!?\n][ ])|(?<=\n))(?P<what>{_CAP}(?:[ ](?:{_PARTICLE}[ ])?{_CAP}){{0,2}})"
        r"(?=,?[ ](?:is|was)[ ]an?[ ]\d|,[ ](?:an?[ ])?\d{1,3}|[ ]\(\d|,?[ ](?:aged|DOB|born)\b)",
        re.MULTILINE,
    ),
)  # fmt: skip
_EPONYM = re.compile(r"(?:['’]s)?[ ](?:syndrome|disease|sign|reflex|test)\b")
# Words that stand where a name would and are none.
_NO_NAME = frozenset(
    re.findall(
        r"\S+",
        "The This That There Patient Male Female Man Woman Boy Girl Baby Infant Child History "
        "Exam Chest No Not Yes None Unknown Normal Left Right Bilateral Acute Chronic He She It "
        "They His Her Was Is Has Had With And Or But On In At Of For From Emergency Department "
        "Intensive Care Unit Magnetic Resonance Computed Tomography Admitted Known Severe Mild "
        "Fever Cough Pain He’s Syndrome Disease Pt Mother Father Parents Parent Wife Husband Son "
        "Daughter Sister Brother Radiologist Radiology Who Nobody Everyone We I You Subject "
        "Proband Family Clinician Physician Nurse Teacher School Computer X-ray Figure Table Case "
        "Day Week Month Year General Internal ",
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identifier:
    """Something that tells who a person is.

    Attributes:
        kind: `NAME`, `DATE`, `PHONE`, `ID`, `ADDRESS`, `PLACE`, `EMAIL`, `URL`, `IP` or `AGE`.
        start: First character.
        end: Behind the last one.
    """

    kind: str
    start: int
    end: int


def find_identifiers(note: str) -> tuple[Identifier, ...]:
    """Identifiers from left to right, without overlap."""
    found = sorted(_found(note), key=lambda one: (one.start, -one.end))
    kept: list[Identifier] = []
    for one in found:
        if not kept or one.start >= kept[-1].end:
            kept.append(one)
        elif one.end > kept[-1].end:  # nothing of either is left standing
            kept[-1] = replace(kept[-1], end=one.end)
    return tuple(kept)


def deidentify(note: str) -> str:
    """The note with each identifier replaced by its kind.

    >>> deidentify("Mr. Adam Vale, MRN 4711001, seen 3 May 2019. Vale has Marfan syndrome.")
    'Mr. [NAME], MRN [ID], seen [DATE]. [NAME] has Marfan syndrome.'
    """
    parts, at = [], 0
    for one in find_identifiers(note):
        parts += [note[at : one.start], f"[{one.kind}]"]
        at = one.end
    return "".join((*parts, note[at:]))


def _found(note: str) -> Iterator[Identifier]:
    for kind, pattern in _FORMS:
        group = "what" if "what" in pattern.groupindex else 0
        for match in pattern.finditer(note):
            yield Identifier(kind=kind, start=match.start(group), end=match.end(group))
    parts: set[str] = set()
    for pattern in _NAMES:
        for match in pattern.finditer(note):
            span = _name_in(match["what"], match.start("what"))
            if span is not None:
                yield Identifier(kind="NAME", start=span[0], end=span[1])
                words = re.findall(r"[^\W\d_][\w'’-]{2,}", note[span[0] : span[1]])
                parts.update(word for word in words if word[0].isupper())
    if parts:
        longest = sorted(map(re.escape, parts), key=len, reverse=True)
        again = re.compile(rf"\b(?:{'|'.join(longest)})\b")
        for match in again.finditer(note):
            # An eponym keeps its name: "Marfan syndrome", "Down's".
            if not _EPONYM.match(note, match.end()):
                yield Identifier(kind="NAME", start=match.start(), end=match.end())


def _name_in(words: str, offset: int) -> tuple[int, int] | None:
    """The name without words at its ends that are none."""
    spans = [m.span() for m in re.finditer(r"\S+", words)]
    cut = next(
        (i for i, (a, b) in enumerate(spans) if words[a:b].rstrip(".,") in _NO_NAME), len(spans)
    )
    if not cut:
        return None
    start, end = spans[0][0], spans[cut - 1][1]
    text = words[start:end]
    if text.endswith(".") and len(text) > 2:
        end -= 1
    return offset + start, offset + end
