"""A linear model over bags of words.

Decides the hashing and the regularisation of the logistic regression that reads the words around
entities; its weights are kept as plain numbers.
"""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray as Array

__all__ = ["BAG_BUCKETS", "BagModel"]

BAG_BUCKETS = 1 << 17


class BagModel:
    """Weights of hashed words.

    Args:
        weights: One column per class, intercepts in the last row.
    """

    def __init__(self, weights: Float[Array, "n_terms n_types"]) -> None:
        self.weights = np.ascontiguousarray(weights, dtype=np.float32)

    @classmethod
    def fit(
        cls, bags: Sequence[Sequence[str]], labels: Int[Array, "n_cases"], *, n_classes: int = 1
    ) -> "BagModel":
        """Logistic regression; a class without an example gets no weight."""
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.linear_model import LogisticRegression

        width = max(n_classes, 1)
        weights = np.zeros((BAG_BUCKETS + 1, width), dtype=np.float32)
        present = np.unique(labels)
        if len(present) > 1:
            table = _hashed(bags)
            used = np.unique(table.indices)  # the solver's time goes with the columns
            model = LogisticRegression(C=1.0, max_iter=60)
            with warnings.catch_warnings():  # many kinds need longer; their order is settled
                warnings.simplefilter("ignore", ConvergenceWarning)
                model.fit(table[:, used], labels)
            rows = np.append(used, BAG_BUCKETS)
            found = np.vstack([model.coef_.T, model.intercept_[None]])
            columns = present if len(present) > 2 else present[1:]
            if width == 1:
                columns = np.zeros(1, dtype=np.int64)
            weights[np.ix_(rows, columns)] = found
        return cls(weights)

    def scores(self, bags: Sequence[Sequence[str]]) -> Float[Array, "n_cases n_types"]:
        """Log odds, one row per bag."""
        found = _hashed(bags) @ self.weights[:-1]
        return np.asarray(found + self.weights[-1], dtype=np.float32)


def _hashed(bags: Sequence[Sequence[str]]) -> Any:
    from sklearn.feature_extraction import FeatureHasher
    from sklearn.preprocessing import normalize

    hasher = FeatureHasher(BAG_BUCKETS, input_type="string", alternate_sign=False)
    table = hasher.transform([list(dict.fromkeys(bag)) for bag in bags])
    return normalize(table.minimum(1.0), copy=False) * 4.0
