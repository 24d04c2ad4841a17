"""`iatros query`, `iatros export` and `iatros validate`.

Decides the options; the work is done in `kg`.
"""

import csv
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from reasoning.errors import InputError

from .console import stderr, stdout
from .options import GraphArgument, folder_to_write

if TYPE_CHECKING:
    from kg.store import GraphStore, TripleStore

__all__ = ["register"]

Graph = Annotated[
    Path, typer.Argument(help="Folder that `iatros build` wrote, or a SPARQL endpoint.")
]


def _endpoint(graph: Path) -> str | None:
    """Address of a SPARQL endpoint, whose slashes `Path` has folded; None for a folder."""
    for scheme in ("http:/", "https:/"):
        if str(graph).startswith(scheme):
            return scheme + "/" + str(graph).removeprefix(scheme).lstrip("/")
    return None


def _local_store(graph: Path) -> "GraphStore":
    from kg.graph_folder import open_rdf
    from kg.store import StoreError
    from reasoning.graphs import graph_error

    try:
        with stderr.status("opening the RDF store"):
            return open_rdf(graph)
    except StoreError as error:
        raise graph_error(graph, error) from error


def _store(graph: Path) -> "TripleStore":
    from kg.store import open_store

    address = _endpoint(graph)
    return open_store(address) if address else _local_store(graph)


def query(
    graph: Graph,
    sparql: Annotated[str, typer.Argument(help="SPARQL 1.1; the usual prefixes are declared.")],
    form: Annotated[str, typer.Option("--format", help="table, tsv or json.")] = "table",
) -> None:
    """Ask the graph in SPARQL.

    Example: iatros query graphs/demo 'SELECT ?d ?l { ?d a biolink:Disease; rdfs:label ?l } LIMIT 5'
    """
    if form not in ("table", "tsv", "json"):
        raise typer.BadParameter(f"{form!r} is not one of table, tsv, json")
    from kg.store import StoreError

    try:
        result = _store(graph).query(sparql)
        rows = [["" if v is None else str(v) for v in row] for row in result.rows]
    except StoreError as error:
        # A refused address, a busy server and a wrong query each say so themselves.
        mend = "Check the query" if _endpoint(graph) is None else "Check the address and the query"
        raise InputError("query", str(error).replace("\n", " "), mend) from error
    if result.answer is not None:
        print("true" if result.answer else "false")
    elif form == "json":
        print(json.dumps([dict(zip(result.variables, row, strict=True)) for row in rows], indent=1))
    elif form == "tsv":
        writer = csv.writer(sys.stdout, delimiter="\t", lineterminator="\n")
        writer.writerow(result.variables)
        writer.writerows(rows)
    else:
        table = Table(*result.variables, show_edge=False)
        for row in rows:
            table.add_row(*row)
        stdout.print(table)
        stderr.print(f"{len(rows)} rows")


def export(
    graph: GraphArgument,
    form: Annotated[str, typer.Option("--format", help="nquads, turtle, kgx, graphml or pyg.")],
    out: Annotated[
        Path,
        typer.Option(
            "--out", help="File, or folder for kgx and pyg; nquads also to a SPARQL endpoint (URL)."
        ),
    ],
) -> None:
    """Write the graph for other software.

    Example: iatros export graphs/demo --format kgx --out exported/
    """
    from kg.export import FORMATS
    from kg.export import export as write
    from reasoning.graphs import open_graph

    if form not in FORMATS:
        raise typer.BadParameter(f"{form!r} is not one of {', '.join(FORMATS)}")
    store = _local_store(graph) if form in ("nquads", "turtle") else None
    if (address := _endpoint(out)) is not None:
        if store is None or form != "nquads":
            raise typer.BadParameter("an endpoint takes --format nquads", param_hint="--out")
        _upload(store, address)
        return
    if form in ("kgx", "pyg"):
        folder_to_write(out)
    with stderr.status(f"writing {form}"):
        written = write(open_graph(graph), form, out, store=store)
    for path in written:
        print(path)


def _upload(store: "GraphStore", address: str) -> None:
    import tempfile

    from kg.endpoint import SparqlEndpoint
    from kg.store import StoreError

    with tempfile.TemporaryDirectory() as scratch, stderr.status(f"sending to {address}"):
        quads = Path(scratch) / "graph.nq"
        store.dump(quads)
        try:
            SparqlEndpoint(address).bulk_load([quads])
        except StoreError as error:
            raise InputError.of("export", error, "Give the address of the query service") from error
    print(address)


def validate(
    graph: Graph,
    first: Annotated[int, typer.Option("--first", min=0, help="Violations to show a shape.")] = 5,
) -> None:
    """Check the RDF against the SHACL shapes and the controls of the build; exit status 1 if not.

    Example: iatros validate graphs/demo
    """
    from kg.validate import validate as check

    with stderr.status("checking"):
        report = check(_store(graph), max_examples=first)
    for line in report.lines():
        print(line)
    n_leaks = 0
    if _endpoint(graph) is None:
        from kg.leaks import find_leaks
        from reasoning.graphs import open_graph

        with stderr.status("searching for what the build excluded"):
            open_graph(graph)
            for n_leaks, leak in enumerate(find_leaks(graph), 1):
                if n_leaks <= first:
                    print(f"Leak: {leak}")
    if n_leaks:
        print(f"{n_leaks} leaks of what the build excluded")
    if n_leaks or not report.conforms:
        raise typer.Exit(1)


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(query)
    app.command()(export)
    app.command()(validate)
