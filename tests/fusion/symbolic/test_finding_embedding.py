"""The learned embedding of findings: its start, its learning, its samples."""

from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest
import torch

from fusion.finding_embedding import EmbeddingOptions, FindingEmbedding, FindingWorld
from fusion.symbolic import (
    NearestPatients,
    ProfileCosine,
    ReferenceCases,
    SymbolicFeatures,
    SymbolicKnowledge,
)

_OPTIONS = EmbeddingOptions(width=4, n_steps=60, n_cases=8, dropped=0.0, learning_rate=0.1)


@pytest.fixture(scope="module")
def cases(toy: ModuleType, knowledge: SymbolicKnowledge) -> ReferenceCases:
    terms = {"A": (11, 21), "B": (12, 23), "C": (23, 30)}
    return knowledge.references(
        toy.case(f"{letter}{number}", own, disease=letter, papers=(f"PMID:{letter}{number}",))
        for letter, own in terms.items()
        for number in range(6)
    )


def test_it_starts_from_cosines_and_near_patients(
    knowledge: SymbolicKnowledge, cases: ReferenceCases
) -> None:
    features = SymbolicFeatures(knowledge, cases)
    world = FindingWorld.of(features)
    embedding = FindingEmbedding(
        n_terms=knowledge.ontology.n_terms, terms=None, diseases=None, options=_OPTIONS
    )
    with torch.no_grad():
        embedding.scale[1] = embedding.vote[2] = 0.0
    content = np.where(features.profiles.content < 0.3, 0.0, features.profiles.content)
    ontology = knowledge.ontology
    cosine = ProfileCosine(
        ontology=ontology, shares=features.profiles.family_closed, content=content
    )
    nearest = NearestPatients(
        ontology=ontology, references=cases, content=content, n_diseases=features.n_diseases
    )
    patients = cases.patients[:3]
    votes = np.zeros((3, features.n_diseases))
    near = np.exp(14.0 * (nearest.similarity(patients) - 0.5))
    np.add.at(votes.T, cases.disease[nearest.order], near.T)
    expected = 12.0 * cosine.score(patients) + 1.5 * np.log1p(votes)
    np.testing.assert_allclose(
        embedding.score(features, world, patients), expected, rtol=1e-4, atol=1e-4
    )


def test_it_learns_what_profiles_do_not_say_the_same_each_time(
    toy: ModuleType, knowledge: SymbolicKnowledge
) -> None:
    terms = {"A": (12, 23), "B": (23, 30), "C": (11, 21)}  # not what is written of them
    cases = knowledge.references(
        toy.case(letter, own, disease=letter, papers=(f"PMID:{letter}",))
        for letter, own in terms.items()
    )
    features = SymbolicFeatures(knowledge)
    world = FindingWorld.of(features)

    def loss(n_steps: int) -> float:
        options = replace(_OPTIONS, n_steps=n_steps)
        trained = FindingEmbedding.train_on(features, [(world, cases)], options=options)
        scores = torch.from_numpy(trained.score(features, world, cases.patients))
        gold = torch.from_numpy(cases.disease.astype(np.int64))
        return float(torch.nn.functional.cross_entropy(scores, gold))

    assert loss(60) < 0.7 * loss(1)
    assert loss(5) == loss(5)


def test_a_narrow_world_keeps_who_has_patients_and_counts_the_rest(
    knowledge: SymbolicKnowledge, cases: ReferenceCases
) -> None:
    world = FindingWorld.of(SymbolicFeatures(knowledge, cases))
    narrow = world.narrowed(np.array([3]), 1, np.random.default_rng(0))
    assert {*np.unique(cases.disease).tolist(), 3} <= set(narrow.rows.tolist())
    assert np.exp(narrow.log_count).sum() == pytest.approx(len(world.rows))
    np.testing.assert_array_equal(narrow.rows[narrow.disease], world.disease)
