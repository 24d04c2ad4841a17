"""Features of a (disease, treatment) pair that come with learnt attention.

Decides what trees read beside the attention itself: the place of a treatment by several scores, the
score against the best of the disease, how good the best of the disease is (whether its neighbours
are near enough to be trusted), names of diseases in texts of treatments, names of classes, and how
much is known of a treatment.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from .pair_knowledge import KNOWN_OF, PairKnowledge
from .prose import PROSE_FEATURES
from .treatment_places import log_rank, topped

__all__ = ["ATTENDED", "ATTENDED_FEATURES", "RIDGE", "attended_columns"]

IntArray = npt.NDArray[np.int32]

ATTENDED = "attention through similar treatments"
RIDGE = "kernel ridge through similar treatments"

_RANKED = (ATTENDED, RIDGE, "combined neighbours", "treatment profile neighbours")
_TOPPED = (ATTENDED, "attention", RIDGE)
_BEST = (
    "nearest text neighbour",
    "nearest name neighbour",
    "nearest combined neighbour",
    "attention",
    "a name in treatment text",
    "disease text and treatment text",
    RIDGE,
    "treatment profile neighbours",
)

ATTENDED_FEATURES: tuple[str, ...] = (
    "attention",
    ATTENDED,
    "contraindication attention",
    *(f"rank by {name}" for name in _RANKED),
    *(f"{name} against the first" for name in _TOPPED),
    "disease text and class name",
    *PROSE_FEATURES,
    *KNOWN_OF,
    *(f"best {name}" for name in _BEST),
)
"""Names of the features, in their order."""


def attended_columns(
    knowledge: PairKnowledge, nodes: IntArray, known: Mapping[str, npt.NDArray[np.floating]]
) -> dict[str, npt.NDArray[np.floating]]:
    """All of `ATTENDED_FEATURES` that are there but those of attention itself.

    Args:
        knowledge: Texts and descriptions.
        nodes: Diseases.
        known: Features made before, `[n_diseases, n_treatments]` each, or one row for all.
    """
    out: dict[str, npt.NDArray[np.floating]] = {
        "disease text and class name": knowledge.class_likeness(nodes)
    }
    if knowledge.prose is not None:
        said = knowledge.prose.of(nodes)
        out |= {name: said[:, :, at] for at, name in enumerate(PROSE_FEATURES)}
    out |= {name: knowledge.known_of[None, :, at] for at, name in enumerate(KNOWN_OF)}
    every = {**known, **out}
    out |= {f"rank by {n}": log_rank(every[n]) for n in _RANKED if n in every}
    out |= {f"{n} against the first": topped(every[n]) for n in _TOPPED if n in every}
    return out | {f"best {n}": every[n].max(axis=1, keepdims=True) for n in _BEST if n in every}
