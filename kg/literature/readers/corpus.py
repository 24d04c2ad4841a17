"""Files, folders and archives of papers, in any format that is known, read without trust.

Decides which reader a file gets, by its first bytes, and that nothing which is wrong with one
document stops the others. How a format is read is decided in its own file.
"""

import gzip
import io
import tarfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, cast

from lxml import etree

from kg.cases.archive import READ_ERRORS, ArchiveLimits, CaseFile, walk
from kg.cases.problem import CaseError
from kg.literature.document import AnnotatedDocument, Document

from .bioc import bioc_xml_document
from .jats import jats_document
from .jsonlines import read_json
from .problem import DocumentError, DocumentReadError
from .pubmed import pubmed_document
from .pubtator import is_pubtator, read_pubtator
from .tar import is_tar, walk_tar
from .words import publication_id
from .xml_stream import elements, root_of

__all__ = ["FORMATS", "corpus_files", "read_annotated", "read_documents", "read_stream"]

Found = Iterator[AnnotatedDocument | DocumentError]

_SUFFIXES = (
    ".xml", ".nxml", ".xml.gz", ".nxml.gz", ".json", ".json.gz", ".jsonl", ".jsonl.gz",
    ".ndjson", ".ndjson.gz", ".pubtator", ".pubtator.gz", ".pubtator.txt", ".txt", ".txt.gz",
)  # fmt: skip
_LIMITS = ArchiveLimits(
    suffixes=(*_SUFFIXES, ".zip"),
    streamed=_SUFFIXES,
    content="paper",
    mend_oversize="write one document a line",
)
_HEAD_BYTES = 1 << 16
_PLAIN_BYTES = 8 << 20
_RATIO_FLOOR = 64 << 20

_XML: dict[str, tuple[str, Callable[[etree._Element, str], Found]]] = {
    "PubmedArticleSet": ("PubmedArticle", pubmed_document),
    "PubmedArticle": ("PubmedArticle", pubmed_document),
    "MedlineCitationSet": ("MedlineCitation", pubmed_document),
    "MedlineCitation": ("MedlineCitation", pubmed_document),
    "article": ("article", jats_document),
    "pmc-articleset": ("article", jats_document),
    "articles": ("article", jats_document),
    "OAI-PMH": ("article", jats_document),
    "collection": ("document", bioc_xml_document),
}
"""Root element of a file to the element of one document and its reader."""

FORMATS: tuple[str, ...] = (
    "PubMed XML", "JATS XML", "BioC XML", "BioC JSON", "JSON lines", "PubTator", "plain text",
)  # fmt: skip
"""What can be read; the contract tests run over this list."""


def read_documents(paths: Iterable[Path] | Path) -> Iterator[Document | DocumentError]:
    """Documents without what their files mark in them; see `read_annotated`."""
    for found in read_annotated(paths):
        yield found if isinstance(found, DocumentError) else found.document


def read_annotated(paths: Iterable[Path] | Path) -> Found:
    """Documents of files, folders, zip and tar archives with their annotations, as they are read.

    Args:
        paths: What to read; folders and archives in the order of names.

    Yields:
        Documents; and a `DocumentError` for whatever is wrong. A warning belongs to a document that
        is given out all the same. A document that its file had before is an error.
    """
    for path in [paths] if isinstance(paths, Path) else paths:
        for file in corpus_files(path):
            if isinstance(file, DocumentError):
                yield file
            else:
                yield from _read_file(file)


def corpus_files(path: Path) -> Iterator[CaseFile | DocumentError]:
    """Files of a path that may hold papers."""
    if path.is_file() and is_tar(path):
        yield from walk_tar(path, _LIMITS)
        return
    for item in walk(path, _LIMITS):
        yield DocumentError.of_walk(item) if isinstance(item, CaseError) else item


def _read_file(file: CaseFile) -> Found:
    seen: set[str] = set()
    try:
        with file.open() as raw:
            for found in read_stream(raw, file.where, file.name):
                if isinstance(found, AnnotatedDocument):
                    id_ = found.document.id
                    if id_ in seen:
                        yield DocumentError(
                            where=file.where,
                            problem=f"document {id_[:60]} was there before",
                            mend="the first one was read; give each document once",
                            kind="duplicate",
                        )
                        continue
                    seen.add(id_)
                yield found
    except (*READ_ERRORS, tarfile.TarError) as error:
        yield DocumentError(
            where=file.where,
            problem=f"cannot be read ({str(error)[:120] or type(error).__name__})",
            mend="fetch or pack it anew; what stands before is read",
            kind="unreadable",
        )


def read_stream(raw: BinaryIO, where: str, name: str) -> Found:
    """Documents of the bytes of one file; never raises for what is wrong in them but `OSError`.

    Args:
        raw: The bytes, gzip or not.
        where: How messages name the file.
        name: File name; it becomes the id of a plain text.
    """
    start = raw.read(2)
    stream: BinaryIO = cast("BinaryIO", _Joined(start, raw))
    if start == b"\x1f\x8b":
        stream = cast("BinaryIO", gzip.GzipFile(fileobj=io.BufferedReader(_Raw(stream))))
    head = stream.read(_HEAD_BYTES)
    whole = cast("BinaryIO", io.BufferedReader(_Raw(_Joined(head, stream)), 1 << 16))
    try:
        yield from _dispatch(head, whole, where, name)
    except DocumentReadError as error:
        yield error.at(where)


def _dispatch(head: bytes, stream: BinaryIO, where: str, name: str) -> Found:
    bare = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not bare:
        raise DocumentReadError("the file is empty", "fetch it again", kind="empty")
    if bare.startswith(b"<") or head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        yield from _read_xml(head, stream, where)
    elif is_pubtator(bare):
        yield from read_pubtator(stream, where)
    elif bare[:1] in (b"{", b"["):
        first, _, rest = bare.partition(b"\n")
        is_lines = name.lower().removesuffix(".gz").endswith((".jsonl", ".ndjson")) or (
            first.strip().endswith(b"}") and rest.lstrip().startswith(b"{")
        )
        yield from read_json(stream, where, lines=is_lines)
    elif name.lower().removesuffix(".gz").endswith(".txt") and b"\x00" not in head:
        yield from _read_plain(stream, where, name)
    else:
        raise DocumentReadError(
            "of no known format", f"give one of {', '.join(FORMATS)}", kind="format"
        )


def _read_xml(head: bytes, stream: BinaryIO, where: str) -> Found:
    root = root_of(_latin(head))
    if root not in _XML:
        shown = f"XML of no known kind (root {root[:40]!r})"
        known = ", ".join(sorted({"PubmedArticleSet", "article", "collection"}))
        raise DocumentReadError(shown, f"known roots: {known}", kind="format")
    tag, reader = _XML[root]
    number = 0
    for element in elements(stream, tag):
        number += 1
        place = f"{where}:{number}"
        try:
            yield from reader(element, place)
        except DocumentReadError as error:
            yield error.at(place)
    if number == 0:
        raise DocumentReadError(f"no {tag} in it", "fetch the file again", kind="empty")


def _latin(head: bytes) -> bytes:
    """The head in one byte a character, also when the file is in UTF-16."""
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return head.decode("utf-16", "replace").encode("ascii", "replace")
    return head


def _read_plain(stream: BinaryIO, where: str, name: str) -> Found:
    """One document a file: the first line is the title, the rest the text."""
    data = stream.read(_PLAIN_BYTES + 1)
    if len(data) > _PLAIN_BYTES:
        raise DocumentReadError(
            f"plain text of more than {_PLAIN_BYTES >> 20} MiB", "split it", kind="unsafe"
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")
        yield DocumentError(
            where=where,
            problem="not UTF-8",
            mend="read as Windows-1252; convert the file to UTF-8",
            kind="encoding",
            severity="warning",
        )
    title, _, rest = text.lstrip().partition("\n")
    id_ = name.partition(".")[0] or name
    yield AnnotatedDocument(
        document=Document(
            id=id_,
            sections=Document.of_abstract("-", title=title.strip(), abstract=rest.strip()).sections,
            pmid=publication_id(id_, "PMID"),
            pmcid=publication_id(id_, "PMCID") if id_.upper().startswith("PMC") else None,
        )
    )


class _Joined:
    """What was read of a stream already, and the rest of it."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head = head
        self._rest = rest

    def read(self, size: int = -1) -> bytes:
        if self._head:
            part = self._head if size < 0 else self._head[:size]
            self._head = self._head[len(part) :]
            return part + self._rest.read(size if size < 0 else size - len(part))
        return self._rest.read(size)


class _Raw(io.RawIOBase):
    """A reader with `read` only as a raw stream, so that the library can buffer it."""

    def __init__(self, source: "_Joined | BinaryIO") -> None:
        self._source = source

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "bytearray | memoryview") -> int:  # type: ignore[override]
        data = self._source.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)
