"""Findings of a note: terms of HPO with the place, and whether the patient has them.

Decides which names are looked for (those of the graph and their systematic variants), what stands
in their way (the name of a disease is no finding), and how findings of a note meet those that are
given: what is given stands, the note adds. What a sentence says of a finding is decided in
`kg.notes.context`.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Self

from kg.case import ClinicalCase, Observation
from kg.literature.dictionary import Dictionary, Match, Name, graph_names
from kg.literature.document import EntityType, Span
from kg.literature.sentences import sentences
from kg.snapshot import GraphSnapshot
from kg.vocabulary import NodeType

from .context import Stance, stance_of
from .sections import NoteSection, note_sections
from .variants import finding_variants

__all__ = ["NoteFinding", "NoteReader", "with_note_findings"]

_TYPES = {NodeType.PHENOTYPE: EntityType.PHENOTYPE, NodeType.DISEASE: EntityType.DISEASE}
_VARIANT_RANK = 5  # behind every name that somebody gave
_UNSTATED = frozenset({"plan", "medicines", "allergies"})  # sections that observe nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteFinding:
    """A term of HPO at a place of a note.

    Attributes:
        term: CURIE.
        start: First character in the note.
        end: Behind the last one.
        stance: Whether the patient has it, or a relative.
        section: Kind of the section that it stands in.
    """

    term: str
    start: int
    end: int
    stance: Stance
    section: str


class NoteReader:
    """Finds the findings of notes.

    Args:
        dictionary: Names of findings, and of diseases that stand in their way.

    Example:
        >>> book = Dictionary([Name(text="Fever", type=EntityType.PHENOTYPE, id="HP:0001945")])
        >>> [(f.term, f.stance) for f in NoteReader(book).read("Fever at night. No fever now.")]
        [('HP:0001945', 'present'), ('HP:0001945', 'excluded')]
    """

    def __init__(self, dictionary: Dictionary) -> None:
        self._dictionary = dictionary

    @classmethod
    def from_graph(cls, graph: GraphSnapshot) -> Self:
        """Reads with the names of a graph."""
        return cls(Dictionary(_names(graph)))

    def read(self, note: str) -> tuple[NoteFinding, ...]:
        """Findings from left to right; a place means one term or none."""
        return tuple(self._read(note))

    def lookup(self, name: str) -> tuple[str, ...]:
        """The term of HPO that a name means; none when unknown or ambiguous."""
        found = self._dictionary.lookup(name, EntityType.PHENOTYPE)
        return tuple(term for term in found if term.startswith("HP:"))

    def _read(self, note: str) -> Iterator[NoteFinding]:
        for section in note_sections(note):
            body = note[section.start : section.end]
            for span in sentences(body):
                yield from self._of_sentence(body, span, section)

    def _of_sentence(self, body: str, span: Span, section: NoteSection) -> Iterator[NoteFinding]:
        sentence = body[span.start : span.end]
        offset = section.start + span.start
        for match in self._dictionary.matches(sentence):
            term = _term_of(match)
            if term is None:
                continue
            stance = stance_of(
                sentence, match.start, match.end, in_family_section=section.kind == "family"
            )
            if section.kind in _UNSTATED and stance == "present":
                stance = "possible"
            yield NoteFinding(
                term=term,
                start=offset + match.start,
                end=offset + match.end,
                stance=stance,
                section=section.kind,
            )


def with_note_findings(
    case: ClinicalCase, findings: Sequence[NoteFinding], labels: Sequence[str | None] = ()
) -> tuple[ClinicalCase, tuple[bool, ...]]:
    """The case with what its note states and denies, and which findings were taken.

    A term that the case gives already, present or excluded, stays as given. Within a note a
    finding that is stated once is present, whatever is denied elsewhere. Suspicions and relatives
    add nothing.

    Args:
        case: The case.
        findings: Of its note.
        labels: Names of the terms, for the observations; none by default.
    """
    given = {o.term for o in case.phenotypes}
    stated = {f.term for f in findings if f.stance == "present"}
    added: dict[str, Observation] = {}
    taken = []
    for at, finding in enumerate(findings):
        use = finding.term not in given and (
            finding.stance == "present"
            or (finding.stance == "excluded" and finding.term not in stated)
        )
        taken.append(use)
        if use and finding.term not in added:
            added[finding.term] = Observation(
                term=finding.term,
                status="present" if finding.term in stated else "excluded",
                label=labels[at] if at < len(labels) else None,
            )
    if not added:
        return case, tuple(taken)
    merged = case.model_copy(update={"phenotypes": (*case.phenotypes, *added.values())})
    return merged, tuple(taken)


def _names(graph: GraphSnapshot) -> Iterator[Name]:
    """Names of findings and diseases, then variants of the findings' names."""
    names: list[Name] = list(graph_names(graph, types=_TYPES))
    yield from names
    yield from _variant_names(name for name in names if name.type is EntityType.PHENOTYPE)


def _variant_names(names: Iterable[Name]) -> Iterator[Name]:
    for name in names:
        for text in finding_variants(name.text):
            yield Name(text=text, type=name.type, id=name.id, rank=_VARIANT_RANK + name.rank)


def _term_of(match: Match) -> str | None:
    """The one HPO term that a place means; None where it means a disease alone, or several."""
    found = match.ids(EntityType.PHENOTYPE)
    return found[0] if found and found[0].startswith("HP:") else None
