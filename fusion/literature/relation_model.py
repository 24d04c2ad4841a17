"""Which pairs of entities of a document are related, and how.

Decides the classifier: linear models over the words around a pair and around each entity, whose
out-of-fold scores stand beside the pair's numbers in gradient-boosted trees (LightGBM). The paper
as a whole is judged, since a quarter of the related pairs never share a sentence. Where a relation
becomes a statement is decided in `fusion.literature.miner`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray as Array

from .word_bags import BagModel

__all__ = ["PairTable", "RelationModel", "best_threshold"]

_ROUNDS = 220
_SAMPLES = 200
_SETTINGS: dict[str, Any] = {
    "learning_rate": 0.04,
    "num_leaves": 15,
    "min_data_in_leaf": 12,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 3.0,
    "verbosity": -1,
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PairTable:
    """Pairs of many documents.

    Attributes:
        columns: Numbers of each pair (`pair_columns` and prior knowledge).
        pair_bags: Words around both.
        first_bags: Words around the first entity.
        second_bags: Words around the second entity.
        groups: Number of the document of each pair.
    """

    columns: Float[Array, "n_cases n_features"]
    pair_bags: Sequence[Sequence[str]]
    first_bags: Sequence[Sequence[str]]
    second_bags: Sequence[Sequence[str]]
    groups: Int[Array, "n_cases"]

    def __len__(self) -> int:
        return len(self.groups)

    def bags(self) -> tuple[Sequence[Sequence[str]], ...]:
        """The three kinds of bags."""
        return self.pair_bags, self.first_bags, self.second_bags


class RelationModel:
    """Probabilities of relations.

    Args:
        bags: Linear models, for the words of the pair, the first and the second entity.
        trees: LightGBM models in text form; their mean is taken.
        n_classes: 1 for related or not; more for kinds, the first being "none".
    """

    def __init__(self, bags: Sequence[BagModel], trees: Sequence[str], n_classes: int) -> None:
        import lightgbm

        self.bags = tuple(bags)
        self.trees = tuple(trees)
        self.n_classes = n_classes
        self._boosters = [lightgbm.Booster(model_str=text) for text in trees]

    @classmethod
    def fit(
        cls,
        table: PairTable,
        labels: Int[Array, "n_cases"],
        *,
        n_classes: int = 1,
        n_folds: int = 5,
        n_seeds: int = 3,
        seed: int = 0,
    ) -> tuple["RelationModel", Float[Array, "n_cases n_types"]]:
        """Learn, and give the out-of-fold probabilities that a threshold is chosen on.

        Args:
            table: The pairs.
            labels: 0 for not related; 1, 2, … for the kinds.
            n_classes: 1 for related or not; else the number of kinds and "none".
            n_folds: Folds of documents.
            n_seeds: Boosted models that are averaged.
            seed: Of the folds and of the models.
        """
        rng = np.random.default_rng(seed)
        documents = np.unique(table.groups)
        fold_of = dict(zip(documents, rng.permutation(len(documents)) % n_folds, strict=True))
        folds = np.array([fold_of[group] for group in table.groups])
        width = max(n_classes, 1)
        linear = np.zeros((len(table), 3 * width), dtype=np.float32)
        for fold in range(n_folds):
            inside, outside = folds != fold, folds == fold
            for number, bags in enumerate(table.bags()):
                model = BagModel.fit(_kept(bags, inside), labels[inside], n_classes=width)
                linear[outside, number * width : (number + 1) * width] = model.scores(
                    _kept(bags, outside)
                )
        models = [BagModel.fit(list(bags), labels, n_classes=width) for bags in table.bags()]
        values = np.hstack([table.columns, linear])
        held = np.zeros((len(table), width), dtype=np.float32)
        for fold in range(n_folds):
            inside = folds != fold
            for booster in _boosted(values[inside], labels[inside], width, n_seeds=1, seed=seed):
                held[~inside] = _probabilities(booster, values[~inside], width)
        boosters = _boosted(values, labels, width, n_seeds=n_seeds, seed=seed)
        texts = [booster.model_to_string() for booster in boosters]
        return cls(models, texts, width), held

    def probabilities(self, table: PairTable) -> Float[Array, "n_cases n_types"]:
        """One column of "related", or one per kind with "none" first."""
        if not len(table):
            return np.zeros((0, self.n_classes), dtype=np.float32)
        linear = [model.scores(bags) for model, bags in zip(self.bags, table.bags(), strict=True)]
        values = np.hstack([table.columns, *linear])
        found = [_probabilities(booster, values, self.n_classes) for booster in self._boosters]
        return np.asarray(np.mean(found, axis=0), dtype=np.float32)


def best_threshold(
    probabilities: Float[Array, "n_cases"],
    gold: Bool[Array, "n_cases"],
    *,
    n_missed: int = 0,
) -> float:
    """The probability above which F is best: the mean over bootstrap samples of the pairs.

    F is nearly flat around its best, so that the best of one sample is a draw from a wide range.

    Args:
        probabilities: Of each pair.
        gold: Which pairs are related.
        n_missed: Related pairs that are not in the list.
    """
    rng = np.random.default_rng(0)
    found = []
    for _ in range(_SAMPLES):
        rows = rng.integers(0, len(gold), size=len(gold))
        missed = int(rng.poisson(n_missed))
        found.append(_best_threshold(probabilities[rows], gold[rows], missed))
    return float(np.mean(found))


def _best_threshold(
    probabilities: Float[Array, "n_cases"], gold: Bool[Array, "n_cases"], n_missed: int
) -> float:
    order = np.argsort(-probabilities, kind="stable")
    right = np.cumsum(gold[order])
    precision_recall = 2 * right / (np.arange(1, len(order) + 1) + gold.sum() + n_missed)
    best = int(precision_recall.argmax())
    after = probabilities[order[min(best + 1, len(order) - 1)]]
    return float((probabilities[order[best]] + after) / 2)


def _kept(bags: Sequence[Sequence[str]], keep: Bool[Array, "n_cases"]) -> list[Sequence[str]]:
    return [bag for bag, kept in zip(bags, keep.tolist(), strict=True) if kept]


def _boosted(
    values: Float[Array, "n_cases n_features"],
    labels: Int[Array, "n_cases"],
    width: int,
    *,
    n_seeds: int,
    seed: int,
) -> list[Any]:
    import lightgbm

    objective = (
        {"objective": "binary"} if width == 1 else {"objective": "multiclass", "num_class": width}
    )
    found = []
    for number in range(n_seeds):
        data = lightgbm.Dataset(values, labels, free_raw_data=True)
        settings = {**_SETTINGS, **objective, "seed": seed + 17 * number}
        found.append(lightgbm.train(settings, data, num_boost_round=_ROUNDS))
    return found


def _probabilities(
    booster: Any, values: Float[Array, "n_cases n_features"], width: int
) -> Float[Array, "n_cases n_types"]:
    found = np.asarray(booster.predict(values, num_threads=1), dtype=np.float32)
    return found.reshape(len(values), width)
