"""Annotations put where they belong.

Decides what happens to an annotation that does not stand where its file says: it is moved when the
same characters stand close by, else it is left out, and both are told. Programs count bytes, count
from one, or fold spaces.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kg.literature.document import AnnotatedDocument, Document, Mention, Relation

from .problem import DocumentError
from .words import entity_type, identifiers

__all__ = ["RawMark", "RawRelation", "annotated"]

_REACH = 200  # characters around the stated place that are searched
_MAX_TOLD = 5  # annotations named per document; the others are counted


@dataclass(frozen=True, slots=True, kw_only=True)
class RawMark:
    """An annotation as its file has it; `end` is -1 when the file gives none."""

    start: int
    end: int
    text: str
    kind: str
    ids: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RawRelation:
    """A relation as its file has it, between raw identifiers."""

    kind: str
    subject: str
    object: str
    novel: bool | None = None


def annotated(
    document: Document, marks: Iterable[RawMark], relations: Iterable[RawRelation], where: str
) -> Iterator[AnnotatedDocument | DocumentError]:
    """The document with its annotations, behind a warning for each that is not as it should be."""
    mentions: list[Mention] = []
    curies: dict[str, str] = {}
    odd: list[tuple[str, str]] = []
    for mark in marks:
        kind = entity_type(mark.kind)
        if kind is None:
            odd.append((f"annotation of unknown type {mark.kind[:40]!r}", "left out"))
            continue
        place = _place(document.text, mark)
        if place is None:
            odd.append((f"{mark.text[:40]!r} is not at {mark.start}", "left out"))
            continue
        start, end = place
        if start != mark.start:
            odd.append((f"{mark.text[:40]!r} is not at {mark.start}", f"read at {start}"))
        ids = identifiers(mark.ids, kind)
        if ids:
            curies.setdefault(mark.ids.strip(), ids[0])
            for raw, curie in zip(_raw_ids(mark.ids), ids, strict=False):
                curies.setdefault(raw, curie)
        mentions.append(
            Mention(
                start=start,
                end=end,
                text=document.text[start:end],
                type=kind,
                ids=ids,
                section=document.section_at(start),
                kind=mark.kind,
            )
        )
    mentions.sort(key=lambda m: (m.start, -m.end, m.type, m.ids))
    found: dict[Relation, None] = {}
    for relation in relations:
        subject, object_ = curies.get(relation.subject), curies.get(relation.object)
        if subject is None or object_ is None:
            lost = relation.subject if subject is None else relation.object
            odd.append(
                (f"relation {relation.kind[:40]} of {lost[:40]!r}, not annotated", "left out")
            )
            continue
        found[
            Relation(kind=relation.kind, subject=subject, object=object_, novel=relation.novel)
        ] = None
    for problem, treatment in odd[:_MAX_TOLD]:
        yield DocumentError(
            where=where,
            problem=problem,
            mend=f"it was {treatment}; mend the annotation",
            kind="offset",
            severity="warning",
        )
    if len(odd) > _MAX_TOLD:
        yield DocumentError(
            where=where,
            problem=f"{len(odd) - _MAX_TOLD} more annotations of this kind",
            mend="mend the annotations",
            kind="offset",
            severity="warning",
        )
    yield AnnotatedDocument(document=document, mentions=tuple(mentions), relations=tuple(found))


def _raw_ids(text: str) -> list[str]:
    for sign in "|+,;":
        if sign in text:
            return [part.strip() for part in text.split(sign)]
    return [text.strip()]


def _place(text: str, mark: RawMark) -> tuple[int, int] | None:
    """Where the annotation's characters are: as stated, else the nearest place close by."""
    length = len(mark.text)
    if length == 0:
        if 0 <= mark.start < mark.end <= len(text):
            return mark.start, mark.end
        return None
    if mark.start >= 0 and text[mark.start : mark.start + length] == mark.text:
        return mark.start, mark.start + length
    if not 0 <= mark.start <= len(text) + _REACH:
        return None
    low = max(mark.start - _REACH, 0)
    window = text[low : mark.start + _REACH + length]
    best = -1
    at = window.find(mark.text)
    while at >= 0:
        if best < 0 or abs(low + at - mark.start) < abs(best - mark.start):
            best = low + at
        at = window.find(mark.text, at + 1)
    return (best, best + length) if best >= 0 else None
