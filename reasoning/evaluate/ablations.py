"""What each kind of evidence is worth: boosted trees without it, trained alike.

Decides the kinds, and that all rows of the ablation are trained on the same share of the
candidates, the one with everything too: the rows are compared with that one.
"""

from collections.abc import Callable

import numpy as np

from fusion.symbolic.boosted import BoostedOptions, BoostedRanker, TrainingSample

from .scorers import BoostedScorer

__all__ = ["ABLATIONS", "EVERYTHING", "train_ablations"]

EVERYTHING = "trees, everything (ablation)"
"""Name of the row that the others are compared with."""

_SHARE = 1 / 3

ABLATIONS: dict[str, Callable[[str], bool]] = {
    "relatives": lambda name: name.startswith(
        ("gene_", "parent_", "series_", "relative", "family")
    ),
    "published patients": lambda name: (
        name.startswith("nearest") or name.endswith(("_nearest", "_votes"))
    ),
    "names and definitions": lambda name: name.startswith(("name", "told")),
    "the whole picture": lambda name: "cosine" in name or name.startswith("profile"),
    "standing among groups": lambda name: "_over_" in name or name.endswith("_group_rank"),
    "excluded findings": lambda name: name == "excluded",
}
"""Which features belong to each kind of evidence."""


def train_ablations(
    sample: TrainingSample, *, options: BoostedOptions | None = None
) -> list[BoostedScorer]:
    """Trees over everything, then without each kind of evidence."""
    chosen = options or BoostedOptions()
    thinned = sample.thinned(_SHARE, rng=np.random.default_rng([chosen.seed, 13]))
    rankers = [BoostedScorer(BoostedRanker.train(thinned, options=chosen), name=EVERYTHING)]
    for kind, belongs in ABLATIONS.items():
        names = [name for name in thinned.names if not belongs(name)]
        if len(names) < len(thinned.names):
            ranker = BoostedRanker.train(thinned, options=chosen, names=names)
            rankers.append(BoostedScorer(ranker, name=f"trees without {kind} (ablation)"))
    return rankers
