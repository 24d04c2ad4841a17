"""Reads the first sheet of an Excel workbook as rows of text.

Decides how a workbook that is broken, or lacks a column, is treated: one fault, no row. What the
columns mean is decided by each source. Text tables are read in `kg.sources.tables`.
"""

import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from .contract import DropReport

__all__ = ["MAX_UNPACKED_BYTES", "sheet_rows"]

MAX_UNPACKED_BYTES = 200_000_000
"""A workbook that unpacks to more is refused: an .xlsx is a zip and can be a bomb."""


def sheet_rows(
    path: Path, report: DropReport, *, columns: Sequence[str]
) -> Iterator[dict[str, str]]:
    """Rows of the first sheet, with stripped texts; an empty cell is an empty text.

    Args:
        path: The `.xlsx` file.
        report: Gets one fault when the file cannot be read.
        columns: Names that must be in the header; only these are given.
    """
    import polars  # heavy, and only two sources are workbooks

    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
        if unpacked > MAX_UNPACKED_BYTES:
            report.fault(f"{path.name}: unpacks to {unpacked:,} bytes; refused")
            return
        sheet = polars.read_excel(path, infer_schema_length=0)
    # The reader is a foreign library under the hood and raises its own kinds of error.
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        report.fault(f"{path.name}: not a readable workbook ({reason[:120]}); fetch it again")
        return
    if missing := [column for column in columns if column not in sheet.columns]:
        report.fault(f"{path.name}: no column {', '.join(missing)}; it has {sheet.columns[:12]}")
        return
    for row in sheet.select(columns).iter_rows(named=True):
        yield {name: "" if cell is None else str(cell).strip() for name, cell in row.items()}
