"""LambdaRank over symbolic features: the boosted ranker that every model must face.

Decides how candidates are sampled for training, how cases are weighed, and how trees score the
whole catalogue. Gradient-boosted trees with the LambdaRank objective (Burges 2010, MSR-TR-2010-82)
through LightGBM; each training case sees its disease, the diseases that any score puts near the
top, and random ones; at prediction every disease is scored.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import lightgbm
import numpy as np
import numpy.typing as npt

from .crossfit import Fold
from .features import SymbolicFeatures
from .patients import TermSets
from .tree_masks import TreeMasks
from .trees import TreeOptions, fit_trees

__all__ = [
    "BoostedOptions",
    "BoostedRanker",
    "TrainingSample",
    "case_weights",
    "columns_of",
    "readable",
    "sample_candidates",
]

IntArray = npt.NDArray[np.int32]
FloatArray = npt.NDArray[np.float32]

_HARD_BY = (
    "family",
    "likelihood",
    "likelihood_annotated",
    "family_cosine",
    "profile_cosine",
    "lin_margin",
    "nearest_three",
    "gene_likelihood",
    "parent_likelihood",
    "parent_likelihood_mean",
    "series_likelihood",
    "named",
    "name_mean",
)
_BLOCK = 16
_IDENTITY = frozenset({"n_annotations", "n_cases", "has_gene", "has_omim"})
# Together they tell single diseases apart: trees then learn the favourites of the training cases.


@dataclass(frozen=True, slots=True, kw_only=True)
class BoostedOptions:
    """Sampling and trees.

    Attributes:
        n_hard: Candidates from the top of each of a handful of scores, in each stratum of diseases.
        n_random: Random candidates of each stratum.
        n_trees: Boosting rounds.
        n_leaves: Leaves of a tree.
        learning_rate: Shrinkage.
        smallest_leaf: Candidates that a leaf holds at least.
        cases_per_disease: Training cases of one disease at most; a few diseases hold most cases.
        macro: 0 weighs cases alike, 1 weighs diseases alike, between is between.
        n_threads: Threads of LightGBM.
        seed: Of sampling and bagging.
    """

    n_hard: int = 4
    n_random: int = 15
    n_trees: int = 120
    n_leaves: int = 16
    learning_rate: float = 0.1
    smallest_leaf: int = 50
    cases_per_disease: int = 5
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
        positions: Catalogue position of each candidate.
        patients: Findings of each case.
        fold: Fold of each case, numbered in the order given.
    """

    features: FloatArray
    relevant: IntArray
    sizes: IntArray
    disease: IntArray
    names: tuple[str, ...]
    positions: IntArray
    patients: tuple[TermSets, ...]
    fold: IntArray

    @classmethod
    def from_folds(cls, folds: Iterable[Fold], *, options: BoostedOptions | None = None) -> Self:
        """Samples candidates of every case of every fold, under the features of the fold."""
        chosen = options or BoostedOptions()
        rng = np.random.default_rng(chosen.seed)
        blocks: list[FloatArray] = []
        relevant: list[IntArray] = []
        sizes: list[int] = []
        disease: list[int] = []
        positions: list[IntArray] = []
        asked: list[TermSets] = []
        numbers: list[int] = []
        names: tuple[str, ...] = ()
        for number, fold in enumerate(folds):
            names = fold.features.names
            cases = fold.cases.select(_at_most(fold.cases.disease, chosen.cases_per_disease, rng))
            for start in range(0, len(cases), _BLOCK):
                patients = cases.patients[start : start + _BLOCK]
                columns = fold.features.columns(patients)
                for at in range(len(patients)):
                    gold = int(cases.disease[start + at])
                    candidates = sample_candidates(columns, at, gold, options=chosen, rng=rng)
                    blocks.append(_rows(columns, names, at, candidates))
                    relevant.append((candidates == gold).astype(np.int32))
                    sizes.append(len(candidates))
                    disease.append(gold)
                    positions.append(candidates)
                asked += patients
                numbers += [number] * len(patients)
        if not blocks:
            raise ValueError("no training case: give reference cases with a known disease")
        return cls(
            features=np.concatenate(blocks),
            relevant=np.concatenate(relevant),
            sizes=np.asarray(sizes, dtype=np.int32),
            disease=np.asarray(disease, dtype=np.int32),
            names=names,
            positions=np.concatenate(positions),
            patients=tuple(asked),
            fold=np.asarray(numbers, dtype=np.int32),
        )

    @classmethod
    def join(cls, samples: Sequence[Self]) -> Self:
        """The cases of several samples with the same features."""
        return cls(
            features=np.concatenate([sample.features for sample in samples]),
            relevant=np.concatenate([sample.relevant for sample in samples]),
            sizes=np.concatenate([sample.sizes for sample in samples]),
            disease=np.concatenate([sample.disease for sample in samples]),
            names=samples[0].names,
            positions=np.concatenate([sample.positions for sample in samples]),
            patients=tuple(patient for sample in samples for patient in sample.patients),
            fold=np.concatenate(
                [np.full_like(sample.fold, number) for number, sample in enumerate(samples)]
            ),
        )

    def with_features(self, names: Sequence[str], values: FloatArray) -> Self:
        """The same candidates with more features, `[n_candidates, len(names)]`."""
        return replace(
            self,
            features=np.concatenate([self.features, values], axis=1),
            names=(*self.names, *names),
        )

    def thinned(self, share: float, *, rng: np.random.Generator) -> Self:
        """A random share of the wrong candidates of each case; the diagnosis always stays."""
        kept = (rng.random(len(self.relevant)) < share) | (self.relevant > 0)
        starts = np.r_[0, np.cumsum(self.sizes)[:-1]]
        return replace(
            self,
            features=self.features[kept],
            relevant=self.relevant[kept],
            positions=self.positions[kept],
            sizes=np.add.reduceat(kept, starts, dtype=np.int32),
        )


def readable(names: Sequence[str], wanted: Sequence[str] | None = None) -> tuple[str, ...]:
    """Features that a ranker may read, in their order: those wanted, none that tells who it is."""
    allowed = frozenset(names if wanted is None else wanted) - _IDENTITY
    return tuple(name for name in names if name in allowed)


def columns_of(read: Sequence[str], names: Sequence[str]) -> list[int]:
    """Columns of the features that a ranker reads.

    Raises:
        ValueError: One of them is not among `names`.
    """
    if missing := [name for name in read if name not in names]:
        raise ValueError(
            f"features: {', '.join(missing)} missing, which the ranker was trained on; "
            "make them with the same knowledge (with or without embedded names)"
        )
    return [names.index(name) for name in read]


def case_weights(disease: npt.NDArray[np.integer], macro: float) -> npt.NDArray[np.float64]:
    """Weight of each case, 1 on average: cases alike (`macro` 0) to diseases alike (1)."""
    counted = np.bincount(disease)[disease].astype(np.float64)
    weight: npt.NDArray[np.float64] = np.power(counted, -macro)
    weight *= len(weight) / weight.sum()
    return weight


def _at_most(disease: IntArray, n: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Rows of at most `n` random cases of each disease, in their order."""
    shuffled = rng.permutation(len(disease))
    order = shuffled[np.argsort(disease[shuffled], kind="stable")]
    ordered = disease[order]
    place = np.arange(len(ordered)) - np.searchsorted(ordered, ordered)
    return np.sort(order[place < n])


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

    Each score is asked for its best in each stratum (how much is known, OMIM id, gene), or the
    strata of which every right answer is sampled and hardly a wrong one come out on top of the
    whole catalogue.
    """
    strata = 4 * columns["group"][0] + 2 * columns["has_omim"][0] + columns["has_gene"][0]
    parts = [np.asarray([gold], dtype=np.int64)]
    scores = [columns[name][case] for name in _HARD_BY if name in columns]
    for stratum in np.unique(strata):
        members = np.flatnonzero(strata == stratum)
        k = min(options.n_hard, len(members))
        if k:
            parts += [members[np.argpartition(-own[members], k - 1)[:k]] for own in scores]
        parts.append(rng.choice(members, size=min(options.n_random, len(members))))
    return np.unique(np.concatenate(parts)).astype(np.int32)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BoostedRanker:
    """Trained trees.

    Attributes:
        booster: LightGBM model.
        names: Names of the features it reads, in its order.
    """

    booster: Any
    names: tuple[str, ...]
    name: str = field(default="boosted ranker (LambdaRank)")
    n_threads: int = 1
    _masks: TreeMasks | None = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_masks", TreeMasks.of(self.booster))

    @classmethod
    def train(
        cls,
        sample: TrainingSample,
        *,
        options: BoostedOptions | None = None,
        names: Sequence[str] | None = None,
    ) -> Self:
        """Fits the trees.

        Args:
            sample: Candidates of training cases.
            options: Trees.
            names: Features that may be read; those that tell single diseases apart never are.
        """
        chosen = options or BoostedOptions()
        weight = case_weights(sample.disease, chosen.macro)
        read = readable(sample.names, names)
        booster = fit_trees(
            sample.features[:, [sample.names.index(name) for name in read]],
            sample.relevant,
            read,
            weight=np.repeat(weight, sample.sizes),
            group=sample.sizes,
            objective={
                "objective": "lambdarank",
                "lambdarank_truncation_level": 20,
                "label_gain": [0, 1],
                "max_bin": 63,
                "min_sum_hessian_in_leaf": 1e-3,
                "feature_fraction_bynode": 0.8,
                "lambda_l2": 1.0,
            },
            options=TreeOptions(
                n_trees=chosen.n_trees,
                n_leaves=chosen.n_leaves,
                learning_rate=chosen.learning_rate,
                smallest_leaf=chosen.smallest_leaf,
                n_threads=chosen.n_threads,
                seed=chosen.seed,
            ),
        )
        return cls(booster=booster, names=read)

    def score(self, features: SymbolicFeatures, cases: Sequence[TermSets]) -> FloatArray:
        """Score of every disease, `[n_cases, n_diseases]`."""
        out = np.empty((len(cases), features.n_diseases), dtype=np.float32)
        for start in range(0, len(cases), _BLOCK):
            block = features.compute(cases[start : start + _BLOCK])
            out[start : start + len(block)] = self.score_features(block, features.names)
        return out

    def score_features(self, features: FloatArray, names: Sequence[str]) -> FloatArray:
        """Score of every disease from its features `[n_cases, n_diseases, n_features]`.

        Raises:
            ValueError: A feature that the ranker reads is not among `names`.
        """
        columns = columns_of(self.names, names)
        if self._masks is None:
            flat = features[:, :, columns].reshape(-1, len(columns))
            scores = self.booster.predict(flat, num_threads=self.n_threads)
        else:
            scores = np.stack([self._masks.predict(table, columns) for table in features])
        table: FloatArray = np.asarray(scores, dtype=np.float32).reshape(features.shape[:2])
        return table

    def save(self, path: Path) -> None:
        """Writes the trees as LightGBM's text."""
        self.booster.save_model(str(path))

    @classmethod
    def load(cls, path: Path) -> Self:
        """Reads the trees that `save` wrote."""
        booster = lightgbm.Booster(model_file=str(path))
        return cls(booster=booster, names=tuple(booster.feature_name()))
