"""Options that several commands share, so that a word means the same everywhere.

Decides their names, their help, and that an output which could not be written is refused before
the work and not after it.
"""

import os
from pathlib import Path
from typing import Annotated

import typer

from reasoning.errors import InputError

__all__ = [
    "Config",
    "Excluded",
    "GraphArgument",
    "KnownCases",
    "Mirror",
    "ModelArgument",
    "Results",
    "Samples",
    "UnseenCases",
    "file_to_write",
    "folder_to_write",
]

GraphArgument = Annotated[Path, typer.Argument(help="Folder that `iatros build` wrote.")]
ModelArgument = Annotated[Path, typer.Argument(help="Folder that `iatros train` wrote.")]
KnownCases = Annotated[
    list[Path] | None,
    typer.Option("--cases", help="Cases with known diagnosis; those of the graph by default."),
]
UnseenCases = Annotated[
    list[Path], typer.Option("--cases", help="Cases that the model has never seen; repeatable.")
]
Config = Annotated[
    Path | None,
    typer.Option("--config", help="TOML or JSON with settings of training (docs/training.md)."),
]
Excluded = Annotated[
    Path | None,
    typer.Option("--exclude-publications", help="File, one PMID a line, whose cases are left out."),
]
Mirror = Annotated[
    Path | None,
    typer.Option(
        "--mirror",
        help="Folder of local copies of the sources; by default ../shared/data.",
        envvar="IATROS_MIRROR",
    ),
]
Samples = Annotated[int, typer.Option("--samples", min=1, help="Bootstrap samples.")]


def folder_to_write(path: Path | None) -> Path | None:
    """Callback of an `--out` that is a folder, to be made or added to.

    Raises:
        InputError: It is a file, or nothing can be written there.
    """
    if path is not None:
        _refuse_closed(path, path, "Give a folder as --out")
    return path


def file_to_write(path: Path | None) -> Path | None:
    """Callback of an `--out` that is a file, to be made or replaced.

    Raises:
        InputError: It is a folder, or nothing can be written there.
    """
    if path is not None:
        if path.is_dir():
            raise InputError(path, "is a folder", "Give the name of a file as --out")
        _refuse_closed(path, path.parent, "Give another --out")
    return path


def _refuse_closed(path: Path, folder: Path, mend: str) -> None:
    place = next(p for p in (folder.absolute(), *folder.absolute().parents) if p.exists())
    if not place.is_dir():
        where = "" if place == path.absolute() else f"{place} "
        raise InputError(path, f"{where}is a file", mend)
    if not os.access(place, os.W_OK):
        raise InputError(path, f"{place} cannot be written to", mend)


Results = Annotated[
    Path, typer.Option("--out", help="Folder of tables and plots.", callback=folder_to_write)
]
