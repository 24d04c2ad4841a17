"""LambdaRank over symbolic features: the boosted ranker that every model must face.

Decides how candidates are sampled for training, how cases are weighed, and how trees score the
whole catalogue. Gradient-boosted trees with the LambdaRank objective (Burges 2010, MSR-TR-2010-82)
through LightGBM; each training case sees its disease, the diseases that any score puts near the
top, and random ones; at prediction every disease is scored.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import lightgbm
import numpy as np
import numpy.typing as npt

from .crossfit import Fold
from .features import SymbolicFeatures
from .patients import TermSets

__all__ = ["BoostedOptions", "BoostedRanker", "TrainingSample", "sample_candidates"]

IntArray = npt.NDArray[np.int32]
FloatArray = npt.NDArray[np.float32]

_HARD_BY = (
    "family",
    "likelihood",
    "likelihood_annotated",
    "lin_margin",
    "nearest_three",
    "gene_likelihood",
    "parent_likelihood",
    "parent_likelihood_mean",
    "name_mean",
)
_BLOCK = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class BoostedOptions:
    """Sampling and trees.

    Attributes:
        n_hard: Candidates from the top of each of a handful of scores, in each group of diseases.
        n_random: Random candidates of each group.
        n_trees: Boosting rounds.
        n_leaves: Leaves of a tree.
        learning_rate: Shrinkage.
        smallest_leaf: Candidates that a leaf holds at least.
        macro: 0 weighs cases alike, 1 weighs diseases alike, between is between.
        n_threads: Threads of LightGBM.
        seed: Of sampling and bagging.
    """

    n_hard: int = 10
    n_random: int = 30
    n_trees: int = 200
    n_leaves: int = 16
    learning_rate: float = 0.08
    smallest_leaf: int = 50
    macro: float = 0.5
    n_threads: int = 1
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrainingSample:
    """Candidates of the training cases, case after case.

    Attributes:
        features: `[n_candidates, n_features]`.
        relevant: 1 for the diagnosis, else 0.
        sizes: Number of candidates of each case.
        disease: Diagnosis of each case.
        names: Names of the features.
    """

    features: FloatArray
    relevant: IntArray
    sizes: IntArray
    disease: IntArray
    names: tuple[str, ...]

    @classmethod
    def from_folds(cls, folds: Iterable[Fold], *, options: BoostedOptions | None = None) -> Self:
        """Samples candidates of every case of every fold, under the features of the fold."""
        chosen = options or BoostedOptions()
        rng = np.random.default_rng(chosen.seed)
        blocks: list[FloatArray] = []
        relevant: list[IntArray] = []
        sizes: list[int] = []
        disease: list[int] = []
        names: tuple[str, ...] = ()
        for fold in folds:
            names = fold.features.names
            for start in range(0, len(fold.cases), _BLOCK):
                patients = fold.cases.patients[start : start + _BLOCK]
                columns = fold.features.columns(patients)
                for at in range(len(patients)):
                    gold = int(fold.cases.disease[start + at])
                    candidates = sample_candidates(columns, at, gold, options=chosen, rng=rng)
                    blocks.append(_rows(columns, names, at, candidates))
                    relevant.append((candidates == gold).astype(np.int32))
                    sizes.append(len(candidates))
                    disease.append(gold)
        if not blocks:
            raise ValueError("no training case: give reference cases with a known disease")
        return cls(
            features=np.concatenate(blocks),
            relevant=np.concatenate(relevant),
            sizes=np.asarray(sizes, dtype=np.int32),
            disease=np.asarray(disease, dtype=np.int32),
            names=names,
        )


def _rows(
    columns: Mapping[str, Any], names: Sequence[str], case: int, candidates: IntArray
) -> FloatArray:
    out = np.empty((len(candidates), len(names)), dtype=np.float32)
    for at, name in enumerate(names):
        column = columns[name]
        row = column[case if len(column) > 1 else 0]
        out[:, at] = row[candidates] if len(row) > 1 else row[0]
    return out


def sample_candidates(
    columns: Mapping[str, Any],
    case: int,
    gold: int,
    *,
    options: BoostedOptions,
    rng: np.random.Generator,
) -> IntArray:
    """Diagnosis, hard and random candidates of one case, sorted, without repeats.

    Each score is asked for its best among the diseases with published patients, among those that are
    only annotated, and among those of which nothing is known: else the last, of which every right
    answer is sampled and hardly a wrong one, come out on top of the whole catalogue.
    """
    group = columns["group"][0]
    parts = [np.asarray([gold], dtype=np.int64)]
    for code in np.unique(group):
        members = np.flatnonzero(group == code)
        k = min(options.n_hard, len(members))
        if k:
            parts += [
                members[np.argpartition(-columns[name][case][members], k - 1)[:k]]
                for name in _HARD_BY
                if name in columns
            ]
        parts.append(rng.choice(members, size=min(options.n_random, len(members))))
    return np.unique(np.concatenate(parts)).astype(np.int32)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BoostedRanker:
    """Trained trees.

    Attributes:
        booster: LightGBM model.
        names: Names of the features it was trained on.
    """

    booster: Any
    names: tuple[str, ...]
    name: str = field(default="boosted ranker (LambdaRank)")
    n_threads: int = 1

    @classmethod
    def train(cls, sample: TrainingSample, *, options: BoostedOptions | None = None) -> Self:
        """Fits the trees."""
        chosen = options or BoostedOptions()
        per_disease = np.bincount(sample.disease)[sample.disease]
        weight = np.power(per_disease.astype(np.float64), -chosen.macro)
        weight *= len(weight) / weight.sum()
        data = lightgbm.Dataset(
            sample.features,
            label=sample.relevant,
            group=sample.sizes,
            weight=np.repeat(weight, sample.sizes),
            feature_name=list(sample.names),
            free_raw_data=False,
        )
        booster = lightgbm.train(
            {
                "objective": "lambdarank",
                "lambdarank_truncation_level": 20,
                "label_gain": [0, 1],
                "max_bin": 63,
                "num_leaves": chosen.n_leaves,
                "learning_rate": chosen.learning_rate,
                "min_data_in_leaf": chosen.smallest_leaf,
                "min_sum_hessian_in_leaf": 1e-3,
                "feature_fraction": 0.6,
                "feature_fraction_bynode": 0.8,
                "bagging_fraction": 0.8,
                "bagging_freq": 1,
                "lambda_l2": 1.0,
                "num_threads": chosen.n_threads,
                "seed": chosen.seed,
                "deterministic": True,
                "force_col_wise": True,
                "verbosity": -1,
            },
            data,
            num_boost_round=chosen.n_trees,
        )
        return cls(booster=booster, names=sample.names)

    def score(self, features: SymbolicFeatures, cases: Sequence[TermSets]) -> FloatArray:
        """Score of every disease, `[n_cases, n_diseases]`."""
        if features.names != self.names:
            raise ValueError(
                "features: not those that the ranker was trained on; "
                "use the same names (with or without embedded names)"
            )
        out = np.empty((len(cases), features.n_diseases), dtype=np.float32)
        for start in range(0, len(cases), _BLOCK):
            block = features.compute(cases[start : start + _BLOCK])
            out[start : start + len(block)] = self.score_features(block)
        return out

    def score_features(self, features: FloatArray) -> FloatArray:
        """Score of every disease from its features `[n_cases, n_diseases, n_features]`."""
        flat = features.reshape(-1, features.shape[-1])
        scores = self.booster.predict(flat, num_threads=self.n_threads)
        table: FloatArray = np.asarray(scores, dtype=np.float32).reshape(features.shape[:2])
        return table

    def importance(self) -> dict[str, float]:
        """Gain of each feature, summed over splits, as a share of all gain."""
        gain = self.booster.feature_importance(importance_type="gain").astype(float)
        share = gain / max(gain.sum(), 1e-12)
        return dict(sorted(zip(self.names, share.tolist(), strict=True), key=lambda x: -x[1]))

    def save(self, path: Path) -> None:
        """Writes the trees as LightGBM's text."""
        self.booster.save_model(str(path))

    @classmethod
    def load(cls, path: Path) -> Self:
        """Reads the trees that `save` wrote."""
        booster = lightgbm.Booster(model_file=str(path))
        return cls(booster=booster, names=tuple(booster.feature_name()))
