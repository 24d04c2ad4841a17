"""Rows of the comma-separated tables that public patient data come in.

Decides how such a table is opened and what a broken one becomes: one clear problem that names the
file and the line. What the columns mean is decided by the reader of each data set.
"""

import csv
import math
from collections.abc import Iterator
from pathlib import Path

from .problem import CaseReadError

__all__ = ["finite_number", "read_rows"]


def read_rows(path: Path, columns: tuple[str, ...]) -> Iterator[dict[str, str]]:
    """Rows of a table with a header, cells stripped, a cell that is not there empty.

    Args:
        path: CSV file in UTF-8.
        columns: Columns that must be there.

    Raises:
        CaseReadError: The file is missing, unreadable, or lacks a column.
    """
    try:
        # undecodable bytes stand in free text only; the rest of the row is worth having
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as stream:
            reader = csv.DictReader(stream)
            header = {name.strip(): name for name in reader.fieldnames or () if name}
            missing = [column for column in columns if column not in header]
            if missing:
                problem = f"{path.name}: no column {', '.join(missing)}"
                raise CaseReadError(problem, "give the upstream table", kind="format")
            for row in reader:
                yield {name: (row.get(raw) or "").strip() for name, raw in header.items()}
    except OSError as error:
        problem = f"{path.name}: {(error.strerror or str(error)).lower()}"
        raise CaseReadError(problem, "give the folder with all tables", kind="missing") from error
    except csv.Error as error:
        raise CaseReadError(
            f"{path.name}: {error}", "write the table anew", kind="syntax"
        ) from error


def finite_number(text: str) -> float | None:
    """Finite number of a cell, or None.

    >>> finite_number("37.5"), finite_number("n/a"), finite_number("nan")
    (37.5, None, None)
    """
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
