"""PubTator: `id|t|title`, `id|a|abstract`, then annotations and relations, one a line.

Decides how BC5CDR, the NCBI disease corpus, BioRED and PubTator3 exports are read. Offsets are
those of the title, one separator, and the abstract. Format: 10.1093/nar/gkt441.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from kg.literature.document import AnnotatedDocument, Document, Section

from .lines import text_lines
from .marks import RawMark, RawRelation, annotated
from .problem import DocumentError
from .words import publication_id

__all__ = ["is_pubtator", "read_pubtator"]

_HEAD = re.compile(r"([^|\t]{0,64})\|([at])\|(.*)", re.DOTALL)
_FIRST_LINE = re.compile(rb"\s*[^|\t\n]{1,64}\|[at]\|")
_MAX_MARKS = 50_000


@dataclass(slots=True)
class _Block:
    """Lines of one document, as they come in."""

    id: str
    line: int
    title: str = ""
    abstract: str = ""
    marks: list[RawMark] = field(default_factory=list)
    relations: list[RawRelation] = field(default_factory=list)


def is_pubtator(head: bytes) -> bool:
    """True when a file that begins so is in the PubTator format."""
    return _FIRST_LINE.match(head) is not None


def read_pubtator(stream: BinaryIO, where: str) -> Iterator[AnnotatedDocument | DocumentError]:
    """Documents of a stream, each as soon as its last line was read."""
    block: _Block | None = None
    for item in text_lines(stream, where):
        if isinstance(item, DocumentError):
            yield item
            continue
        number, line = item
        head = _HEAD.match(line)
        if head is None:
            if not line.strip():
                yield from _finished(block, where)
                block = None
            else:
                problem = _note(block, line)
                if problem:
                    yield _warning(f"{where}:{number}", problem)
            continue
        id_, part, text = head[1].strip(), head[2], head[3]
        if block is not None and (block.id != id_ or (part == "t" and block.title)):
            yield from _finished(block, where)
            block = None
        if block is None:
            block = _Block(id=id_, line=number)
        if part == "t":
            block.title = text
        else:
            block.abstract = text
    yield from _finished(block, where)


def _note(block: _Block | None, line: str) -> str:
    """Keeps an annotation or relation line; says what is wrong with it, if anything."""
    cells = line.split("\t")
    if block is None or cells[0].strip() != block.id:
        return f"a line of no open document ({line[:40]!r})"
    if len(block.marks) + len(block.relations) >= _MAX_MARKS:
        return f"more than {_MAX_MARKS} annotations"
    if len(cells) >= 5 and _number(cells[1]) is not None and _number(cells[2]) is not None:
        ids = cells[5] if len(cells) > 5 else ""
        block.marks.append(
            RawMark(start=int(cells[1]), end=int(cells[2]), text=cells[3], kind=cells[4], ids=ids)
        )
        return ""
    if len(cells) >= 4 and not cells[1].strip("-+. ").isdigit():
        novel = {"novel": True, "no": False}.get(cells[4].strip().lower()) if cells[4:] else None
        block.relations.append(
            RawRelation(
                kind=cells[1].strip(),
                subject=cells[2].strip(),
                object=cells[3].strip(),
                novel=novel,
            )
        )
        return ""
    return f"neither an annotation nor a relation ({line[:40]!r})"


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _finished(block: _Block | None, where: str) -> Iterator[AnnotatedDocument | DocumentError]:
    if block is None:
        return
    place = f"{where}:{block.line}"
    if not block.id:
        yield DocumentError(
            where=place, problem="a document without an id", mend="write its PMID before |t|",
            kind="identifier",
        )  # fmt: skip
        return
    if not block.title.strip() and not block.abstract.strip():
        yield DocumentError(
            where=place, problem=f"document {block.id} has no text", mend="give title or abstract",
            kind="empty",
        )  # fmt: skip
        return
    sections = [Section(kind="title", text=block.title, offset=0)]
    if block.abstract:
        sections.append(Section(kind="abstract", text=block.abstract, offset=len(block.title) + 1))
    document = Document(
        id=block.id, sections=tuple(sections), pmid=publication_id(block.id, "PMID")
    )
    yield from annotated(document, block.marks, block.relations, f"{place}: {block.id}")


def _warning(where: str, problem: str) -> DocumentError:
    return DocumentError(
        where=where, problem=problem, mend="it was left out; mend the line", severity="warning"
    )
