"""`iatros curate`: questions to people, and their answers back.

Decides the options; the work is done in `kg.literature.curation`.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reasoning.errors import InputError

from .console import stderr, warn
from .options import file_to_write, folder_to_write

if TYPE_CHECKING:
    from kg.snapshot import GraphSnapshot

__all__ = ["register"]

Mined = Annotated[Path, typer.Argument(help="N-Quads that `iatros mine` wrote.")]


def export(
    mined: Mined,
    out: Annotated[
        Path,
        typer.Option(
            "--out", help="Folder for tasks.json, .csv and .html.", callback=folder_to_write
        ),
    ],
    limit: Annotated[int, typer.Option("--limit", min=1, help="Number of tasks.")] = 100,
) -> None:
    """Write the questions whose answers would move rankings most.

    tasks.html opens from disk, works by keyboard and sends nothing anywhere.

    Example: iatros curate export mined.nq --out curation
    """
    from kg.literature.curation import choose_tasks, task_page, write_tasks

    graph = _read(mined)
    names = dict(zip(graph.node_ids, graph.labels, strict=True))
    tasks = choose_tasks(
        graph.statements(), limit=limit, label=lambda curie: names.get(curie) or curie
    )
    out.mkdir(parents=True, exist_ok=True)
    write_tasks(tasks, out / "tasks.json")
    write_tasks(tasks, out / "tasks.csv")
    (out / "tasks.html").write_text(task_page(tasks), "utf-8")
    moving = sum(task.moves > 0 for task in tasks)
    stderr.print(f"{len(tasks)} tasks, {moving} may move a ranking: {out}", highlight=False)


def take(
    answers: Annotated[list[Path], typer.Argument(help="CSV or JSON, of one or more curators.")],
    mined: Annotated[Path, typer.Option("--mined", help="N-Quads that the tasks came from.")],
    out: Annotated[
        Path, typer.Option("--out", help="N-Quads of what remains.", callback=file_to_write)
    ],
) -> None:
    """Take answers in: agreement, consensus, and the statements with their curators.

    The result has the same named graph, so `iatros update GRAPH --add` replaces what was mined.

    Example: iatros curate import answers-*.json --mined mined.nq --out curated.nq
    """
    from kg.literature.curation import agreement, consensus, curated, read_answers
    from kg.literature.readers import DocumentError
    from kg.rdf import write_nquads
    from kg.statements import Node

    graph = _read(mined)
    statements = list(graph.statements())
    bad = 0
    said = []
    for item in read_answers(answers, tasks=frozenset(s.id for s in statements)):
        if isinstance(item, DocumentError):
            bad += 1
            warn(str(item))
        else:
            said.append(item)
    if not said:
        raise InputError("answers", "hold no answer to a task of this file", "Check --mined")
    try:
        alpha, found = agreement(said), consensus(said)
    except ImportError as error:
        raise InputError(
            "curate", f"needs {error.name}", "Install it: pip install 'iatros[curation]'"
        ) from error
    outcome = curated(statements, found)
    nodes = [Node(id=view.id, type=view.type, label=view.label) for view in graph.nodes()]
    write_nquads(out, [*nodes, *outcome.statements], sources=graph.sources)
    curators = {answer.curator for answer in said}
    told = "too few shared tasks" if alpha is None else f"{alpha:.2f}"
    stderr.print(
        f"{len(said)} answers of {len(curators)} curators, Krippendorff's alpha {told}; "
        f"{outcome.n_accepted} statements accepted, {len(outcome.rejected)} rejected: {out}",
        highlight=False,
        soft_wrap=True,
    )
    if bad:
        raise typer.Exit(1)


def _read(path: Path) -> "GraphSnapshot":
    """The statements of a file, as a graph of their own."""
    import gzip
    import shutil
    import tempfile

    from kg.compile import compile_snapshot
    from kg.store import GraphStore, StoreError

    try:
        with tempfile.TemporaryDirectory() as scratch:
            store = GraphStore(Path(scratch, "store"))
            plain = path
            if path.suffix == ".gz":
                plain = Path(scratch, path.stem)
                with gzip.open(path, "rb") as source, plain.open("wb") as sink:
                    shutil.copyfileobj(source, sink, 1 << 20)
            store.bulk_load([plain])
            graph = compile_snapshot(store)
    except (OSError, EOFError, StoreError) as error:
        raise InputError.of(path, error, "Give a file of `iatros mine`") from error
    if not graph.n_edges:
        raise InputError(path, "holds no statement", "Give a file of `iatros mine`")
    return graph


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    group = typer.Typer(help="Let people decide doubtful statements.", no_args_is_help=True)
    group.command("export")(export)
    group.command("import")(take)
    app.add_typer(group, name="curate")
