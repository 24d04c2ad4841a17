"""XML of papers, streamed and distrusted.

Decides the limits of the parser: no entity declarations, no network, no external DTD, bounded text,
depth and size of one document. What the elements mean is decided by the readers of each format.
"""

import html
import re
from collections.abc import Iterator
from typing import BinaryIO

from lxml import etree

from .problem import DocumentReadError

__all__ = ["DOCUMENT_BYTES", "elements", "root_of", "text_of"]

DOCUMENT_BYTES = 64 << 20
"""More bytes without the end of a document are refused: full texts have a few megabytes."""

_SPACE = re.compile(r"\s+")
_PREAMBLE = re.compile(
    rb"\s*(?:<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^\[>]*(?:\[.*?\]\s*)?>|\s)*", re.DOTALL
)
_ROOT = re.compile(rb"<(?:[A-Za-z_][\w.-]*:)?([A-Za-z_][\w.-]*)")


def root_of(head: bytes) -> str:
    """Local name of the first element of a file that begins so; empty when none is seen."""
    rest = head.removeprefix(b"\xef\xbb\xbf")
    skipped = _PREAMBLE.match(rest)
    found = _ROOT.match(rest[skipped.end() :] if skipped else rest)
    return found[1].decode("ascii", "replace") if found else ""


class _Metered:
    """The stream, and how much of it was read since a document ended."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.since_end = 0

    def read(self, size: int = -1) -> bytes:
        if self.since_end > DOCUMENT_BYTES:
            raise DocumentReadError(
                f"more than {DOCUMENT_BYTES >> 20} MiB without the end of a document",
                "split the file",
                kind="unsafe",
            )
        data = self._stream.read(size)
        self.since_end += len(data)
        return data


def elements(stream: BinaryIO, tag: str) -> Iterator[etree._Element]:
    """Elements of a tag (any namespace), each freed when the next one is asked for.

    Raises:
        DocumentReadError: The XML is broken, or asks for what is not allowed; elements before the
            place have been given out.
    """
    metered = _Metered(stream)
    parser = etree.iterparse(
        metered,
        events=("start", "end"),
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    depth = 0
    try:
        for event, element in parser:
            if event == "start":
                if depth == 0 and element.getparent() is None:
                    _refuse_entities(element)
                if _local(element) == tag:
                    depth += 1
            elif _local(element) == tag:
                depth -= 1
                if depth:
                    continue  # an element of the same name inside a document belongs to it
                yield element
                metered.since_end = 0
                element.clear()
                _drop_siblings(element)
            elif depth == 0 and element.getparent() is not None:
                element.clear()
    except etree.XMLSyntaxError as error:
        message = str(error).partition("(")[0].strip()[:160] or "broken XML"
        unsafe = any(word in message for word in ("limit", "Excessive", "loop", "Maximum"))
        raise DocumentReadError(
            f"broken XML: {message}",
            "mend the file; what stands before is read",
            kind="unsafe" if unsafe else "syntax",
        ) from error
    except (LookupError, UnicodeError, ValueError, AssertionError) as error:
        # lxml's words for an unknown declared encoding, a name with a NUL, and the like
        raise DocumentReadError(
            f"broken XML: {str(error)[:160]}", "write the file in UTF-8", kind="encoding"
        ) from error


def _local(element: etree._Element) -> str:
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def _refuse_entities(root: etree._Element) -> None:
    dtd = root.getroottree().docinfo.internalDTD
    if dtd is not None and next(iter(dtd.iterentities()), None) is not None:
        raise DocumentReadError(
            "it declares entities", "write the characters themselves", kind="unsafe"
        )


def _drop_siblings(element: etree._Element) -> None:
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]


def text_of(element: etree._Element | None) -> str:
    """All text of an element, white space folded, the usual named characters resolved.

    Without its DTD a file's `&alpha;` stays a reference; HTML's list of names resolves it.
    """
    if element is None:
        return ""
    text = "".join(
        html.unescape(part) if part.startswith("&") else part for part in element.itertext()
    )
    return _SPACE.sub(" ", text).strip()
