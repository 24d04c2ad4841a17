"""Questions, candidate genes and relatives, against brute force."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from fusion.symbolic import SymbolicFeatures, SymbolicKnowledge, TermSets
from fusion.symbolic.candidate_genes import CandidateGenes
from fusion.symbolic.questions import QuestionValue, entropy
from fusion.symbolic.relatives import Relatives
from kg.snapshot import GraphSnapshot
from tests.fusion.conftest import DISEASES, SIGNS, toy_records


def toy() -> tuple[SymbolicKnowledge, SymbolicFeatures]:
    knowledge = SymbolicKnowledge.from_snapshot(GraphSnapshot.from_records(*toy_records()))
    return knowledge, SymbolicFeatures(knowledge)


def position(knowledge: SymbolicKnowledge, curie: str) -> int:
    found = knowledge.encoder.position(curie)
    assert found is not None
    return found


def test_a_sign_of_one_of_two_likely_diseases_is_the_best_question() -> None:
    knowledge, features = toy()
    belief = np.zeros(knowledge.catalogue.n_diseases)
    for disease in DISEASES[:2]:
        at = knowledge.catalogue.position(knowledge.snapshot, disease)
        belief[at] = 0.5
    value = QuestionValue(knowledge.ontology, features.profiles)
    seen = TermSets(present=np.array([position(knowledge, SIGNS[0])], dtype=np.int32))
    terms, gains = value.gains(belief, seen)
    best = {knowledge.ontology.ids[t] for t in terms[gains > gains.max() - 1e-9]}
    assert best <= set(SIGNS[1:6])
    assert position(knowledge, SIGNS[0]) not in terms
    assert gains.max() <= np.log(2)


def test_gains_are_the_mutual_information_of_disease_and_answer() -> None:
    knowledge, features = toy()
    rng = np.random.default_rng(0)
    belief = rng.dirichlet(np.ones(knowledge.catalogue.n_diseases)) * 0.9
    value = QuestionValue(knowledge.ontology, features.profiles)
    nothing = TermSets(present=np.zeros(0, dtype=np.int32))
    terms, gains = value.gains(belief, nothing)
    shares = features.profiles.family_closed.toarray()
    usual = features.profiles.background
    for term, gain in zip(terms.tolist(), gains.tolist(), strict=True):
        b = float(np.clip(usual[term], 0.005, 0.98))
        f = np.clip(0.95 * shares[:, term] + 0.05 * b, 0.005, 0.98)
        joint = np.r_[belief * f, 0.1 * b], np.r_[belief * (1 - f), 0.1 * (1 - b)]
        prior = np.r_[belief, 0.1]
        expected = sum(
            float((j * np.log(j / (prior * j.sum()), where=j > 0, out=np.zeros_like(j))).sum())
            for j in joint
        )
        assert abs(expected - gain) < 1e-6


def test_a_yes_tells_more_the_likelier_it_is_here_and_the_more_specific() -> None:
    knowledge, features = toy()
    value = QuestionValue(knowledge.ontology, features.profiles)
    belief = np.zeros(knowledge.catalogue.n_diseases)
    belief[0] = 1.0
    nothing = TermSets(present=np.zeros(0, dtype=np.int32))
    among = [position(knowledge, curie) for curie in SIGNS[:6]]
    terms, worth = value.telling(belief, nothing, among)
    assert terms.tolist() == sorted(among)
    shares, usual = value.chances(np.array([0]), terms)
    content = features.profiles.content[terms]
    np.testing.assert_allclose(worth, np.log(shares[0] / usual) + content, rtol=1e-6)
    said = TermSets(present=np.array(among[:1], dtype=np.int32))
    assert among[0] not in value.telling(belief, said, among)[0]


def test_what_was_said_is_not_asked_again() -> None:
    knowledge, features = toy()
    value = QuestionValue(knowledge.ontology, features.profiles)
    said = TermSets(
        present=np.array([position(knowledge, SIGNS[0])], dtype=np.int32),
        excluded=np.array([position(knowledge, SIGNS[4])], dtype=np.int32),
    )
    still_open = value.open_terms(said)
    for curie in (SIGNS[0], SIGNS[4], "HP:0000118"):
        assert not still_open[knowledge.ontology.ids.index(curie)]
    assert still_open[position(knowledge, SIGNS[5])]


def test_entropy_is_symmetric_and_largest_in_doubt() -> None:
    chances = np.linspace(0.0, 1.0, 11)
    assert np.allclose(entropy(chances), entropy(1 - chances))
    assert entropy(chances).argmax() == 5


def test_a_listed_gene_lifts_its_disease_and_stands_first() -> None:
    snapshot = GraphSnapshot.from_records(*toy_records())
    knowledge = SymbolicKnowledge.from_snapshot(snapshot)
    genes = CandidateGenes.from_snapshot(snapshot, knowledge.catalogue)
    nodes = [snapshot.index(f"HGNC:{i}") for i in (2, 3)]
    suspects = np.asarray(sorted(n for n in nodes if n is not None), dtype=np.int32)
    added = genes.log_ratio(suspects)
    listed = [knowledge.catalogue.position(snapshot, d) for d in DISEASES[1:3]]
    assert set(np.flatnonzero(added > 0)) == set(listed)
    belief = np.zeros(knowledge.catalogue.n_diseases)
    belief[listed[1]], belief[0] = 0.6, 0.2
    shares = genes.shares(belief, suspects)
    at = suspects.tolist().index(nodes[1])
    assert shares[at] == 0.6
    assert not genes.log_ratio(np.zeros(0, dtype=np.int32)).any()
    assert not genes.log_ratio(np.array([knowledge.catalogue.nodes[0]], dtype=np.int32)).any()


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), largest=st.integers(2, 8))
def test_the_best_relative_is_that_of_brute_force(seed: int, largest: int) -> None:
    rng = np.random.default_rng(seed)
    groups = sparse.csr_matrix(rng.random((rng.integers(1, 8), rng.integers(2, 12))) < 0.4)
    related = Relatives.from_groups(groups, largest=largest)
    scores = rng.integers(-3, 4, size=(3, groups.shape[1])).astype(np.float32)
    expected = np.full_like(scores, -9.0)
    pairs = related.weights.toarray() > 0
    for disease in range(groups.shape[1]):
        if pairs[disease].any():
            expected[:, disease] = scores[:, pairs[disease]].max(axis=1)
    assert np.array_equal(related.maximum(scores, default=-9.0), expected)
