"""JATS: the full text of PMC and of most publishers.

Decides which passages become sections: title, abstract, paragraphs of the body under their
headings, captions of figures and tables. References, formulas' code and table cells are left out.
https://jats.nlm.nih.gov
"""

import copy
import re
from collections.abc import Iterator

from lxml import etree

from kg.literature.document import AnnotatedDocument, Document, Section

from .problem import DocumentError
from .words import publication_id
from .xml_stream import text_of

__all__ = ["jats_document"]

_LICENCES = (
    (re.compile(r"publicdomain/zero|CC0", re.I), "CC0-1.0"),
    (re.compile(r"licenses/by-nc-nd|CC[ -]BY-NC-ND", re.I), "CC-BY-NC-ND"),
    (re.compile(r"licenses/by-nc-sa|CC[ -]BY-NC-SA", re.I), "CC-BY-NC-SA"),
    (re.compile(r"licenses/by-nc|CC[ -]BY-NC", re.I), "CC-BY-NC"),
    (re.compile(r"licenses/by-nd|CC[ -]BY-ND", re.I), "CC-BY-ND"),
    (re.compile(r"licenses/by-sa|CC[ -]BY-SA", re.I), "CC-BY-SA"),
    (re.compile(r"licenses/by|CC[ -]BY", re.I), "CC-BY"),
)
_KINDS = (
    ("introduction", ("intro", "background")),
    ("methods", ("method", "material", "patients", "participants")),
    ("results", ("result", "finding")),
    ("discussion", ("discussion",)),
    ("conclusion", ("conclusion", "summary")),
    ("case", ("case",)),
)
_NO_PROSE = ("tex-math", "math", "table", "ref-list", "inline-formula", "disp-formula", "xref")
_MAX_SECTIONS = 20_000


def jats_document(
    element: etree._Element, where: str
) -> Iterator[AnnotatedDocument | DocumentError]:
    """The document of an `article` element."""
    for item in element.iter():  # namespaces differ from publisher to publisher
        if isinstance(item.tag, str) and item.tag.startswith("{"):
            item.tag = item.tag.rpartition("}")[2]
    meta = element.find("front/article-meta")
    ids = (
        {}
        if meta is None
        else {e.get("pub-id-type"): text_of(e) for e in meta.iterfind("article-id")}
    )
    pmid = publication_id(ids.get("pmid") or "", "PMID")
    pmcid = publication_id(ids.get("pmc") or ids.get("pmcid") or "", "PMCID")
    doi = publication_id(ids.get("doi") or "", "DOI")
    id_ = next((curie.partition(":")[2] for curie in (pmid, pmcid, doi) if curie), "")
    if not id_:
        yield DocumentError(
            where=where,
            problem="an article without PMID, PMCID or DOI",
            mend="write an article-id",
            kind="identifier",
        )
        return
    sections: list[Section] = []
    for kind, title, text in _passages(element, meta):
        if text and len(sections) < _MAX_SECTIONS:
            offset = sections[-1].end + 1 if sections else 0
            sections.append(Section(kind=kind, title=title, text=text, offset=offset))
    if not sections:
        yield DocumentError(
            where=f"{where}:{id_}", problem="has no text", mend="give its full text", kind="empty"
        )
        return
    yield AnnotatedDocument(
        document=Document(
            id=id_,
            sections=tuple(sections),
            pmid=pmid,
            pmcid=pmcid,
            doi=doi,
            licence=_licence(meta),
            year=_year(meta),
            publication_types=tuple(t for t in (element.get("article-type") or "",) if t),
            keywords=()
            if meta is None
            else tuple(text_of(e) for e in meta.iterfind("kwd-group/kwd") if text_of(e)),
        )
    )


def _passages(
    element: etree._Element, meta: etree._Element | None
) -> Iterator[tuple[str, str, str]]:
    """Kind, heading and text of each passage, in reading order."""
    if meta is not None:
        yield "title", "", _prose(meta.find("title-group/article-title"))
        for abstract in meta.iterfind("abstract"):
            for paragraph in abstract.iter("p"):
                parent = paragraph.getparent()
                heading = text_of(parent.find("title")) if parent is not None else ""
                yield "abstract", heading, _prose(paragraph)
    body = element.find("body")
    if body is None:
        return
    for paragraph in body.iter("p"):
        kind, heading = _section_of(paragraph)
        yield kind, heading, _prose(paragraph)


def _section_of(paragraph: etree._Element) -> tuple[str, str]:
    heading, kind = "", ""
    for parent in paragraph.iterancestors():
        if parent.tag in ("fig", "table-wrap", "caption") and not kind:
            kind = "table" if parent.tag == "table-wrap" else "figure"
        if parent.tag == "p":
            return "other", ""  # inside another paragraph, whose text has it already
        if parent.tag == "sec":
            title = text_of(parent.find("title"))
            heading = heading or title
            known = _kind(f"{parent.get('sec-type') or ''} {title}")
            if known != "other" and not kind:
                kind = known
    return kind or "other", heading


def _kind(words: str) -> str:
    low = words.lower()
    return next((kind for kind, marks in _KINDS if any(m in low for m in marks)), "other")


def _prose(element: etree._Element | None) -> str:
    if element is None:
        return ""
    if element.tag == "p" and any(p.tag == "p" for p in element.iterancestors()):
        return ""
    if any(True for _ in element.iter(*_NO_PROSE)):
        element = copy.deepcopy(element)
        for item in list(element.iter(*_NO_PROSE)):
            if item is not element:
                _cut(item)
    return text_of(element)


def _cut(item: etree._Element) -> None:
    """Takes an element out and leaves the text behind it."""
    parent = item.getparent()
    if parent is None:
        return
    before = item.getprevious()
    # a marker that is not a number of a reference reads as a word and stays
    kept = text_of(item) if item.tag == "xref" and item.get("ref-type") != "bibr" else ""
    tail = kept + (item.tail or "")
    if before is None:
        parent.text = (parent.text or "") + tail
    else:
        before.tail = (before.tail or "") + tail
    item.tail = None
    parent.remove(item)


def _licence(meta: etree._Element | None) -> str:
    if meta is None:
        return ""
    for licence in meta.iterfind("permissions/license"):
        words = " ".join([*map(str, licence.attrib.values()), text_of(licence)])
        for link in licence.iter("ext-link"):
            words += " " + " ".join(map(str, link.attrib.values()))
        for pattern, name in _LICENCES:
            if pattern.search(words[:4000]):
                return name
        return text_of(licence)[:200]
    return ""


def _year(meta: etree._Element | None) -> int | None:
    if meta is None:
        return None
    years = [e.findtext("year") or "" for e in meta.iterfind("pub-date")]
    known = [int(y) for y in years if len(y) == 4 and y.isascii() and y.isdigit()]
    return min(known, default=None)
