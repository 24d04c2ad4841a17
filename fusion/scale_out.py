"""Training and scoring on a Ray cluster: Ray Train for several nodes, Ray Data for large cohorts.

Decides how the one training loop and the one predictor are handed to Ray's workers; what they do
there is what they do at home, and gives the same numbers. When this is worth its overhead is in
docs/scale.md.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kg.case import ClinicalCase
from kg.snapshot import GraphSnapshot

from .config import TrainConfig

__all__ = ["ScaleOutError", "score_on_ray", "train_on_ray"]


class ScaleOutError(RuntimeError):
    """Ray is missing or failed; one line with the mend."""


def train_on_ray(
    graph: Path,
    cases: Sequence[ClinicalCase],
    config: TrainConfig,
    out: Path,
    *,
    n_workers: int,
    resume: bool = False,
    node_text: Path | None = None,
) -> None:
    """Trains with one process a worker; the first one writes the model folder.

    A step of n workers is a step of one process with n times the accumulation: n batches.

    Args:
        graph: Folder of a snapshot that every worker can read.
        cases: Cases with diagnoses.
        config: How; `device` says whether a worker asks for a GPU.
        out: Model folder on storage that all workers share.
        n_workers: Processes, on one node or many.
        resume: Go on from the newest checkpoint in `out`.
        node_text: Embeddings as .npy; None embeds the texts.

    Raises:
        ScaleOutError: If Ray is not installed or the training fails.
    """
    _ray()
    from ray.train import RunConfig, ScalingConfig
    from ray.train.torch import TorchTrainer

    settings = {
        "graph": str(graph.resolve()),
        "cases": [case.to_json() for case in cases],
        "config": config.to_mapping(),
        "out": str(out.resolve()),
        "resume": resume,
        "node_text": None if node_text is None else str(node_text.resolve()),
    }
    trainer = TorchTrainer(
        _train_worker,
        train_loop_config=settings,
        scaling_config=ScalingConfig(num_workers=n_workers, use_gpu=config.device == "cuda"),
        run_config=RunConfig(name="ray", storage_path=str(out.resolve())),
    )
    try:
        trainer.fit()
    except Exception as error:
        raise ScaleOutError(f"Ray: the training failed ({str(error).splitlines()[-1]})") from error


def score_on_ray(
    model: Path, cases: Sequence[ClinicalCase], *, n_workers: int, cases_at_once: int = 32
) -> npt.NDArray[np.float32]:
    """Diagnosis scores of a cohort, each worker with a predictor of its own.

    Args:
        model: Model folder that every worker can read.
        cases: The cohort.
        n_workers: Processes.
        cases_at_once: Cases of one call.

    Raises:
        ScaleOutError: If Ray is not installed.
    """
    ray = _ray()
    rows = [{"row": row, "case": case.to_json()} for row, case in enumerate(cases)]
    scored = ray.data.from_items(rows).map_batches(
        _Scorer,
        fn_constructor_kwargs={"model": str(model.resolve())},
        batch_size=cases_at_once,
        concurrency=n_workers,
    )
    found = {int(row["row"]): row["scores"] for row in scored.iter_rows()}
    return np.stack([found[row] for row in range(len(rows))]).astype(np.float32)


class _Scorer:
    """What a worker of Ray Data holds."""

    def __init__(self, model: str) -> None:
        from .predictor import Predictor

        self._predictor = Predictor.load(Path(model))

    def __call__(self, batch: Mapping[str, npt.NDArray[Any]]) -> dict[str, npt.NDArray[Any]]:
        cases = [ClinicalCase.model_validate_json(text) for text in batch["case"].tolist()]
        return {"row": batch["row"], "scores": self._predictor.score_diagnoses(cases)}


def _train_worker(settings: dict[str, Any]) -> None:
    config = TrainConfig.from_mapping(settings["config"])
    if config.device == "cpu":
        os.environ["ACCELERATE_USE_CPU"] = "true"
    from .trainer import train

    text = settings["node_text"]
    result = train(
        GraphSnapshot.load(Path(settings["graph"])),
        [ClinicalCase.model_validate_json(line) for line in settings["cases"]],
        config,
        Path(settings["out"]),
        settings["resume"],
        node_text=None if text is None else np.load(text),
    )
    from ray import train as session

    session.report({"steps": result.steps, "seconds": result.seconds})


def _ray() -> Any:
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise ScaleOutError("several workers need ray; pip install 'iatros[ray]'") from error
    if not ray.is_initialized():
        # Usage statistics would leave the machine.
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        ray.init(log_to_driver=False, include_dashboard=False)
    return ray
