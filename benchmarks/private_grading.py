"""What differential privacy costs in telling retinopathy from none: docs/results-multimodal.md.

A linear head over frozen EfficientNet-Lite0 vectors, each brought to length one by itself, trained
without privacy and at several epsilons, on the same five folds of the same images; 95% intervals
over images, of the mean over seeds, and of the loss against no privacy on the same drawn images.

    python benchmarks/private_grading.py ../shared/data/idrid --epsilon 8 2 0.5
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold

from encoders import ImageEncoder
from fusion.classes.private import PrivacyOptions, train_head
from reasoning.evaluate.graded_images import read_graded_images

FloatArray = npt.NDArray[np.float64]


def main() -> None:
    """Run as a script."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cohort", type=Path)
    parser.add_argument("--epsilon", type=float, nargs="+", default=[8.0, 2.0, 0.5])
    parser.add_argument("--image-size", type=int, default=224)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--samples", type=int, default=1000)
    given = parser.parse_args()
    images = read_graded_images(given.cohort, size=given.image_size, warn=print)
    encoder = ImageEncoder(size=given.image_size).eval()
    with torch.no_grad():
        read = [encoder.encode(part).pooled for part in torch.split(images.pixels, 32)]
    features = F.normalize(F.layer_norm(torch.cat(read), (encoder.d_model,)), dim=1)
    ill = (images.levels[:, 0] > 0).astype(np.int64)
    options = PrivacyOptions()
    print(f"{len(ill)} images, {ill.sum()} with retinopathy, delta {options.delta}")
    draws = np.random.default_rng(0).integers(0, len(ill), (given.samples, len(ill)))
    draws = draws[[0 < ill[rows].sum() < len(ill) for rows in draws]]
    plain: list[FloatArray] = []
    for epsilon in (None, *given.epsilon):
        scores = []
        for seed in range(given.seeds):
            said = np.zeros(len(ill))
            folds = StratifiedKFold(5, shuffle=True, random_state=seed)
            for train, test in folds.split(features, ill):
                how = replace(options, epsilon=epsilon)
                found = train_head(features[train], ill[train], 2, how, seed=seed)
                with torch.no_grad():
                    logits = found.head(features[test])
                said[test] = (logits[:, 1] - logits[:, 0]).double().numpy()
            scores.append(said)
        plain = plain or scores
        whole = np.arange(len(ill))
        spread = np.array([_mean(ill, scores, rows) for rows in draws])
        lost = np.array([_mean(ill, scores, r) - _mean(ill, plain, r) for r in draws])
        value, loss = (
            _mean(ill, scores, whole),
            _mean(ill, scores, whole) - _mean(ill, plain, whole),
        )
        name = "none" if epsilon is None else f"{found.epsilon:.2f}"
        cells = [
            f"{v:{sign}.3f} [{low:{sign}.3f}, {high:{sign}.3f}]"
            for v, (low, high), sign in (
                (value[0], np.percentile(spread[:, 0], [2.5, 97.5]), ""),
                (loss[0], np.percentile(lost[:, 0], [2.5, 97.5]), "+"),
                (value[1], np.percentile(spread[:, 1], [2.5, 97.5]), ""),
                (loss[1], np.percentile(lost[:, 1], [2.5, 97.5]), "+"),
            )
        ]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


def _mean(
    ill: npt.NDArray[np.int64], scores: list[FloatArray], rows: npt.NDArray[np.int64]
) -> FloatArray:
    """AUROC and accuracy, each the mean over seeds."""
    gold = ill[rows]
    auroc = np.mean([roc_auc_score(gold, said[rows]) for said in scores])
    accuracy = np.mean([((said[rows] > 0) == gold).mean() for said in scores])
    return np.array([auroc, accuracy])


if __name__ == "__main__":
    main()
