r"""Boosted trees scored by bit masks: the same sums as LightGBM's in a fraction of the time.

Decides how a finished ensemble is asked about thousands of rows at once. After QuickScorer
(Lucchese et al. 2015, doi:10.1145/2766462.2767733): a leaf is a bit, a split that a row fails
clears the bits of its left leaves, and the lowest bit left is the leaf that the row falls into.
What a feature clears in all trees depends only on how many thresholds its value exceeds, so it is
looked up as one row of a table.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from .compiled import add_masked_trees

__all__ = ["TreeMasks"]

FloatArray = npt.NDArray[np.float64]
MaskArray = npt.NDArray[np.int32]

_MOST_LEAVES = 31  # bits of a positive int32


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TreeMasks:
    """An ensemble as tables of masks.

    Attributes:
        columns: Features that are split.
        starts: Where the thresholds of each of them begin, and the end, `[n_columns + 1]`.
        thresholds: Ascending for each feature; the largest float32 numbers that still go left.
        kept: `[n_thresholds + n_columns, n_trees]`: for each feature, the leaves that stay above
            none, one, two, … of its thresholds.
        leaves: Leaf values, `[n_trees, 32]`.
    """

    columns: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int64]
    thresholds: npt.NDArray[np.float32]
    kept: MaskArray
    leaves: FloatArray

    @classmethod
    def of(cls, booster: Any) -> Self | None:
        """The trees of a `lightgbm.Booster`; None for trees that masks cannot hold.

        These are trees of more than 31 leaves, over categories, or that take 0 for missing.
        """
        trees = booster.dump_model()["tree_info"]
        leaves = np.zeros((len(trees), _MOST_LEAVES + 1))
        splits: list[tuple[int, float, int, int]] = []
        for number, tree in enumerate(trees):
            if tree["num_leaves"] > _MOST_LEAVES:
                return None
            found = _Walk(leaves[number])
            found.below(tree["tree_structure"])
            if not found.plain:
                return None
            splits += [(feature, value, number, kept) for feature, value, kept in found.splits]
        columns = sorted({split[0] for split in splits})
        tables = [_table(splits, column, len(trees)) for column in columns]
        none = (np.zeros(0, dtype=np.float32), np.zeros((0, len(trees)), dtype=np.int32))
        return cls(
            columns=np.asarray(columns, dtype=np.int64),
            starts=np.cumsum([0, *(len(values) for values, _ in tables)], dtype=np.int64),
            thresholds=np.concatenate([none[0], *(values for values, _ in tables)]),
            kept=np.concatenate([none[1], *(kept for _, kept in tables)]),
            leaves=leaves,
        )

    def predict(
        self,
        features: npt.NDArray[np.float32],
        columns: npt.NDArray[np.integer] | Sequence[int] | None = None,
    ) -> FloatArray:
        """Raw scores, as `booster.predict(features, raw_score=True)` up to rounding.

        Args:
            features: `[n_rows, n_features]` without missing values.
            columns: Where each feature of the booster stands; None where it stood in training.
        """
        own = self.columns if columns is None else np.asarray(columns, dtype=np.int64)[self.columns]
        out = np.zeros(len(features))
        add_masked_trees(
            np.asarray(features, dtype=np.float32), own, self.starts, self.thresholds,
            self.kept, self.leaves, out,
        )  # fmt: skip
        return out


class _Walk:
    """One tree, walked from the left: leaf values in that order, and what each split clears."""

    def __init__(self, values: FloatArray) -> None:
        self._values = values
        self._n_leaves = 0
        self.splits: list[tuple[int, float, int]] = []
        self.plain = True

    def below(self, node: Mapping[str, Any]) -> int:
        """Bits of the leaves under a node."""
        if "leaf_value" in node:
            self._values[self._n_leaves] = node["leaf_value"]
            self._n_leaves += 1
            return 1 << (self._n_leaves - 1)
        self.plain &= node["decision_type"] == "<=" and node["missing_type"] != "Zero"
        left = self.below(node["left_child"])
        self.splits.append((node["split_feature"], node["threshold"], ~left))
        return left | self.below(node["right_child"])


def _table(
    splits: list[tuple[int, float, int, int]], column: int, n_trees: int
) -> tuple[npt.NDArray[np.float32], MaskArray]:
    """Thresholds of one feature, and the leaves that are left above so many of them."""
    own = [split[1:] for split in splits if split[0] == column]
    bounds = _rounded_down(np.asarray([value for value, _, _ in own], dtype=np.float64))
    values, place = np.unique(bounds, return_inverse=True)
    kept = np.full((len(values) + 1, n_trees), -1, dtype=np.int32)
    for (_, tree, mask), at in zip(own, place.tolist(), strict=True):
        kept[at + 1, tree] &= np.int32(mask)
    return values, np.bitwise_and.accumulate(kept, axis=0)


def _rounded_down(values: FloatArray) -> npt.NDArray[np.float32]:
    """The largest float32 not above each value: it parts float32 numbers as the value does."""
    near = values.astype(np.float32)
    below = np.nextafter(near, np.float32(-np.inf))
    rounded: npt.NDArray[np.float32] = np.where(near.astype(np.float64) > values, below, near)
    return rounded
