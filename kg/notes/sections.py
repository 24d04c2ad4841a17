"""Sections of a clinical note, told by their headings.

Decides which lines are headings and what kind of section each begins. A note without headings is
one section. Sentences are decided in `kg.literature.sentences`.
"""

import re
from dataclasses import dataclass
from typing import Literal

__all__ = ["NoteSection", "SectionKind", "note_sections", "section_starts"]

SectionKind = Literal[
    "complaint", "history", "family", "social", "examination", "investigation", "assessment",
    "plan", "medicines", "allergies", "other",
]  # fmt: skip

# At the beginning of a line: up to six words and a colon, or a line of capitals alone.
_HEADING = re.compile(
    r"^[ \t]{0,20}(?:\#{1,4}[ \t]*)?(?:"
    r"(?P<colon>[A-Za-z][A-Za-z/&()' \t-]{1,50}?)[ \t]*:(?=\s|$)"
    r"|(?P<caps>[A-Z][A-Z/&' \t-]{3,50})[ \t]*$)",
    re.MULTILINE,
)
# The same in running text, for names that are headings wherever a sentence begins with them.
_INLINE = re.compile(
    r"(?<=[.;!?\n])[ \t]{1,4}(?P<name>(?i:family history|past medical history|social history|"
    r"physical examination|on examination|medications|allergies|impression|findings|indication|"
    r"assessment|plan))[ \t]*:(?=\s)"
)

_WORDS: tuple[tuple[SectionKind, str], ...] = (
    ("family", r"\bfamil(?:y|ial)\b|\bfhx?\b|\bpedigree\b|\bfamily anamnesis\b"),
    ("social", r"\bsocial\b|\boccupation|\bhabits\b|\bshx\b"),
    ("allergies", r"\ballerg(?:y|ies)\b|\badverse reactions\b|\bintolerances?\b"),
    (
        "medicines",
        r"\bmedic(?:ation|ine)s?\b|\bdrugs?\b|\bprescriptions?\b|\bcurrent therapy\b",
    ),
    ("plan", r"\bplan\b|\brecommend|\bfollow[- ]?up\b|\binstructions?\b|\bdisposition\b"),
    (
        "assessment",
        r"\bassessment\b|\bimpression\b|\bconclusions?\b|\bsummary\b|\bdiagnos[ei]s\b",
    ),
    (
        "complaint",
        r"\bcomplaints?\b|\breason for\b|\bindication\b|\bpresent(?:ing|ation)\b|\bcc\b",
    ),
    (
        "history",
        r"\bhistory\b|\bhpi\b|\bpmhx?\b|\banamnesis\b|\bcourse\b|\bpregnancy\b|\bbirth\b",
    ),
    ("examination", r"\bexam(?:ination)?s?\b|\bphysical\b|\bstatus\b|\bvitals?\b|\bpe\b"),
    (
        "investigation",
        r"\bimaging\b|\bradiolog|\bx-?ray\b|\bct\b|\bmri\b|\blab(?:orator(?:y|ies)|s)?\b|"
        r"\bresults?\b|\bfindings?\b|\binvestigations?\b|\bechocardiogra|\becg\b|\beeg\b|"
        r"\bultraso(?:und|nography)\b|\bpatholog|\bbiopsy\b|\bcomparison\b|\btechnique\b",
    ),
)
_KINDS = tuple((kind, re.compile(words, re.IGNORECASE)) for kind, words in _WORDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteSection:
    """A stretch of a note under one heading.

    Attributes:
        kind: What it is about; `other` for an unknown heading or none.
        heading: As written, empty without one.
        start: First character behind the heading.
        end: Behind the last character.
    """

    kind: SectionKind
    heading: str
    start: int
    end: int


def note_sections(note: str) -> tuple[NoteSection, ...]:
    r"""Sections from left to right; together they hold everything but the headings.

    A line whose words before the colon are no known heading (`Temperature: 39`) begins none.

    >>> [(s.kind, s.heading) for s in note_sections("Fever.\nFAMILY HISTORY: mother has asthma.")]
    [('other', ''), ('family', 'FAMILY HISTORY')]
    """
    found: list[NoteSection] = []
    kind: SectionKind = "other"
    heading, begun = "", 0
    for start, end, name, next_kind in _headings(note):
        if start > begun or heading:
            found.append(NoteSection(kind=kind, heading=heading, start=begun, end=start))
        kind, heading, begun = next_kind, name, end
    found.append(NoteSection(kind=kind, heading=heading, start=begun, end=len(note)))
    return tuple(found)


def section_starts(note: str) -> list[int]:
    """Places where headings begin, rising; a long note is best cut there."""
    return [start for start, _, _, _ in _headings(note)]


def _headings(note: str) -> list[tuple[int, int, str, SectionKind]]:
    marks: dict[int, tuple[int, int, str, SectionKind]] = {}
    for match in _HEADING.finditer(note):
        group = "colon" if match["colon"] else "caps"
        kind = _kind_of(match[group])
        if kind is not None:
            start = match.start(group)
            marks[start] = (start, match.end(), match[group].strip(), kind)
    for match in _INLINE.finditer(note):
        start = match.start("name")
        kind = _kind_of(match["name"])
        if kind is not None:
            marks.setdefault(start, (start, match.end(), match["name"], kind))
    return [marks[start] for start in sorted(marks)]


def _kind_of(heading: str) -> SectionKind | None:
    if len(heading.split()) > 6:
        return None
    return next((kind for kind, pattern in _KINDS if pattern.search(heading)), None)
