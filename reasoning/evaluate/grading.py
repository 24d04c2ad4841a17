"""How well images are graded: a fine-tuned encoder beside its probe and its random twin.

Decides the folds (by image, stratified by grade), the rows that stand side by side, the metrics
(quadratic weighted kappa of the grade, AUROC of any disease) and their intervals by bootstrap over
images. With a second folder the whole first one trains and the second is tested, untouched.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import cohen_kappa_score, roc_auc_score
from sklearn.model_selection import StratifiedKFold

from .graded_images import GradedImages
from .grading_methods import FineTuned, GradingOptions, Watch, probe_rows, vit_rows
from .metrics import Interval

__all__ = ["GradingRow", "evaluate_grading", "grading_json", "grading_markdown"]

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class GradingRow:
    """One method.

    Attributes:
        name: What it is.
        kappa: Quadratic weighted kappa of the retinopathy grade.
        auroc: Any retinopathy against none.
        grades: Grade given to each image.
        scores: Score of any retinopathy of each image.
    """

    name: str
    kappa: Interval
    auroc: Interval
    grades: tuple[int, ...]
    scores: tuple[float, ...]


def evaluate_grading(
    images: GradedImages,
    options: GradingOptions,
    *,
    test: GradedImages | None = None,
    progress: Callable[[str], None],
    watch: Watch | None = None,
) -> tuple[GradingRow, ...]:
    """Trains and tests every row on the same parts.

    Args:
        images: What is trained on and, without `test`, tested by folds.
        options: What is run.
        test: Images that are tested only; those that stand in `images` too are not trained on.
        progress: Told what goes on.
        watch: Given the first grader that was fine-tuned, by name, and the images held out from it.
    """
    if test is not None:
        n_given = len(images.names)
        images = images.without(test)
        if twice := n_given - len(images.names):
            progress(f"{twice} images stand in both folders; tested, not trained on")
    both = images if test is None else images.joined(test)
    parts = _parts(images, options) if test is None else [_apart(images, test)]
    rows, features = probe_rows(both, options, progress)
    if options.vit:
        rows += vit_rows(both, options, progress)
    tuned = FineTuned(both, options, features, watch)
    origin = "trained from nothing" if options.weights == "none" else "fine-tuned"
    rows.append((f"{tuned.label}, {origin}", tuned))
    found = []
    for label, method in rows:
        grades, scores, tested = [], [], []
        for number, (train, held) in enumerate(parts):
            progress(f"{label}: part {number + 1} of {len(parts)}")
            answer = method(train, held)
            grades.append(answer.grades)
            scores.append(answer.scores)
            tested.append(held)
        order = np.argsort(np.concatenate(tested), kind="stable")
        gold = both.levels[np.sort(np.concatenate(tested)), 0]
        row = _row(
            label, gold, np.concatenate(grades)[order], np.concatenate(scores)[order], options
        )
        progress(f"  kappa {_shown(row.kappa)}, AUROC {_shown(row.auroc)}")
        found.append(row)
    return tuple(found)


def _parts(
    images: GradedImages, options: GradingOptions
) -> list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    folds = StratifiedKFold(options.n_folds, shuffle=True, random_state=options.seed)
    return list(folds.split(images.names, images.levels[:, 0]))


def _apart(
    images: GradedImages, test: GradedImages
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    n = len(images.names)
    return np.arange(n), np.arange(n, n + len(test.names))


def _row(
    name: str,
    gold: npt.NDArray[np.int64],
    grades: npt.NDArray[np.int64],
    scores: FloatArray,
    options: GradingOptions,
) -> GradingRow:
    rng = np.random.default_rng(options.seed)
    draws = [rng.integers(0, len(gold), len(gold)) for _ in range(options.n_samples)]

    def interval(of: Callable[[npt.NDArray[np.int64]], float]) -> Interval:
        values = [value for rows in draws if np.isfinite(value := of(rows))]
        low, high = np.percentile(values, [2.5, 97.5]) if values else (np.nan, np.nan)
        return Interval(value=of(np.arange(len(gold))), low=float(low), high=float(high))

    def kappa(rows: npt.NDArray[np.int64]) -> float:
        return float(cohen_kappa_score(gold[rows], grades[rows], weights="quadratic"))

    def auroc(rows: npt.NDArray[np.int64]) -> float:
        ill = gold[rows] > 0
        return float(roc_auc_score(ill, scores[rows])) if 0 < ill.sum() < len(ill) else np.nan

    return GradingRow(
        name=name,
        kappa=interval(kappa),
        auroc=interval(auroc),
        grades=tuple(int(grade) for grade in grades),
        scores=tuple(float(score) for score in scores),
    )


def grading_json(rows: Sequence[GradingRow], options: GradingOptions) -> dict[str, Any]:
    """Everything, for JSON."""
    return {"options": asdict(options), "rows": [asdict(row) for row in rows]}


def grading_markdown(rows: Sequence[GradingRow]) -> str:
    """The table that people read."""
    lines = ["| method | quadratic kappa | AUROC, any retinopathy |", "|---|---|---|"]
    lines += [f"| {row.name} | {_shown(row.kappa)} | {_shown(row.auroc)} |" for row in rows]
    return "\n".join(lines) + "\n"


def _shown(interval: Interval) -> str:
    return f"{interval.value:.3f} ({interval.low:.3f}–{interval.high:.3f})"
