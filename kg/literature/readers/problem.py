"""What was wrong with a paper, as a value that can be shown on one line.

Decides the form of an error or warning about a document. Who counts them is decided by the caller.
"""

from dataclasses import dataclass
from typing import Literal

from kg.cases.problem import CaseError

__all__ = ["DocumentError", "DocumentReadError", "ProblemKind"]

ProblemKind = Literal[
    "missing",  # no such file, or a folder or archive without papers
    "unreadable",  # the system or the archive does not give the bytes
    "unsafe",  # over a limit, entity declarations, or a member that leaves its archive
    "syntax",  # not XML, not JSON
    "encoding",  # not UTF-8
    "format",  # of no known kind
    "content",  # a value of the wrong type or out of range
    "identifier",  # a missing or malformed identifier
    "offset",  # an annotation that is not where it says
    "empty",  # no text
    "duplicate",  # a document that was there before
]

_MAX_LINE = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentError:
    """One thing that is wrong with one input.

    Attributes:
        where: File, inside an archive the member behind `!`, the line or document behind `:`.
        problem: What is wrong.
        mend: What the user can do about it.
        kind: Kind of the problem, for counting.
        severity: `error` when a document was lost, `warning` when it is read without this.
    """

    where: str
    problem: str
    mend: str
    kind: ProblemKind = "content"
    severity: Literal["error", "warning"] = "error"

    @classmethod
    def of_walk(cls, error: CaseError) -> "DocumentError":
        """What the walk over files and archives found wrong."""
        kind: ProblemKind = "unreadable"
        if error.kind in ("missing", "unsafe"):
            kind = "missing" if error.kind == "missing" else "unsafe"
        return cls(where=error.where, problem=error.problem, mend=error.mend, kind=kind)

    def __str__(self) -> str:
        """One printable line."""
        text = f"{self.where}: {self.problem}; {self.mend}"
        line = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
        return line if len(line) <= _MAX_LINE else line[: _MAX_LINE - 3] + "..."


class DocumentReadError(Exception):
    """Raised inside the readers; becomes a `DocumentError` of the document at hand."""

    def __init__(self, problem: str, mend: str, *, kind: ProblemKind = "content") -> None:
        super().__init__(problem)
        self.problem = problem
        self.mend = mend
        self.kind: ProblemKind = kind

    def at(self, where: str) -> DocumentError:
        """The same as a value that names the place."""
        return DocumentError(where=where, problem=self.problem, mend=self.mend, kind=self.kind)
