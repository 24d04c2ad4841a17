"""Clinical notes: sections, findings stated, denied or told of relatives, and identifiers.

Decides what a note says in terms of HPO, with the place of each word that says it, and which words
tell who a person is. How a note
becomes vectors is decided in `encoders`; what an answer does with the findings, in `reasoning`.
"""

from .context import Stance, stance_of
from .deidentify import Identifier, deidentify, find_identifiers
from .findings import NoteFinding, NoteReader, with_note_findings
from .sections import NoteSection, note_sections, section_starts

__all__ = [
    "Identifier",
    "NoteFinding",
    "NoteReader",
    "NoteSection",
    "Stance",
    "deidentify",
    "find_identifiers",
    "note_sections",
    "section_starts",
    "stance_of",
    "with_note_findings",
]
