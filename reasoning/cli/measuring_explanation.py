"""`iatros evaluate explanation`: do evidence paths name what a treatment acts by.

Decides the options; what is counted is decided in `reasoning.evaluate.mechanisms`.
"""

from pathlib import Path
from typing import Annotated

import typer

from reasoning.errors import InputError

from .console import stderr
from .options import Results, Samples

__all__ = ["explanation"]


def explanation(
    graph: Annotated[Path, typer.Argument(help="Folder that `iatros build --profile full` wrote.")],
    out: Results,
    learn: Annotated[
        bool,
        typer.Option("--learn", help="Learn the weights of paths anew, and write them to --out."),
    ] = False,
    model: Annotated[
        Path | None,
        typer.Option(
            "--model", help="Also delete the shown paths from this model's graph and ask it again."
        ),
    ] = None,
    pairs: Annotated[
        int, typer.Option("--pairs", min=1, help="Pairs whose paths are deleted, with --model.")
    ] = 300,
    paths: Annotated[int, typer.Option("--paths", min=1, help="Paths of a pair that count.")] = 3,
    samples: Samples = 1000,
    seed: Annotated[int, typer.Option("--seed", help="Of the nulls.")] = 0,
) -> None:
    """Compare evidence paths with curated mechanisms that the graph was made to forget.

    Example: iatros evaluate explanation graphs/full --out results/explanation
    """
    from reasoning.evaluate import evaluate_explanation
    from reasoning.loading import load_predictor, open_graph

    snapshot = open_graph(graph)
    predictor = None if model is None else load_predictor(model)
    try:
        results, deletion = evaluate_explanation(
            snapshot,
            out,
            learn=learn,
            shown=paths,
            predictor=predictor,
            n_deleted=pairs,
            n_samples=samples,
            seed=seed,
            progress=lambda line: stderr.print(line, highlight=False),
        )
    except ValueError as error:
        raise InputError.of(graph, error, "Add the source drugmechdb") from error
    print("\n".join(result.table() for result in results))
    if deletion is not None:
        print(deletion.table())
