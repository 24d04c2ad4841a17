"""Fitting how sure a finished model may be, on cases that it has not learnt from.

Decides the cases (the whole development part, not only those that early stop looked at) and what
the model knows while it scores them: nothing that cites their publications, not the patients
themselves, and as many other diseases emptied as in training.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from kg.case import ClinicalCase
from kg.cases.split import publication_components

from .calibration import PRIOR_NONE, Calibration
from .confidence import Confidence
from .conformal import ConformalSets, nonconformity
from .predictor import Predictor
from .symbolic.crossfit import decoy_publications

__all__ = ["COVERAGE", "confidence_from_scores", "fit_confidence"]

COVERAGE = 0.9
"""Share of patients whose conformal set holds their disease."""


def fit_confidence(
    predictor: Predictor,
    cases: Sequence[ClinicalCase],
    *,
    n_decoys: int,
    keep_annotations: bool = False,
    seed: int = 0,
) -> Confidence | None:
    """Probabilities and sets from held-out cases; None when none of them has a known diagnosis.

    Args:
        predictor: The finished model, with everything that it may know when it answers.
        cases: Cases whose publications stand apart from those that its weights have seen.
        n_decoys: Other diseases that lose their annotations too.
        keep_annotations: Only patients are taken away, see `TrainConfig`.
        seed: Of the choice of decoys.
    """
    found = [(case, predictor.diagnoses_of(case)) for case in cases if case.has_input()]
    found = [(case, gold) for case, gold in found if gold]
    if not found:
        return None
    held = [case for case, _ in found]
    golds = [gold for _, gold in found]
    if keep_annotations:
        blind = predictor.without_patients_of(held)
    else:
        decoys = decoy_publications(
            predictor.context.knowledge,
            n_decoys=n_decoys,
            rng=np.random.default_rng([seed, 7]),
            spare=sorted({position for gold in golds for position in gold}),
        )
        blind = predictor.blind_to(held, also=decoys)
    return confidence_from_scores(
        blind.score_diagnoses(held), golds, blind.groups, publication_components(held)
    )


def confidence_from_scores(
    scores: npt.NDArray[np.float32],
    golds: Sequence[tuple[int, ...]],
    groups: npt.NDArray[np.integer],
    clusters: npt.NDArray[np.integer],
    *,
    prior_none: float = PRIOR_NONE,
) -> Confidence:
    """Both fits from scores.

    Args:
        scores: `[n_cases, n_diseases]` of the model before it was calibrated.
        golds: Catalogue positions of the diagnoses of each case.
        groups: What is known of each disease.
        clusters: Connected component of publications of each case.
        prior_none: Share of patients whose disease is outside the catalogue.
    """
    calibration = Calibration.fit(scores, golds, groups, prior_none=prior_none)
    offset = (scores + calibration.offsets(groups)).astype(np.float32)
    probabilities = calibration.posterior(offset).probabilities
    best = np.asarray(
        [max(gold, key=lambda at: row[at]) for gold, row in zip(golds, offset, strict=True)]
    )
    return Confidence(
        calibration=calibration,
        sets=ConformalSets.fit(nonconformity(probabilities, best), clusters, coverage=COVERAGE),
        n_cases=len(scores),
    )
