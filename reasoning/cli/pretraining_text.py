"""`iatros pretrain-text`: a BERT gets used to the language of local texts.

Decides the options and which texts a file or a graph holds; the training is decided in
`encoders.masked_language`.
"""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from kg.wording import in_words
from reasoning.errors import InputError

from .console import stderr, warn
from .options import folder_to_write

__all__ = ["register", "texts_of"]

_MIN_CHARACTERS = 40


def pretrain_text(
    out: Annotated[
        Path, typer.Option("--out", help="Folder of the encoder.", callback=folder_to_write)
    ],
    texts: Annotated[
        list[Path] | None,
        typer.Argument(help="Files: .txt (a passage a line), .jsonl (text fields), .csv, .tsv."),
    ] = None,
    graph: Annotated[
        Path | None, typer.Option("--graph", help="Read the definitions of this graph too.")
    ] = None,
    encoder: Annotated[
        str | None,
        typer.Option("--encoder", help="BERT to start from; the offline default if none."),
    ] = None,
    steps: Annotated[int, typer.Option("--steps", min=1, help="Steps of training.")] = 200,
    learning_rate: Annotated[
        float, typer.Option("--learning-rate", min=0.0, help="Peak learning rate.")
    ] = 5e-5,
    seed: Annotated[int, typer.Option("--seed", help="Seed of masks and order.")] = 0,
) -> None:
    """Adapt a text encoder to local texts by filling in hidden words.

    Use the folder as text_encoder in a training config. Do not give notes of patients: weights can
    remember words.

    Example: iatros pretrain-text abstracts.txt --graph graphs/demo --out encoders/adapted
    """
    from encoders.masked_language import MaskedLanguageOptions
    from encoders.masked_language import pretrain_text as pretrain
    from encoders.weights import EncoderError
    from reasoning.loading import open_graph

    found: list[str] = []
    for path in texts or ():
        try:
            found += texts_of(path)
        except (OSError, ValueError) as error:
            raise InputError(
                path, f"cannot be read ({in_words(error)})", "Give UTF-8 text"
            ) from error
    if graph is not None:
        snapshot = open_graph(graph)
        found += [f"{n.label}: {n.definition}" for n in snapshot.nodes() if n.definition]
    options = MaskedLanguageOptions(steps=steps, learning_rate=learning_rate, seed=seed)
    try:
        result = pretrain(
            found,
            out,
            encoder=encoder,
            options=options,
            progress=lambda line: stderr.print(line, highlight=False),
        )
    except (ValueError, EncoderError) as error:
        where = texts[0] if texts else "pretrain-text"
        raise InputError.of(where, error, "See iatros pretrain-text --help") from error
    if result.after > result.before:
        warn("the loss on held-out text did not fall; try a lower learning rate")
    print(
        f"{out}: {result.n_texts} texts, held-out loss {result.before:.3f} -> {result.after:.3f} "
        "nats a hidden word piece"
    )


def texts_of(path: Path) -> list[str]:
    """Passages of a file; short ones are left out."""
    return [text for text in _read(path) if len(text) >= _MIN_CHARACTERS]


def _read(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8", newline="") as file:
        if path.suffix == ".jsonl":
            for line in file:
                yield from _strings(json.loads(line))
        elif path.suffix in (".csv", ".tsv"):
            for row in csv.reader(file, delimiter="\t" if path.suffix == ".tsv" else ","):
                yield from row
        else:
            for line in file:
                yield line.strip()


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command("pretrain-text")(pretrain_text)
