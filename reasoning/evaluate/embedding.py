"""The learned embedding of findings as a baseline, alone and beside the classical scores.

Decides how its scores become features of a boosted ranker without leaking: the folds are halved,
the embedding of one half scores the cases of the other, and that of all folds scores the cases
under test. The embedding itself is decided in `fusion.finding_embedding`.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from fusion.finding_embedding import EmbeddingOptions, FindingEmbedding, FindingWorld
from fusion.head_ranking import shortlist
from fusion.symbolic import CLASSICAL, Fold, ReferenceCases, SymbolicFeatures
from fusion.symbolic.boosted import BoostedOptions, BoostedRanker, TrainingSample
from fusion.symbolic.comparable import log_rank, margin
from fusion.symbolic.standing import ANNOTATED, GROUP_NAMES, NEITHER, SEEN, Standing

from .scorers import CaseBatch

__all__ = ["EmbeddedBoostedScorer", "EmbeddingScorer", "WatchedFolds", "train_embedded"]

FloatArray = npt.NDArray[np.float32]
World = tuple[FindingWorld, ReferenceCases]

_GROUPS = (SEEN, ANNOTATED, NEITHER)
_NAMES = (
    "embedding",
    "embedding_margin",
    "embedding_rank",
    "embedding_group_rank",
    *(f"embedding_over_{GROUP_NAMES[group]}" for group in _GROUPS),
)


@dataclass(slots=True)
class WatchedFolds:
    """Folds that leave behind what an embedding learns from, while something else goes by.

    Attributes:
        folds: The folds; made anew one at a time, because they are large.
        worlds: What each fold that went by knows, and its cases.
    """

    folds: Iterable[Fold]
    worlds: list[World] = field(default_factory=list)

    def __iter__(self) -> Iterator[Fold]:
        """The folds."""
        for fold in self.folds:
            self.worlds.append((FindingWorld.of(fold.features), fold.cases))
            yield fold


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddingScorer:
    """The learned embedding alone."""

    embedding: FindingEmbedding
    world: FindingWorld
    name: str = "learned embedding of findings"

    def score(self, batch: CaseBatch) -> FloatArray:
        """Score of every disease."""
        return self.embedding.score(batch.maker, self.world, batch.patients)


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedBoostedScorer:
    """LambdaRank over symbolic features and those of the embedding, asked as `BoostedScorer` is."""

    ranker: BoostedRanker
    scorer: EmbeddingScorer
    name: str

    def score(self, batch: CaseBatch) -> FloatArray:
        """Score of every disease."""
        names = (*batch.maker.names, *_NAMES)
        own = _features(self.scorer.score(batch), self.scorer.world)
        family = np.asarray(batch.columns["family"], dtype=np.float32)
        scores = np.empty_like(family)
        for row, by, table, learnt in zip(scores, family, batch.features, own, strict=True):
            likely = shortlist(by, table, batch.maker.names, n_first=500, n_each=100)
            joined = np.concatenate([table[likely], learnt[likely]], axis=1)
            ranked = self.ranker.score_features(joined[None], names)[0]
            row[:] = by - by.max() + ranked.min() - 1.0
            row[likely] = ranked
        return scores


def train_embedded(
    sample: TrainingSample,
    worlds: Sequence[World],
    maker: SymbolicFeatures,
    *,
    options: BoostedOptions | None = None,
    embedding: EmbeddingOptions | None = None,
) -> tuple[EmbeddingScorer, EmbeddedBoostedScorer, EmbeddedBoostedScorer]:
    """The embedding, and LambdaRank with it over the classical and over all symbolic scores.

    Args:
        sample: Candidates of the training cases.
        worlds: What each of its folds knows, and the cases of it.
        maker: Features of the cases under test.
        options: Of the trees.
        embedding: Of the embedding.
    """
    half = len(worlds) // 2
    parts = (list(range(half)), list(range(half, len(worlds))))
    starts = np.r_[0, np.cumsum(sample.sizes)]
    values = np.zeros((len(sample.features), len(_NAMES)), dtype=np.float32)
    for learnt, asked in (parts, parts[::-1]):
        model = FindingEmbedding.train_on(maker, [worlds[i] for i in learnt], options=embedding)
        for number in asked:
            cases = np.flatnonzero(sample.fold == number)
            world = worlds[number][0]
            for at in range(0, len(cases), 64):
                some = cases[at : at + 64].tolist()
                scores = model.score(maker, world, [sample.patients[case] for case in some])
                for case, table in zip(some, _features(scores, world), strict=True):
                    own = slice(starts[case], starts[case + 1])
                    values[own] = table[sample.positions[own]]
    joined = sample.with_features(_NAMES, values)
    final = EmbeddingScorer(
        embedding=FindingEmbedding.train_on(maker, worlds, options=embedding),
        world=FindingWorld.of(maker),
    )
    return (
        final,
        EmbeddedBoostedScorer(
            ranker=BoostedRanker.train(joined, options=options, names=(*CLASSICAL, *_NAMES)),
            scorer=final,
            name="LambdaRank over the classical scores + embedding",
        ),
        EmbeddedBoostedScorer(
            ranker=BoostedRanker.train(joined, options=options),
            scorer=final,
            name="boosted trees + embedding (not shipped)",
        ),
    )


def _features(scores: FloatArray, world: FindingWorld) -> FloatArray:
    """Features of the scores, `[n_cases, n_diseases, n_features]`."""
    standing = Standing(world.groups.astype(np.int32))
    columns = [scores, margin(scores), log_rank(scores), standing.rank(scores)]
    over = standing.over(scores)
    columns += [over[group] for group in _GROUPS]
    return np.stack(columns, axis=2)
