"""Miners by name: the project's own, and those that other packages bring.

Decides how a plug is found. A package declares in its `pyproject.toml`

    [project.entry-points."iatros.miners"]
    mine = "my_package:MyMiner"

and `iatros mine --miner mine` uses it. The object is called without arguments and gives a `Miner`,
which reads documents, or an `Importer`, which reads another program's output.
"""

from collections.abc import Iterator
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Protocol, runtime_checkable

from .importers import IMPORTERS
from .miner import MinedStatement, Miner
from .readers.problem import DocumentError

__all__ = ["GROUP", "Importer", "UnknownMinerError", "miner_names", "plug"]

GROUP = "iatros.miners"
"""Entry point group of miners and importers."""


class UnknownMinerError(ValueError):
    """A name that no installed package gives a miner; the message lists the known ones."""


@runtime_checkable
class Importer(Protocol):
    """Turns a file of another program into statements; ids may be any that the graph maps."""

    @property
    def name(self) -> str:
        """Name of the program; it becomes `MinedStatement.model`."""
        ...

    @property
    def version(self) -> str:
        """Version of the program or of its output."""
        ...

    def statements(self, path: Path) -> Iterator[MinedStatement | DocumentError]:
        """Statements of a file; a row that is none is an error, never an exception."""
        ...


def _points() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}


def miner_names() -> tuple[str, ...]:
    """Names that `plug` knows."""
    return tuple(sorted({*IMPORTERS, *_points()}))


def plug(name: str) -> Miner | Importer:
    """The miner or importer of a name.

    Raises:
        UnknownMinerError: Nobody brings it, or what is brought is neither.
    """
    if name in IMPORTERS:
        return IMPORTERS[name]()
    point = _points().get(name)
    if point is None:
        known = ", ".join(miner_names())
        raise UnknownMinerError(f"{name!r} is no miner; known: {known}")
    try:
        made = point.load()()
    except Exception as error:
        raise UnknownMinerError(f"{name!r} ({point.value}) cannot be loaded: {error}") from error
    if not isinstance(made, Miner | Importer):
        raise UnknownMinerError(f"{name!r} ({point.value}) has neither mine nor statements")
    return made
