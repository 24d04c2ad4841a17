"""`iatros train` and `iatros tune`.

Decides the options; the training itself is `fusion.trainer`, the search `fusion.tuning`.
"""

import json
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kg.wording import in_words
from reasoning.errors import InputError

from .console import stderr, warn
from .lists import read_ids
from .options import Config, Excluded, GraphArgument, KnownCases, folder_to_write
from .unseen import readable_cases

if TYPE_CHECKING:
    from fusion.trainer import TrainResult
    from kg.case import ClinicalCase
    from kg.snapshot import GraphSnapshot

__all__ = ["read_cases_for_training", "read_config", "register"]


def read_config(path: Path | None) -> dict[str, Any]:
    """Settings from a TOML or JSON file; an unknown key is refused later, with the nearest name."""
    if path is None:
        return {}
    try:
        text = path.read_text(encoding="utf-8")
        values = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(path, f"cannot be read ({in_words(error)})", "Give a TOML file") from error
    except ValueError as error:
        raise InputError(path, f"is not valid TOML or JSON ({error})", "Mend that line") from error
    if not isinstance(values, dict):
        raise InputError(path, "holds no settings by name", "Write one JSON object")
    return values


def read_cases_for_training(graph: Path, paths: list[Path] | None) -> "list[ClinicalCase]":
    """The cases given, or those that the graph holds; bad ones are named and left out."""
    own = graph / "cases.jsonl"
    sources = list(paths or ()) or ([own] if own.is_file() else [])
    if not sources:
        raise InputError(graph, "holds no cases", "Give some with --cases")
    return readable_cases(sources)


def train(
    graph: GraphArgument,
    out: Annotated[
        Path, typer.Option("--out", help="Folder of the model.", callback=folder_to_write)
    ],
    cases: KnownCases = None,
    config: Config = None,
    exclude_publications: Excluded = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the last checkpoint in --out.")
    ] = False,
    seed: Annotated[
        int | None, typer.Option("--seed", help="Seed of all randomness, for that of --config.")
    ] = None,
    max_steps: Annotated[
        int | None,
        typer.Option("--max-steps", help="Steps of the first stage, for those of --config."),
    ] = None,
    seeds: Annotated[
        int, typer.Option("--seeds", min=1, help="Train so many models, into OUT/seed-0 and on.")
    ] = 1,
    workers: Annotated[
        int, typer.Option("--workers", min=1, help="Train on so many workers of Ray.")
    ] = 1,
    tracker: Annotated[
        str | None, typer.Option("--tracker", help="Record scalars in wandb or mlflow too.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what it would cost; nothing is written.")
    ] = False,
) -> None:
    """Train text, image and graph encoders together to rank diagnoses and treatments.

    Example: iatros train graphs/demo --out models/demo
    """
    settings = read_config(config)
    snapshot, kept = _open_cohort(graph, cases, exclude_publications)
    from fusion.config import ConfigError, TrainConfig
    from fusion.trainer import train as run

    if seed is not None:
        settings["seed"] = seed
    if max_steps is not None:
        settings["max_steps"] = max_steps
    if tracker is not None:
        settings["tracker"] = tracker
    try:
        resolved = TrainConfig.from_mapping(settings)
    except (ConfigError, TypeError) as error:
        raise InputError.of(config or "--config", error, "See docs/training.md") from error
    if dry_run:
        from fusion.estimate import estimate_training

        print("\n".join(estimate_training(snapshot, kept, resolved).lines()))
        return
    if workers > 1:
        from fusion.scale_out import ScaleOutError, train_on_ray

        try:
            train_on_ray(graph / "snapshot", kept, resolved, out, n_workers=workers, resume=resume)
        except ScaleOutError as error:
            raise InputError.of(out, error, "See docs/scale.md") from error
        stderr.print(f"model: {out}", highlight=False)
        return
    if seeds > 1:
        from fusion.ensemble import train_ensemble

        for number, result in enumerate(
            train_ensemble(snapshot, kept, resolved, out, n_seeds=seeds, resume=resume)
        ):
            _report(result, out / f"seed-{number}")
        return
    _report(run(snapshot, kept, resolved, out, resume=resume), out)


def _report(result: "TrainResult", out: Path) -> None:
    stderr.print(f"{result.steps} steps in {result.seconds:.0f} s; model: {out}", highlight=False)
    if found := result.metrics.get("development"):
        stderr.print(
            f"development part (it chose the step and the temperature, so no result to report): "
            f"{found['n_cases']} cases of {found['n_diseases']} diseases, macro top-1 "
            f"{found['macro_top1']:.3f}, top-10 {found['macro_top10']:.3f}",
            highlight=False,
            soft_wrap=True,
        )


def tune(
    graph: GraphArgument,
    out: Annotated[
        Path,
        typer.Option(
            "--out", help="Folder of the trials and of best.json.", callback=folder_to_write
        ),
    ],
    cases: KnownCases = None,
    config: Annotated[
        Path | None, typer.Option("--config", help="What every trial starts from.")
    ] = None,
    space: Annotated[
        Path | None,
        typer.Option("--space", help="TOML or JSON: setting = [choices] or {low, high, log}."),
    ] = None,
    exclude_publications: Excluded = None,
    trials: Annotated[int, typer.Option("--trials", min=1, help="Trainings to run now.")] = 20,
) -> None:
    """Search for settings of training; the development part of each training judges.

    Example: iatros tune graphs/demo --trials 20 --out tuned && iatros train graphs/demo
    --config tuned/best.json --out models/demo
    """
    settings = read_config(config)
    searched = read_config(space)
    for name, choices in searched.items():
        if not isinstance(choices, list | dict) or not choices:
            mend = "Write setting = [choices] or {low = 1, high = 9}"
            raise InputError(space, f"{name}: {choices!r} gives no choice", mend)
    snapshot, kept = _open_cohort(graph, cases, exclude_publications)
    from fusion.config import ConfigError
    from fusion.tuning import SPACE, TuningError
    from fusion.tuning import tune as run

    try:
        found = run(
            snapshot,
            kept,
            settings,
            out,
            n_trials=trials,
            space=searched or SPACE,
            progress=lambda line: stderr.print(line, highlight=False, soft_wrap=True),
        )
    except (ConfigError, TuningError, TypeError, KeyError, ValueError) as error:
        raise InputError.of(space or out, error, "See docs/training.md") from error
    print(
        f"{found.n_trials} trials; development macro MRR {found.value:.4f}, with the settings "
        f"given {found.first:.4f}; the best of many looks better than it is\n{found.file}"
    )


def _open_cohort(
    graph: Path, cases: list[Path] | None, exclude_publications: Path | None
) -> "tuple[GraphSnapshot, list[ClinicalCase]]":
    """The graph, and the cases without those of excluded publications."""
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
    return snapshot, kept


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(train)
    app.command()(tune)
