r"""Questions judged by the model itself: ranked anew for a yes and for a no.

Decides which findings are tried and what an answer is worth. The information gain of
`fusion.symbolic.questions` believes in the profiles of diseases; the ranker, which reads the answer
in the end, makes less of some answers (a "no" hardly moves it) and more of others. So the best
findings by information gain are tried: the patient is ranked with the finding and without it, and

.. math:: G(t) = \sum_d p(d) \big[f(d, t) \ln p_{yes}(d) + (1 - f(d, t)) \ln p_{no}(d)
    - \ln p(d)\big]

is what the question is expected to add to the log-probability of the patient's disease, in nats:
with belief `p` before, `p_yes` and `p_no` after the answer, and the chance `f(d, t)` that a patient
with `d` shows `t`. It is negative for a question whose answers would mislead the ranker.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from kg.case import ClinicalCase, Observation

from .predictor import Predictor
from .symbolic import TermSets
from .symbolic.questions import QuestionValue

__all__ = ["RescoredQuestions"]

IntArray = npt.NDArray[np.int32]
FloatArray = npt.NDArray[np.float64]

_TRIED = 6
_LIKELY = 50
_LEAST = 1e-6
_CASES_AT_ONCE = 64


class RescoredQuestions:
    """Value of questions in the ranker's own terms.

    Args:
        predictor: A calibrated model.
        n_tried: Findings tried for each patient; each costs two rankings.
    """

    def __init__(self, predictor: Predictor, *, n_tried: int = _TRIED) -> None:
        self._predictor = predictor
        self._ontology = predictor.symbolic.knowledge.ontology
        self._n_tried = n_tried
        self.value = QuestionValue(self._ontology, predictor.symbolic.profiles)

    def gains(
        self,
        cases: Sequence[ClinicalCase],
        beliefs: FloatArray,
        *,
        among: Sequence[IntArray | None] | None = None,
        scores_of: Callable[[Sequence[ClinicalCase]], npt.NDArray[np.float32]] | None = None,
    ) -> list[tuple[IntArray, FloatArray]]:
        """Findings tried for each patient, best first, and what each is worth in nats.

        Args:
            cases: What is known of the patients.
            beliefs: Probability of each disease, `[n_cases, n_diseases]`.
            among: Ontology positions to choose from for each; None for the signs of the likely
                diseases.
            scores_of: How patients are ranked; None for the scores of the model as they are.
        """
        ranked_by = scores_of or self._predictor.score_diagnoses
        tried = [
            self._promising(case, belief, None if among is None else among[row])
            for row, (case, belief) in enumerate(zip(cases, beliefs, strict=True))
        ]
        variants = [
            _told(case, self._ontology.ids[term], status)
            for case, terms in zip(cases, tried, strict=True)
            for term in terms.tolist()
            for status in ("present", "excluded")
        ]
        likely = [np.argsort(-belief, kind="stable")[:_LIKELY] for belief in beliefs]
        owner = np.repeat(np.arange(len(cases)), [2 * len(terms) for terms in tried])
        after = self._beliefs(variants, [likely[at] for at in owner.tolist()], ranked_by)
        found, start = [], 0
        for terms, belief, some in zip(tried, beliefs, likely, strict=True):
            answered = after[start : start + 2 * len(terms)].reshape(len(terms), 2, len(some))
            start += 2 * len(terms)
            values = self._expected(terms, belief, some, answered)
            order = np.argsort(-values, kind="stable")
            found.append((terms[order], values[order]))
        return found

    def _promising(
        self, case: ClinicalCase, belief: FloatArray, among: IntArray | None
    ) -> IntArray:
        """The first by information gain, none that a better one implies."""
        terms, gains = self.value.gains(belief, self._terms(case), among=among)
        chosen: list[int] = []
        implied: set[int] = set()
        for at in np.argsort(-gains, kind="stable").tolist():
            term = int(terms[at])
            if len(chosen) == self._n_tried:
                break
            if among is None and term in implied:
                continue
            chosen.append(term)
            implied.update(self._ontology.ancestors_of(term).tolist())
        return np.asarray(chosen, dtype=np.int32)

    def _terms(self, case: ClinicalCase) -> TermSets:
        return self._predictor.symbolic.knowledge.encoder.encode(case)

    def _beliefs(
        self,
        cases: Sequence[ClinicalCase],
        some: Sequence[npt.NDArray[np.integer]],
        scores_of: Callable[[Sequence[ClinicalCase]], npt.NDArray[np.float32]],
    ) -> FloatArray:
        """Probability of some diseases for each case, `[n_cases, len(some[0])]`."""
        width = len(some[0]) if some else _LIKELY
        out = np.zeros((len(cases), width))
        for start in range(0, len(cases), _CASES_AT_ONCE):
            block = cases[start : start + _CASES_AT_ONCE]
            posterior = self._predictor.posterior(scores_of(block))
            if posterior is None:
                raise ValueError("the model is not calibrated: it has no confidence.json")
            for row, own in enumerate(posterior.probabilities, start=start):
                out[row] = own[some[row]]
        return out

    def _expected(
        self,
        terms: IntArray,
        belief: FloatArray,
        some: npt.NDArray[np.integer],
        answered: FloatArray,
    ) -> FloatArray:
        """Expected gain of each finding, `[n_terms]`, the other diseases counted as one."""
        if not len(terms):
            return np.zeros(0)
        shares, usual = self.value.chances(some, terms)
        chance = np.concatenate([shares, usual[None]]).T
        before = belief[some]
        weight = np.append(before, max(1.0 - float(before.sum()), 0.0))
        rest = np.maximum(1.0 - answered.sum(axis=2, keepdims=True), 0.0)
        ratio = np.log(np.concatenate([answered, rest], axis=2) + _LEAST) - np.log(weight + _LEAST)
        gains: FloatArray = (chance * ratio[:, 0] + (1.0 - chance) * ratio[:, 1]) @ weight
        return gains


def _told(case: ClinicalCase, term: str, status: str) -> ClinicalCase:
    """The case with one more finding."""
    told = Observation.model_validate({"term": term, "status": status})
    return case.model_copy(update={"phenotypes": (*case.phenotypes, told)})
