"""What each finding does to the answer: the ranking is made again without it.

Decides nothing but the bookkeeping: the model itself is asked, so the effects are its own and not
those of a simpler score beside it.
"""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
from scipy.special import logsumexp

from fusion.predictor import Predictor
from kg.case import ClinicalCase

from .answer import Counterfactual
from .entities import Entities

__all__ = ["counterfactuals", "without_finding"]

_MOST_FINDINGS = 40


def without_finding(case: ClinicalCase, term: str) -> ClinicalCase:
    """The case as if a term had never been looked for."""
    rest = tuple(o for o in case.phenotypes if o.term != term)
    return case.model_copy(update={"phenotypes": rest})


def counterfactuals(
    predictor: Predictor,
    entities: Entities,
    case: ClinicalCase,
    first: int,
    *,
    scores_of: Callable[[Sequence[ClinicalCase]], npt.NDArray[np.float32]],
) -> tuple[Counterfactual, ...]:
    """Effect of each finding, present or excluded, on the first diagnosis; strongest first.

    Args:
        predictor: The model.
        entities: Nodes in words.
        case: The case.
        first: Catalogue position of the first diagnosis.
        scores_of: Scores of cases as the answer makes them.
    """
    known = predictor.symbolic.knowledge.encoder
    terms = [t for t in (*case.present, *case.excluded) if known.position(t) is not None]
    terms = list(dict.fromkeys(terms))[:_MOST_FINDINGS]
    if not terms:
        return ()
    table = scores_of([case, *(without_finding(case, term) for term in terms)])
    posterior = predictor.posterior(table)
    if posterior is None:
        scaled = table.astype(np.float64) / (predictor.temperature or 1.0)
        log_belief = scaled[:, first] - logsumexp(scaled, axis=1)
    else:
        log_belief = np.log(np.maximum(posterior.probabilities[:, first], 1e-30))
    found = []
    for row, term in enumerate(terms, start=1):
        node = predictor.graph.index(term)
        best = int(table[row].argmax())
        assert node is not None  # noqa: S101 - the encoder knows the term
        found.append(
            Counterfactual(
                without=entities.of(node),
                first=entities.of(int(predictor.catalogue.nodes[best])),
                changed=best != first,
                effect_nats=round(float(log_belief[0] - log_belief[row]), 3),
            )
        )
    return tuple(sorted(found, key=lambda c: (-abs(c.effect_nats), c.without.id)))
