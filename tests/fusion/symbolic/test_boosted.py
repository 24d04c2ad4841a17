from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from fusion.symbolic import CrossFittedFeatures, SymbolicFeatures, SymbolicKnowledge
from fusion.symbolic.boosted import (
    BoostedOptions,
    BoostedRanker,
    TrainingSample,
    sample_candidates,
)

_OPTIONS = BoostedOptions(n_trees=10, smallest_leaf=2, n_hard=2, n_random=3)


@pytest.fixture(scope="module")
def sample(toy: ModuleType, knowledge: SymbolicKnowledge) -> TrainingSample:
    terms = {"A": (11, 21), "B": (12, 23), "C": (23, 30)}
    cases = [
        toy.case(f"{letter}{number}", own, disease=letter, papers=(f"PMID:{letter}{number}",))
        for letter, own in terms.items()
        for number in range(6)
    ]
    references = knowledge.references(cases)
    folds = CrossFittedFeatures(knowledge, references, n_folds=3, n_decoys=1)
    return TrainingSample.from_folds(folds, options=_OPTIONS)


def test_every_case_holds_its_diagnosis_once(sample: TrainingSample) -> None:
    starts = np.r_[0, np.cumsum(sample.sizes)[:-1]]
    assert np.add.reduceat(sample.relevant, starts).tolist() == [1] * len(sample.sizes)
    assert sample.features.shape == (sample.sizes.sum(), len(sample.names))


def test_the_ranker_learns_survives_its_file_and_refuses_other_features(
    tmp_path: Path, toy: ModuleType, knowledge: SymbolicKnowledge, sample: TrainingSample
) -> None:
    ranker = BoostedRanker.train(sample, options=_OPTIONS)
    features = SymbolicFeatures(knowledge, knowledge.references(toy.toy_cases()))
    patient = knowledge.encoder.encode(toy.case("x", (12, 23)))
    scores = ranker.score(features, [patient])
    assert scores.shape == (1, features.n_diseases)
    ranker.save(tmp_path / "ranker.txt")
    again = BoostedRanker.load(tmp_path / "ranker.txt")
    np.testing.assert_allclose(again.score(features, [patient]), scores, atol=1e-6)
    values = features.compute([patient])
    backwards = ranker.score_features(values[:, :, ::-1], features.names[::-1])
    np.testing.assert_allclose(backwards, scores, atol=1e-6)
    with pytest.raises(ValueError, match="missing, which the ranker"):
        ranker.score_features(values, ["group"])


def test_candidates_hold_the_diagnosis_and_the_top_of_the_scores() -> None:
    columns = {
        "likelihood": np.arange(20, dtype=np.float32)[None],
        "group": np.repeat([0.0, 2.0], 10)[None],
        "has_omim": np.ones((1, 20)),
        "has_gene": np.ones((1, 20)),
    }
    candidates = sample_candidates(
        columns,
        0,
        3,
        options=BoostedOptions(n_hard=2, n_random=1),
        rng=np.random.default_rng(0),
    )
    assert {3, 8, 9, 18, 19} <= set(candidates.tolist())
    assert (np.diff(candidates) > 0).all()


def test_no_case_is_a_clear_error() -> None:
    with pytest.raises(ValueError, match="no training case"):
        TrainingSample.from_folds([])


def test_a_thinned_sample_keeps_every_diagnosis_in_its_place(sample: TrainingSample) -> None:
    thin = sample.thinned(0.3, rng=np.random.default_rng(0))
    starts = np.r_[0, np.cumsum(thin.sizes)[:-1]]
    assert np.add.reduceat(thin.relevant, starts).tolist() == [1] * len(sample.sizes)
    assert thin.sizes.sum() == len(thin.features) == len(thin.positions) < len(sample.features)
    np.testing.assert_array_equal(thin.positions[thin.relevant > 0], sample.disease)


def test_more_features_are_read_by_name(sample: TrainingSample) -> None:
    told = sample.relevant[:, None].astype(np.float32)
    ranker = BoostedRanker.train(
        sample.with_features(("oracle",), told), options=_OPTIONS, names=("oracle",)
    )
    assert ranker.names == ("oracle",)
    joined = BoostedRanker.train(
        TrainingSample.join([sample, sample]), options=_OPTIONS, names=("likelihood",)
    )
    assert joined.names == ("likelihood",)
    assert TrainingSample.join([sample, sample]).fold.max() == 1
