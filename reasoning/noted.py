"""What the note of a case says of findings, and which of it the ranking uses.

Decides that findings of a note are shown with their place, that those stated or denied of the
patient join the given ones, and that the given ones stand. How they are found is decided in
`kg.notes`.
"""

from collections.abc import Sequence
from functools import lru_cache

from kg.case import ClinicalCase
from kg.notes import NoteReader, with_note_findings
from kg.snapshot import GraphSnapshot

from .answer import NotedFinding
from .paths import to_entity

__all__ = ["reader_of", "with_noted_findings"]


@lru_cache(maxsize=2)
def reader_of(snapshot: GraphSnapshot) -> NoteReader:
    """The reader of a graph's names, made once; that takes seconds."""
    return NoteReader.from_graph(snapshot)


def with_noted_findings(
    snapshot: GraphSnapshot, cases: Sequence[ClinicalCase]
) -> tuple[list[ClinicalCase], list[tuple[NotedFinding, ...]]]:
    """The cases with the findings of their notes, and these findings as answers show them."""
    merged: list[ClinicalCase] = []
    noted: list[tuple[NotedFinding, ...]] = []
    for case in cases:
        if not case.note or case.note.isspace():
            merged.append(case)
            noted.append(())
            continue
        found = reader_of(snapshot).read(case.note)
        entities = [to_entity(snapshot, snapshot.index(f.term) or 0) for f in found]
        whole, taken = with_note_findings(case, found, [e.label or None for e in entities])
        merged.append(whole)
        noted.append(
            tuple(
                NotedFinding(
                    finding=entity,
                    stance=finding.stance,
                    start=finding.start,
                    end=finding.end,
                    section=finding.section,
                    used=used,
                )
                for finding, entity, used in zip(found, entities, taken, strict=True)
            )
        )
    return merged, noted
