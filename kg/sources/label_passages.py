"""What a label's list of contraindications says of pregnancy, age and kidney function.

Decides which words count and which do not: `ectopic pregnancy`, `jaundice of pregnancy`, a pregnant
mouse or a nursing infant forbid nothing to the patient. A passage that narrows itself ("for the
prophylaxis of migraine", "at term", "except") is kept with the narrowing words. Reading is by
pattern, and one that no pattern fits is left out: it is never read as a permission.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass

from kg.groups import BREASTFEEDING, CHILDREN, LOW_FILTRATION, OLDER_PEOPLE, PREGNANCY, Threshold

__all__ = ["Finding", "findings", "only_together"]

_SENTENCE = re.compile(r"(?<=[.;•●])\s+(?=[^\d\s])|\s•\s|\s●\s")
_NARROWING = re.compile(
    r"\b(except|unless|prophylaxis of|for the treatment of|for treating|for use in"
    r"|diagnostic test|in combination with|when (?:used|taken)|first trimester|early pregnancy"
    r"|at term|labor|delivery"
    r"|near term|who are (?:taking|suspected)|with concomitant|suspected of having|for viral"
    r"|if they require|with complete|when the infant|infection|post-?operative"
    r"|following tonsillectomy|proven|hyperbilirubin\w*)\b",
    re.I,
)
_TOGETHER = re.compile(
    r"(?:\bco-?administ\w+|\bconcomitant (?:use|administration)|\bin combination with)[^:;•]*?"
    r"(?<!and )\b(?:in|of) (?:adult )?patients with (?P<whom>[^:;•]*)$",
    re.I,
)
_LONGEST_BOUND = 260  # a longer sentence is a list that lost its breaks
_PREGNANT = re.compile(r"\bpregnan(?:t|cy)\b", re.I)
_NOT_PREGNANT = re.compile(
    r"(?:ectopic|terminat\w+ of|earlier in|disorder of|jaundice of"
    r"|cholestasis of|toxemia of|pyelonephritis of|test for|unrelated to"
    r"|indication for [^.]{0,80} in|during early|normal|during normal|reason to use \w+ during"
    r"|usage in|PRECAUTIONS?,?|administered to (?:a |the )?|female partners (?:are|who are)"
    r"|when|if .{0,40}becomes?|studies in|children born|the) pregnan(?:t|cy)\b"
    r"|pregnant (?:mouse|mare|rat|rabbit|animal)|pregnancy is diagnosed|contemplating pregnancy",
    re.I,
)
_ANIMALS = re.compile(r"\b(?:rats?|mice|mouse|rabbits?|animals?)\b", re.I)
_NURSING = re.compile(
    r"\bnursing (?:mothers?|women)\b|\bbreast-?\s?feeding(?: mothers| women)?\b|\blactation\b"
    r"|\blactating\b|(?<=• )nursing\b|\bor nursing\b",
    re.I,
)
_NOT_NURSING = re.compile(r"usage in nursing|milk|should not (?:breast|nurse)|(?:excreted|pass) ")
_NUMBERS = dict(
    zip(("one", "two", "three", "six", "twelve", "eighteen"), (1, 2, 3, 6, 12, 18), strict=True)
)
_NUMBER = rf"(\d+|{'|'.join(_NUMBERS)})"
_YOUNG = re.compile(
    r"(?P<who>child(?:ren)?|p(?:a)?ediatric|infants?|neonates?|newborns?|patients|adolescents?)"
    r"\b[^.;•]{0,60}?(?:younger than|less than|under|below|<|≤|up to)\s*(?:the age of\s*)?"
    rf"{_NUMBER}\s*(?P<unit>years?|months?|weeks?|days?)(?: of age| old|\b)",
    re.I,
)
_OLD = re.compile(
    rf"(?:aged?|age of)\s*(?:>|≥|over|above)?\s*{_NUMBER}\s*(?:years?)?\s*(?:of age)?\s*(?:or|and)"
    r" older",
    re.I,
)
_NEWBORN = re.compile(
    r"(?:contraindicated|not be used|do not use|not recommended)[^.;]{0,60}?"
    r"\b(?:neonates?|newborns?|premature infants|preterm infants)\b|\bneonates \(≤",
    re.I,
)
_CLEARANCE = re.compile(
    r"(?:creatinine clearance|\bCL ?CR|\bCrCl\b\]?|\bCCr|e?GFR|glomerular filtration rate)"
    r"[^.;•\d<≤]{0,30}?(?P<relation>less than or equal to|less than|below|under|<|≤)\s*"
    r"(?P<value>\d{1,2})\s*mL",
    re.I,
)
_YEARS = {"year": 1.0, "month": 1 / 12, "week": 7 / 365.25, "day": 1 / 365.25}
_MOST_WORDS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One group that a passage forbids a drug to.

    Attributes:
        group: Identifier in `kg.groups`.
        threshold: The bound, empty when the whole group is meant.
        applies_when: Words of the passage that narrow it, empty when nothing does.
        start: Where in the passage it is said.
    """

    group: str
    threshold: str = ""
    applies_when: str = ""
    start: int = 0


def findings(passage: str) -> Iterator[Finding]:
    """Groups that a list of contraindications names, in the order of the passage.

    >>> [f.group for f in findings("Known or suspected pregnancy. Ectopic pregnancy.")]
    ['MESH:D011247']
    >>> [f.threshold for f in findings("Children younger than 12 years of age")]
    ['age_years<12']
    """
    text = " ".join(html.unescape(passage).split())
    begin = 0
    for sentence in _SENTENCE.split(text):
        at = max(text.find(sentence, begin), 0)
        begin = at + len(sentence)
        yield from _of_sentence(sentence, at)


def only_together(passage: str, words: str) -> str:
    """Sentence that forbids a drug in a disease only together with another drug; empty if none.

    Every sentence that names the disease must be of that kind.

    >>> only_together("Do not co-administer aliskiren in patients with diabetes.", "diabetes")
    'Do not co-administer aliskiren in patients with diabetes.'
    >>> only_together("Diabetes. Concomitant use of aliskiren.", "diabetes")
    ''
    """
    named = words.casefold()
    about = [s for s in _SENTENCE.split(" ".join(passage.split())) if named in s.casefold()]
    for sentence in about:
        found = _TOGETHER.search(sentence)
        if found is None or len(sentence) > _LONGEST_BOUND or named not in found["whom"].casefold():
            return ""
    return about[0][:_MOST_WORDS].strip() if about else ""


def _of_sentence(sentence: str, at: int) -> Iterator[Finding]:
    narrowed = _NARROWING.search(sentence)
    when = sentence[:_MOST_WORDS].strip() if narrowed else ""
    if _ANIMALS.search(sentence):
        return
    refused = [m.span() for m in _NOT_PREGNANT.finditer(sentence)]
    for match in _PREGNANT.finditer(sentence):
        if not any(a <= match.start() < b for a, b in refused):
            yield Finding(group=PREGNANCY, applies_when=when, start=at + match.start())
            break
    nursing = _NURSING.search(sentence)
    if nursing and not _NOT_NURSING.search(sentence):
        yield Finding(group=BREASTFEEDING, applies_when=when, start=at + nursing.start())
    for match in _YOUNG.finditer(sentence):
        age = _age(match[2], match["unit"])
        # Weeks of gestation and days since another drug are no ages.
        if match["who"].casefold() == "patients" and "of age" not in match[0]:
            continue
        yield Finding(
            group=CHILDREN,
            threshold=str(Threshold(quantity="age_years", relation="<", value=age)),
            applies_when=when,
            start=at + match.start(),
        )
    newborn = _NEWBORN.search(sentence)
    if newborn:
        bound = Threshold(quantity="age_years", relation="<=", value=round(28 / 365.25, 4))
        yield Finding(
            group=CHILDREN,
            threshold=str(bound),
            applies_when=when,
            start=at + newborn.start(),
        )
    for match in _OLD.finditer(sentence):
        bound = Threshold(quantity="age_years", relation=">=", value=_age(match[1], "year"))
        with_kidney = sentence[:_MOST_WORDS].strip() if _CLEARANCE.search(sentence) else when
        yield Finding(
            group=OLDER_PEOPLE,
            threshold=str(bound),
            applies_when=with_kidney,
            start=at + match.start(),
        )
    for match in _CLEARANCE.finditer(sentence):
        closed = match["relation"].casefold() in ("≤", "less than or equal to")
        bound = Threshold(
            quantity="egfr", relation="<=" if closed else "<", value=float(match["value"])
        )
        old = bool(_OLD.search(sentence))
        yield Finding(
            group=LOW_FILTRATION,
            threshold=str(bound),
            applies_when=sentence[:_MOST_WORDS].strip() if old else when,
            start=at + match.start(),
        )


def _age(number: str, unit: str) -> float:
    value = _NUMBERS.get(number.casefold()) or int(number)
    return round(value * _YEARS[unit.casefold().rstrip("s")], 4)
