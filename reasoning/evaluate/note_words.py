"""Do the highlighted words matter? A deletion test over held-out notes, and a page to look at.

Decides the test: the share of words with the largest weight is taken out of a held-out note, and as
often random words of the same number; what the score of the answered class loses is compared. The
weights come from `fusion.note_attribution`, the classifier reads notes alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import resources

import jinja2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from encoders import ModalityTokens, TextEncoder
from fusion.classes import ClassTraining, PatientClassifier, classify, train_classifier
from fusion.classes.cohort import TokenCohort
from fusion.note_attribution import WordWeight, attribute_words, without_words
from fusion.patient import N_DEMOGRAPHICS, PatientInputs
from kg.literature.sentences import sentences

from .fused import patient_parts
from .metrics import Interval

__all__ = ["ExplainedNote", "NoteWords", "explain_notes", "note_words_markdown", "render_notes"]

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedNote:
    """A held-out note with the weights of its words.

    Attributes:
        case_id: The patient.
        note: The masked note.
        words: Weights for the answered class.
        gold: Number of the right class.
        answered: Number of the answered class.
        share: Share given to it.
        loss: Log-odds that the class loses without the highlighted words.
        random_loss: Mean loss without as many random words.
    """

    case_id: str
    note: str
    words: tuple[WordWeight, ...]
    gold: int
    answered: int
    share: float
    loss: float
    random_loss: float


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteWords:
    """The deletion test over all held-out notes.

    Attributes:
        notes: Every tested note.
        difference: Mean of loss minus random loss, over patients.
        better: Share of notes whose loss is larger than the random one.
        deleted: Share of the words that was taken out.
    """

    notes: tuple[ExplainedNote, ...]
    difference: Interval
    better: Interval
    deleted: float


def explain_notes(
    cohort: TokenCohort,
    classes: IntArray,
    encoder: TextEncoder,
    *,
    n_folds: int = 5,
    n_tested_folds: int = 2,
    deleted: float = 0.2,
    n_random: int = 10,
    n_samples: int = 1000,
    training: ClassTraining | None = None,
    progress: Callable[[str], None],
) -> NoteWords:
    """Explains notes by a classifier that was not trained on them: those of the first folds."""
    rng = np.random.default_rng(0)
    found: list[ExplainedNote] = []
    for number, (train, test) in enumerate(
        patient_parts(classes, None, n_folds, 0)[:n_tested_folds]
    ):
        progress(f"words of notes: part {number + 1} of {n_tested_folds}")
        model = _note_classifier(cohort, classes, train, training or ClassTraining())
        for row in test.tolist():
            case = cohort.cases[row]
            note = case.note or ""
            judge = _Judge(model, encoder, cohort)
            shares = judge.shares(note)
            answered = int(shares.argmax())
            words = attribute_words(encoder, partial(judge.log_odds, answered), _cut(note))
            if len(words) < 5:
                continue
            size = max(1, round(deleted * len(words)))
            top = sorted(words, key=lambda w: -w.weight)[:size]
            random = [
                [words[i] for i in rng.choice(len(words), size=size, replace=False)]
                for _ in range(n_random)
            ]
            before = _logit(float(shares[answered]))
            losses = [
                before - _logit(float(judge.shares(without_words(note, gone))[answered]))
                for gone in (top, *random)
            ]
            found.append(
                ExplainedNote(
                    case_id=case.case_id,
                    note=note,
                    words=words,
                    gold=int(classes[row]),
                    answered=answered,
                    share=float(shares[answered]),
                    loss=losses[0],
                    random_loss=float(np.mean(losses[1:])),
                )
            )
    gain = np.array([note.loss - note.random_loss for note in found])
    return NoteWords(
        notes=tuple(found),
        difference=_mean(gain, n_samples),
        better=_mean((gain > 0).astype(np.float64), n_samples),
        deleted=deleted,
    )


def note_words_markdown(result: NoteWords) -> str:
    """The deletion test in two sentences."""
    gain, better = result.difference, result.better
    return (
        f"Words of notes: {len(result.notes)} held-out notes. Without the {result.deleted:.0%} of "
        f"words with the largest weight the answered class loses {gain.value:+.2f} "
        f"[{gain.low:+.2f}, {gain.high:+.2f}] more log-odds than without as many random words; it "
        f"loses more in {better.value:.0%} [{better.low:.0%}, {better.high:.0%}] of the notes.\n"
    )


def render_notes(result: NoteWords, names: Sequence[str], *, most: int = 6) -> str:
    """A page with some held-out notes, their words coloured: one of each class, then more."""
    by_class: dict[int, list[ExplainedNote]] = {}
    for note in sorted(result.notes, key=lambda n: n.case_id):
        by_class.setdefault(note.gold, []).append(note)
    shown: list[ExplainedNote] = []
    while len(shown) < min(most, len(result.notes)):
        for own in by_class.values():
            if own and len(shown) < most:
                shown.append(own.pop(0))
    template = resources.files("reasoning").joinpath("templates/notes.html").read_text("utf-8")
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(template).render(
        summary=note_words_markdown(result),
        notes=[(note, _pieces(note)) for note in shown],
        names=names,
    )


class _Judge:
    """Scores of one classifier for one note."""

    def __init__(self, model: PatientClassifier, encoder: TextEncoder, cohort: TokenCohort) -> None:
        self.model, self.encoder, self.cohort = model, encoder, cohort

    def log_odds(self, number: int, tokens: ModalityTokens) -> Tensor:
        own: Tensor = self.model(_alone(tokens)).log_softmax(dim=1)[:, number]
        return own - torch.log1p(-own.exp().clamp(max=1 - 1e-6))

    @torch.no_grad()
    def shares(self, note: str) -> npt.NDArray[np.float64]:
        texts = [text for _, text in _cut(note)] or [" "]
        values = self.encoder.embed_windows(self.encoder.first_windows(texts)).float()[None]
        present = torch.ones(1, values.shape[1], dtype=torch.bool)
        tokens = ModalityTokens(values=values, present=present)
        return classify(self.model, _alone(tokens))[0].double().numpy()


def _note_classifier(
    cohort: TokenCohort, classes: IntArray, train: IntArray, training: ClassTraining
) -> PatientClassifier:
    torch.manual_seed(0)
    notes = cohort.inputs.notes
    model = PatientClassifier(
        cohort.graph,
        int(classes.max()) + 1,
        d_note=notes.d_model if notes else 0,
        d_image=0,
        modality_dropout=0.0,
    )
    seen = cohort.select(train, frozenset({"note"}))
    train_classifier(model, seen, classes[train], training, seed=0)
    return model


def _alone(tokens: ModalityTokens) -> PatientInputs:
    return PatientInputs(
        nodes=torch.zeros(tokens.n_cases, 8, dtype=torch.long),
        roles=torch.zeros(tokens.n_cases, 8, dtype=torch.long),
        demographics=torch.zeros(tokens.n_cases, N_DEMOGRAPHICS),
        notes=tokens,
    )


def _cut(note: str) -> list[tuple[int, str]]:
    return [(s.start, note[s.start : s.end]) for s in sentences(note)[:16]]


def _logit(share: float) -> float:
    share = min(max(share, 1e-6), 1 - 1e-6)
    return math.log(share / (1 - share))


def _mean(values: npt.NDArray[np.float64], n_samples: int) -> Interval:
    rng = np.random.default_rng(0)
    draws = rng.choice(values, size=(n_samples, len(values))).mean(axis=1)
    low, high = np.percentile(draws, [2.5, 97.5])
    return Interval(value=float(values.mean()), low=float(low), high=float(high))


def _pieces(note: ExplainedNote) -> list[tuple[str, float]]:
    """Text cut at its words, each with its weight in [-1, 1] of the largest."""
    top = max((abs(word.weight) for word in note.words), default=1.0) or 1.0
    pieces, at = [], 0
    for word in note.words:
        pieces.append((note.note[at : word.start], 0.0))
        pieces.append((note.note[word.start : word.end], word.weight / top))
        at = word.end
    return [*pieces, (note.note[at:], 0.0)]
