"""JSON: one document, a BioC collection, or one document a line.

Decides the project's own JSON form of a document, and which other objects are documents (BioC and
PubTator3). A `Document` goes to JSON and back unchanged.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from kg.literature.document import AnnotatedDocument, Document, Section

from .bioc import bioc_json_document
from .lines import text_lines
from .marks import RawMark, annotated
from .problem import DocumentError, DocumentReadError
from .words import publication_id

__all__ = ["document_to_json", "read_json"]

_WHOLE_BYTES = 64 << 20


def document_to_json(document: Document) -> str:
    """One line of JSON that `read_json` turns into the same document."""
    record: dict[str, Any] = {"id": document.id}
    for name in ("pmid", "pmcid", "doi", "licence", "source", "year"):
        if getattr(document, name):
            record[name] = getattr(document, name)
    for name in ("publication_types", "keywords"):
        if getattr(document, name):
            record[name] = list(getattr(document, name))
    record["sections"] = [
        {"kind": s.kind, "title": s.title, "text": s.text, "offset": s.offset}
        for s in document.sections
    ]
    return json.dumps(record, ensure_ascii=True)


def read_json(
    stream: BinaryIO, where: str, *, lines: bool
) -> Iterator[AnnotatedDocument | DocumentError]:
    """Documents of a stream.

    Args:
        stream: Bytes.
        where: How messages name it.
        lines: One object a line, else one value in all.
    """
    if not lines:
        data = stream.read(_WHOLE_BYTES + 1)
        if len(data) > _WHOLE_BYTES:
            raise DocumentReadError(
                f"one JSON value of more than {_WHOLE_BYTES >> 20} MiB",
                "write one document a line",
                kind="unsafe",
            )
        yield from _parsed(_decoded(data), where)
        return
    for item in text_lines(stream, where):
        if isinstance(item, DocumentError):
            yield item
            continue
        number, line = item
        if line.strip():
            place = f"{where}:{number}"
            try:
                yield from _parsed(line, place)
            except DocumentReadError as error:
                yield error.at(place)


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DocumentReadError(
            f"not UTF-8 at byte {error.start}", "convert the file to UTF-8", kind="encoding"
        ) from error


def _parsed(text: str, where: str) -> Iterator[AnnotatedDocument | DocumentError]:
    try:
        value = json.loads(text)
        if "\\ud" in text.lower():  # half a surrogate pair is no character
            whole = json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
            value = json.loads(whole)
    except (ValueError, RecursionError) as error:
        reason = "nested too deep" if isinstance(error, RecursionError) else str(error)[:120]
        raise DocumentReadError(f"not JSON: {reason}", "mend the line", kind="syntax") from error
    for number, item in enumerate(_documents(value), start=1):
        place = where if not number > 1 else f"{where}#{number}"
        try:
            yield from _document(item, place)
        except DocumentReadError as error:
            yield error.at(place)


def _documents(value: object) -> Iterator[object]:
    if isinstance(value, list):
        for item in value:
            yield from _documents(item) if isinstance(item, dict) else iter((item,))
    elif isinstance(value, dict) and isinstance(value.get("documents"), list):
        yield from value["documents"]
    elif isinstance(value, dict) and isinstance(value.get("PubTator3"), list):
        yield from value["PubTator3"]
    else:
        yield value


def _document(item: object, where: str) -> Iterator[AnnotatedDocument | DocumentError]:
    if not isinstance(item, dict):
        raise DocumentReadError("not an object", "write {...} for each document", kind="format")
    if "passages" in item:
        yield from bioc_json_document(item, where)
        return
    if not ({"title", "abstract", "text", "sections"} & item.keys()):
        raise DocumentReadError(
            "no title, abstract, text, sections or passages",
            "see docs/literature.md for the fields",
            kind="format",
        )
    yield from _own(item, where)


def _own(item: Mapping[str, Any], where: str) -> Iterator[AnnotatedDocument | DocumentError]:
    sections = _sections(item)
    pmid = publication_id(_text(item, "pmid"), "PMID")
    pmcid = publication_id(_text(item, "pmcid"), "PMCID")
    doi = publication_id(_text(item, "doi"), "DOI")
    id_ = _text(item, "id") or next((c.partition(":")[2] for c in (pmid, pmcid, doi) if c), "")
    if not id_:
        raise DocumentReadError("no id", "give id, pmid, pmcid or doi", kind="identifier")
    if not any(section.text.strip() for section in sections):
        raise DocumentReadError(f"document {id_[:60]} has no text", "give its text", kind="empty")
    year = item.get("year")
    try:
        document = Document(
            id=id_,
            sections=sections,
            pmid=pmid or publication_id(id_, "PMID"),
            pmcid=pmcid,
            doi=doi,
            licence=_text(item, "licence") or _text(item, "license"),
            source=_text(item, "source"),
            year=year if isinstance(year, int) and not isinstance(year, bool) else None,
            publication_types=_texts(item, "publication_types"),
            keywords=_texts(item, "keywords"),
        )
    except ValueError as error:
        raise DocumentReadError(str(error)[:200], "leave the offsets out") from error
    given = item.get("mentions")
    marks = [
        RawMark(
            start=_place(m.get("start")),
            end=_place(m.get("end")),
            text=str(m.get("text") or ""),
            kind=str(m.get("type") or ""),
            ids=",".join(map(str, m["ids"])) if isinstance(m.get("ids"), list) else "",
        )
        for m in (given if isinstance(given, list) else ())
        if isinstance(m, dict)
    ]
    yield from annotated(document, marks, (), where)


def _sections(item: Mapping[str, Any]) -> tuple[Section, ...]:
    given = item.get("sections")
    if isinstance(given, list):
        raw = [
            (str(s.get("kind") or "other"), _text(s, "title"), _text(s, "text"), s.get("offset"))
            for s in given
            if isinstance(s, dict)
        ]
    else:
        names = (("title", "title"), ("abstract", "abstract"), ("other", "text"))
        raw = [(kind, "", _text(item, key), None) for kind, key in names if _text(item, key)]
    sections: list[Section] = []
    for kind, title, text, offset in raw:
        stated = isinstance(offset, int) and not isinstance(offset, bool) and offset >= 0
        place = offset if stated else (sections[-1].end + 1 if sections else 0)
        sections.append(Section(kind=kind, title=title, text=text, offset=int(place or 0)))
    return tuple(sections)


def _text(item: Mapping[str, Any], key: str) -> str:
    value = item.get(key)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if abs(value) < 10**15 else ""
    return value if isinstance(value, str) else ""


def _texts(item: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = item.get(key)
    return tuple(v for v in value if isinstance(v, str)) if isinstance(value, list) else ()


def _place(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else -1
