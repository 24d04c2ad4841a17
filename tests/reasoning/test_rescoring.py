"""Questions judged by the ranker itself, against brute force on the toy world."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from fusion.calibration import Calibration
from fusion.rescoring import RescoredQuestions
from fusion.symbolic import SymbolicFeatures, SymbolicKnowledge
from kg.case import ClinicalCase, Observation
from kg.snapshot import GraphSnapshot
from tests.fusion.conftest import SIGNS, toy_records


class _Ranker:
    """A likelihood ratio that asks to be called a predictor."""

    def __init__(self) -> None:
        knowledge = SymbolicKnowledge.from_snapshot(GraphSnapshot.from_records(*toy_records()))
        self.symbolic = SymbolicFeatures(knowledge)
        self._calibration = Calibration(temperature=1.0)

    def score_diagnoses(self, cases: Sequence[ClinicalCase]) -> npt.NDArray[np.float32]:
        encoder = self.symbolic.knowledge.encoder
        return self.symbolic.family.score([encoder.encode(case) for case in cases])

    def posterior(self, scores: npt.NDArray[np.float32]) -> Any:
        return self._calibration.posterior(scores)


_CASE = ClinicalCase(case_id="x", phenotypes=(Observation(term=SIGNS[0]),))


def test_the_gain_is_what_an_answer_is_expected_to_add_to_the_truth() -> None:
    ranker: Any = _Ranker()
    questions = RescoredQuestions(ranker, n_tried=3)
    belief = ranker.posterior(ranker.score_diagnoses([_CASE])).probabilities
    ((terms, gains),) = questions.gains([_CASE], belief)
    assert 0 < len(terms) <= 3
    assert gains.tolist() == sorted(gains.tolist(), reverse=True)
    names = ranker.symbolic.knowledge.ontology.ids
    shares, _ = questions.value.chances(np.arange(belief.shape[1]), terms)
    for at, gain in enumerate(gains.tolist()):
        expected = 0.0
        for status, chance in (("present", shares[:, at]), ("excluded", 1.0 - shares[:, at])):
            seen = Observation.model_validate({"term": names[terms[at]], "status": status})
            told = _CASE.model_copy(update={"phenotypes": (*_CASE.phenotypes, seen)})
            after = ranker.posterior(ranker.score_diagnoses([told])).probabilities
            expected += float((belief * chance * np.log((after + 1e-6) / (belief + 1e-6))).sum())
        assert abs(gain - expected) < 1e-4


def test_nothing_to_ask_is_no_question() -> None:
    ranker: Any = _Ranker()
    questions = RescoredQuestions(ranker)
    belief = ranker.posterior(ranker.score_diagnoses([_CASE, _CASE])).probabilities
    nothing = np.zeros(0, dtype=np.int32)
    (first, second) = questions.gains([_CASE, _CASE], belief, among=[nothing, None])
    assert len(first[0]) == 0
    assert len(second[0]) > 0
