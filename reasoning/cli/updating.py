"""`iatros update`: named graphs that come and go in a built graph.

Decides the options; the work is done in `kg.additions`.
"""

from pathlib import Path
from typing import Annotated

import typer

from reasoning.errors import InputError

from .console import stderr
from .options import GraphArgument

__all__ = ["register"]


def update(
    graph: GraphArgument,
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
    from reasoning.graphs import open_graph

    if bool(add_cases) != bool(name):
        raise typer.BadParameter("--add-cases and --name go together", param_hint="--name")
    open_graph(graph)
    try:
        if remove:
            remove_graphs(graph, remove)
        for report in add_graphs(graph, add) if add else ():
            _tell(report.lines())
        if add_cases:
            _tell(add_patients(graph, add_cases, name=name).lines())
        for one in added_graphs(graph):
            print(f"{one.name}\t{one.kind}\t{one.report['n_kept']}\t{one.input}")
    except (AdditionError, SnapshotError, StoreError) as error:
        raise InputError.of("update", error, "See iatros update --help") from error
    digest = open_graph(graph).digest
    stderr.print(f"{graph}: digest {digest[:16]}", highlight=False, soft_wrap=True)


def _tell(lines) -> None:  # type: ignore[no-untyped-def]
    for line in lines:
        stderr.print(line, markup=False, highlight=False, soft_wrap=True)


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(update)
