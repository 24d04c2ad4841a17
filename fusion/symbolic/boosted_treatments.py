"""Boosted trees over pair features: the treatment ranker that every model must face.

Decides how pairs are sampled for training and how trees score the whole catalogue. Each labelled
disease shows its treatments, the wrong ones that other scores put near the top, wrong ones about as
popular and of the same kind as a right one, and random ones. The random ones stand for all that are
not shown and are weighted so: without that, trees take the far away for promising. Features are
made without the treatments of a disease's kin (`fusion.symbolic.pairs`), so training looks like a
disease without treatments. One model for indications, one for contraindications, through LightGBM.
Learnt attention over labelled diseases (`fusion.symbolic.attention`) is trained first and gives
features of its own.
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

from .attention import AttentionOptions, DiseaseAttention
from .pairs import ATTENDED_FEATURES, PairAttention, PairFeatures

__all__ = ["BoostedTreatmentOptions", "BoostedTreatments", "PairSample", "sample_treatments"]

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int32]
BoolArray = npt.NDArray[np.bool_]

_BLOCK = 16
_FILES = ("indication.txt", "contraindication.txt")
_ATTENTION = "attention.safetensors"
_HARD_BY = (
    ("kernel ridge through similar treatments", "text neighbours"),
    ("contraindication ridge through similar treatments", "contraindicated in text neighbours"),
)
_RIDGE = (_HARD_BY[0][0], _HARD_BY[1][0])
_RIDGE_SHARE = 0.1  # of a standard deviation; the ridge breaks ties among the first
_LEAST_SPREAD = 0.1  # of the trees' log-odds: where data is too little for trees, the ridge ranks
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
    ridge_share: float = _RIDGE_SHARE
    attention: AttentionOptions | None = field(default_factory=AttentionOptions)
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
            names=_names(pairs, attention),
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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BoostedTreatments:
    """Trained trees.

    Attributes:
        indication: LightGBM model.
        contraindication: LightGBM model; None when there was nothing to learn from.
        names: Features that both were trained on.
        attention: What gives the last of them; None without.
        ridge_share: Share of the kernel ridge, of the standard deviation of the trees.
        n_threads: Threads for scoring.
    """

    indication: Any
    contraindication: Any
    names: tuple[str, ...]
    attention: PairAttention | None = None
    ridge_share: float = _RIDGE_SHARE
    n_threads: int = 1

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
        """Several rankers on the same pairs, with attention and without: samples are drawn once.

        Args:
            pairs: Labels and features.
            options: Of each; the first says how pairs are sampled and attention is trained.
            progress: Told how many further diseases were sampled, over both relations.

        Raises:
            ValueError: No disease has an indication.
        """
        first = options[0]
        attention = None if first.attention is None else pairs.learn_attention(first.attention)
        models: list[list[Any]] = []
        for forbidden in (False, True):
            if forbidden and not pairs.forbidden.any():
                models.append([None] * len(options))
                continue
            sample = PairSample.draw(
                pairs, forbidden=forbidden, attention=attention, options=first, progress=progress
            )
            models.append([_fit(sample.seen_by(own), own) for own in options])
        used = [None if own.attention is None else attention for own in options]
        return [
            cls(
                indication=models[0][at],
                contraindication=models[1][at],
                names=_names(pairs, used[at]),
                attention=used[at],
                ridge_share=own.ridge_share,
                n_threads=own.n_threads,
            )
            for at, own in enumerate(options)
        ]

    def score(self, pairs: PairFeatures, diseases: IntArray) -> FloatArray:
        """Scores of indication and contraindication, `[n_diseases, n_treatments, 2]`.

        Log-odds of the trees plus the kernel ridge at a fixed share of their spread.
        """
        if _names(pairs, self.attention) != self.names:
            raise ValueError("pairs: not the features that the trees were trained on")
        out = np.zeros((len(diseases), len(pairs.catalogue), 2), dtype=np.float32)
        for start in range(0, len(diseases), _BLOCK):
            features = pairs.compute(diseases[start : start + _BLOCK], self.attention)
            out[start : start + len(features)] = self.score_features(features)
        return out

    def score_features(self, features: FloatArray, relations: Sequence[int] = (0, 1)) -> FloatArray:
        """The same from features `[n_diseases, n_treatments, n_features]`; 0 without a model.

        Args:
            features: What `PairFeatures.compute` gives with `attention`.
            relations: 0 for indication, 1 for contraindication, in the order of the last axis.
        """
        flat = features.reshape(-1, features.shape[-1])
        out = np.zeros((*features.shape[:2], len(relations)), dtype=np.float32)
        for place, at in enumerate(relations):
            booster = (self.indication, self.contraindication)[at]
            if booster is not None:
                scores = booster.predict(flat, raw_score=True, num_threads=self.n_threads)
                trees = np.asarray(scores).reshape(features.shape[:2])
                ridge = features[:, :, self.names.index(_RIDGE[at])]
                ridge = ridge - ridge.mean(axis=1, keepdims=True)
                spread = np.maximum(ridge.std(axis=1, keepdims=True), 1e-9)
                width = np.maximum(trees.std(axis=1, keepdims=True), _LEAST_SPREAD)
                share = self.ridge_share * width
                out[:, :, place] = trees + share * ridge / spread
        return out

    def importance(self) -> dict[str, float]:
        """Share of the gain of each feature in the indication model, largest first."""
        gain = self.indication.feature_importance(importance_type="gain").astype(float)
        share = gain / max(gain.sum(), 1e-12)
        return dict(sorted(zip(self.names, share.tolist(), strict=True), key=lambda x: -x[1]))

    def save(self, folder: Path) -> None:
        """Writes each model as LightGBM's text."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, booster in zip(_FILES, (self.indication, self.contraindication), strict=True):
            (folder / name).unlink(missing_ok=True)
            if booster is not None:
                booster.save_model(str(folder / name))
        arrays = {"ridge_share": np.asarray([self.ridge_share], dtype=np.float32)}
        if self.attention is not None:
            arrays |= self.attention.good.to_arrays("good")
            if self.attention.bad is not None:
                arrays |= self.attention.bad.to_arrays("bad")
        save_file(arrays, folder / _ATTENTION)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Reads what `save` wrote.

        Raises:
            ValueError: A file is missing or no LightGBM model.
        """
        good, bad = (folder / name for name in _FILES)
        try:
            indication = lightgbm.Booster(model_file=str(good))
            contraindication = lightgbm.Booster(model_file=str(bad)) if bad.exists() else None
            arrays = load_file(folder / _ATTENTION)
            share = float(arrays["ridge_share"][0])
        except (lightgbm.basic.LightGBMError, SafetensorError, OSError, KeyError) as error:
            raise ValueError(f"{folder}: {error}") from error
        over_good = DiseaseAttention.from_arrays(arrays, "good")
        over_bad = DiseaseAttention.from_arrays(arrays, "bad")
        return cls(
            indication=indication,
            contraindication=contraindication,
            names=tuple(name.replace("_", " ") for name in indication.feature_name()),
            attention=None if over_good is None else PairAttention(good=over_good, bad=over_bad),
            ridge_share=share,
        )


def _names(pairs: PairFeatures, attention: PairAttention | None) -> tuple[str, ...]:
    return pairs.names if attention is None else (*pairs.names, *ATTENDED_FEATURES)


def _fit(sample: PairSample, options: BoostedTreatmentOptions) -> Any:
    data = lightgbm.Dataset(
        sample.features,
        label=sample.relevant,
        weight=sample.weight,
        # LightGBM's text has no room for blanks.
        feature_name=[name.replace(" ", "_") for name in sample.names],
        free_raw_data=False,
    )
    return lightgbm.train(
        {
            "objective": "binary",
            "num_leaves": options.n_leaves,
            "learning_rate": options.learning_rate,
            "min_data_in_leaf": options.smallest_leaf,
            "feature_fraction": 0.6,
            "bagging_fraction": 0.8,
            "bagging_freq": 1,
            "lambda_l2": 2.0,
            "num_threads": options.n_threads,
            "seed": options.seed,
            "deterministic": True,
            "force_col_wise": True,
            "verbosity": -1,
        },
        data,
        num_boost_round=options.n_trees,
    )
