"""What each modality of the chest cohort is worth, and what fusion adds.

Decides the rows that stand side by side on the same splits by patient: baselines, each modality
alone, all together in each way of fusion; and the differences that are reported with an interval.
Encoders are frozen and run once; graph network, fusion and head are trained for each part. Where it
is asked for, the encoders are then trained with them (`fusion.classes.end_to_end`). How a cohort is
read is decided in `reasoning.evaluate.chest_cohort`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline

from encoders import ImageEncoder, TextEncoder
from fusion.classes import ClassTraining, PatientClassifier, classify, train_classifier
from fusion.classes.cohort import ALL_MODALITIES, RawCohort, TokenCohort
from fusion.classes.end_to_end import EndToEndTraining, train_together
from fusion.config import FUSIONS
from kg.cases.masking import MASK

from .class_metrics import class_metrics, difference, interval
from .metrics import Interval

__all__ = [
    "FusedOptions",
    "FusedResult",
    "FusedRow",
    "Trainable",
    "evaluate_fused",
    "patient_parts",
]

IntArray = npt.NDArray[np.int64]
Parts = list[tuple[IntArray, IntArray]]


@dataclass(frozen=True, slots=True, kw_only=True)
class FusedOptions:
    """What is run.

    Attributes:
        fusions: Ways of fusion; the first is the one that differences are taken of.
        n_seeds: Splits and trainings.
        n_folds: Parts of each split, each tested once.
        n_samples: Bootstrap samples.
        alignment: Also the first way of fusion with the contrast between note and image.
        training: How classifiers are trained.
        end_to_end: Also all together, and the note alone, with their encoders trained; None leaves
            these rows out.
    """

    fusions: tuple[str, ...] = FUSIONS
    n_seeds: int = 5
    n_folds: int = 5
    n_samples: int = 1000
    alignment: bool = True
    training: ClassTraining = field(default_factory=ClassTraining)
    end_to_end: EndToEndTraining | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FusedRow:
    """One method.

    Attributes:
        name: What it is.
        macro_f1: Mean over seeds.
        balanced_accuracy: Likewise.
        n_parameters: What is trained; 0 for baselines.
        predicted: Class given to each tested patient, by seed.
    """

    name: str
    macro_f1: Interval
    balanced_accuracy: Interval
    n_parameters: int
    predicted: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FusedResult:
    """All rows, and differences by name: macro-F1 and balanced accuracy."""

    rows: tuple[FusedRow, ...]
    differences: dict[str, tuple[Interval, ...]]
    n_tested: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trainable:
    """What training the encoders needs.

    Attributes:
        cohort: The patients as the encoders take them.
        text: Text encoder to start from.
        image: Image encoder to start from.
    """

    cohort: RawCohort
    text: TextEncoder
    image: ImageEncoder


Method = Callable[[IntArray, IntArray, int], IntArray]


def evaluate_fused(
    cohort: TokenCohort,
    classes: IntArray,
    options: FusedOptions,
    *,
    tested: IntArray | None = None,
    trainable: Trainable | None = None,
    progress: Callable[[str], None],
) -> FusedResult:
    """Trains and tests every row on the same splits.

    Args:
        cohort: The patients.
        classes: Class of each.
        options: What is run.
        tested: Patients that are tested only, and trained on never; None tests all by folds.
        trainable: Encoders and what they read; needed when the options ask for `end_to_end`.
        progress: Told what goes on.
    """
    held = np.arange(len(classes)) if tested is None else tested
    gold = classes[held]
    said: dict[str, list[IntArray]] = {}
    sizes: dict[str, int] = {}
    for name, method, size in _methods(cohort, classes, options, trainable):
        progress(name)
        sizes[name] = size
        for seed in range(options.n_seeds):
            answer = np.full(len(classes), -1, dtype=np.int64)
            for train, test in patient_parts(classes, tested, options.n_folds, seed):
                answer[test] = method(train, test, seed)
            said.setdefault(name, []).append(answer[held])
        found = np.mean([class_metrics(gold, one)[0] for one in said[name]], axis=0)
        progress(f"  macro-F1 {found[0]:.3f}, balanced accuracy {found[1]:.3f}")
    rows = []
    for name, found in said.items():
        f1, balanced = interval(gold, found, n_samples=options.n_samples)
        rows.append(
            FusedRow(
                name=name,
                macro_f1=f1,
                balanced_accuracy=balanced,
                n_parameters=sizes[name],
                predicted=tuple(tuple(one.tolist()) for one in found),
            )
        )
    whole = _together(options.fusions[0])
    others = (*_ALONE, _TFIDF, *(_together(f) for f in options.fusions[1:]), _ALIGNED)
    pairs = [(whole, other) for other in others]
    pairs += [
        (f"{whole}{_TRAINED}", whole),
        (f"{_ALONE[0]}{_TRAINED}", _ALONE[0]),
        (f"{whole}{_TRAINED}", f"{_ALONE[0]}{_TRAINED}"),
    ]
    return FusedResult(
        rows=tuple(rows),
        differences={
            f"{one} − {other}": difference(
                gold, said[one], said[other], n_samples=options.n_samples
            )
            for one, other in pairs
            if one in said and other in said
        },
        n_tested=len(held),
    )


_ALONE = ("note only", "image only", "graph and phenotypes only")
_TFIDF = "TF-IDF and logistic regression, classes balanced"
_ALIGNED = "all together, note and image aligned"
_TRAINED = ", encoders trained too"


def _together(fusion: str) -> str:
    return f"all together, {fusion.replace('_', ' ')}"


def _methods(
    cohort: TokenCohort, classes: IntArray, options: FusedOptions, trainable: Trainable | None
) -> Iterator[tuple[str, Method, int]]:
    notes = [case.note or "" for case in cohort.cases]
    masks = np.array([[note.count(MASK), len(note)] for note in notes], dtype=np.float64)

    def majority(train: IntArray, test: IntArray, seed: int) -> IntArray:
        del seed
        return np.full(len(test), np.bincount(classes[train]).argmax())

    def number_of_masks(train: IntArray, test: IntArray, seed: int) -> IntArray:
        del seed
        model = LogisticRegression(class_weight="balanced", max_iter=1000)
        scaled = masks / masks[train].max(axis=0).clip(min=1.0)
        found: IntArray = model.fit(scaled[train], classes[train]).predict(scaled[test])
        return found

    yield "majority", majority, 0
    yield "control: number of masks and length of the note", number_of_masks, 0
    yield "TF-IDF and logistic regression", _Words(notes, classes, None), 0
    yield _TFIDF, _Words(notes, classes, "balanced"), 0
    first = options.fusions[0]
    alone = zip(_ALONE, ("note", "image", "graph"), strict=True)
    trained = [(name, first, frozenset({seen}), 0.0) for name, seen in alone]
    trained += [(_together(fusion), fusion, ALL_MODALITIES, 0.0) for fusion in options.fusions]
    trained += [(_ALIGNED, first, ALL_MODALITIES, 0.1)] if options.alignment else []
    for name, fusion, modalities, alignment in trained:
        method = _Trained(cohort, classes, options, fusion, modalities, alignment)
        yield name, method, method.n_parameters
    if options.end_to_end is not None and trainable is not None:
        for name, modalities in (
            (_ALONE[0], frozenset({"note"})),
            (_together(first), ALL_MODALITIES),
        ):
            both = _TrainedWithEncoders(
                cohort, classes, options, first, modalities, 0.0, trainable=trainable
            )
            yield f"{name}{_TRAINED}", both, both.n_parameters


class _Words:
    """Logistic regression over the words of the note."""

    def __init__(self, notes: Sequence[str], classes: IntArray, balance: str | None) -> None:
        self.notes, self.classes, self.balance = list(notes), classes, balance

    def __call__(self, train: IntArray, test: IntArray, seed: int) -> IntArray:
        del seed
        model = make_pipeline(
            TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2), min_df=2),
            LogisticRegression(C=10.0, class_weight=self.balance, max_iter=2000),
        )
        model.fit([self.notes[i] for i in train], self.classes[train])
        found: IntArray = model.predict([self.notes[i] for i in test])
        return found


class _Trained:
    """The trained part of the model, over tokens of frozen encoders."""

    def __init__(
        self,
        cohort: TokenCohort,
        classes: IntArray,
        options: FusedOptions,
        fusion: str,
        modalities: frozenset[str],
        alignment: float,
    ) -> None:
        self.cohort, self.classes, self.options = cohort, classes, options
        self.fusion, self.modalities, self.alignment = fusion, modalities, alignment
        parameters = self._model(0).parameters()
        self.n_parameters = sum(p.numel() for p in parameters)

    def _model(self, seed: int) -> PatientClassifier:
        torch.manual_seed(seed)
        inputs = self.cohort.inputs
        return PatientClassifier(
            self.cohort.graph,
            int(self.classes.max()) + 1,
            d_note=inputs.notes.d_model if inputs.notes and "note" in self.modalities else 0,
            d_image=inputs.images.d_model if inputs.images and "image" in self.modalities else 0,
            fusion=self.fusion,
            modality_dropout=0.3 if len(self.modalities) > 1 else 0.0,
        )

    def _trained(self, train: IntArray, seed: int) -> PatientClassifier:
        settings = replace(self.options.training, alignment_weight=self.alignment)
        model = self._model(seed)
        seen = self.cohort.select(train, self.modalities)
        train_classifier(model, seen, self.classes[train], settings, seed=seed)
        return model

    def __call__(self, train: IntArray, test: IntArray, seed: int) -> IntArray:
        seen = self.cohort.select(test, self.modalities)
        shares = classify(self._trained(train, seed), seen)
        return shares.argmax(dim=1).numpy().astype(np.int64)


class _TrainedWithEncoders(_Trained):
    """The same, and then its encoders with it."""

    def __init__(self, *given: Any, trainable: Trainable) -> None:
        super().__init__(*given)
        self.trainable = trainable
        read = [
            encoder
            for encoder, name in ((trainable.text, "note"), (trainable.image, "image"))
            if name in self.modalities
        ]
        self.n_parameters += sum(p.numel() for part in read for p in part.network.parameters())

    def __call__(self, train: IntArray, test: IntArray, seed: int) -> IntArray:
        given = self.trainable
        assert self.options.end_to_end is not None  # noqa: S101 - for the type checker
        model = train_together(
            self._trained(train, seed),
            given.text,
            given.image,
            given.cohort,
            train,
            self.classes[train],
            training=self.options.end_to_end,
            modalities=self.modalities,
            seed=seed,
        )
        return model.classify(given.cohort, test).argmax(dim=1).numpy().astype(np.int64)


def patient_parts(classes: IntArray, tested: IntArray | None, n_folds: int, seed: int) -> Parts:
    """Training and test rows: the tested patients, or folds by patient and class."""
    if tested is not None:
        rest = np.setdiff1d(np.arange(len(classes)), tested)
        return [(rest, tested)]
    least = int(np.bincount(classes)[np.unique(classes)].min())
    if len(np.unique(classes)) < 2 or len(classes) < n_folds:
        raise ValueError(f"{len(classes)} patients of one class; give more patients")
    folds = StratifiedKFold(n_folds, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        if least < n_folds:  # rare classes are then missing from some parts; it is said in the docs
            warnings.simplefilter("ignore", UserWarning)
        split = folds.split(np.zeros(len(classes)), classes)
        return [(train.astype(np.int64), test.astype(np.int64)) for train, test in split]
