"""Rows of comma-separated output of other programs, bounded, without a header.

Decides what a row of the wrong width is. What the cells mean is decided by each importer.
"""

import csv
import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from .lines import text_lines
from .problem import DocumentError

__all__ = ["text_rows"]


def text_rows(path: Path, *, columns: int) -> Iterator[tuple[str, list[str] | None]]:
    """Place and cells of each row; None for one that is oversized or has too few columns."""
    with path.open("rb") as raw:
        zipped = raw.read(2) == b"\x1f\x8b"
    with gzip.open(path, "rb") if zipped else path.open("rb") as stream:
        for item in text_lines(cast("BinaryIO", stream), str(path)):
            if isinstance(item, DocumentError):
                if item.severity == "error":
                    yield item.where, None
                continue
            number, line = item
            if not line.strip():
                continue
            try:
                row = next(csv.reader([line], quotechar='"'), [])
            except csv.Error:
                row = []
            yield f"{path}:{number}", row if len(row) >= columns else None
