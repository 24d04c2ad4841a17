"""The whole picture as one angle, and comparisons between diseases of which more is known."""

from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusion.symbolic import CLASSICAL, FEATURES, ReferenceCases, SymbolicFeatures, SymbolicKnowledge
from fusion.symbolic.standing import ANNOTATED, NEITHER, SEEN, Standing


@pytest.fixture(scope="module")
def features(knowledge: SymbolicKnowledge, references: ReferenceCases) -> SymbolicFeatures:
    return SymbolicFeatures(knowledge, references)


def test_cosine_is_that_of_the_definition(
    features: SymbolicFeatures, references: ReferenceCases
) -> None:
    scores = features.cosine.score(references.patients)
    profiles, content = features.profiles, features.profiles.content
    ontology = features.knowledge.ontology
    for row, patient in zip(scores, references.patients, strict=True):
        query = np.zeros(ontology.n_terms)
        query[ontology.closure(patient.present)] = 1.0
        query *= content
        for disease in range(features.n_diseases):
            profile = np.sqrt(profiles.merged_closed[disease].toarray().ravel()) * content
            length = np.linalg.norm(query) * np.linalg.norm(profile)
            expected = query @ profile / length if length else 0.0
            assert row[disease] == pytest.approx(expected, abs=1e-5)
    assert (scores >= 0).all()
    assert (scores <= 1 + 1e-5).all()


def test_a_disease_with_nothing_but_relatives_has_a_picture(
    toy: ModuleType, features: SymbolicFeatures
) -> None:
    patient = features.knowledge.encoder.encode(toy.case("x", (11, 21)))
    nothing_known = features.knowledge.catalogue.labels.index("E")
    assert features.cosine.score([patient])[0, nothing_known] == 0.0
    assert features.family_cosine.score([patient])[0, nothing_known] > 0.0


@settings(max_examples=50, deadline=None)
@given(
    groups=st.lists(st.sampled_from([NEITHER, ANNOTATED, SEEN]), min_size=1, max_size=30),
    seed=st.integers(0, 99),
)
def test_standing_is_that_of_brute_force(groups: list[int], seed: int) -> None:
    own = np.asarray(groups, dtype=np.int32)
    scores = np.random.default_rng(seed).integers(0, 5, size=(2, len(own))).astype(np.float32)
    standing = Standing(own)
    ranks = standing.rank(scores)
    for row, values in zip(ranks, scores, strict=True):
        for at, value in enumerate(values):
            above = int((values[own == own[at]] > value).sum())
            assert row[at] == pytest.approx(np.log1p(above))
    for group in (NEITHER, ANNOTATED, SEEN):
        over = standing.over(scores)[group]
        members = own == group
        best = scores[:, members].max(axis=1, keepdims=True) if members.any() else 0.0
        np.testing.assert_allclose(over, scores - best)


def test_classical_features_are_a_part_in_order() -> None:
    rest = [name for name in FEATURES if name in set(CLASSICAL)]
    assert rest == list(CLASSICAL)
    assert {"family_cosine", "likelihood_over_seen"}.isdisjoint(CLASSICAL)


def test_an_older_model_gets_the_features_it_was_trained_on(
    knowledge: SymbolicKnowledge, references: ReferenceCases, features: SymbolicFeatures
) -> None:
    chosen = ("likelihood", "family", "nearest")
    few = SymbolicFeatures(knowledge, references, names=chosen)
    assert few.names == chosen
    both = features.compute(references.patients)[:, :, [features.names.index(n) for n in chosen]]
    np.testing.assert_array_equal(few.compute(references.patients), both)
    with pytest.raises(ValueError, match=r"does not make horoscope; train the model again"):
        SymbolicFeatures(knowledge, references, names=("horoscope",))
