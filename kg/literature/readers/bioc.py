"""BioC, as XML and as JSON: passages with offsets, annotations with identifiers, relations.

Decides how BioC-PMC, PubTator3 exports and converted corpora are read. Both forms become the same
plain passages first. Format: 10.1093/database/bat064.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from kg.literature.document import AnnotatedDocument, Document, Section

from .marks import RawMark, RawRelation, annotated
from .problem import DocumentError, DocumentReadError
from .words import publication_id

__all__ = ["bioc_json_document", "bioc_xml_document"]

_KINDS = {
    "title": "title", "front": "title", "abstract": "abstract", "abstr": "abstract",
    "intro": "introduction", "introduction": "introduction", "methods": "methods",
    "results": "results", "discuss": "discussion", "discussion": "discussion",
    "concl": "conclusion", "case": "case", "table": "table", "fig": "figure",
}  # fmt: skip
_SKIPPED = frozenset({"ref", "references", "comp_int", "auth_cont", "ack_fund"})
_ID_KEYS = ("identifier", "Identifier", "MESH", "mesh", "NCBI GENE", "NCBI Gene", "normalized_id")
_MAX_PASSAGES = 50_000
_MAX_NOVELTY = {"novel": True, "no": False}


@dataclass(slots=True)
class _Passage:
    infons: Mapping[str, str]
    text: str
    offset: int
    marks: list[tuple[str, RawMark]] = field(default_factory=list)


@dataclass(slots=True)
class _Raw:
    """A BioC document of either form."""

    id: str
    infons: Mapping[str, str]
    passages: list[_Passage]
    relations: list[tuple[str, Mapping[str, str], tuple[str, ...]]]


def bioc_xml_document(
    element: etree._Element, where: str
) -> Iterator[AnnotatedDocument | DocumentError]:
    """The document of a BioC `document` element."""
    passages = []
    relations = [_xml_relation(item) for item in element.iter("relation")]
    for item in element.iterfind("passage"):
        own = item.findtext("text")
        text = (
            own
            if own is not None
            else " ".join(s.findtext("text") or "" for s in item.iterfind("sentence"))
        )
        marks = []
        for mark in item.iter("annotation"):
            location = mark.find("location")
            if location is not None:
                start = _integer(location.get("offset"))
                length = _integer(location.get("length"))
                raw = _mark(_xml_infons(mark), mark.findtext("text") or "", start, length)
                marks.append((mark.get("id") or "", raw))
        offset = _integer(item.findtext("offset"))
        passages.append(_Passage(infons=_xml_infons(item), text=text, offset=offset, marks=marks))
    whole = _Raw(
        id=(element.findtext("id") or "").strip(),
        infons=_xml_infons(element),
        passages=passages,
        relations=relations,
    )
    yield from _document(whole, where)


def bioc_json_document(
    data: Mapping[str, Any], where: str
) -> Iterator[AnnotatedDocument | DocumentError]:
    """The document of a BioC JSON object with `passages`."""
    passages = []
    for item in _objects(data.get("passages")):
        text = item.get("text")
        if not isinstance(text, str):
            text = " ".join(str(s.get("text") or "") for s in _objects(item.get("sentences")))
        holders = [item, *_objects(item.get("sentences"))]
        marks = []
        for mark in (m for holder in holders for m in _objects(holder.get("annotations"))):
            location = next(iter(_objects(mark.get("locations"))), None)
            if location is not None:
                start, length = _integer(location.get("offset")), _integer(location.get("length"))
                raw_mark = _mark(_infons(mark), str(mark.get("text") or ""), start, length)
                marks.append((str(mark.get("id") or ""), raw_mark))
        passages.append(
            _Passage(
                infons=_infons(item), text=text, offset=_integer(item.get("offset")), marks=marks
            )
        )
    relations: list[tuple[str, Mapping[str, str], tuple[str, ...]]] = []
    for item in _objects(data.get("relations")):
        nodes = tuple(str(n.get("refid") or "") for n in _objects(item.get("nodes")))
        relations.append((str(item.get("id") or ""), _infons(item), nodes))
    raw = _Raw(
        id=str(data.get("id") or data.get("pmid") or "").strip(),
        infons=_infons(data),
        passages=passages,
        relations=relations,
    )
    yield from _document(raw, where)


def _document(raw: _Raw, where: str) -> Iterator[AnnotatedDocument | DocumentError]:
    facts = {k: v for p in reversed(raw.passages) for k, v in p.infons.items()} | dict(raw.infons)
    pmid = publication_id(facts.get("article-id_pmid", ""), "PMID")
    pmcid = publication_id(facts.get("article-id_pmc", ""), "PMCID")
    if raw.id.upper().startswith("PMC"):
        pmcid = pmcid or publication_id(raw.id, "PMCID")
    else:
        pmid = pmid or publication_id(raw.id, "PMID")
    if not raw.id:
        raise DocumentReadError("a document without an id", "write its PMID", kind="identifier")
    where = f"{where}:{raw.id[:60]}"
    kept = [p for p in raw.passages[:_MAX_PASSAGES] if p.text and _kind(p) not in _SKIPPED]
    if not kept:
        yield DocumentError(where=where, problem="has no text", mend="give passages", kind="empty")
        return
    kept.sort(key=lambda passage: passage.offset)
    sections, shifts = _sections(kept)
    marks = [
        (id_, RawMark(start=m.start + by, end=m.end + by, text=m.text, kind=m.kind, ids=m.ids))
        for passage, by in zip(kept, shifts, strict=True)
        for id_, m in passage.marks
    ]
    document = Document(
        id=raw.id[:200],
        sections=sections,
        pmid=pmid,
        pmcid=pmcid,
        doi=publication_id(facts.get("article-id_doi", ""), "DOI"),
        licence=facts.get("license", "")[:200],
        year=_year(facts.get("year", "")),
    )
    yield from annotated(document, [m for _, m in marks], _relations(raw, dict(marks)), where)


def _sections(passages: Sequence[_Passage]) -> tuple[tuple[Section, ...], list[int]]:
    """Sections, and how far each was moved: some files count bytes, or leave references out."""
    sections: list[Section] = []
    shifts = []
    for passage in passages:
        place = sections[-1].end + 1 if sections else 0
        stated = passage.offset
        fits = place <= stated <= place + 60 if sections else stated == 0
        offset = stated if fits else place
        shifts.append(offset - stated)
        kind = _KINDS.get(_kind(passage), "other")
        sections.append(Section(kind=kind, text=passage.text, offset=offset))
    return tuple(sections), shifts


def _kind(passage: _Passage) -> str:
    return (passage.infons.get("section_type") or passage.infons.get("type") or "").lower()


def _relations(raw: _Raw, marks: Mapping[str, RawMark]) -> Iterator[RawRelation]:
    """Relations between annotations by reference, or between identifiers as in BioRED's BioC."""
    for _, infons, nodes in raw.relations:
        ends: list[str] = [marks[n].ids for n in nodes if n in marks]
        if len(ends) < 2:
            ends = [infons.get(k, "") for k in ("entity1", "entity2")]
            ends = [end for end in ends if end]
        if len(ends) >= 2:
            yield RawRelation(
                kind=infons.get("type") or infons.get("relation") or "related",
                subject=ends[0].strip(),
                object=ends[1].strip(),
                novel=_MAX_NOVELTY.get(infons.get("novel", "").strip().lower()),
            )


def _mark(infons: Mapping[str, str], text: str, start: int, length: int) -> RawMark:
    ids = next((infons[key] for key in _ID_KEYS if infons.get(key)), "")
    return RawMark(
        start=start, end=start + length, text=text, kind=infons.get("type") or "", ids=ids
    )


def _xml_relation(item: etree._Element) -> tuple[str, Mapping[str, str], tuple[str, ...]]:
    nodes = tuple(node.get("refid") or "" for node in item.iterfind("node"))
    return item.get("id") or "", _xml_infons(item), nodes


def _xml_infons(item: etree._Element) -> dict[str, str]:
    return {e.get("key") or "": e.text or "" for e in item.iterfind("infon")}


def _objects(value: object) -> list[dict[str, Any]]:
    if not isinstance(value, list):
        return []
    return [item for item in value[:_MAX_PASSAGES] if isinstance(item, dict)]


def _infons(item: Mapping[str, Any]) -> dict[str, str]:
    infons = item.get("infons")
    if not isinstance(infons, dict):
        return {}
    return {str(k): str(v) for k, v in infons.items() if v is not None}


def _integer(value: object) -> int:
    """A place in a text; -1 when it is not a number."""
    text = str(value).strip() if value is not None else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1


def _year(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) == 4 else None
