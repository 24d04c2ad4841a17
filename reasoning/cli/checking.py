"""`iatros evaluate safety`.

Decides the options; what is checked is decided in `reasoning.evaluate.safety`.
"""

from pathlib import Path
from typing import Annotated

import typer

from .console import stderr
from .options import GraphArgument, folder_to_write

__all__ = ["safety"]


def safety(
    graph: GraphArgument,
    patients: Annotated[
        int, typer.Option("--patients", min=1, help="Made-up patients to check.")
    ] = 10_000,
    top: Annotated[
        int, typer.Option("--top", min=1, help="Treatments shown to each that are not stopped.")
    ] = 10,
    seed: Annotated[int, typer.Option("--seed", help="Of the patients.")] = 0,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", help="Folder of safety.json and safety.md.", callback=folder_to_write
        ),
    ] = None,
) -> None:
    """Check the safety rules on made-up patients against plain SPARQL over the RDF; no model.

    Exit status 1 when a forbidden treatment is shown without a stop, or an alert cites nothing.

    Example: iatros evaluate safety graphs/demo --patients 1000 --out results/safety
    """
    from kg.graph_folder import open_rdf
    from kg.store import StoreError
    from reasoning.evaluate.safety import evaluate_safety
    from reasoning.graphs import graph_error, open_graph

    snapshot = open_graph(graph)
    try:
        store = open_rdf(graph)
    except StoreError as error:
        raise graph_error(graph, error) from error
    result = evaluate_safety(
        snapshot,
        store,
        patients=patients,
        top=top,
        seed=seed,
        progress=lambda line: stderr.print(line, highlight=False),
    )
    if out is not None:
        result.write(out)
    print(result.to_markdown(), end="")
    if not result.holds:
        for example in result.examples:
            stderr.print(example, markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(1)
