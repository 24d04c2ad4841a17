"""Readings of sources that are kept, and when a kept one is still good.

Decides that a reading is good as long as the reading code, the facts of the source and every file
that the reading looked at (or found missing) are what they were. How records lie on disk is in
`kg.records`.
"""

import hashlib
import importlib.resources
import json
import os
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa

from .files import DataFiles, MissingSourceError
from .records import SourceRecords, load_records, save_records
from .sources import DropReport, Source

__all__ = ["RecordCache", "WatchedFiles", "checksum", "code_version"]

_MISSING = "missing"


@cache
def code_version() -> str:
    """Digest of the package's own code and tables: a changed reader reads again."""
    digest = hashlib.sha256()
    root = Path(str(importlib.resources.files("kg")))
    for path in sorted(root.rglob("*")):
        if path.suffix in (".py", ".tsv", ".ttl") and path.is_file():
            digest.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:24]


def checksum(path: Path) -> str:
    """SHA-256 of a file, or of all files of a folder with their names."""
    if path.is_dir():
        parts = (f"{p.relative_to(path)}={checksum(p)}" for p in sorted(path.rglob("*")))
        files = "\n".join(parts)
        return hashlib.sha256(files.encode()).hexdigest()
    if not path.is_file():
        return _MISSING
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedFiles(DataFiles):
    """Data files that remember which of them were asked for.

    Attributes:
        asked: Names of files, those that were not found too.
    """

    asked: set[str] = field(default_factory=set)

    @classmethod
    def over(cls, files: DataFiles) -> "WatchedFiles":
        """The same files, watched."""
        return cls(
            paths=files.paths,
            mirror=files.mirror,
            cache=files.cache,
            allow_download=files.allow_download,
        )

    def open_path(self, name: str) -> Path:
        """Path of a readable file, as `DataFiles.open_path` finds it."""
        self.asked.add(name)
        return DataFiles.open_path(self, name)

    def has(self, name: str) -> bool:
        """Whether `open_path` finds the file without a download."""
        self.asked.add(name)
        return DataFiles.has(self, name)


@dataclass(frozen=True, slots=True)
class RecordCache:
    """Readings in a folder: one JSON and one Arrow file a source.

    Attributes:
        folder: Made when the first reading is kept; whatever lies in it may be deleted.
    """

    folder: Path

    def find(self, source: Source, files: DataFiles) -> tuple[SourceRecords, DropReport] | None:
        """A reading that is still good; None when there is none, or it is damaged."""
        name = source.facts.name
        try:
            kept = json.loads(self._manifest(name).read_text("utf-8"))
            if kept["code"] != code_version() or kept["facts"] != _facts(source):
                return None
            if any(_state(files, file) != state for file, state in kept["files"].items()):
                return None
            return load_records(name, self.folder / kept["records"]), _report(kept["report"])
        except (OSError, ValueError, KeyError, TypeError, pa.ArrowException):
            return None

    def keep(
        self, source: Source, files: WatchedFiles, records: SourceRecords, report: DropReport
    ) -> None:
        """Keeps a reading in the place of an earlier one; a full disk is no error."""
        name = source.facts.name
        states = {file: _state(files, file) for file in sorted(files.asked)}
        kept: dict[str, Any] = {
            "code": code_version(),
            "facts": _facts(source),
            "files": states,
            "report": {
                "dropped": dict(report.dropped),
                "mended": dict(report.mended),
                "faults": report.faults,
                "examples": report.examples,
            },
        }
        key = hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()[:16]
        kept["records"] = f"{name}-{key}.arrow"
        part = self.folder / f".{name}-{os.getpid()}.part"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            save_records(records, part)
            part.replace(self.folder / kept["records"])
            part.write_text(json.dumps(kept, ensure_ascii=False, indent=1), "utf-8")
            part.replace(self._manifest(name))
            for path in self.folder.glob(f"{name}-????????????????.arrow"):
                if path.name != kept["records"]:
                    path.unlink(missing_ok=True)
        except OSError:
            part.unlink(missing_ok=True)

    def _manifest(self, name: str) -> Path:
        return self.folder / f"{name}.json"


def _facts(source: Source) -> list[str]:
    facts = source.facts
    return [facts.name, facts.title, facts.homepage, facts.licence, facts.release, facts.gives]


def _state(files: DataFiles, name: str) -> str:
    try:
        return checksum(files.open_path(name))
    except MissingSourceError:
        return _MISSING


def _report(kept: dict[str, Any]) -> DropReport:
    return DropReport(
        dropped=Counter(kept["dropped"]),
        mended=Counter(kept["mended"]),
        faults=list(kept["faults"]),
        examples=dict(kept["examples"]),
    )
