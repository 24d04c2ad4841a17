from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusion.symbolic import (
    FEATURES,
    CrossFittedFeatures,
    NameVectors,
    ReferenceCases,
    SymbolicFeatures,
    SymbolicKnowledge,
    balanced_folds,
    decoy_publications,
)
from fusion.symbolic.comparable import log_rank, margin


@pytest.fixture(scope="module")
def features(knowledge: SymbolicKnowledge, references: ReferenceCases) -> SymbolicFeatures:
    return SymbolicFeatures(knowledge, references)


def test_shape_names_and_finiteness(features: SymbolicFeatures, references: ReferenceCases) -> None:
    values = features.compute(references.patients)
    assert values.shape == (len(references), features.n_diseases, len(features.names))
    assert values.dtype == np.float32
    assert np.isfinite(values).all()
    assert set(features.names) <= set(FEATURES)


def test_groups_say_what_is_known(features: SymbolicFeatures, knowledge: SymbolicKnowledge) -> None:
    groups = dict(zip(knowledge.catalogue.labels, features.groups.tolist(), strict=True))
    assert groups == {"A": 2, "B": 2, "C": 2, "D": 1, "E": 0, "F": 1}


def test_a_batch_scores_like_its_cases_alone(
    features: SymbolicFeatures, references: ReferenceCases
) -> None:
    together = features.compute(references.patients)
    alone = np.concatenate([features.compute([patient]) for patient in references.patients])
    np.testing.assert_allclose(together, alone, atol=1e-5)


@settings(max_examples=20, deadline=None)
@given(order=st.permutations([11, 12, 23, 30]), repeats=st.integers(1, 2))
def test_order_and_repetition_of_terms_change_nothing(
    order: list[int], repeats: int, toy: ModuleType, features: SymbolicFeatures
) -> None:
    encoder = features.knowledge.encoder
    plain = encoder.encode(toy.case("x", (11, 12, 23, 30)))
    shuffled = encoder.encode(toy.case("x", tuple(order * repeats)))
    np.testing.assert_array_equal(features.compute([plain]), features.compute([shuffled]))


def test_a_disease_of_which_nothing_is_known_is_reached_through_its_gene(
    toy: ModuleType, features: SymbolicFeatures
) -> None:
    patient = features.knowledge.encoder.encode(toy.case("x", (11, 21)))
    values = features.compute([patient])[0]
    nothing_known = features.knowledge.catalogue.labels.index("E")
    relative = values[:, features.names.index("gene_likelihood")]
    assert relative[nothing_known] == relative.max()
    assert values[nothing_known, features.names.index("group")] == 0


def test_excluded_publications_leave_no_trace(
    knowledge: SymbolicKnowledge, references: ReferenceCases
) -> None:
    papers = {"PMID:2"}
    clean = SymbolicFeatures(knowledge, references, exclude_publications=papers)
    assert "a2" not in clean.references.case_ids
    a = knowledge.catalogue.labels.index("A")
    kept = set(clean.profiles.annotated[a].indices)
    assert len(kept) == 1  # the row that cites PMID:1;PMID:2 fell although PMID:1 stays


def test_folds_never_know_their_own_publications(
    knowledge: SymbolicKnowledge, references: ReferenceCases
) -> None:
    crossed = CrossFittedFeatures(knowledge, references, n_folds=3, n_decoys=1)
    rows = []
    for fold in crossed:
        own = frozenset().union(*fold.cases.publications)
        assert own <= fold.excluded
        assert not fold.features.references.citing(own).any()
        assert set(fold.features.references.case_ids).isdisjoint(fold.cases.case_ids)
        rows += fold.rows.tolist()
    assert sorted(rows) == list(range(len(references)))


def test_cases_that_share_a_paper_share_a_fold(references: ReferenceCases) -> None:
    components = references.components()
    names = dict(zip(references.case_ids, components.tolist(), strict=True))
    assert names["c1"] == names["c2"]
    assert len(set(names.values())) == len(names) - 1


@given(st.lists(st.integers(0, 8), min_size=1, max_size=40), st.integers(2, 5), st.integers(0, 9))
def test_balanced_folds_keep_components_whole(labels: list[int], n_folds: int, seed: int) -> None:
    components = np.unique(labels, return_inverse=True)[1].astype(np.int32)
    folds = balanced_folds(components, n_folds=n_folds, rng=np.random.default_rng(seed))
    for component in range(components.max() + 1):
        assert len(set(folds[components == component].tolist())) == 1
    assert folds.min() >= 0
    assert folds.max() < n_folds


def test_decoys_spare_the_right_answers_and_are_papers(knowledge: SymbolicKnowledge) -> None:
    a = knowledge.catalogue.labels.index("A")
    papers = decoy_publications(knowledge, n_decoys=100, rng=np.random.default_rng(0), spare=[a])
    assert papers == {"PMID:3", "PMID:4", "PMID:9"}


def test_one_fold_is_refused(knowledge: SymbolicKnowledge, references: ReferenceCases) -> None:
    with pytest.raises(ValueError, match="at least 2"):
        CrossFittedFeatures(knowledge, references, n_folds=1)


def test_embedded_names_add_their_features(
    knowledge: SymbolicKnowledge, references: ReferenceCases
) -> None:
    rng = np.random.default_rng(0)
    names = NameVectors(
        terms=rng.normal(size=(knowledge.ontology.n_terms, 4)).astype(np.float32),
        diseases=rng.normal(size=(knowledge.catalogue.n_diseases, 4)).astype(np.float32),
    )
    with_names = SymbolicFeatures(knowledge.with_names(names), references)
    assert with_names.names == FEATURES
    assert np.isfinite(with_names.compute(references.patients)).all()
    wrong = NameVectors(terms=names.terms[:2], diseases=names.diseases)
    with pytest.raises(ValueError, match="embed the names of this graph"):
        knowledge.with_names(wrong)


@given(st.lists(st.integers(-4, 4), min_size=1, max_size=30))
def test_ranks_are_optimistic_and_start_at_zero(values: list[int]) -> None:
    scores = np.asarray([values], dtype=np.float32)
    better = (scores[0][None, :] > scores[0][:, None]).sum(axis=1)
    np.testing.assert_allclose(log_rank(scores)[0], np.log1p(better), rtol=1e-6)


def test_the_margin_is_the_distance_to_the_best_other() -> None:
    scores = np.asarray([[3.0, 1.0, 2.0], [1.0, 1.0, 0.0]], dtype=np.float32)
    assert margin(scores).tolist() == [[1.0, -2.0, -1.0], [0.0, 0.0, -1.0]]
    assert margin(np.ones((1, 1), dtype=np.float32)).tolist() == [[0.0]]
