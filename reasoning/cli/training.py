"""`iatros train`.

Decides the options; the training itself is `fusion.trainer`.
"""

import json
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reasoning.errors import InputError

from .console import stderr, warn
from .lists import read_ids

if TYPE_CHECKING:
    from kg.case import ClinicalCase

__all__ = ["read_cases_for_training", "read_config", "register"]


def read_config(path: Path | None) -> dict[str, Any]:
    """Settings from a TOML or JSON file; an unknown key is refused later, with the nearest name."""
    if path is None:
        return {}
    try:
        text = path.read_text(encoding="utf-8")
        return json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})", "Give a TOML file") from error
    except ValueError as error:
        raise InputError(path, f"is not valid TOML or JSON ({error})", "Mend that line") from error


def read_cases_for_training(graph: Path, paths: list[Path] | None) -> "list[ClinicalCase]":
    """The cases given, or those that the graph holds; bad ones are named and left out."""
    from kg.cases import CaseError, read_cases

    own = graph / "cases.jsonl"
    sources = list(paths or ()) or ([own] if own.is_file() else [])
    if not sources:
        raise InputError(graph, "holds no cases", "Give some with --cases")
    cases = []
    for item in read_cases(sources):
        if isinstance(item, CaseError):
            warn(str(item))
        else:
            cases.append(item)
    if not cases:
        raise InputError(sources[0], "holds no readable case", "Give phenopackets or JSON lines")
    return cases


def train(
    graph: Annotated[Path, typer.Argument(help="Folder that `iatros build` wrote.")],
    out: Annotated[Path, typer.Option("--out", help="Folder of the model.")],
    cases: Annotated[
        list[Path] | None,
        typer.Option("--cases", help="Cases with known diagnosis; those of the graph by default."),
    ] = None,
    config: Annotated[
        Path | None, typer.Option("--config", help="TOML or JSON with settings of training.")
    ] = None,
    exclude_publications: Annotated[
        Path | None,
        typer.Option("--exclude-publications", help="File of PMIDs whose cases are left out."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the last checkpoint in --out.")
    ] = False,
    seed: Annotated[int | None, typer.Option("--seed", help="Seed of all randomness.")] = None,
    max_steps: Annotated[
        int | None, typer.Option("--max-steps", help="Steps of the first stage at most.")
    ] = None,
) -> None:
    """Train text, image and graph encoders together to rank diagnoses and treatments.

    Example: iatros train graphs/demo --out models/demo
    """
    settings = read_config(config)
    excluded = read_ids(exclude_publications, "publication")
    from reasoning.loading import open_graph

    snapshot = open_graph(graph)
    chosen = read_cases_for_training(graph, cases)
    kept = [case for case in chosen if excluded.isdisjoint(case.publications)]
    if len(kept) < len(chosen):
        stderr.print(f"{len(chosen) - len(kept)} cases of excluded publications left out")
    if excluded and (leaks := int(snapshot.without_publications(excluded).sum())):
        warn(
            f"{leaks} statements of the graph cite excluded publications; build it with the same "
            "--exclude-publications, or the evaluation leaks"
        )
    from fusion.config import ConfigError, TrainConfig
    from fusion.trainer import train as run

    if seed is not None:
        settings["seed"] = seed
    if max_steps is not None:
        settings["max_steps"] = max_steps
    try:
        resolved = TrainConfig.from_mapping(settings)
    except (ConfigError, TypeError) as error:
        raise InputError(config or "--config", str(error), "See docs/training.md") from error
    result = run(snapshot, kept, resolved, out, resume=resume)
    stderr.print(f"{result.steps} steps in {result.seconds:.0f} s; model: {out}", highlight=False)
    if found := result.metrics.get("development"):
        stderr.print(
            f"development part (it chose the step and the temperature, so no result to report): "
            f"{found['n_cases']} cases of {found['n_diseases']} diseases, macro top-1 "
            f"{found['macro_top1']:.3f}, top-10 {found['macro_top10']:.3f}",
            highlight=False,
            soft_wrap=True,
        )


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(train)
