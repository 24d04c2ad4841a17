"""The combiner over a whole catalogue is the combiner; trees and network only lift the head."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from fusion.diagnosis_head import EvidenceCombiner, SimilarityHead
from fusion.head_ranking import HeadRanker, shortlist
from fusion.symbolic import FEATURES
from fusion.symbolic.boosted import BoostedOptions, TrainingSample
from fusion.symbolic.listwise import ListwiseNetwork, ListwiseOptions

_OPTIONS = BoostedOptions(n_trees=10, n_leaves=4, smallest_leaf=2)
_LISTWISE = ListwiseOptions(hidden=(8,), n_rounds=20, n_cases=8, learning_rate=0.02)


def test_the_fast_way_over_a_catalogue_gives_the_logits_of_the_equation() -> None:
    torch.manual_seed(0)
    combiner = EvidenceCombiner(FEATURES, d_hidden=8).eval()
    with torch.no_grad():
        for parameter in combiner.parameters():
            parameter.normal_(std=0.3)
    combiner.standardise(torch.randn(len(FEATURES)), torch.rand(len(FEATURES)) + 0.5)
    symbolic = 5.0 * torch.randn(3, 5000, len(FEATURES))  # more than a tile; some are clamped
    neural = 4.0 * torch.randn(3, 5000, 2)
    total = neural.sum(dim=-1)
    normaliser = torch.stack([total.logsumexp(dim=1), total.amax(dim=1)], dim=1)
    with torch.no_grad():
        expected = combiner(symbolic, neural, normaliser)
        own = [combiner.of_catalogue(*x) for x in zip(symbolic, neural, normaliser, strict=True)]
    torch.testing.assert_close(torch.stack(own), expected, atol=1e-4, rtol=1e-4)


def test_the_similarity_is_two_scaled_cosines() -> None:
    torch.manual_seed(0)
    head = SimilarityHead(8)
    patients, diseases, texts = torch.randn(2, 8), torch.randn(5, 8), torch.randn(5, 8)
    with torch.no_grad():
        found = head(patients, *head.project(diseases, texts))
        for number, (ours, theirs, scale) in enumerate(
            (
                (head.to_graph(patients), head.disease(diseases), 12.0),
                (head.to_text(patients), head.text(texts), 4.0),
            )
        ):
            cosine = torch.cosine_similarity(ours[:, None], theirs[None], dim=-1)
            torch.testing.assert_close(found[..., number], scale * cosine)


def _cases(
    rng: np.random.Generator, n_cases: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, TrainingSample]:
    """Logits that say nothing, one feature that says all, and the candidates as a sample."""
    gold = rng.integers(0, 40, n_cases)
    features = rng.normal(size=(n_cases, 40, 3)).astype(np.float32)
    features[np.arange(n_cases), gold, 1] += 6.0
    logits = rng.normal(size=(n_cases, 40)).astype(np.float32)
    sample = TrainingSample(
        features=features.reshape(-1, 3),
        relevant=(np.arange(40)[None] == gold[:, None]).astype(np.int32).ravel(),
        sizes=np.full(n_cases, 40, dtype=np.int32),
        disease=gold.astype(np.int32),
        names=("a", "b", "c"),
        positions=np.tile(np.arange(40, dtype=np.int32), n_cases),
        patients=(),
        fold=np.zeros(n_cases, dtype=np.int32),
    )
    return logits, features, gold, sample


def _trained(
    sample: TrainingSample, logits: np.ndarray, features: np.ndarray, gold: np.ndarray
) -> HeadRanker:
    return HeadRanker.train(
        sample, logits, list(features), gold, boosted=_OPTIONS, listwise=_LISTWISE
    )


def test_rankers_that_know_more_get_a_weight_and_lift_the_right_answer(tmp_path: Path) -> None:
    logits, features, gold, sample = _cases(np.random.default_rng(0), 60)
    head = _trained(sample, logits, features, gold)
    assert head.weight > 0.1
    lifted = head.rerank(logits, features, sample.names)
    assert (lifted >= logits).all()
    rows = np.arange(len(gold))
    before = (logits >= logits[rows, gold][:, None]).sum(axis=1).mean()
    assert (lifted >= lifted[rows, gold][:, None]).sum(axis=1).mean() < before / 2
    head.save(tmp_path)
    again = HeadRanker.load(tmp_path, weight=head.weight)
    np.testing.assert_array_equal(again.rerank(logits, features, sample.names), lifted)


def test_rankers_that_know_nothing_more_change_no_order() -> None:
    rng = np.random.default_rng(1)
    _, features, gold, sample = _cases(rng, 60)
    logits = np.full((60, 40), -20.0, dtype=np.float32)
    logits[np.arange(60), gold] = 20.0
    features = rng.permuted(features, axis=1)
    head = _trained(sample, logits, features, gold)
    lifted = head.rerank(logits, features, sample.names)
    np.testing.assert_array_equal(lifted.argmax(axis=1), gold)


def test_a_broken_file_of_a_ranker_is_one_clear_error(tmp_path: Path) -> None:
    logits, features, gold, sample = _cases(np.random.default_rng(2), 20)
    head = _trained(sample, logits, features, gold)
    for name in ("diagnoses.txt", "diagnoses.safetensors"):
        head.save(tmp_path)
        (tmp_path / name).write_text("no ranker")
        with pytest.raises(ValueError, match=name):
            HeadRanker.load(tmp_path, weight=1.0)


def test_a_listwise_network_is_the_same_twice_and_reads_no_identity() -> None:
    _, features, _, sample = _cases(np.random.default_rng(4), 30)
    named = replace(sample, names=("a", "b", "has_gene"))
    first, second = (ListwiseNetwork.train_on(named, options=_LISTWISE) for _ in range(2))
    assert first.names == ("a", "b")
    scores = first.score_features(features, named.names)
    assert scores.shape == features.shape[:2]
    np.testing.assert_array_equal(scores, second.score_features(features, named.names))
    with pytest.raises(ValueError, match="b missing"):
        first.score_features(features, ("a", "c", "d"))


def test_the_shortlist_holds_the_best_of_every_group_and_every_score() -> None:
    rng = np.random.default_rng(3)
    names = ("family", "group", "name_mean")
    features = rng.normal(size=(900, 3)).astype(np.float32)
    features[:, 1] = rng.integers(0, 3, 900)
    logits = rng.normal(size=900).astype(np.float32)
    chosen = shortlist(logits, features, names, n_first=20, n_each=4)
    assert (np.diff(chosen) > 0).all()
    assert set(np.argsort(-logits)[:20].tolist()) <= set(chosen.tolist())
    for group in (0, 1, 2):
        members = np.flatnonzero(features[:, 1] == group)
        for column in (0, 2):
            best = members[np.argsort(-features[members, column])[:4]]
            assert set(best.tolist()) <= set(chosen.tolist())
    assert len(chosen) <= 20 + 3 * 2 * 4
