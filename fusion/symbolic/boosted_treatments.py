"""Boosted trees over pair features: the treatment ranker that every model must face.

Decides how trees are trained on the sampled pairs (`fusion.symbolic.pair_sampling`) and how they
score the whole catalogue: one model for indications, one for contraindications, through LightGBM,
with the kernel ridge at a small share. Learnt attention over labelled diseases
(`fusion.symbolic.attention`) is trained first and gives features of its own.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import lightgbm
import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from .attention import DiseaseAttention
from .pair_sampling import BoostedTreatmentOptions, PairSample, seen_features
from .pairs import ATTENDED_FEATURES, PAIR_FEATURES, PairAttention, PairFeatures
from .scores_ahead import ScoresAhead, most_treated
from .tree_masks import TreeMasks
from .trees import TreeOptions, fit_trees

__all__ = ["BoostedTreatments"]

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int32]

_BLOCK = 16
_FILES = ("indication", "contraindication")
_ATTENTION = "attention.safetensors"
_AHEAD = "ahead.safetensors"
_RIDGE = (
    "kernel ridge through similar treatments",
    "contraindication ridge through similar treatments",
)
_LEAST_SPREAD = 0.1  # of the trees' log-odds: where data is too little for trees, the ridge ranks


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BoostedTreatments:
    """Trained trees.

    Attributes:
        indication: LightGBM models; the mean of their scores counts.
        contraindication: Likewise; none when there was nothing to learn from.
        names: Features that both were trained on.
        attention: What gives the last of them; None without.
        ridge_share: Share of the kernel ridge, of the standard deviation of the trees.
        n_threads: Threads for scoring where masks cannot hold the trees.
        ahead: Scores of common diseases, made before; None for none.
    """

    indication: tuple[Any, ...]
    contraindication: tuple[Any, ...]
    names: tuple[str, ...]
    attention: PairAttention | None = None
    ridge_share: float = 0.07
    n_threads: int = 1
    ahead: ScoresAhead | None = None
    _masks: tuple[tuple[TreeMasks | None, ...], ...] = field(init=False)

    def __post_init__(self) -> None:
        both = (self.indication, self.contraindication)
        masks = tuple(tuple(TreeMasks.of(booster) for booster in models) for models in both)
        object.__setattr__(self, "_masks", masks)

    @classmethod
    def train(
        cls,
        pairs: PairFeatures,
        *,
        options: BoostedTreatmentOptions | None = None,
        progress: Callable[[int], None] = lambda _: None,
    ) -> Self:
        """Fits both models on everything that is labelled.

        Args:
            pairs: Labels and features.
            options: Sampling and trees.
            progress: Told how many further diseases were sampled, over both relations.

        Raises:
            ValueError: No disease has an indication.
        """
        return cls.train_each(pairs, [options or BoostedTreatmentOptions()], progress=progress)[0]

    @classmethod
    def train_each(
        cls,
        pairs: PairFeatures,
        options: Sequence[BoostedTreatmentOptions],
        *,
        progress: Callable[[int], None] = lambda _: None,
    ) -> list[Self]:
        """Several rankers on the same pairs, with attention and without, from the same samples.

        Args:
            pairs: Labels and features.
            options: Of each; the first says how pairs are sampled and attention is trained.
            progress: Told how many further diseases were sampled, over both relations.

        Raises:
            ValueError: No disease has an indication.
        """
        first = options[0]
        attention = None if first.attention is None else pairs.learn_attention(first.attention)
        models: list[list[tuple[Any, ...]]] = []
        for forbidden in (False, True):
            fitted: list[tuple[Any, ...]] = [()] * len(options)
            if pairs.forbidden.any() or not forbidden:
                for bag in range(1 if forbidden else max(own.n_bags for own in options)):
                    sample = PairSample.draw(
                        pairs,
                        forbidden=forbidden,
                        attention=attention,
                        options=replace(first, seed=first.seed + bag),
                        progress=progress,
                    )
                    for at, own in enumerate(options):
                        if bag < own.n_bags:
                            fitted[at] += (_fit(sample.seen_by(own), own, seed=own.seed + bag),)
            models.append(fitted)
        used = [None if own.attention is None else attention for own in options]
        return [
            cls(
                indication=models[0][at],
                contraindication=models[1][at],
                names=seen_features(pairs, used[at]),
                attention=used[at],
                ridge_share=own.ridge_share,
                n_threads=own.n_threads,
            )
            for at, own in enumerate(options)
        ]

    def with_ahead(self, pairs: PairFeatures, *, most: int) -> Self:
        """The same trees with scores of the diseases that have most treatments."""
        nodes = most_treated(pairs.labelled, pairs.indicated, most)
        parts = [
            self.score_features(pairs.compute(nodes[at : at + _BLOCK], self.attention), (0,))
            for at in range(0, len(nodes), _BLOCK)
        ]
        scores = np.concatenate(parts)[:, :, 0]
        return replace(self, ahead=ScoresAhead(nodes=nodes, scores=scores))

    def score(self, pairs: PairFeatures, diseases: IntArray) -> FloatArray:
        """Scores of indication and contraindication, `[n_diseases, n_treatments, 2]`.

        Log-odds of the trees plus the kernel ridge at a fixed share of their spread.
        """
        if not set(self.names) <= set(seen_features(pairs, self.attention)):
            raise ValueError("pairs: not the features that the trees were trained on")
        out = np.zeros((len(diseases), len(pairs.catalogue), 2), dtype=np.float32)
        for start in range(0, len(diseases), _BLOCK):
            features = pairs.compute(diseases[start : start + _BLOCK], self.attention)
            out[start : start + len(features)] = self.score_features(features)
        return out

    def score_features(self, features: FloatArray, relations: Sequence[int] = (0, 1)) -> FloatArray:
        """The same from features `[n_diseases, n_treatments, n_features]`; 0 without a model.

        Args:
            features: What `PairFeatures.compute` gives with `attention`; further ones are not read.
            relations: 0 for indication, 1 for contraindication, in the order of the last axis.
        """
        features = self._own(features)
        out = np.zeros((*features.shape[:2], len(relations)), dtype=np.float32)
        for place, at in enumerate(relations):
            boosters = (self.indication, self.contraindication)[at]
            if boosters:
                found = zip(boosters, self._masks[at], strict=True)
                trees = np.mean([self._trees(*one, features) for one in found], axis=0)
                ridge = features[:, :, self.names.index(_RIDGE[at])]
                ridge = ridge - ridge.mean(axis=1, keepdims=True)
                spread = np.maximum(ridge.std(axis=1, keepdims=True), 1e-9)
                width = np.maximum(trees.std(axis=1, keepdims=True), _LEAST_SPREAD)
                share = self.ridge_share * width
                out[:, :, place] = trees + share * ridge / spread
        return out

    def _trees(self, booster: Any, masks: TreeMasks | None, features: FloatArray) -> FloatArray:
        """Log-odds of one model."""
        if masks is not None:
            return np.stack([masks.predict(own) for own in features])
        flat = features.reshape(-1, features.shape[-1])
        scores = booster.predict(flat, raw_score=True, num_threads=self.n_threads)
        table: FloatArray = np.asarray(scores).reshape(features.shape[:2])
        return table

    def _own(self, features: FloatArray) -> FloatArray:
        """The features that the trees were trained on: a model of before may know fewer."""
        given = (*PAIR_FEATURES, *ATTENDED_FEATURES)[: features.shape[-1]]
        if given == self.names:
            return features
        return np.ascontiguousarray(features[:, :, [given.index(name) for name in self.names]])

    def save(self, folder: Path) -> None:
        """Writes each model as LightGBM's text."""
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("*indication*.txt"):
            old.unlink()
        both = (self.indication, self.contraindication)
        for name, boosters in zip(_FILES, both, strict=True):
            for bag, booster in enumerate(boosters):
                booster.save_model(str(_bag(folder, name, bag)))
        arrays = {
            "ridge_share": np.asarray([self.ridge_share], dtype=np.float32),
            "n_bags": np.asarray([len(models) for models in both], dtype=np.float32),
        }
        if self.attention is not None:
            arrays |= self.attention.good.to_arrays("good")
            if self.attention.bad is not None:
                arrays |= self.attention.bad.to_arrays("bad")
        save_file(arrays, folder / _ATTENTION)
        (folder / _AHEAD).unlink(missing_ok=True)
        if self.ahead is not None:
            ahead = {"nodes": self.ahead.nodes, "scores": np.ascontiguousarray(self.ahead.scores)}
            save_file(ahead, folder / _AHEAD)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Reads what `save` wrote.

        Raises:
            ValueError: A file is missing or no LightGBM model.
        """
        try:
            arrays = load_file(folder / _ATTENTION)
            held = arrays.get("n_bags")
            if held is None:  # a model of before had one of each
                held = np.asarray([1, _bag(folder, _FILES[1], 0).exists()])
            indication, contraindication = (
                tuple(
                    lightgbm.Booster(model_file=str(_bag(folder, name, bag)))
                    for bag in range(int(n_bags))
                )
                for name, n_bags in zip(_FILES, held, strict=True)
            )
            if len({tuple(model.feature_name()) for model in indication}) != 1:
                raise ValueError("trees of unlike features, or none")
            share = float(arrays["ridge_share"][0])
            made = load_file(folder / _AHEAD) if (folder / _AHEAD).exists() else None
            ahead = None if made is None else ScoresAhead(**made)
        except (
            lightgbm.basic.LightGBMError,
            SafetensorError,
            OSError,
            KeyError,
            TypeError,
        ) as error:
            raise ValueError(f"{folder}: {error}") from error
        over_good = DiseaseAttention.from_arrays(arrays, "good")
        over_bad = DiseaseAttention.from_arrays(arrays, "bad")
        return cls(
            indication=indication,
            contraindication=contraindication,
            names=tuple(name.replace("_", " ") for name in indication[0].feature_name()),
            attention=None if over_good is None else PairAttention(good=over_good, bad=over_bad),
            ridge_share=share,
            ahead=ahead,
        )


def _bag(folder: Path, name: str, bag: int) -> Path:
    return folder / (f"{name}-{bag}.txt" if bag else f"{name}.txt")


def _fit(sample: PairSample, options: BoostedTreatmentOptions, *, seed: int) -> Any:
    return fit_trees(
        sample.features,
        sample.relevant,
        sample.names,
        weight=sample.weight,
        objective={"objective": "binary", "lambda_l2": 2.0},
        options=TreeOptions(
            n_trees=options.n_trees,
            n_leaves=options.n_leaves,
            learning_rate=options.learning_rate,
            smallest_leaf=options.smallest_leaf,
            n_threads=options.n_threads,
            seed=seed,
        ),
    )
