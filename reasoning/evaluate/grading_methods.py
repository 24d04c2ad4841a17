"""Ways to grade images: a linear probe, a fine-tuned encoder, a ViT taught by that encoder.

Decides what each way is given: the images that it trains on, and of the others their pixels at the
very end. How they are compared is decided in `grading`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from jaxtyping import Float
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor

from encoders import FreezeLevel, ImageEncoder
from encoders.freezing import apply_freeze_level
from fusion.imaging import (
    Distillation,
    GradingConfig,
    ImageGrader,
    PretrainingOptions,
    expected_grade,
    grade_images,
    learn_images,
    open_vit,
    read_images,
    train_grader,
)

from .graded_images import GradedImages

__all__ = [
    "Answer",
    "FineTuned",
    "GradingOptions",
    "Method",
    "Watch",
    "open_encoder",
    "probe_rows",
    "vit_rows",
]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
LEVELS = (5, 3)
_VIEWS = "none"
_RIDGE = 1.0  # for each standardised feature


@dataclass(frozen=True, slots=True, kw_only=True)
class GradingOptions:
    """What is run.

    Attributes:
        encoder: Name in timm of the encoder that is fine-tuned; None for the default one.
        weights: Of that encoder: "auto", "hub", "none" or a file.
        image_size: Side of the images.
        n_folds: Parts, each tested once.
        n_samples: Bootstrap samples of the intervals.
        vit: Also a ViT: as it starts, and distilled from the encoder in each part, on the images
            that are trained on there, without their grades.
        vit_name: Its name in timm.
        vit_size: Side of its images.
        vit_weights: Where it starts: "none", or a file such as `iatros pretrain-image` writes, made
            without the images that are graded here.
        distil_epochs: Rounds over those images; 0 leaves the ViT as it starts.
        distillation: How it learns from the encoder; its steps follow from the rounds.
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
    vit_name: str = "vit_tiny_patch16_224"
    vit_size: int = 224
    vit_weights: str = "none"
    distil_epochs: int = 6
    distillation: PretrainingOptions = field(
        default_factory=lambda: PretrainingOptions(batch_images=8, learning_rate=2e-3, held_out=0.0)
    )
    n_stages: int = 3
    freeze: FreezeLevel = 2
    training: GradingConfig = field(default_factory=GradingConfig)
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is said of held-out images.

    Attributes:
        grades: Grade of each.
        scores: Score of any disease of each.
    """

    grades: IntArray
    scores: FloatArray


Method = Callable[[IntArray, IntArray], Answer]
"""Rows that are trained on and rows that are held out, to what is said of the latter."""

Watch = Callable[[str, ImageGrader, GradedImages], None]


def probe_rows(
    images: GradedImages, options: GradingOptions, progress: Callable[[str], None]
) -> tuple[list[tuple[str, Method]], Float[Tensor, "n_images d_read"]]:
    """Linear probes of the encoder, and the features of the last one, where fine-tuning begins."""
    rows: list[tuple[str, Method]] = []
    wanted = [(options.weights, 0), ("none", options.n_stages), (options.weights, options.n_stages)]
    for weights, n_stages in dict.fromkeys(wanted):
        encoder = open_encoder(options.encoder, options, weights=weights, freeze="frozen")
        origin = "random weights" if weights == "none" else "pretrained"
        what = f"{n_stages} stages" if n_stages else "the pooled vector"
        progress(f"features of {encoder.name}, {origin}: {what}")
        features = read_images(_grader(encoder, n_stages), images.pixels, flips=_VIEWS)
        label = f"linear probe of {what}, {encoder.name}, {origin}"
        rows.append((label, _Probe(features.double().numpy(), images)))
    return rows, features


def vit_rows(
    images: GradedImages, options: GradingOptions, progress: Callable[[str], None]
) -> list[tuple[str, Method]]:
    """A ViT probed as it starts, probed when distilled, and then fine-tuned."""
    small = resized(images, options.vit_size)
    start = "random weights" if options.vit_weights == "none" else "pretrained without labels"
    probe = f"linear probe of {options.n_stages} stages, {options.vit_name}"
    vit = _new_vit(options)
    progress(f"features of {options.vit_name}, {start}")
    features = read_images(_grader(vit, options.n_stages), small.pixels, flips=_VIEWS)
    rows: list[tuple[str, Method]] = [
        (f"{probe}, {start}", _Probe(features.double().numpy(), small))
    ]
    if not options.distil_epochs:
        return rows
    teacher = open_encoder(
        options.encoder, options, weights=options.weights, freeze="frozen", size=options.vit_size
    )
    students = _Students(small, options, teacher, progress)
    name = f"{start}, distilled from {teacher.name} in each part"
    rows.append((f"{probe}, {name}", _DistilledProbe(small, students)))
    if options.training.epochs:
        rows.append((f"{options.vit_name}, {name}, fine-tuned", _DistilledTuned(small, students)))
    return rows


class _Probe:
    """Ridge regression of the grade over frozen features."""

    def __init__(self, features: FloatArray, images: GradedImages) -> None:
        self.features, self.levels = features, images.levels[:, 0]

    def __call__(self, train: IntArray, held: IntArray) -> Answer:
        probe = make_pipeline(StandardScaler(), Ridge(_RIDGE * self.features.shape[1]))
        probe.fit(self.features[train], self.levels[train])
        predicted = np.asarray(probe.predict(self.features[held]), dtype=np.float64)
        return Answer(grades=_rounded(predicted), scores=predicted)


class FineTuned:
    """An encoder trained end to end on the grades of both scales."""

    def __init__(
        self,
        images: GradedImages,
        options: GradingOptions,
        features: Float[Tensor, "n_images d_read"],
        watch: Watch | None,
    ) -> None:
        self.images, self.options, self.features, self.watch = images, options, features, watch
        self.label = open_encoder(options.encoder, options, weights="none", freeze="frozen").name

    def __call__(self, train: IntArray, held: IntArray) -> Answer:
        """Trains on some rows and answers for others."""
        options = self.options
        torch.manual_seed(options.training.seed)
        freeze: FreezeLevel = "all" if options.weights == "none" else options.freeze
        encoder = open_encoder(options.encoder, options, weights=options.weights, freeze=freeze)
        grader, answer = _tuned(
            encoder, self.images, self.features[torch.from_numpy(train)], train, held, options
        )
        if self.watch is not None:
            self.watch(self.label, grader, self.images.some(held))
            self.watch = None
        return answer


class _Students:
    """ViTs that learnt from the encoder, one for each part, kept for the rows that need them."""

    def __init__(
        self,
        images: GradedImages,
        options: GradingOptions,
        teacher: ImageEncoder,
        progress: Callable[[str], None],
    ) -> None:
        self.images, self.options = images, options
        self._teacher, self._progress = teacher, progress
        self._kept: dict[bytes, tuple[ImageEncoder, Tensor]] = {}

    def of(self, train: IntArray) -> tuple[ImageEncoder, Tensor]:
        """The student of a part, which has seen no other image, and what it reads of all images."""
        key = train.tobytes()
        if key not in self._kept:
            options = self.options
            vit = _new_vit(options)
            own = self.images.pixels[torch.from_numpy(train)]
            how = options.distillation
            steps = -(-options.distil_epochs * len(own) // how.batch_images)
            learn_images(
                Distillation(self._teacher, vit, own),
                lambda rows: own[rows],
                len(own),
                replace(how, steps=steps),
                progress=self._progress,
            )
            features = read_images(_grader(vit, options.n_stages), self.images.pixels, flips=_VIEWS)
            self._kept[key] = (vit, features)
        return self._kept[key]


class _DistilledProbe:
    """Ridge regression of the grade over what the student of each part reads."""

    def __init__(self, images: GradedImages, students: _Students) -> None:
        self.images, self.students = images, students

    def __call__(self, train: IntArray, held: IntArray) -> Answer:
        _, features = self.students.of(train)
        return _Probe(features.double().numpy(), self.images)(train, held)


class _DistilledTuned:
    """The student of each part, its last blocks fine-tuned on the grades."""

    def __init__(self, images: GradedImages, students: _Students) -> None:
        self.images, self.students = images, students

    def __call__(self, train: IntArray, held: IntArray) -> Answer:
        options = self.students.options
        vit, features = self.students.of(train)
        torch.manual_seed(options.training.seed)
        apply_freeze_level(vit.network, options.freeze)
        own = features[torch.from_numpy(train)]
        return _tuned(vit, self.images, own, train, held, options)[1]


def open_encoder(
    name: str | None,
    options: GradingOptions,
    *,
    weights: str,
    freeze: FreezeLevel,
    size: int | None = None,
) -> ImageEncoder:
    """An encoder that is the same each time."""
    torch.manual_seed(options.seed)
    size = size or options.image_size
    return ImageEncoder(name, freeze=freeze, weights=weights, size=size)


def resized(images: GradedImages, size: int) -> GradedImages:
    """The photographs at another size."""
    if images.pixels.shape[-1] == size:
        return images
    pixels = F.interpolate(images.pixels, size=(size, size), mode="bilinear", antialias=True).clamp(
        0, 1
    )
    return replace(images, pixels=pixels)


def _new_vit(options: GradingOptions) -> ImageEncoder:
    return open_vit(
        options.vit_name, weights=options.vit_weights, size=options.vit_size, seed=options.seed
    )


def _grader(encoder: ImageEncoder, n_stages: int, dropout: float = 0.2) -> ImageGrader:
    return ImageGrader(encoder, LEVELS, n_stages=n_stages, dropout=dropout)


def _tuned(
    encoder: ImageEncoder,
    images: GradedImages,
    features: Tensor,
    train: IntArray,
    held: IntArray,
    options: GradingOptions,
) -> tuple[ImageGrader, Answer]:
    """Fine-tunes an encoder from the probe of its features."""
    grader = _grader(encoder, options.n_stages, options.training.dropout)
    train_grader(
        grader,
        images.pixels[train],
        torch.from_numpy(images.levels[train]),
        options.training,
        features=features,
    )
    logits, _ = grade_images(grader, images.pixels[held], flips=_VIEWS)
    expected = expected_grade(logits).double().numpy()
    return grader, Answer(grades=_rounded(expected), scores=logits[:, 0].double().numpy())


def _rounded(expected: FloatArray) -> IntArray:
    return np.clip(np.rint(expected), 0, LEVELS[0] - 1).astype(np.int64)
