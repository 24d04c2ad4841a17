"""`iatros update`: named graphs that come and go in a built graph.

Decides the options; the work is done in `kg.additions`.
"""

from pathlib import Path
from typing import Annotated

import typer

from reasoning.errors import InputError

from .console import stderr

__all__ = ["register"]


def update(
    graph: Annotated[Path, typer.Argument(help="Folder that `iatros build` wrote.")],
    add: Annotated[
        list[Path] | None,
        typer.Option(
            "--add",
            help="RDF file of mined statements; each of its named graphs is added; repeatable.",
        ),
    ] = None,
    add_cases: Annotated[
        list[Path] | None,
        typer.Option("--add-cases", help="Cases for a new graph of patients; give --name too."),
    ] = None,
    name: Annotated[str, typer.Option("--name", help="Name of the patients of --add-cases.")] = "",
    remove: Annotated[
        list[str] | None,
        typer.Option("--remove", help="Name of an added graph to take out again; repeatable."),
    ] = None,
) -> None:
    """Add or take out a named graph without building the rest again; without options, list them.

    A statement that breaks a SHACL shape or a control of the build stays out and is told. A graph
    that is in already is replaced.

    Example: iatros update graphs/demo --add mined.nq
    """
    from kg.additions import AdditionError, add_graphs, added_graphs, remove_graphs
    from kg.additions import add_cases as add_patients
    from kg.snapshot_io import SnapshotError
    from kg.store import StoreError

    if bool(add_cases) != bool(name):
        raise typer.BadParameter("--add-cases and --name go together", param_hint="--name")
    try:
        if remove:
            remove_graphs(graph, remove)
        for report in add_graphs(graph, add) if add else ():
            _tell(report.lines())
        if add_cases:
            _tell(add_patients(graph, add_cases, name=name).lines())
        for one in added_graphs(graph):
            print(f"{one.name}\t{one.kind}\t{one.report['n_kept']}\t{one.input}")
        digest = _digest(graph)
    except (AdditionError, SnapshotError, StoreError, OSError) as error:
        raise InputError(
            "update", " ".join(str(error).split()), "See iatros update --help"
        ) from error
    stderr.print(f"{graph}: digest {digest[:16]}", highlight=False, soft_wrap=True)


def _digest(graph: Path) -> str:
    from kg.graph_folder import SNAPSHOT
    from kg.snapshot import GraphSnapshot

    return GraphSnapshot.load(graph / SNAPSHOT).digest


def _tell(lines) -> None:  # type: ignore[no-untyped-def]
    for line in lines:
        stderr.print(line, markup=False, highlight=False, soft_wrap=True)


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(update)
