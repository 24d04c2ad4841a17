"""Whether the belief in relations that are read from text comes true.

Decides the check: all pairs that the miner was asked about in documents it has not seen, in bins of
belief, beside the share that the gold states; Brier score and expected calibration error (weighted
mean distance of belief and share), for the calibrated belief and for the bare probability.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fusion.literature import TrainedMiner
from fusion.literature.miner import ReadDocument
from kg.literature import AnnotatedDocument

__all__ = ["Reliability", "ReliabilityBin", "reliability_of", "reliability_table"]

_EDGES = (0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReliabilityBin:
    """Pairs of about the same belief.

    Attributes:
        low: Lower end.
        high: Upper end.
        n_pairs: How many pairs.
        belief: Their mean belief.
        right: Share that the gold states.
    """

    low: float
    high: float
    n_pairs: int
    belief: float
    right: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reliability:
    """A whole check.

    Attributes:
        kinds: Kinds of relations.
        n_pairs: Pairs in all.
        bins: Not empty ones, rising.
        error: Expected calibration error of the belief.
        brier: Brier score of the belief.
        error_before: The same of the bare probability.
        brier_before: The same of the bare probability.
    """

    kinds: tuple[str, ...]
    n_pairs: int
    bins: tuple[ReliabilityBin, ...]
    error: float
    brier: float
    error_before: float
    brier_before: float


def reliability_of(
    miner: TrainedMiner, read: Sequence[ReadDocument], gold: Sequence[AnnotatedDocument]
) -> Reliability | None:
    """Check the first reader that reads kinds of the gold; None when there is none."""
    kinds = {relation.kind for document in gold for relation in document.relations}
    asked = next((n for n, r in enumerate(miner.readers) if set(r.kinds) & kinds), None)
    if asked is None:
        return None
    beliefs, before, right = [], [], []
    for one, document in zip(read, gold, strict=True):
        stated = {(frozenset((r.subject, r.object)), r.kind) for r in document.relations}
        entities = one.linked.entities
        for found in one.relations[asked]:
            pair = frozenset((entities[found.first].id, entities[found.second].id))
            beliefs.append(found.belief)
            before.append(found.probability)
            right.append((pair, found.kind) in stated)
    if not right:
        return None
    truth = np.array(right, dtype=np.float64)
    bins = _bins(np.array(beliefs), truth)
    return Reliability(
        kinds=miner.readers[asked].kinds,
        n_pairs=len(truth),
        bins=bins,
        error=_error(bins),
        brier=float(np.mean((np.array(beliefs) - truth) ** 2)),
        error_before=_error(_bins(np.array(before), truth)),
        brier_before=float(np.mean((np.array(before) - truth) ** 2)),
    )


def reliability_table(result: Reliability) -> str:
    """The bins as a Markdown table."""
    lines = [
        f"Belief in {', '.join(result.kinds)}, from the text alone, {result.n_pairs:,} pairs: "
        f"calibration error {result.error:.3f} (bare probability {result.error_before:.3f}), "
        f"Brier score {result.brier:.3f} ({result.brier_before:.3f}).",
        "",
        "| belief | pairs | mean belief | right |",
        "|---|---:|---:|---:|",
    ]
    lines.extend(
        f"| {one.low:g}–{one.high:g} | {one.n_pairs:,} | {one.belief:.3f} | {one.right:.3f} |"
        for one in result.bins
    )
    return "\n".join(lines)


def _bins(beliefs: NDArray[np.float64], right: NDArray[np.float64]) -> tuple[ReliabilityBin, ...]:
    places = np.clip(np.digitize(beliefs, _EDGES) - 1, 0, len(_EDGES) - 2)
    return tuple(
        ReliabilityBin(
            low=_EDGES[place],
            high=_EDGES[place + 1],
            n_pairs=int((places == place).sum()),
            belief=float(beliefs[places == place].mean()),
            right=float(right[places == place].mean()),
        )
        for place in range(len(_EDGES) - 1)
        if (places == place).any()
    )


def _error(bins: Sequence[ReliabilityBin]) -> float:
    total = sum(one.n_pairs for one in bins)
    return sum(one.n_pairs * abs(one.belief - one.right) for one in bins) / total
