"""Rankers over several splits of the same cases: means, and differences with their intervals.

Usage: `python benchmarks/pool_splits.py FOLDER FOLDER ... [--protocol paper-out] [--against NAME]`

Each folder is what `iatros evaluate diagnosis --seed N` wrote. Of each split the macro average over
diseases counts alike; publications are drawn anew in each split for the 95% intervals, the same
draws for all rankers.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import numpy.typing as npt

_AGAINST = "LambdaRank over the classical scores + embedding"
FloatArray = npt.NDArray[np.float64]


def weights_of(clusters: list[int], n_samples: int, rng: np.random.Generator) -> FloatArray:
    """Weight of each case in each sample, `[1 + n_samples, n_cases]`; the first row is 1."""
    number = np.unique(clusters, return_inverse=True)[1]
    n = int(number.max()) + 1
    drawn = rng.multinomial(n, np.full(n, 1 / n), size=n_samples)
    weights: FloatArray = np.concatenate([np.ones((1, n)), drawn])[:, number]
    return weights


def macro(hits: npt.NDArray[np.bool_], diseases: list[int], weights: FloatArray) -> FloatArray:
    """Mean over diseases of the share of hits, in each sample."""
    number = np.unique(diseases, return_inverse=True)[1]
    member = np.eye(int(number.max()) + 1)[number]
    n_cases, n_hits = weights @ member, (weights * hits) @ member
    shares = np.where(n_cases > 0, n_hits / np.maximum(n_cases, 1e-9), np.nan)
    means: FloatArray = np.nanmean(shares, axis=1)
    return means


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--protocol", default="paper-out")
    parser.add_argument("--against", default=_AGAINST)
    parser.add_argument("--samples", type=int, default=500)
    asked = parser.parse_args()
    rng = np.random.default_rng(0)
    files = [folder / f"ranks-{asked.protocol}.json" for folder in asked.folders]
    splits = [json.loads(file.read_text("utf-8")) for file in files]
    weights = [weights_of(split["cluster"], asked.samples, rng) for split in splits]
    for k in (1, 10):
        means = {
            name: np.stack(
                [
                    macro(np.asarray(split["rank"][name]) <= k, split["disease"], own)
                    for split, own in zip(splits, weights, strict=True)
                ]
            )
            for name in splits[0]["rank"]
        }
        for name, values in means.items():
            ahead = (values - means[asked.against]).mean(axis=0)
            low, high = np.percentile(ahead[1:], [2.5, 97.5])
            each = ", ".join(f"{value:.3f}" for value in values[:, 0])
            print(
                f"top-{k:<3} {name:50} {values[:, 0].mean():.3f} ({each})  "
                f"{ahead[0]:+.3f} ({low:+.3f} to {high:+.3f})"
            )


if __name__ == "__main__":
    main()
