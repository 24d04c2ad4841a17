"""How well images are graded: a fine-tuned encoder beside its probe and its random twin.

Decides the folds (by image, stratified by grade), the rows that stand side by side, the metrics
(quadratic weighted kappa of the grade, AUROC of any disease) and their intervals by bootstrap over
images. With a second folder the whole first one trains and the second is tested, untouched.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from jaxtyping import Float
from sklearn.linear_model import Ridge
from sklearn.metrics import cohen_kappa_score, roc_auc_score
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor

from encoders import ImageEncoder, ImageError, load_image
from encoders.precision import fastest_dtype
from fusion.imaging import (
    GradingConfig,
    ImageGrader,
    expected_grade,
    grade_images,
    train_grader,
)
from kg.cases.idrid import idrid_images, read_idrid_grades

from .metrics import Interval

__all__ = [
    "GradedImages",
    "GradingOptions",
    "GradingRow",
    "evaluate_grading",
    "grading_json",
    "grading_markdown",
    "read_graded_images",
]

FloatArray = npt.NDArray[np.float64]
_N_GRADES, _N_EDEMA = 5, 3
_RIDGE = 3000.0  # of about 1,300 standardised features and some hundred images


@dataclass(frozen=True, slots=True, kw_only=True)
class GradedImages:
    """Photographs with their grades.

    Attributes:
        names: Case of each photograph.
        pixels: In [0, 1], without the dark frame.
        levels: Retinopathy grade, 0 to 4, and risk of macular edema, 0 to 2.
    """

    names: tuple[str, ...]
    pixels: Float[Tensor, "n_images 3 size size"]
    levels: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class GradingOptions:
    """What is run.

    Attributes:
        encoder: Name in timm of the encoder that is fine-tuned; None for the default one.
        weights: Of that encoder: "auto", "hub", "none" or a file.
        image_size: Side of the images.
        n_folds: Parts, each tested once.
        n_samples: Bootstrap samples of the intervals.
        vit: Also train a small ViT from nothing.
        training: How the encoder is fine-tuned.
        seed: Of the folds.
    """

    encoder: str | None = None
    weights: str = "auto"
    image_size: int = 224
    n_folds: int = 5
    n_samples: int = 1000
    vit: bool = True
    training: GradingConfig = field(default_factory=GradingConfig)
    seed: int = 0


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


def read_graded_images(folder: Path, *, size: int, warn: Callable[[str], None]) -> GradedImages:
    """Reads a folder in the form of IDRiD; an image that cannot be read is named and left out.

    Raises:
        ValueError: If the table is broken or no image of it can be read.
    """
    grades = read_idrid_grades(folder)
    files = idrid_images(folder)
    names, pixels, levels = [], [], []
    for case, level in grades.items():
        path = files.get(case.removeprefix("idrid-"))
        try:
            if path is None:
                raise ImageError(f"{folder}: no image {case.removeprefix('idrid-')}; add the file")
            pixels.append(load_image(path, size=size, crop=True))
        except ImageError as error:
            warn(str(error))
            continue
        names.append(case)
        levels.append(level)
    if not names:
        raise ValueError(f"{folder}: no image can be read; give the images folder too")
    return GradedImages(
        names=tuple(names),
        pixels=torch.stack(pixels),
        levels=np.asarray(levels, dtype=np.int64),
    )


def evaluate_grading(
    images: GradedImages,
    options: GradingOptions,
    *,
    test: GradedImages | None = None,
    progress: Callable[[str], None],
) -> tuple[GradingRow, ...]:
    """Trains and tests every row on the same parts.

    Args:
        images: What is trained on and, without `test`, tested by folds.
        options: What is run.
        test: Images that are tested only.
        progress: Told what goes on.
    """
    both = images if test is None else _joined(images, test)
    parts = _parts(images, options) if test is None else [_apart(images, test)]
    rows: list[tuple[str, Callable[[npt.NDArray[np.int64], npt.NDArray[np.int64]], _Answer]]] = []
    for weights in dict.fromkeys(("none", options.weights)):
        encoder = _encoder(options.encoder, options, weights=weights, freeze="frozen")
        origin = "random weights" if weights == "none" else "pretrained"
        progress(f"features of {encoder.name}, {origin}")
        features = _features(encoder, both.pixels)
        rows.append((f"linear probe, {encoder.name}, {origin}", _Probe(features, both)))
    trained = [(options.encoder, options.weights)]
    trained += [("vit_tiny_patch16_224", "none")] if options.vit else []
    for name, weights in trained:
        tuned = _FineTuned(both, options, name=name, weights=weights)
        origin = "trained from nothing" if weights == "none" else "fine-tuned"
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
        found.append(
            _row(label, gold, np.concatenate(grades)[order], np.concatenate(scores)[order], options)
        )
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    grades: npt.NDArray[np.int64]
    scores: FloatArray


class _Probe:
    """Ridge regression of the grade over frozen features."""

    def __init__(self, features: FloatArray, images: GradedImages) -> None:
        self.features, self.levels = features, images.levels[:, 0]

    def __call__(self, train: npt.NDArray[np.int64], held: npt.NDArray[np.int64]) -> _Answer:
        probe = make_pipeline(StandardScaler(), Ridge(_RIDGE))
        probe.fit(self.features[train], self.levels[train])
        predicted = np.asarray(probe.predict(self.features[held]), dtype=np.float64)
        return _Answer(grades=_rounded(predicted), scores=predicted)


class _FineTuned:
    """An encoder trained end to end on the grades of both scales."""

    def __init__(
        self, images: GradedImages, options: GradingOptions, *, name: str | None, weights: str
    ) -> None:
        self.images, self.options, self.name, self.weights = images, options, name, weights
        self.label = _encoder(name, options, weights="none", freeze="frozen").name

    def __call__(self, train: npt.NDArray[np.int64], held: npt.NDArray[np.int64]) -> _Answer:
        options, images = self.options, self.images
        torch.manual_seed(options.training.seed)
        encoder = _encoder(self.name, options, weights=self.weights, freeze="all")
        grader = ImageGrader(encoder, [_N_GRADES, _N_EDEMA], dropout=options.training.dropout)
        train_grader(
            grader, images.pixels[train], torch.from_numpy(images.levels[train]), options.training
        )
        logits, _ = grade_images(grader, images.pixels[held], flips=options.training.flips)
        expected = expected_grade(logits).double().numpy()
        return _Answer(grades=_rounded(expected), scores=logits[:, 0].double().numpy())


def _encoder(
    name: str | None, options: GradingOptions, *, weights: str, freeze: Any
) -> ImageEncoder:
    torch.manual_seed(options.seed)
    return ImageEncoder(name, freeze=freeze, weights=weights, size=options.image_size)


@torch.no_grad()
def _features(encoder: ImageEncoder, pixels: Tensor) -> FloatArray:
    """Pooled features, averaged over both mirror images."""
    encoder.eval()
    dtype = fastest_dtype(pixels.device)
    parts = []
    for batch in torch.split(pixels, 32):
        with torch.autocast(pixels.device.type, dtype, enabled=dtype != torch.float32):
            views = [encoder.encode(batch).pooled, encoder.encode(batch.flip(3)).pooled]
        parts.append(torch.stack([view.float() for view in views]).mean(dim=0))
    result: FloatArray = torch.cat(parts).double().numpy()
    return result


def _rounded(expected: FloatArray) -> npt.NDArray[np.int64]:
    return np.clip(np.rint(expected), 0, _N_GRADES - 1).astype(np.int64)


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


def _joined(images: GradedImages, test: GradedImages) -> GradedImages:
    if shared := sorted(set(images.names) & set(test.names)):
        raise ValueError(
            f"{len(shared)} images stand in both folders, the first: {shared[0]}; "
            "test on images that are not trained on"
        )
    return GradedImages(
        names=images.names + test.names,
        pixels=torch.cat([images.pixels, test.pixels]),
        levels=np.concatenate([images.levels, test.levels]),
    )


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
