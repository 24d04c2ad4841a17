"""Lines of a stream of bytes, however long or badly encoded.

Decides the limit of a line and what a line that is not UTF-8 becomes. What a line means is decided
by each reader.
"""

from collections.abc import Iterator
from typing import BinaryIO

from .problem import DocumentError

__all__ = ["LINE_BYTES", "text_lines"]

LINE_BYTES = 8 << 20
"""A longer line is passed over; no abstract and no full text comes near it."""

_SKIP_BYTES = 1 << 20


def text_lines(stream: BinaryIO, where: str) -> Iterator[tuple[int, str] | DocumentError]:
    """Numbered lines without their ends; an oversized one is an error, a misencoded one a warning.

    A line that is not UTF-8 is read as Windows-1252, as most such files are. Only the first few of
    a file are told one by one.
    """
    number = n_misencoded = 0
    while line := stream.readline(LINE_BYTES + 2):
        number += 1
        if len(line) > LINE_BYTES and not line.endswith(b"\n"):
            _skip_line(stream)
            yield DocumentError(
                where=f"{where}:{number}",
                problem=f"a line of more than {LINE_BYTES >> 20} MiB",
                mend="it was passed over; write one document a line",
                kind="unsafe",
            )
            continue
        if number == 1:
            line = line.removeprefix(b"\xef\xbb\xbf")
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError:
            text = line.decode("cp1252", errors="replace")
            n_misencoded += 1
            if n_misencoded <= 3:
                yield DocumentError(
                    where=f"{where}:{number}",
                    problem="not UTF-8",
                    mend="read as Windows-1252; convert the file to UTF-8",
                    kind="encoding",
                    severity="warning",
                )
        yield number, text.rstrip("\r\n")
    if n_misencoded > 3:
        yield DocumentError(
            where=where,
            problem=f"{n_misencoded - 3} more lines that are not UTF-8",
            mend="read as Windows-1252; convert the file to UTF-8",
            kind="encoding",
            severity="warning",
        )


def _skip_line(stream: BinaryIO) -> None:
    while part := stream.readline(_SKIP_BYTES):
        if part.endswith(b"\n"):
            return
