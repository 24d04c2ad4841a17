"""Words that tell a relation, deny it, or say it with caution.

Decides which words between and around two names speak for which relation, and the scope of
negation. It is a short list that can be read in a minute; a trained classifier sees more. The scope
follows NegEx (10.1006/jbin.2001.1029): a cue reaches to the end of its clause.
"""

import re
from dataclasses import dataclass

from kg.vocabulary import Predicate

from .document import EntityType

__all__ = ["Cue", "cues_of", "direction_of", "is_hedged", "is_negated"]

_NEGATION = re.compile(
    r"\b(?:no|not|nor|neither|without|never|none|cannot|lack(?:s|ed|ing)?|absence of|"
    r"fail(?:s|ed|ure)? to|ineffective|no evidence|rather than|instead of|exclud\w+|"
    r"free of|negative for|unrelated to|un(?:likely|able) to|did(?:n't| not)|does(?:n't| not)|"
    r"(?:was|were|is|are)(?:n't| not))\b",
    re.IGNORECASE,
)
_NOT_NEGATING = re.compile(
    r"\b(?:not only|not necessarily|no(?:t)? (?:longer|doubt)|without (?:doubt|exception)|"
    r"not (?:un\w+|known|clear))\b",
    re.IGNORECASE,
)
_CLAUSE_END = re.compile(
    r"[;:]|\b(?:but|however|although|though|whereas|while|except|because|despite|which|yet)\b",
    re.IGNORECASE,
)
_HEDGE = re.compile(
    r"\b(?:may|might|could|can be|would|suggest\w*|possibl[ey]|probabl[ey]|potential(?:ly)?|likely|"
    r"appears?|appeared|seems?|seemed|hypothes\w+|presum\w+|speculat\w+|putative(?:ly)?|perhaps|"
    r"propos\w+|suspect\w+|further (?:stud\w+|research)|to (?:determine|investigate|evaluate|"
    r"assess|examine|test|study) (?:whether|if|the)|whether|unclear|unknown|conceivabl[ey])\b",
    re.IGNORECASE,
)
_INCREASE = re.compile(
    r"\b(?:increas\w+|elevat\w+|induc\w+|enhanc\w+|activat\w+|stimulat\w+|exacerbat\w+|worsen\w*|"
    r"aggravat\w+|potentiat\w+|upregulat\w+|up-regulat\w+|caus\w+|provok\w+|precipitat\w+|rais\w+)\b",
    re.IGNORECASE,
)
_DECREASE = re.compile(
    r"\b(?:decreas\w+|reduc\w+|inhibit\w+|attenuat\w+|suppress\w+|block\w+|prevent\w+|protect\w+|"
    r"ameliorat\w+|alleviat\w+|improv\w+|downregulat\w+|down-regulat\w+|lower\w*|diminish\w*|"
    r"antagoni[sz]\w+|revers\w+|abolish\w*|resolv\w+|treat\w*)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cue:
    """A pattern that speaks for a relation from a first to a second kind of thing.

    Attributes:
        predicate: The relation.
        subject: Type of the head.
        object: Types of the tail.
        between: Pattern that stands between the two names, whichever comes first.
        around: Weaker pattern, anywhere in the sentence; None when there is none.
        strong: How often `between` is right, in [0, 1], on training abstracts.
        weak: The same of `around`.
    """

    predicate: Predicate
    subject: EntityType
    object: frozenset[EntityType]
    between: re.Pattern[str]
    around: re.Pattern[str] | None = None
    strong: float = 0.6
    weak: float = 0.35


_ILLNESS = frozenset({EntityType.DISEASE, EntityType.PHENOTYPE})


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?:{pattern})", re.IGNORECASE)


_CUES = (
    Cue(
        predicate=Predicate.CONTRAINDICATED_IN,
        subject=EntityType.CHEMICAL,
        object=_ILLNESS,
        between=_words(
            r"contra-?indicat|should (?:not be (?:used|given|prescribed)|be avoided)|"
            r"must not be|avoid(?:ed|ance)? (?:of|in)"
        ),
        strong=0.7,
    ),
    Cue(
        predicate=Predicate.HAS_ADVERSE_EVENT,
        subject=EntityType.CHEMICAL,
        object=_ILLNESS,
        between=_words(
            r"^\s*[- ]?(?:induced|associated|related|provoked)\b|\bcaus(?:e[sd]?|ing)\b|"
            r"\binduc(?:e[sd]?|ing|tion)\b|\bdue to\b|\bsecondary to\b|\bassociated with\b|"
            r"\bfollowing\b|\bafter\b|side[- ]effects?|adverse (?:effects?|events?|reactions?)|"
            r"complicat|\bdevelop(?:ed|ing|ment)?\b|precipitat|provok|produc(?:e[sd]?|ing)\b|"
            r"\bresult(?:s|ed|ing)? in\b|\bled to\b|\bleading to\b|attributed to|toxicity"
        ),
        around=_words(r"-induced\b|side[- ]effect|adverse|toxic|complication"),
        strong=0.62,
        weak=0.38,
    ),
    Cue(
        predicate=Predicate.TREATS,
        subject=EntityType.CHEMICAL,
        object=_ILLNESS,
        between=_words(
            r"\btreat(?:s|ed|ing|ment|ments)?\b|\btherap(?:y|ies|eutic)\b|\befficacy\b|"
            r"\beffective(?:ness|ly)?\b|\bimprov(?:e[sd]?|ing|ement)\b|\bameliorat|\balleviat|"
            r"\bindicated (?:for|in)\b|\bmanage(?:d|ment)\b|\bremission\b|\bcontrol(?:s|led) of\b|"
            r"\bresponse to\b|\brelie(?:f|ve)|\bcure[sd]?\b|\bbenefi(?:t|cial)"
        ),
        around=_words(r"\btreat(?:ed|ment)\b|\befficacy\b|\btherap(?:y|eutic)\b"),
        strong=0.6,
        weak=0.3,
    ),
    Cue(
        predicate=Predicate.PREVENTS,
        subject=EntityType.CHEMICAL,
        object=_ILLNESS,
        between=_words(r"\bprevent(?:s|ed|ing|ion|ive)?\b|\bprophyla|\bprotect(?:s|ed|ive|ion)"),
        strong=0.55,
    ),
    Cue(
        predicate=Predicate.GENE_ASSOCIATED_WITH,
        subject=EntityType.GENE,
        object=frozenset({EntityType.DISEASE}),
        between=_words(
            r"mutat|variant|polymorphism|associat|caus(?:e[sd]?|ing)\b|responsible for|linked|"
            r"susceptib|deficien|deletion|overexpress|underl(?:ie|y)|pathogenesis|risk"
        ),
        around=_words(r"mutat|polymorphism|susceptib|gene\b"),
        strong=0.6,
        weak=0.35,
    ),
    Cue(
        predicate=Predicate.HAS_PHENOTYPE,
        subject=EntityType.DISEASE,
        object=_ILLNESS,  # as a finding, which `kg.literature.rules` looks up
        between=_words(
            r"character[iy][sz]ed by|present(?:s|ed|ing)? with|features?|symptoms?|"
            r"manifest|with (?:severe|mild|progressive)|signs? of|including"
        ),
        strong=0.5,
    ),
    Cue(
        predicate=Predicate.INTERACTS_WITH,
        subject=EntityType.CHEMICAL,
        object=frozenset({EntityType.CHEMICAL}),
        between=_words(
            r"interact|co-?administ|concomitant|potentiat|antagoni[sz]|"
            r"(?:increas|decreas|reduc|elevat)\w* (?:the )?(?:plasma|serum)? ?"
            r"(?:level|concentration|clearance|absorption)s?|inhibits? (?:the )?metabolism"
        ),
        strong=0.45,
    ),
    Cue(
        predicate=Predicate.AFFECTS,
        subject=EntityType.CHEMICAL,
        object=frozenset({EntityType.GENE}),
        between=_words(
            r"inhibit|activat|antagoni|agonist|block|bind|target|upregulat|downregulat|"
            r"express|(?:in|de)creas|reduc|induc|suppress|modulat"
        ),
        strong=0.5,
    ),
)


def cues_of(subject: EntityType, object_: EntityType) -> tuple[Cue, ...]:
    """Cues for a pair of types, the stronger relations first."""
    return tuple(cue for cue in _CUES if cue.subject is subject and object_ in cue.object)


def is_negated(sentence: str, start: int, end: int) -> bool:
    """True when a negation before or between two names reaches them.

    Args:
        sentence: The sentence.
        start: Where the first name begins.
        end: Where the second one ends.

    >>> is_negated("Drug A did not cause rash.", 0, 25), is_negated("Not only A caused it.", 9, 20)
    (True, False)
    """
    text = _NOT_NEGATING.sub(lambda m: "#" * len(m[0]), sentence[:end])
    for cue in _NEGATION.finditer(text):
        reach = text[cue.end() : max(start, cue.end())]
        if not _CLAUSE_END.search(reach):
            return True
    return False


def is_hedged(sentence: str) -> bool:
    """True when a sentence speaks with caution, or only asks.

    >>> is_hedged("This may cause rash."), is_hedged("This caused rash.")
    (True, False)
    """
    return _HEDGE.search(sentence) is not None


def direction_of(between: str) -> str | None:
    """`increases` or `decreases`, by the words between two names; None when both or neither."""
    up, down = _INCREASE.search(between) is not None, _DECREASE.search(between) is not None
    return None if up == down else "increases" if up else "decreases"
