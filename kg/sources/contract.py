"""What a source is: its facts, the protocol it fulfils, and the account of what it left out.

Decides the contract between sources and the build. Which sources there are is listed in
`kg.sources`; how tables are read without falling over bad rows in `kg.sources.tables`.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, Protocol, runtime_checkable

from kg.files import DataFiles
from kg.statements import Mapping, Node, Statement

__all__ = ["DropReport", "Record", "Source", "SourceFacts"]

Record = Node | Mapping | Statement

_PROFILES = frozenset({"demo", "rare", "full"})
_EXAMPLES = 3
_EXAMPLE_LENGTH = 160


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFacts:
    """What is true of a source as a whole and travels with each of its statements.

    Attributes:
        name: Short name in snake case; names the file of the source and its named graph.
        title: Name for people.
        homepage: Where upstream lives.
        licence: SPDX identifier, or the upstream's wording.
        licence_class: `permissive` allows commercial use and redistribution with attribution.
        release: Version or revision that was read.
        gives: One line: what comes out.
        files: Names for `DataFiles.open_path`.
        optional: A missing optional source is a warning, a missing other one ends the build.
        profiles: Build profiles that read the source; `full` reads all.
    """

    name: str
    title: str
    homepage: str
    licence: str
    licence_class: Literal["permissive", "noncommercial", "unstated"]
    release: str
    gives: str
    files: tuple[str, ...]
    optional: bool = True
    profiles: frozenset[str] = _PROFILES

    def __post_init__(self) -> None:
        if not self.name.isidentifier():
            raise ValueError(f"name: {self.name!r} is not in snake case")
        if unknown := self.profiles - _PROFILES:
            raise ValueError(f"profiles: unknown {sorted(unknown)}; known: {sorted(_PROFILES)}")


@dataclass(slots=True)
class DropReport:
    """Counts what a source left out or mended, by reason, with the first examples.

    >>> report = DropReport()
    >>> report.drop("no disease id", "row 7")
    >>> report.dropped["no disease id"], report.examples["no disease id"]
    (1, ['row 7'])
    """

    dropped: Counter[str] = field(default_factory=Counter)
    mended: Counter[str] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    examples: dict[str, list[str]] = field(default_factory=dict)

    def drop(self, reason: str, example: str = "") -> None:
        """Count one row (or part of it) that is left out. Reasons are few and fixed phrases."""
        self.dropped[reason] += 1
        self._remember(reason, example)

    def mend(self, reason: str, example: str = "") -> None:
        """Count one row that is kept after a repair."""
        self.mended[reason] += 1
        self._remember(reason, example)

    def keep(self, kind: str, count: int = 1) -> None:
        """Count records given, by kind; the build calls this, sources need not."""
        self.kept[kind] += count

    def fault(self, message: str) -> None:
        """Note that (the rest of) a whole file cannot be read: one line, shown as a warning."""
        self.faults.append(message)

    def _remember(self, reason: str, example: str) -> None:
        if example:
            seen = self.examples.setdefault(reason, [])
            if len(seen) < _EXAMPLES:
                seen.append(example[:_EXAMPLE_LENGTH])


@runtime_checkable
class Source(Protocol):
    """Reads one upstream source as a stream of nodes, mappings and statements.

    `read` never raises for a bad row: it counts it in the report. It raises `MissingSourceError`
    when a file is not there. Identifiers are canonical CURIEs of the source's own choice; merging
    them is not the source's work.
    """

    @property
    def facts(self) -> SourceFacts:
        """What is true of the source as a whole."""
        ...

    def read(self, files: DataFiles, report: DropReport) -> Iterator[Record]:
        """Stream all records."""
        ...
