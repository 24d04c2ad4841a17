"""Is the explanation the reason? What is cited is taken away, and the score must fall.

Decides three deletions, each on the first diagnosis of a held-out case: the strongest cited finding
from the case; all cited findings that speak for it; and, on some of the cases, every statement of
the graph that cites a publication of that evidence. Beside the first stands the finding that is
cited as the weakest: it should matter less.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fusion.predictor import Predictor
from kg.case import ClinicalCase
from reasoning.counterfactual import without_finding
from reasoning.diagnose import Asked, Diagnoser

from .certainty import cluster_weights, resampled
from .metrics import Interval

__all__ = ["FaithfulnessResult", "measure_faithfulness"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FaithfulnessResult:
    """Shares of cases, with intervals over publications.

    Attributes:
        strongest: The probability falls without the strongest cited finding.
        strongest_beats_weakest: And falls more than without the weakest cited one.
        findings: The probability falls without all findings cited for it.
        statements: The score falls without the statements cited for it.
        n_cases: Cases of the first three.
        n_statements: Cases of the last.
    """

    strongest: Interval
    strongest_beats_weakest: Interval
    findings: Interval
    statements: Interval | None
    n_cases: int
    n_statements: int

    def as_json(self) -> dict[str, Any]:
        """Plain numbers."""
        return {
            name: {"value": v.value, "low": v.low, "high": v.high} if isinstance(v, Interval) else v
            for name in self.__slots__
            for v in [getattr(self, name)]
        }


def measure_faithfulness(
    predictor: Predictor,
    cases: Sequence[ClinicalCase],
    clusters: npt.NDArray[np.integer],
    *,
    n_statements: int = 40,
    n_samples: int = 1000,
    seed: int = 0,
) -> FaithfulnessResult:
    """All deletions.

    Args:
        predictor: A model that knows nothing of the cases.
        cases: Held-out cases.
        clusters: Connected component of publications of each.
        n_statements: Cases on which statements are deleted; each makes the features anew.
        n_samples: Bootstrap samples.
        seed: Of the choice of these cases.
    """
    answers = Diagnoser(predictor).answer(cases, Asked(top=1))
    rows, first, cited, papers = [], [], [], []
    for row, answer in enumerate(answers):
        top = answer.diagnoses[0]
        weighed = [e for e in top.evidence if e.kind == "finding" and (e.weight_nats or 0.0) > 0]
        position = predictor.catalogue.position(predictor.graph, top.disease.id)
        if len(weighed) < 2 or position is None:
            continue
        rows.append(row)
        first.append(position)
        cited.append([_as_given(predictor, cases[row], e.finding.id) for e in weighed])
        papers.append(sorted({p for e in weighed for p in e.publications}))
    found = [cases[row] for row in rows]
    at = np.asarray(first)
    whole = _log_belief(predictor, found, at)
    strongest = _log_belief(
        predictor, [without_finding(c, t[0]) for c, t in zip(found, cited, strict=True)], at
    )
    weakest = _log_belief(
        predictor, [without_finding(c, t[-1]) for c, t in zip(found, cited, strict=True)], at
    )
    stripped = []
    for case, terms in zip(found, cited, strict=True):
        bare = case
        for term in terms:
            bare = without_finding(bare, term)
        stripped.append(bare)
    none_left = _log_belief(predictor, stripped, at)
    weights = cluster_weights(np.asarray(clusters)[rows], n_samples=n_samples)

    def rate(held: npt.NDArray[np.bool_]) -> Interval:
        return resampled(weights, lambda w: float(w @ held / w.sum()))

    rng = np.random.default_rng([seed, 13])
    with_papers = [i for i, some in enumerate(papers) if some]
    chosen = np.sort(rng.permutation(np.asarray(with_papers, dtype=np.int64))[:n_statements])
    fell = np.asarray([_falls(predictor, found[i], first[i], papers[i]) for i in chosen])
    statements = None
    if len(fell):
        own = cluster_weights(np.asarray(clusters)[rows][chosen], n_samples=n_samples)
        statements = resampled(own, lambda w: float(w @ fell / w.sum()))
    return FaithfulnessResult(
        strongest=rate(strongest < whole),
        strongest_beats_weakest=rate(strongest < weakest),
        findings=rate(none_left < whole),
        statements=statements,
        n_cases=len(rows),
        n_statements=len(fell),
    )


def _as_given(predictor: Predictor, case: ClinicalCase, current: str) -> str:
    """The id under which the case states a finding; the graph may know it by a newer one."""
    graph = predictor.graph
    node = graph.index(current)
    return next((term for term in case.present if graph.index(term) == node), current)


def _log_belief(
    predictor: Predictor, cases: Sequence[ClinicalCase], diseases: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Log-probability of one disease of each case."""
    out = np.zeros(len(cases))
    for start in range(0, len(cases), 64):
        some = slice(start, start + 64)
        posterior = predictor.posterior(predictor.score_diagnoses(cases[some]))
        if posterior is None:
            raise ValueError("the model is not calibrated: it has no confidence.json")
        own = posterior.probabilities[np.arange(len(cases[some])), diseases[some]]
        out[some] = np.log(np.maximum(own, 1e-300))
    return out


def _falls(
    predictor: Predictor, case: ClinicalCase, disease: int, publications: Sequence[str]
) -> bool:
    """Whether the score falls when nothing that cites the publications is known."""
    before = predictor.score_diagnoses([case])[0, disease]
    after = predictor.blind_to([], also=publications).score_diagnoses([case])[0, disease]
    return bool(after < before)
