"""What was wrong with an input, as a value that can be shown on one line.

Decides the form of an error or a warning about a case. Who counts them, and which exit status they
give, is decided by the caller.
"""

from dataclasses import dataclass
from typing import Literal

from pydantic import ValidationError

__all__ = ["CaseError", "CaseReadError", "ErrorKind", "problem_of_validation"]

ErrorKind = Literal[
    "missing",  # no such file, or a folder or archive without cases
    "unreadable",  # the system or the archive does not give the bytes
    "unsafe",  # an archive or a file over its limits, or a member that leaves its place
    "syntax",  # not UTF-8, not JSON
    "format",  # JSON, but of no known kind
    "content",  # a value of the wrong type or out of range
    "identifier",  # a malformed identifier
    "empty",  # nothing that an answer could rest on
    "duplicate",  # a case id that was there before
]

_MAX_LINE = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseError:
    """One thing that is wrong with one input.

    Attributes:
        where: File, and inside an archive the member behind `!`, and the line behind `:`.
        problem: What is wrong, with the place in the document and the value.
        mend: What the user can do about it.
        kind: Kind of the problem, for counting.
        severity: `error` when no case came of it, `warning` when the case is read without it.
        case_id: The case that a warning belongs to; the case itself follows it.
    """

    where: str
    problem: str
    mend: str = ""
    kind: ErrorKind = "content"
    severity: Literal["error", "warning"] = "error"
    case_id: str | None = None

    def __str__(self) -> str:
        """One printable line."""
        text = f"{self.where}: {self.problem}"
        if self.mend:
            text = f"{text}; {self.mend}"
        line = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
        return line if len(line) <= _MAX_LINE else line[: _MAX_LINE - 3] + "..."


class CaseReadError(Exception):
    """Raised inside the readers; `kg.cases` turns it into a `CaseError` of the file at hand."""

    def __init__(self, problem: str, mend: str = "", *, kind: ErrorKind = "content") -> None:
        super().__init__(problem)
        self.problem = problem
        self.mend = mend
        self.kind: ErrorKind = kind

    def at(self, where: str) -> CaseError:
        """The same as a value that names the file."""
        return CaseError(where=where, problem=self.problem, mend=self.mend, kind=self.kind)


def problem_of_validation(error: ValidationError) -> CaseReadError:
    """First finding of pydantic, with the place of the field, and how many more there are."""
    findings = error.errors(include_url=False, include_context=False)
    first = findings[0]
    place = ""
    for step in first["loc"]:
        place += f"[{step}]" if isinstance(step, int) else f".{step}" if place else str(step)
    message = first["msg"].removeprefix("Value error, ")
    value = first["input"]
    shown = f" (it is {value!r:.60})" if isinstance(value, int | float | str) else ""
    more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
    return CaseReadError(f"{place or 'document'}: {message}{shown}{more}", "see docs/cases.md")
