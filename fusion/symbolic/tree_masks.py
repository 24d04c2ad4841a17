r"""Boosted trees scored by bit masks: the same sums as LightGBM's in a fraction of the time.

Decides how a finished ensemble is asked about thousands of rows at once. After QuickScorer
(Lucchese et al. 2015, doi:10.1145/2766462.2767733): a leaf is a bit, a split that a row fails
clears the bits of its left leaves, and the lowest bit left is the leaf that the row falls into.
What a feature clears in all trees depends only on how many thresholds its value exceeds, so it is
looked up as one row of a table.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

__all__ = ["TreeMasks"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]
MaskArray = npt.NDArray[np.int32]

_ROWS = 256  # masks of so many rows of 200 trees stay in the cache of a core
_PLACED = 8192  # rows whose values are placed among the thresholds at once
_MOST_LEAVES = 31  # bits of a positive int32
_SPARSE = 0.5  # share of rows above which a table row is looked up for all
_BIAS = 127  # of the exponent of a float32


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Thresholds:
    """Where one feature is split.

    Attributes:
        feature: Its column.
        values: Ascending; the largest float32 numbers that still go left.
        kept: `[n_values + 1, n_trees]`, the leaves that are left above so many of them.
    """

    feature: int
    values: npt.NDArray[np.float32]
    kept: MaskArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TreeMasks:
    """An ensemble as tables of masks.

    Attributes:
        thresholds: One entry for each feature that is split.
        leaves: Leaf values, tree after tree, `[n_trees * 32]`.
        n_trees: Trees.
    """

    thresholds: tuple[_Thresholds, ...]
    leaves: FloatArray
    n_trees: int

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
        return cls(
            thresholds=tuple(_tables(splits, len(trees))),
            leaves=leaves.ravel(),
            n_trees=len(trees),
        )

    def predict(self, features: npt.NDArray[np.float32]) -> FloatArray:
        """Raw scores, as `booster.predict(features, raw_score=True)` up to rounding.

        Args:
            features: `[n_rows, n_features]` without missing values.
        """
        out = np.empty(len(features))
        room = _Room(min(_ROWS, len(features)), self.n_trees)
        for start in range(0, len(features), _PLACED):
            some = features[start : start + _PLACED]
            self._score(some, room, out[start : start + len(some)])
        return out

    def _score(self, features: npt.NDArray[np.float32], room: "_Room", out: FloatArray) -> None:
        n_rows = len(features)
        starts = np.arange(0, n_rows + _ROWS, _ROWS)
        every = np.full(self.n_trees, -1, dtype=np.int32)
        dense: list[tuple[MaskArray, IntArray]] = []
        sparse: list[tuple[MaskArray, IntArray, IntArray, IntArray]] = []
        for own in self.thresholds:
            place = np.searchsorted(own.values, np.ascontiguousarray(features[:, own.feature]))
            least = place.min()
            every &= own.kept[least]  # what all rows fail is cleared for all at once
            above = place > least
            n_above = np.count_nonzero(above)
            if n_above > _SPARSE * n_rows:
                dense.append((own.kept, place))
            elif n_above:
                rows = np.flatnonzero(above)
                sparse.append((own.kept, place[rows], rows, np.searchsorted(rows, starts)))
        for number, start in enumerate(starts[:-1].tolist()):
            masks = room.masks[: min(_ROWS, n_rows - start)]
            masks[:] = every
            looked_up = room.other[: len(masks)]
            for kept, place in dense:
                np.take(kept, place[start : start + _ROWS], axis=0, out=looked_up, mode="clip")
                np.bitwise_and(masks, looked_up, out=masks)
            for kept, place, rows, cuts in sparse:
                own_rows = slice(cuts[number], cuts[number + 1])
                if own_rows.start < own_rows.stop:
                    masks[rows[own_rows] - start] &= kept[place[own_rows]]
            out[start : start + len(masks)] = self._reached(room, len(masks))

    def _reached(self, room: "_Room", n_rows: int) -> FloatArray:
        """Sums of the leaves that the lowest bits of the masks stand for."""
        masks, other, power = room.masks[:n_rows], room.other[:n_rows], room.power[:n_rows]
        np.negative(masks, out=other)
        np.bitwise_and(masks, other, out=masks)
        np.copyto(power, masks)  # exact: one bit; its exponent is the number of the leaf
        np.right_shift(power.view(np.int32), 23, out=masks)
        leaf, value = room.leaf[:n_rows], room.value[:n_rows]
        np.add(masks, room.first, out=leaf)
        np.take(self.leaves, leaf, out=value, mode="clip")
        scores: FloatArray = value.sum(axis=1)
        return scores


class _Room:
    """Memory that every block is worked in: fresh memory costs more than the work."""

    def __init__(self, n_rows: int, n_trees: int) -> None:
        self.masks = np.empty((n_rows, n_trees), dtype=np.int32)
        self.other = np.empty_like(self.masks)
        self.power = np.empty((n_rows, n_trees), dtype=np.float32)
        self.leaf = np.empty((n_rows, n_trees), dtype=np.int64)
        self.value = np.empty((n_rows, n_trees))
        self.first = np.arange(n_trees, dtype=np.int64) * (_MOST_LEAVES + 1) - _BIAS


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


def _tables(splits: list[tuple[int, float, int, int]], n_trees: int) -> Iterator[_Thresholds]:
    for feature in sorted({split[0] for split in splits}):
        own = [split[1:] for split in splits if split[0] == feature]
        bounds = _rounded_down(np.asarray([value for value, _, _ in own], dtype=np.float64))
        values, place = np.unique(bounds, return_inverse=True)
        kept = np.full((len(values) + 1, n_trees), -1, dtype=np.int32)
        for (_, tree, mask), at in zip(own, place.tolist(), strict=True):
            kept[at + 1, tree] &= np.int32(mask)
        yield _Thresholds(
            feature=feature, values=values, kept=np.bitwise_and.accumulate(kept, axis=0)
        )


def _rounded_down(values: FloatArray) -> npt.NDArray[np.float32]:
    """The largest float32 not above each value: it parts float32 numbers as the value does."""
    near = values.astype(np.float32)
    below = np.nextafter(near, np.float32(-np.inf))
    rounded: npt.NDArray[np.float32] = np.where(near.astype(np.float64) > values, below, near)
    return rounded
