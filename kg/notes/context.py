r"""Who has a finding, and whether: stated, denied, suspected, or of a relative.

Decides the scope of the words that say so, after ConText (10.1016/j.jbi.2009.05.002): a cue before
a finding reaches to the end of its clause, a cue behind it back to the beginning. A list goes on
through commas, `or` and `and`; a finite verb or a contrast ends it. The cues are a short list that
can be read in a minute.
"""

import re
from typing import Literal

__all__ = ["Stance", "stance_of"]

Stance = Literal["present", "excluded", "possible", "family"]
"""`possible`: suspected, feared or planned for; no observation."""

_I = re.IGNORECASE
_BEFORE, _AFTER = 400, 120  # characters that are looked at around a finding
# Words that look like a negation and deny nothing of what follows.
_PSEUDO = re.compile(
    r"\b(?:not only|not necessarily|no(?:t)? (?:significant |interval |major )?change|"
    r"without change|"
    r"no (?:doubt|increase|improvement|response|relief|further|new|known cause)|"
    r"not (?:un\w+|known|clear|improv\w+|respon\w+|resolv\w+|relieved|controlled)|"
    r"gram[- ]negative|without (?:doubt|improvement|relief|response|treatment))\b",
    _I,
)
_DENY_BEFORE = re.compile(
    r"\b(?:no(?: (?:signs?|evidence|history|symptoms?|findings?|features?|"
    r"indications?) (?:of|for))?|"
    r"nor|neither|never(?: had| has)?|none of|without|den(?:y|ies|ied|ying)|lack(?:s|ed|"
    r"ing)?(?: of)?|"
    r"absen(?:t|ce of)|negative for|free of|(?:did|does|do|has|had|have|was|were|is|are|could|can)"
    r"(?:n't|n’t| not)(?: been| be)?(?: (?:have|had|show\w*|reveal\w*|demonstrat\w*|develop\w*|"
    r"exhibit\w*|present with|complain of|report\w*|experienc\w*|display\w*|find|found|detect\w*|"
    r"identif\w*|noted?|seen?))?|not|rul(?:ed|es) out|exclud(?:ed|es|ing)|resolution of)\b",
    _I,
)
_DENY_AFTER = re.compile(
    r"^[\s,]*(?:\([^()]{0,40}\))?[\s,]*(?:or [\w\s-]{1,40}?)?(?:"
    r"(?:is|are|was|were|has been|have been|had been|could be)(?:n't|n’t| not)\b|"
    r"(?:is|are|was|were|has been|have been|had been)?\s*(?:absent|excluded|ruled out|denied|"
    r"negative(?! pressure)|lacking)\b|not (?:seen|present|identified|noted|found|"
    r"observed|detected)\b"
    r"|:\s*(?:no|none|nil|negative|absent|denied|-)(?=[\s.,;)]|$)|\((?:-|−|no|absent|negative)\))",
    _I,
)
# An item of a list: "seizures, absent speech, a short neck" denies the speech alone.
_ITEM_CUE = re.compile(r"(?:no|absent|without|lack of|lacking|not)$", _I)
_LIST_BEFORE = re.compile(r"(?:,|\band|,\s*and|:)\s+(?:an?|the)?\s*$", _I)
_LIST_BREAK = re.compile(r",|\band\b", _I)
# Words between a denial and the finding that leave its meaning; another one narrows it, and to
# deny "autoimmune hyperthyroidism" is not to deny hyperthyroidism.
_LIGHT = re.compile(
    r"(?:^|\W)(?:an?|the|any|obvious|overt|apparent|definite|significant|clear|gross|evident|other|"
    r"further|acute|new|focal|large|known|clinical|clinically|palpable|visible|associated|his|her|"
    r"its|their|of|or|and|nor|for|no|to|with|both|either|such as|including|in|"
    r"(?:signs?|evidence|history|symptoms?|findings?|features?|indications?) (?:of|for))\s*$",
    _I,
)
_NARROWED_AFTER = re.compile(r"^\s+(?:of (?:stage|type|grade|the)|from birth)\b", _I)
_MAYBE_BEFORE = re.compile(
    r"\b(?:possibl[ey]|probabl[ey]|potential(?:ly)?|likely|suspect\w*|suspicio\w+ (?:of|for)|"
    r"suspicion (?:of|for)|concern(?:s|ed|ing)?(?: for| about)?|worr(?:y|ied|"
    r"isome)(?: for| about)?|"
    r"question(?:ed|able)?(?: of)?|query|may|might|could|(?:to )?rule out|r/o|"
    r"(?:can(?:not|n't| not)|difficult to|unable to) (?:be )?(?:exclude|rule out)\w*|"
    r"not (?:be )?excluded|evaluat(?:e|ion|ed) for|assess(?:ment|ed)? for|screen(?:ing|ed)? for|"
    r"test(?:ed|ing)? for|check(?:ed)? for|differential(?: diagnos[ei]s)?|versus|vs\.?|"
    r"risk (?:of|for)|predispos\w+ to|prophyla\w+(?: against| for| of)?|prevent\w*|avoid\w*|"
    r"monitor(?:ed|ing)? for|watch(?:ed|ing)? for|if|unless|in case of|should)\b|\?\s*$",
    _I,
)
_MAYBE_AFTER = re.compile(
    r"^[\s,]*(?:\?|(?:is|are|was|were|remains?)\s+(?:suspected|possible|probable|likely|"
    r"in question|"
    r"considered)|(?:can(?:not|n't| not)) be (?:excluded|ruled out)|(?:may|might|could) )",
    _I,
)
_FAMILY = re.compile(
    r"\b(?:famil(?:y|ial) (?:history|members?)|(?:maternal|paternal)(?: \w+)?|"
    r"(?:grand|half[- ]|step[- ]|god)?(?:mother|father|sister|brother|sibling|parent)s?|"
    r"(?:great[- ])?(?:aunt|uncle|cousin|nephew|niece|relative)s?|(?:fore|kins?)(?:folk|men)|"
    r"other affected (?:members?|individuals?))\b(?!['’]s (?:report|account|observation))",
    _I,
)
# "born to healthy parents", "reported by the mother", "unlike her sister": the patient is told of.
_OF_PATIENT = re.compile(
    r"\b(?:born (?:to|of)|(?:child|son|daughter|boy|girl|offspring|infant|baby) (?:of|to|born)|"
    r"(?:reported|noted|noticed|observed|told|brought|described) by|according to|unlike|"
    r"from|consanguineous|unrelated|non-?consanguineous|healthy)"
    r"\s+(?:[\w-]+\s+){0,4}$",
    _I,
)
_BACK_TO_PATIENT = re.compile(
    r"\b(?:the|our|this) (?:patient|proband|child|boy|girl|infant|index case|newborn|man|woman)\b|"
    r"\b(?:patient|proband) (?:has|had|is|was|shows|presented)\b|\b(?:noticed|noted|"
    r"reported|observed|"
    r"complained|saw|brought)\b",
    _I,
)
_CLAUSE = re.compile(
    r"[;:]|\band (?:the|there|he|she|it|they|this)\b|\b(?:but|however|although|though|"
    r"whereas|while|except|because|despite|yet|apart from|"
    r"aside from|other than|with the exception of|which|who|secondary to|due to|followed by)\b",
    _I,
)
_VERB = re.compile(
    r"\b(?:is|are|was|were|has|had|have|shows?|showed|reveal(?:s|ed)?|present(?:s|ed)|"
    r"develop(?:s|ed)|"
    r"demonstrat(?:es|ed)|not(?:es|ed)|report(?:s|ed)|complain(?:s|ed)|remain(?:s|ed)|there)\b",
    _I,
)


def stance_of(sentence: str, start: int, end: int, *, in_family_section: bool = False) -> Stance:
    """What a sentence says of the finding at a place.

    Args:
        sentence: The sentence.
        start: First character of the finding.
        end: Behind its last one.
        in_family_section: The sentence stands under a heading such as `Family history`.

    >>> text = "No fever or rash, but cough; her mother had asthma."
    >>> [stance_of(text, at, at + 4) for at in map(text.index, ("rash", "coug", "asth"))]
    ['excluded', 'present', 'family']
    """
    # Bounded, so that a note without a full stop is not read anew for each of its findings.
    before = _blanked(sentence[max(0, start - _BEFORE) : start])
    after = sentence[end : end + _AFTER]
    if _is_family(before, in_family_section):
        return "family"
    denied = _denies(before, after)
    if denied and _reaches(_MAYBE_BEFORE, before, ends_with_verb=False, only=_CANNOT_EXCLUDE):
        return "possible"
    if denied and _is_narrowed(before, after):
        return "possible"
    if denied or _DENY_AFTER.search(after):
        return "possible" if _MAYBE_AFTER.search(after) else "excluded"
    if _reaches(_MAYBE_BEFORE, before, ends_with_verb=True) or _MAYBE_AFTER.search(after):
        return "possible"
    return "present"


_CANNOT_EXCLUDE = re.compile(r"exclude|rule", _I)


def _blanked(text: str) -> str:
    return _PSEUDO.sub(lambda match: "#" * len(match[0]), text)


def _reaches(
    cue: re.Pattern[str],
    before: str,
    *,
    ends_with_verb: bool,
    only: re.Pattern[str] | None = None,
) -> bool:
    for match in cue.finditer(before):
        if only is not None and not only.search(match[0]):
            continue
        between = before[match.end() :]
        if _CLAUSE.search(between) or (ends_with_verb and _VERB.search(between)):
            continue
        return True
    return False


def _denies(before: str, after: str) -> bool:
    """True when a denial before the finding reaches it."""
    for cue in _DENY_BEFORE.finditer(before):
        between = before[cue.end() :]
        if _CLAUSE.search(between) or _VERB.search(between):
            continue
        item = _ITEM_CUE.search(cue[0]) and (
            cue[0].lower() == "absent" or _LIST_BEFORE.search(before[: cue.start()])
        )
        rest = between + " " + re.split(r"[.;:]", after, maxsplit=1)[0]
        if item and _LIST_BREAK.search(between) and not re.search(r"\bor\b", rest, _I):
            continue
        return True
    return False


def _is_narrowed(before: str, after: str) -> bool:
    """True when a word beside the finding makes what is denied a special form of it."""
    if _NARROWED_AFTER.search(after):
        return True
    if re.search(r"[,(/;-]\s*$", before):
        return False
    cue = [match.end() for match in _DENY_BEFORE.finditer(before)]
    if cue and not before[cue[-1] :].strip():
        return False
    return _LIGHT.search(before) is None


def _is_family(before: str, in_family_section: bool) -> bool:
    if in_family_section:
        return _BACK_TO_PATIENT.search(before) is None
    for match in _FAMILY.finditer(before):
        between = before[match.end() :]
        if _OF_PATIENT.search(before[: match.start()]) or _BACK_TO_PATIENT.search(between):
            continue
        if re.search(r"[;]|\b(?:but|however|whereas|while)\b", between, _I):
            continue
        return True
    return False
