"""Gradient-boosted trees through LightGBM, set up the same way for every ranker.

Decides what all rankers share: sampling of rows and features, determinism, names of features in a
form that LightGBM's text can hold. What is learnt from, and the objective, is the ranker's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import lightgbm
import numpy as np
import numpy.typing as npt

__all__ = ["TreeOptions", "fit_trees"]

_SHARED = {
    "feature_fraction": 0.6,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "deterministic": True,
    "force_col_wise": True,
    "verbosity": -1,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeOptions:
    """Size and speed of the trees.

    Attributes:
        n_trees: Boosting rounds.
        n_leaves: Leaves of a tree.
        learning_rate: Shrinkage.
        smallest_leaf: Rows that a leaf holds at least.
        n_threads: Threads of LightGBM.
        seed: Of sampling.
    """

    n_trees: int
    n_leaves: int
    learning_rate: float
    smallest_leaf: int
    n_threads: int = 1
    seed: int = 0


def fit_trees(
    features: npt.NDArray[np.float32],
    labels: npt.NDArray[np.int32],
    names: Sequence[str],
    *,
    weight: npt.NDArray[np.float64],
    objective: Mapping[str, Any],
    options: TreeOptions,
    group: npt.NDArray[np.int32] | None = None,
) -> Any:
    """A trained `lightgbm.Booster`.

    Args:
        features: `[n_rows, n_features]`.
        labels: `[n_rows]`.
        names: Of the features; blanks become underscores.
        weight: Of each row.
        objective: LightGBM's `objective` and what belongs to it; may set anything else too.
        options: Size and speed.
        group: Rows of each list, for objectives that rank.
    """
    data = lightgbm.Dataset(
        features,
        label=labels,
        weight=weight,
        group=group,
        feature_name=[name.replace(" ", "_") for name in names],
        free_raw_data=False,
    )
    parameters = {
        **_SHARED,
        "num_leaves": options.n_leaves,
        "learning_rate": options.learning_rate,
        "min_data_in_leaf": options.smallest_leaf,
        "num_threads": options.n_threads,
        "seed": options.seed,
        **objective,
    }
    return lightgbm.train(parameters, data, num_boost_round=options.n_trees)
