"""Which (disease, treatment) pairs the treatment ranker learns from.

Decides the sample. Each labelled disease shows its treatments, the wrong ones that other scores put
near the top, wrong ones about as popular and of the same kind as a right one, and random ones. The
random ones stand for all that are not shown and are weighted so: without that, trees take the far
away for promising. Features are made without the treatments of a disease's kin
(`fusion.symbolic.pairs`), so training looks like a disease without treatments.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
import numpy.typing as npt

from .attention import AttentionOptions
from .pairs import ATTENDED_FEATURES, PairAttention, PairFeatures

__all__ = ["BoostedTreatmentOptions", "PairSample", "sample_treatments", "seen_features"]

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int32]
BoolArray = npt.NDArray[np.bool_]

_BLOCK = 16
_HARD_BY = (
    ("kernel ridge through similar treatments", "text neighbours"),
    ("contraindication ridge through similar treatments", "contraindicated in text neighbours"),
)
_PEERS = 25  # treatments on either side, by degree, that count as equally popular


@dataclass(frozen=True, slots=True, kw_only=True)
class BoostedTreatmentOptions:
    """Sampling and trees.

    Attributes:
        n_hard: Treatments from the top of each of two other scores.
        n_matched: Wrong treatments as popular and of the same kind, for each right one.
        n_random: Random wrong treatments.
        n_trees: Boosting rounds.
        n_leaves: Leaves of a tree.
        learning_rate: Shrinkage.
        smallest_leaf: Pairs that a leaf holds at least.
        macro: 0 weighs pairs alike, 1 weighs diseases alike.
        ridge_share: Share of the kernel ridge beside the trees, of their standard deviation.
        attention: How attention is trained; None leaves it out.
        n_bags: Samples of pairs for indications, each with trees of its own.
        n_threads: Threads of LightGBM.
        seed: Of sampling and bagging.
    """

    n_hard: int = 40
    n_matched: int = 1
    n_random: int = 80
    n_trees: int = 200
    n_leaves: int = 24
    learning_rate: float = 0.06
    smallest_leaf: int = 40
    macro: float = 0.5
    ridge_share: float = 0.07  # of a standard deviation; it breaks ties among the first
    attention: AttentionOptions | None = field(default_factory=AttentionOptions)
    n_bags: int = 2
    n_threads: int = 1
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PairSample:
    """Sampled pairs, disease after disease.

    Attributes:
        features: `[n_pairs, n_features]`.
        relevant: 1 where the label holds.
        weight: Weight of each pair.
        names: Names of the features.
    """

    features: FloatArray
    relevant: IntArray
    weight: npt.NDArray[np.float64]
    names: tuple[str, ...]

    @classmethod
    def draw(
        cls,
        pairs: PairFeatures,
        *,
        forbidden: bool = False,
        attention: PairAttention | None = None,
        options: BoostedTreatmentOptions | None = None,
        progress: Callable[[int], None] = lambda _: None,
    ) -> Self:
        """Samples the labelled diseases; those without a label of the kind are left out.

        Args:
            pairs: Labels and features.
            forbidden: Sample contraindications instead of indications.
            attention: Adds its features.
            options: How many of each.
            progress: Told how many further diseases are done.

        Raises:
            ValueError: No disease has such a label.
        """
        chosen = options or BoostedTreatmentOptions()
        rng = np.random.default_rng([chosen.seed, int(forbidden)])
        labels = pairs.forbidden if forbidden else pairs.indicated
        rows = np.flatnonzero(labels.any(axis=1))
        if not len(rows):
            kind = "contraindication" if forbidden else "indication"
            raise ValueError(f"the graph has no {kind} to learn from; add a source that gives some")
        hard_by = [pairs.names.index(name) for name in _HARD_BY[int(forbidden)]]
        peers = _peers(labels, pairs.catalogue.is_drug)
        features, relevant, weight = [], [], []
        for start in range(0, len(rows), _BLOCK):
            block = rows[start : start + _BLOCK]
            table = pairs.compute(pairs.labelled[block], attention)
            for at, row in enumerate(block.tolist()):
                drawn, stands_for = sample_treatments(
                    labels[row], table[at][:, hard_by].T, peers, options=chosen, rng=rng
                )
                features.append(table[at, drawn])
                relevant.append(labels[row, drawn].astype(np.int32))
                weight.append(stands_for * labels[row].sum() ** -chosen.macro)
            progress(len(block))
        joined = np.concatenate(weight)
        return cls(
            features=np.concatenate(features),
            relevant=np.concatenate(relevant),
            weight=joined * (len(joined) / joined.sum()),
            names=seen_features(pairs, attention),
        )

    def seen_by(self, options: BoostedTreatmentOptions) -> Self:
        """The same pairs without the features of attention, where the options leave it out."""
        if options.attention is not None:
            return self
        plain = len(self.names) - len(ATTENDED_FEATURES)
        n = plain if self.names[plain:] == ATTENDED_FEATURES else len(self.names)
        return replace(self, features=self.features[:, :n], names=self.names[:n])


def _peers(labels: BoolArray, is_drug: BoolArray) -> list[IntArray]:
    """For each treatment those of the same kind with about as many labels."""
    degree = labels.sum(axis=0)
    found: list[IntArray] = [np.zeros(0, dtype=np.int32)] * len(degree)
    for kind in (True, False):
        members = np.flatnonzero(is_drug == kind).astype(np.int32)
        members = members[np.argsort(-degree[members], kind="stable")]
        for at, treatment in enumerate(members.tolist()):
            found[treatment] = members[max(0, at - _PEERS) : at + _PEERS + 1]
    return found


def sample_treatments(
    right: BoolArray,
    hardness: FloatArray,
    peers: list[IntArray],
    *,
    options: BoostedTreatmentOptions,
    rng: np.random.Generator,
) -> tuple[IntArray, npt.NDArray[np.float64]]:
    """Right, hard, matched and random treatments of one disease, and how many each stands for.

    Args:
        right: The labels of the disease, `[n_treatments]`.
        hardness: `[n_scores, n_treatments]`; the higher, the more a treatment looks right.
        peers: For each treatment those about as popular.
        options: How many of each.
        rng: Source of the choice.

    Returns:
        Positions without repeats, and weights that sum to the number of treatments.
    """
    taken = right.copy()
    k = min(options.n_hard, len(right))
    for scores in hardness if k else ():
        taken[np.argpartition(-scores, k - 1)[:k]] = True
    for treatment in np.flatnonzero(right).tolist():
        taken[rng.choice(peers[treatment], size=options.n_matched)] = True
    rest = np.flatnonzero(~taken)
    drawn = rng.choice(rest, size=min(options.n_random, len(rest)), replace=False)
    shown = np.concatenate([np.flatnonzero(taken), drawn]).astype(np.int32)
    stands_for = np.ones(len(shown))
    if len(drawn):
        stands_for[-len(drawn) :] = len(rest) / len(drawn)
    return shown, stands_for


def seen_features(pairs: PairFeatures, attention: PairAttention | None) -> tuple[str, ...]:
    """Names of what `PairFeatures.compute` gives with this attention."""
    return pairs.names if attention is None else (*pairs.names, *ATTENDED_FEATURES)
