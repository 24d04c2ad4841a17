"""`iatros passages`: sentences of papers, found by words and by meaning.

Decides the options; the work is done in `fusion.passages`.
"""

import json
from pathlib import Path
from typing import Annotated

import typer

from reasoning.errors import InputError

from .console import stderr, warn
from .options import folder_to_write

__all__ = ["register"]

Index = Annotated[Path, typer.Argument(help="Folder that `iatros passages index` wrote.")]


def index(
    papers: Annotated[list[Path], typer.Argument(help="Papers, as for `iatros mine`.")],
    out: Annotated[
        Path, typer.Option("--out", help="Folder of the index.", callback=folder_to_write)
    ],
    embed: Annotated[
        bool, typer.Option("--embed/--words-only", help="Index meaning too, not words alone.")
    ] = True,
) -> None:
    """Index the sentences of papers; a local working copy, not for passing on.

    Example: iatros passages index papers/ --out passages
    """
    from encoders import TextEncoder
    from fusion.passages import PassageError, PassageIndex
    from kg.literature.document import Document
    from kg.literature.readers import read_documents

    documents, bad = [], 0
    for item in read_documents(papers):
        if isinstance(item, Document):
            documents.append(item)
        else:
            bad += item.severity == "error"
            warn(str(item))
    try:
        made = PassageIndex.of_documents(documents, encoder=TextEncoder() if embed else None)
    except PassageError as error:
        raise InputError.of("passages", error, "See docs/literature.md") from error
    made.save(out)
    stderr.print(f"{len(made.passages):,} passages of {len(documents):,} papers: {out}")
    if bad:
        raise typer.Exit(1)


def search(
    folder: Index,
    question: Annotated[str, typer.Argument(help="Words, such as a drug and a disease.")],
    top: Annotated[int, typer.Option("--top", min=1, help="How many to list.")] = 10,
    against: Annotated[
        str | None,
        typer.Option(
            "--treats", help="A disease: sort passages on QUESTION as its treatment, for, against."
        ),
    ] = None,
    form: Annotated[str, typer.Option("--format", help="table or jsonl.")] = "table",
) -> None:
    """Find passages.

    Example: iatros passages search passages 'lithium tremor'
    Example: iatros passages search passages lithium --treats 'bipolar disorder'
    """
    from encoders import TextEncoder
    from fusion.passages import PassageError, PassageIndex, stances

    if form not in ("table", "jsonl"):
        raise typer.BadParameter(f"{form!r} is not one of table, jsonl")
    try:
        has_vectors = (folder / "vectors.safetensors").is_file()
        found = PassageIndex.load(folder, encoder=TextEncoder() if has_vectors else None)
    except PassageError as error:
        raise InputError.of(folder, error, "Run `iatros passages index` first") from error
    if against is None:
        rows = [("", hit.passage) for hit in found.search(question, top=top)]
    else:
        sides = stances(found, (question,), (against,), top=top)
        rows = [(side.stance, side.passage) for side in sides]
    for stance, passage in rows:
        place = f"{passage.publication or passage.document} {passage.section}"
        if form == "jsonl":
            fields = {name: getattr(passage, name) for name in passage.__slots__}
            print(json.dumps({"stance": stance or None, **fields}))
        else:
            start = f"{stance}: " if stance else ""
            print(f"{start}{place} {passage.start}-{passage.end}: {passage.text}")


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    group = typer.Typer(help="Search the sentences of papers.", no_args_is_help=True)
    group.command()(index)
    group.command()(search)
    app.add_typer(group, name="passages")
