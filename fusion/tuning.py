"""Search for settings of training with Optuna (doi:10.1145/3292500.3330701).

Decides the space that is searched, and that the development part of each training judges it: never
cases under test. Trials are journalled, so a search that was stopped goes on.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kg.case import ClinicalCase
from kg.snapshot import GraphSnapshot

from .config import ConfigError, TrainConfig
from .node_text import embed_graph
from .trainer import train

__all__ = ["SPACE", "Tuned", "TuningError", "tune"]

SPACE: Mapping[str, Any] = {
    "learning_rate": {"low": 3e-4, "high": 6e-3, "log": True},
    "weight_decay": {"low": 1e-3, "high": 0.1, "log": True},
    "balance": {"low": 0.0, "high": 1.0},
    "label_smoothing": {"low": 0.0, "high": 0.2},
    "model.d_model": [32, 64, 128],
    "model.n_graph_layers": [1, 2, 3],
    "model.dropout": {"low": 0.0, "high": 0.4},
    "model.node_dropout": {"low": 0.0, "high": 0.6},
}
"""Settings by dotted name: a list of choices, or bounds with `low`, `high` and `log`."""

_JOURNAL, _BEST = "trials.jsonl", "best.json"


class TuningError(RuntimeError):
    """A search cannot be run; one line with the mend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuned:
    """What a search found.

    Attributes:
        value: Macro reciprocal rank of the development part of the best trial.
        first: The same of the first trial, which has the settings that were given.
        n_trials: Finished trials, those of earlier calls included.
        settings: The best configuration, as `iatros train --config` takes it.
        file: Where it is written.
    """

    value: float
    first: float
    n_trials: int
    settings: dict[str, Any]
    file: Path


def tune(
    graph: GraphSnapshot,
    cases: Sequence[ClinicalCase],
    settings: Mapping[str, Any],
    out: Path,
    *,
    n_trials: int,
    space: Mapping[str, Any] = SPACE,
    progress: Callable[[str], None] = lambda _: None,
) -> Tuned:
    """Trains with changing settings and keeps the best.

    Args:
        graph: The snapshot.
        cases: Cases with diagnoses; those under test are not among them.
        settings: What every trial starts from, as in a configuration file.
        out: Folder of the journal, the trials and `best.json`.
        n_trials: Trainings to run now.
        space: See `SPACE`.
        progress: Told of each trial.

    Raises:
        TuningError: If Optuna is not installed.
        ConfigError: If the space names a setting that there is not.
        ValueError: If there are too few publications for a development part.
    """
    try:
        import optuna
        from optuna.storages import JournalStorage
        from optuna.storages.journal import JournalFileBackend
    except ImportError as error:
        raise TuningError("tuning needs optuna; pip install 'iatros[tune]'") from error
    for name, choices in space.items():
        middle = choices["low"] if isinstance(choices, Mapping) else choices[0]
        TrainConfig.from_mapping(_merged(settings, {name: middle}))
    config = TrainConfig.from_mapping(dict(settings))
    text = embed_graph(graph, config.model)
    out.mkdir(parents=True, exist_ok=True)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        study_name="iatros",
        storage=JournalStorage(JournalFileBackend(str(out / _JOURNAL))),
        direction="maximize",
        load_if_exists=True,
        sampler=optuna.samplers.TPESampler(seed=config.seed),
    )
    given = _flat(config.to_mapping())
    space = {name: _reaching(choices, given[name]) for name, choices in space.items()}
    if not study.trials:
        study.enqueue_trial({name: given[name] for name in space}, skip_if_exists=True)

    def run(trial: optuna.Trial) -> float:
        chosen = {name: _suggest(trial, name, choices) for name, choices in space.items()}
        quick = {"boosted_diagnoses": False, "boosted_treatments": False}
        try:
            own = TrainConfig.from_mapping(_merged(settings, chosen) | quick)
        except ConfigError as error:
            raise optuna.TrialPruned(str(error)) from error
        folder = out / f"trial-{trial.number}"
        result = train(graph, cases, own, folder, node_text=text)
        if "development" not in result.metrics:
            raise ValueError("tuning: too few publications for a development part; give more cases")
        value = float(result.metrics["development"]["macro_mrr"])
        progress(f"trial {trial.number}: development macro MRR {value:.4f} with {chosen}")
        return value

    study.optimize(run, n_trials=n_trials)
    best = _merged(settings, study.best_trial.params)
    (out / _BEST).write_text(json.dumps(best, indent=1, sort_keys=True) + "\n")
    finished = [trial for trial in study.trials if trial.value is not None]
    return Tuned(
        value=float(study.best_value),
        first=float(finished[0].value or 0.0),
        n_trials=len(finished),
        settings=best,
        file=out / _BEST,
    )


def _reaching(choices: Any, given: Any) -> Any:
    """Choices widened to what is given, so that the first trial has the settings given.

    >>> _reaching([32, 64], 16), _reaching({"low": 0.1, "high": 0.3, "log": True}, 0.0)
    ([16, 32, 64], {'low': 0.0, 'high': 0.3, 'log': False})
    """
    if not isinstance(choices, Mapping):
        return list(choices) if given in choices else [given, *choices]
    low, high = min(choices["low"], given), max(choices["high"], given)
    return {"low": low, "high": high, "log": bool(choices.get("log", False)) and low > 0}


def _suggest(trial: Any, name: str, choices: Any) -> Any:
    if not isinstance(choices, Mapping):
        return trial.suggest_categorical(name, list(choices))
    low, high, log = choices["low"], choices["high"], choices["log"]
    if isinstance(low, int) and isinstance(high, int):
        return trial.suggest_int(name, low, high, log=log)
    return trial.suggest_float(name, low, high, log=log)


def _merged(settings: Mapping[str, Any], chosen: Mapping[str, Any]) -> dict[str, Any]:
    """Settings with some replaced by dotted names.

    >>> _merged({"model": {"dropout": 0.1}}, {"model.dropout": 0.2, "seed": 1})
    {'model': {'dropout': 0.2}, 'seed': 1}
    """
    merged = {k: dict(v) if isinstance(v, Mapping) else v for k, v in settings.items()}
    for name, value in chosen.items():
        if name.startswith("model."):
            merged.setdefault("model", {})[name.removeprefix("model.")] = value
        else:
            merged[name] = value
    return merged


def _flat(values: Mapping[str, Any]) -> dict[str, Any]:
    flat = {name: value for name, value in values.items() if name != "model"}
    return flat | {f"model.{name}": value for name, value in values["model"].items()}
