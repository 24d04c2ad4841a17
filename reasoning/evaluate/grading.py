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

from encoders import FreezeLevel, ImageEncoder, ImageError, load_image
from fusion.imaging import (
    DistillationConfig,
    GradingConfig,
    ImageGrader,
    distil,
    expected_grade,
    grade_images,
    read_images,
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
_VIEWS = "none"
_VIT = "vit_tiny_patch16_224"
_RIDGE = 1.0  # for each standardised feature


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

    def some(self, rows: npt.NDArray[np.int64]) -> GradedImages:
        """Some of the photographs."""
        return GradedImages(
            names=tuple(self.names[row] for row in rows.tolist()),
            pixels=self.pixels[torch.from_numpy(rows)],
            levels=self.levels[rows],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class GradingOptions:
    """What is run.

    Attributes:
        encoder: Name in timm of the encoder that is fine-tuned; None for the default one.
        weights: Of that encoder: "auto", "hub", "none" or a file.
        image_size: Side of the images.
        n_folds: Parts, each tested once.
        n_samples: Bootstrap samples of the intervals.
        vit: Also a small ViT, random and distilled from the encoder. It learns from all images that
            are trained on in any part, without their grades.
        distillation: How the ViT learns from the encoder.
        n_stages: Stages of an encoder whose means and deviations the head reads; 0 reads its pooled
            vector.
        freeze: How much of a pretrained encoder is trained.
        training: How the encoder is fine-tuned.
        seed: Of the folds.
    """

    encoder: str | None = None
    weights: str = "auto"
    image_size: int = 320
    n_folds: int = 5
    n_samples: int = 1000
    vit: bool = True
    n_stages: int = 3
    freeze: FreezeLevel = 2
    training: GradingConfig = field(default_factory=GradingConfig)
    distillation: DistillationConfig = field(default_factory=DistillationConfig)
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
    watch: Callable[[str, ImageGrader, GradedImages], None] | None = None,
) -> tuple[GradingRow, ...]:
    """Trains and tests every row on the same parts.

    Args:
        images: What is trained on and, without `test`, tested by folds.
        options: What is run.
        test: Images that are tested only.
        progress: Told what goes on.
        watch: Given the first grader that was fine-tuned, by name, and the images held out from it.
    """
    both = images if test is None else _joined(images, test)
    parts = _parts(images, options) if test is None else [_apart(images, test)]
    rows: list[tuple[str, _Method]] = []
    for weights, n_stages in _probes(options):
        encoder = _encoder(options.encoder, options, weights=weights, freeze="frozen")
        grader = ImageGrader(encoder, [_N_GRADES, _N_EDEMA], n_stages=n_stages)
        origin = "random weights" if weights == "none" else "pretrained"
        what = f"{n_stages} stages" if n_stages else "the pooled vector"
        progress(f"features of {encoder.name}, {origin}: {what}")
        features = read_images(grader, both.pixels, flips=_VIEWS)
        label = f"linear probe of {what}, {encoder.name}, {origin}"
        rows.append((label, _Probe(features.double().numpy(), both)))
    if options.vit:
        rows += _vit_rows(images, both, options, progress)
    # The probe that was read last is where fine-tuning begins.
    tuned = _FineTuned(both, options, features, watch)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    grades: npt.NDArray[np.int64]
    scores: FloatArray


_Method = Callable[[npt.NDArray[np.int64], npt.NDArray[np.int64]], _Answer]


def _probes(options: GradingOptions) -> list[tuple[str, int]]:
    """Weights and number of stages of each linear probe; the last is where fine-tuning begins."""
    wanted = [(options.weights, 0), ("none", options.n_stages), (options.weights, options.n_stages)]
    return list(dict.fromkeys(wanted))


def _vit_rows(
    images: GradedImages,
    both: GradedImages,
    options: GradingOptions,
    progress: Callable[[str], None],
) -> list[tuple[str, _Method]]:
    """Probes of a small ViT before and after it learnt, without labels, from the encoder."""
    teacher = ImageGrader(
        _encoder(options.encoder, options, weights=options.weights, freeze="frozen"),
        [_N_GRADES, _N_EDEMA],
        n_stages=options.n_stages,
    )
    vit = _encoder(_VIT, options, weights="none", freeze="all")
    student = ImageGrader(vit, [_N_GRADES, _N_EDEMA], n_stages=options.n_stages)
    rows: list[tuple[str, _Method]] = []
    for origin in ("random weights", f"distilled from {teacher.encoder.name}"):
        if rows:
            losses = distil(teacher, student, images.pixels, options.distillation)
            progress(f"distilled: loss {losses[0]:.2f} at first, {losses[-1]:.2f} at last")
        features = read_images(student, both.pixels, flips=_VIEWS).double().numpy()
        rows.append(
            (f"linear probe of {options.n_stages} stages, {_VIT}, {origin}", _Probe(features, both))
        )
    return rows


class _Probe:
    """Ridge regression of the grade over frozen features."""

    def __init__(self, features: FloatArray, images: GradedImages) -> None:
        self.features, self.levels = features, images.levels[:, 0]

    def __call__(self, train: npt.NDArray[np.int64], held: npt.NDArray[np.int64]) -> _Answer:
        probe = make_pipeline(StandardScaler(), Ridge(_RIDGE * self.features.shape[1]))
        probe.fit(self.features[train], self.levels[train])
        predicted = np.asarray(probe.predict(self.features[held]), dtype=np.float64)
        return _Answer(grades=_rounded(predicted), scores=predicted)


class _FineTuned:
    """An encoder trained end to end on the grades of both scales."""

    def __init__(
        self,
        images: GradedImages,
        options: GradingOptions,
        features: Float[Tensor, "n_images d_read"],
        watch: Callable[[str, ImageGrader, GradedImages], None] | None,
    ) -> None:
        self.images, self.options, self.features, self.watch = images, options, features, watch
        self.label = _encoder(options.encoder, options, weights="none", freeze="frozen").name

    def __call__(self, train: npt.NDArray[np.int64], held: npt.NDArray[np.int64]) -> _Answer:
        options, images = self.options, self.images
        torch.manual_seed(options.training.seed)
        freeze = "all" if options.weights == "none" else options.freeze
        encoder = _encoder(options.encoder, options, weights=options.weights, freeze=freeze)
        grader = ImageGrader(
            encoder,
            [_N_GRADES, _N_EDEMA],
            n_stages=options.n_stages,
            dropout=options.training.dropout,
        )
        train_grader(
            grader,
            images.pixels[train],
            torch.from_numpy(images.levels[train]),
            options.training,
            features=self.features[torch.from_numpy(train)],
        )
        if self.watch is not None:
            self.watch(self.label, grader, images.some(held))
            self.watch = None
        logits, _ = grade_images(grader, images.pixels[held], flips=_VIEWS)
        expected = expected_grade(logits).double().numpy()
        return _Answer(grades=_rounded(expected), scores=logits[:, 0].double().numpy())


def _encoder(
    name: str | None, options: GradingOptions, *, weights: str, freeze: Any
) -> ImageEncoder:
    torch.manual_seed(options.seed)
    return ImageEncoder(name, freeze=freeze, weights=weights, size=options.image_size)


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
