"""The `iatros` command.

Decides the words and options of the command line (stable: other programs call them) and the exit
status: 0 done, 1 a given input was bad (named, the others still answered), 2 wrong usage. Results
go to standard output or `--out`; progress and warnings go to standard error.
"""

import sys

import typer

from kg.wording import in_words
from reasoning.errors import InputError

from . import (
    answering,
    building,
    curating,
    looking,
    measuring,
    mining,
    pretraining_images,
    pretraining_text,
    reading,
    searching,
    training,
    updating,
)
from .console import stderr

__all__ = ["app", "main"]

app = typer.Typer(
    name="iatros",
    help="Ranked, explained, safety-checked diagnoses and treatments from a knowledge graph.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    epilog="Start here: iatros build --profile demo --out graphs/demo; iatros train graphs/demo "
    "--out models/demo; iatros diagnose patient.json --model models/demo. Each command has --help "
    "with an example. Exit status: 0 done, 1 bad input, 2 wrong usage.",
)
building.register(app)
updating.register(app)
mining.register(app)
searching.register(app)
curating.register(app)
reading.register(app)
looking.register(app)
training.register(app)
pretraining_text.register(app)
pretraining_images.register(app)
answering.register(app)
measuring.register(app)


def main() -> None:
    """Run the command line; a bad input becomes one line on standard error and exit status 1."""
    try:
        app()
    except InputError as error:
        _say(f"iatros: {error}")
        sys.exit(1)
    except BrokenPipeError:
        sys.exit(0)
    except OSError as error:  # an output that cannot be written, mostly
        where = f"{error.filename}: " if error.filename else ""
        _say(f"iatros: {where}{in_words(error)}. Check the path")
        sys.exit(1)
    except KeyboardInterrupt:
        stderr.print("iatros: stopped")
        sys.exit(130)


def _say(line: str) -> None:
    stderr.print(line, style="red", markup=False, highlight=False, soft_wrap=True)
