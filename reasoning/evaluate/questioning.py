"""Asking a patient: do five good questions help more than five random ones?

Decides the game. Of a held-out case a few present terms are shown and the rest is hidden; a policy
asks one question after the other and gets nothing but what the case records, and the model ranks
anew after each answer. The policies under test are those of `fusion.symbolic.questions`. Two
games, always reported together:

- `recorded`: only hidden recorded terms can be asked about, so every question has an answer; the
  random policy draws from the same list.
- `open`: any sign of the ten likeliest diseases can be asked about; what the case does not record
  stays unknown, and the question is lost. The random policy draws from the same signs.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from fusion.predictor import Predictor
from fusion.symbolic import TermSets
from fusion.symbolic.questions import QuestionValue
from kg.case import ClinicalCase, Observation
from kg.ontology import Ontology

__all__ = ["GAMES", "Game", "Played", "play"]

Game = Literal["recorded", "open"]
GAMES: tuple[Game, ...] = ("recorded", "open")

_SHOWN = 3
_LIKELY = 10
_BLOCK = 64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Played:
    """Ranks of the right diagnosis.

    Attributes:
        before: With the shown terms alone.
        random: After random questions.
        chosen: After the most valuable ones.
        everything: With all recorded terms.
        answered_random: Questions of the random policy that had an answer, mean over cases.
        answered_chosen: Likewise of the other.
        rows: Cases that were played, as rows of those given.
    """

    before: npt.NDArray[np.float64]
    random: npt.NDArray[np.float64]
    chosen: npt.NDArray[np.float64]
    everything: npt.NDArray[np.float64]
    answered_random: float
    answered_chosen: float
    rows: npt.NDArray[np.int64]


@dataclass(slots=True)
class _Patient:
    """A case that gives away what it is asked for."""

    case: ClinicalCase
    gold: tuple[int, ...]
    yes: frozenset[int]  # hidden present terms with all that they imply
    no: frozenset[int]  # excluded terms with all that they exclude
    recorded: list[int]
    present: list[int]
    excluded: list[int]
    answered: int = 0

    def ask(self, term: int) -> None:
        if term in self.yes:
            self.present.append(term)
            self.answered += 1
        elif term in self.no:
            self.excluded.append(term)
            self.answered += 1


Beliefs = npt.NDArray[np.float64]
Policy = Callable[[Sequence[_Patient], Beliefs, Sequence[set[int]]], list[int | None]]
"""What each of some patients is asked next, given the belief about each and what was asked."""


def play(
    predictor: Predictor,
    cases: Sequence[ClinicalCase],
    *,
    game: Game,
    n_questions: int = 5,
    n_hidden: int = 1,
    most: int | None = None,
    seed: int = 0,
    rank_of: Callable[[npt.NDArray[np.float32], tuple[int, ...]], float],
) -> Played:
    """Plays all cases that have enough to hide.

    Args:
        predictor: A model that knows nothing of the cases.
        cases: Cases with a diagnosis of the catalogue.
        game: What can be asked about.
        n_questions: Questions a case.
        n_hidden: Recorded terms that must be left to ask about.
        most: Cases played at most, drawn at random; None plays all that have enough to hide.
        seed: Of what is shown and of the random policy.
        rank_of: Rank of the best right diagnosis in a row of scores.
    """
    rng = np.random.default_rng([seed, 11])
    ontology = predictor.symbolic.knowledge.ontology
    value = QuestionValue(ontology, predictor.symbolic.profiles)
    rows, parts = [], []
    for row, case in enumerate(cases):
        terms = predictor.symbolic.knowledge.encoder.encode(case)
        gold = predictor.diagnoses_of(case)
        shown = rng.permutation(terms.present)[:_SHOWN]
        hidden = np.setdiff1d(terms.present, shown)
        if not gold or len(hidden) + len(terms.excluded) < n_hidden or not len(shown):
            continue
        rows.append(row)
        parts.append((case, gold, shown, hidden, terms))
    if most is not None and len(rows) > most:
        drawn = np.sort(rng.choice(len(rows), size=most, replace=False)).tolist()
        rows, parts = [rows[at] for at in drawn], [parts[at] for at in drawn]

    def patients() -> list[_Patient]:
        return [
            _Patient(
                case=case,
                gold=gold,
                yes=frozenset(ontology.closure(hidden).tolist()),
                no=frozenset(
                    below for t in terms.excluded.tolist() for below in _below(ontology, t)
                ),
                recorded=[*hidden.tolist(), *terms.excluded.tolist()],
                present=shown.tolist(),
                excluded=[],
            )
            for case, gold, shown, hidden, terms in parts
        ]

    def candidates(patient: _Patient, belief: npt.NDArray[np.float64]) -> npt.NDArray[np.int32]:
        if game == "recorded":
            return np.asarray(patient.recorded, dtype=np.int32)
        likely = np.argsort(-belief, kind="stable")[:_LIKELY]
        found = np.unique(predictor.symbolic.profiles.merged_closed[likely].indices)
        return found.astype(np.int32)

    def left(patient: _Patient, belief: Beliefs, asked: set[int]) -> npt.NDArray[np.int32]:
        known = value.open_terms(_said(patient))
        among = [t for t in candidates(patient, belief).tolist() if t not in asked and known[t]]
        return np.asarray(among, dtype=np.int32)

    def best(
        some: Sequence[_Patient], beliefs: Beliefs, asked: Sequence[set[int]]
    ) -> list[int | None]:
        worth = value.telling if game == "recorded" else value.gains
        found: list[int | None] = []
        for patient, belief, said in zip(some, beliefs, asked, strict=True):
            terms, gains = worth(belief, _said(patient), among=left(patient, belief, said))
            found.append(int(terms[gains.argmax()]) if len(terms) else None)
        return found

    def anything(
        some: Sequence[_Patient], beliefs: Beliefs, asked: Sequence[set[int]]
    ) -> list[int | None]:
        among = [left(*each) for each in zip(some, beliefs, asked, strict=True)]
        return [int(rng.choice(terms)) if len(terms) else None for terms in among]

    start = patients()
    before = _ranks(predictor, start, rank_of)
    random, answered_random = _run(predictor, patients(), anything, n_questions, rank_of)
    chosen, answered_chosen = _run(predictor, patients(), best, n_questions, rank_of)
    scores = _score(predictor, [case for case, *_ in parts])
    everything = np.asarray(
        [rank_of(own, gold) for own, (_, gold, *_) in zip(scores, parts, strict=True)]
    )
    return Played(
        before=before,
        random=random,
        chosen=chosen,
        everything=everything,
        answered_random=answered_random,
        answered_chosen=answered_chosen,
        rows=np.asarray(rows, dtype=np.int64),
    )


def _below(ontology: Ontology, term: int) -> list[int]:
    found: list[int] = ontology.descendants_of(term).tolist()
    return found


def _said(patient: _Patient) -> TermSets:
    return TermSets(
        present=np.unique(np.asarray(patient.present, dtype=np.int32)),
        excluded=np.unique(np.asarray(patient.excluded, dtype=np.int32)),
    )


def _as_case(predictor: Predictor, patient: _Patient) -> ClinicalCase:
    """The patient as far as known by now."""
    names = predictor.symbolic.knowledge.ontology.ids
    phenotypes = (
        *(Observation(term=names[t]) for t in dict.fromkeys(patient.present)),
        *(Observation(term=names[t], status="excluded") for t in dict.fromkeys(patient.excluded)),
    )
    return patient.case.model_copy(update={"phenotypes": phenotypes})


def _score(predictor: Predictor, cases: Sequence[ClinicalCase]) -> npt.NDArray[np.float32]:
    return predictor.score_diagnoses(cases)


def _ranks(
    predictor: Predictor,
    patients: Sequence[_Patient],
    rank_of: Callable[[npt.NDArray[np.float32], tuple[int, ...]], float],
) -> npt.NDArray[np.float64]:
    scores = _score(predictor, [_as_case(predictor, patient) for patient in patients])
    found = [rank_of(own, patient.gold) for own, patient in zip(scores, patients, strict=True)]
    return np.asarray(found, dtype=np.float64)


def _run(
    predictor: Predictor,
    patients: list[_Patient],
    policy: Policy,
    n_questions: int,
    rank_of: Callable[[npt.NDArray[np.float32], tuple[int, ...]], float],
) -> tuple[npt.NDArray[np.float64], float]:
    """Ranks after all questions, and how many of them were answered on average."""
    asked: list[set[int]] = [set() for _ in patients]
    for _ in range(n_questions):
        for at in range(0, len(patients), _BLOCK):
            some = patients[at : at + _BLOCK]
            scores = _score(predictor, [_as_case(predictor, patient) for patient in some])
            posterior = predictor.posterior(scores)
            if posterior is None:
                raise ValueError("the model is not calibrated: it has no confidence.json")
            told = asked[at : at + _BLOCK]
            terms = policy(some, posterior.probabilities, told)
            for patient, said, term in zip(some, told, terms, strict=True):
                if term is not None:
                    said.add(term)
                    patient.ask(term)
    answered = float(np.mean([patient.answered for patient in patients])) if patients else 0.0
    return _ranks(predictor, patients, rank_of), answered
