"""What curators answer: yes, no or unsure, each with an ORCID.

Decides which answers count: those of a known task, by somebody with a valid ORCID; a curator who
answers twice counts with the last answer.
"""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

from kg.literature.readers.problem import DocumentError
from kg.wording import in_words

__all__ = ["CurationAnswer", "is_orcid", "read_answers"]

Verdict = Literal["yes", "no", "unsure"]
_VERDICTS: dict[str, Verdict] = {
    "yes": "yes", "y": "yes", "1": "yes", "true": "yes", "accept": "yes",
    "no": "no", "n": "no", "0": "no", "false": "no", "reject": "no",
    "unsure": "unsure", "?": "unsure", "u": "unsure", "skip": "unsure",
}  # fmt: skip
_ORCID = re.compile(r"(?:https?://orcid\.org/|ORCID:)?(\d{4}-\d{4}-\d{4}-\d{3}[\dX])$", re.I)
_MAX_BYTES = 64 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class CurationAnswer:
    """One verdict.

    Attributes:
        task: Id of the task, which is that of its statement.
        curator: CURIE such as `ORCID:0000-0002-1825-0097`.
        verdict: Whether the paper says it.
    """

    task: str
    curator: str
    verdict: Verdict


def is_orcid(text: str) -> bool:
    """True for an ORCID whose check digit is right (ISO 7064 mod 11-2).

    >>> is_orcid("0000-0002-1825-0097"), is_orcid("0000-0002-1825-0098")
    (True, False)
    """
    found = _ORCID.match(text.strip())
    if not found:
        return False
    total = 0
    digits = found[1].replace("-", "").upper()
    for digit in digits[:-1]:
        total = (total + int(digit)) * 2
    check = (12 - total % 11) % 11
    return digits[-1] == ("X" if check == 10 else str(check))


def read_answers(
    paths: Iterable[Path], *, tasks: frozenset[str]
) -> Iterator[CurationAnswer | DocumentError]:
    """Answers of CSV or JSON files, the last one of a curator on a task.

    Args:
        paths: Files with the fields id, verdict and curator.
        tasks: Ids that may be answered.
    """
    last: dict[tuple[str, str], CurationAnswer] = {}
    for path in paths:
        for where, row in _rows(path):
            if isinstance(row, DocumentError):
                yield row
                continue
            if not str(row.get("verdict") or "").strip():
                continue  # a task that nobody answered
            found = _answer(row, tasks)
            if isinstance(found, str):
                yield DocumentError(where=where, problem=found, mend="mend the answer")
            else:
                last[found.task, found.curator] = found
    yield from last.values()


def _answer(row: dict[str, Any], tasks: frozenset[str]) -> CurationAnswer | str:
    task, name = str(row.get("id") or "").strip(), str(row.get("curator") or "").strip()
    word = str(row["verdict"]).strip().lower()
    if task not in tasks:
        return f"no task {task[:60]!r}"
    if word not in _VERDICTS:
        return f"verdict {word[:40]!r} is not yes, no or unsure"
    if not is_orcid(name):
        return f"curator {name[:60]!r} is no ORCID"
    orcid = cast("re.Match[str]", _ORCID.match(name))[1].upper()
    return CurationAnswer(task=task, curator=f"ORCID:{orcid}", verdict=_VERDICTS[word])


def _rows(path: Path) -> Iterator[tuple[str, "dict[str, Any] | DocumentError"]]:
    try:
        data = path.read_bytes()[: _MAX_BYTES + 1]
        text = data.decode("utf-8-sig")
        if len(data) > _MAX_BYTES:
            raise ValueError(f"more than {_MAX_BYTES >> 20} MiB")
        rows = (
            json.loads(text) if path.suffix == ".json" else list(csv.DictReader(io.StringIO(text)))
        )
        if isinstance(rows, dict):
            rows = rows.get("answers", [])
        if not isinstance(rows, list):
            raise ValueError("no list of answers")
    except (OSError, ValueError, csv.Error, RecursionError) as error:
        problem = f"cannot be read ({in_words(error)[:120]})"
        fault = DocumentError(where=str(path), problem=problem, mend="export the answers again")
        yield str(path), fault
        return
    for number, row in enumerate(rows, start=1):
        if isinstance(row, dict):
            yield f"{path}:{number}", row
