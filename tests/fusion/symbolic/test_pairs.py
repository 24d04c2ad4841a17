"""Laws of the pair features, and oracles for their parts."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusion.symbolic.attention import AttentionOptions
from fusion.symbolic.boosted_treatments import BoostedTreatments
from fusion.symbolic.kin import Kin, family_folds
from fusion.symbolic.pair_knowledge import PairKnowledge
from fusion.symbolic.pair_sampling import (
    BoostedTreatmentOptions,
    PairSample,
    sample_treatments,
)
from fusion.symbolic.pairs import PAIR_FEATURES, PairFeatures, PairOptions
from fusion.symbolic.ridge import ForgettingRidge
from fusion.symbolic.treatments import TreatmentCatalogue, TreatmentLabels
from kg.snapshot import GraphSnapshot
from kg.statements import Node, Statement
from kg.vocabulary import NodeType, Predicate

N_DISEASES, N_DRUGS, N_GENES, N_SIGNS = 14, 9, 6, 5
_FAMILY = {1: 0, 2: 0, 3: 0, 5: 4, 6: 4, 8: 7}  # child: parent, numbers of diseases
_WORDS = ("heart", "kidney", "fever", "bone", "skin")


def _statement(subject: str, predicate: Predicate, object_: str) -> Statement:
    return Statement(subject=subject, predicate=predicate, object=object_, source="toy")


def world(
    seed: int = 0,
    *,
    treats: dict[int, set[int]] | None = None,
    names: np.ndarray | None = None,
) -> GraphSnapshot:
    """A random world; `treats` replaces the drugs of some diseases, `names` renumbers diseases."""
    rng = np.random.default_rng(seed)
    number = np.arange(N_DISEASES) if names is None else names
    disease = [f"MONDO:{10 + int(n)}" for n in number]
    drug = [f"DRUGBANK:DB0000{n}" for n in range(N_DRUGS)]
    gene = [f"HGNC:{n + 1}" for n in range(N_GENES)]
    sign = [f"HP:000000{n + 1}" for n in range(N_SIGNS)]
    nodes = [
        Node(id=id_, type=NodeType.DISEASE, label=f"{_WORDS[i % 5]} failure of kind{i // 3}")
        for i, id_ in enumerate(disease)
    ]
    nodes += [
        Node(id=id_, type=NodeType.DRUG, label=f"toxi{i % 3}mab") for i, id_ in enumerate(drug)
    ]
    nodes += [Node(id=id_, type=NodeType.GENE, label=id_) for id_ in gene]
    nodes += [Node(id=id_, type=NodeType.PHENOTYPE, label=id_) for id_ in sign]
    facts = [_statement(disease[c], Predicate.SUBCLASS_OF, disease[p]) for c, p in _FAMILY.items()]
    facts += [_statement(sign[i], Predicate.SUBCLASS_OF, sign[0]) for i in range(1, N_SIGNS)]
    for i in range(N_DISEASES):
        facts.append(_statement(gene[rng.integers(N_GENES)], Predicate.CAUSES, disease[i]))
        facts.append(_statement(disease[i], Predicate.HAS_PHENOTYPE, sign[rng.integers(N_SIGNS)]))
        own = set(rng.choice(N_DRUGS, size=2, replace=False).tolist())
        if i < N_DISEASES - 2:  # the last two have no treatment
            chosen = (treats or {}).get(i, own)
            facts += [_statement(drug[t], Predicate.TREATS, disease[i]) for t in sorted(chosen)]
        if i % 3 == 0 and i < N_DISEASES - 2:
            bad = int(rng.integers(N_DRUGS))
            facts.append(_statement(drug[bad], Predicate.CONTRAINDICATED_IN, disease[i]))
    for i in range(N_DRUGS):
        facts.append(_statement(drug[i], Predicate.AFFECTS, gene[rng.integers(N_GENES)]))
    return GraphSnapshot.from_records(nodes, facts)


def texts(snapshot: GraphSnapshot, names: np.ndarray | None = None) -> np.ndarray:
    """Unit vectors that belong to the thing, whatever its number."""
    own = np.random.default_rng(7).normal(size=(N_DISEASES, 6))
    number = np.arange(N_DISEASES) if names is None else names
    table = np.zeros((snapshot.n_nodes, 6), dtype=np.float32)
    for i in range(N_DISEASES):
        table[_node(snapshot, int(number[i]))] = own[i]
    rest = np.random.default_rng(8).normal(size=(N_DRUGS, 6))
    for i in range(N_DRUGS):
        node = snapshot.index(f"DRUGBANK:DB0000{i}")
        assert node is not None
        table[node] = rest[i]
    unit: np.ndarray = table / np.maximum(np.linalg.norm(table, axis=1, keepdims=True), 1e-9)
    return unit


def _node(snapshot: GraphSnapshot, number: int) -> int:
    node = snapshot.index(f"MONDO:{10 + number}")
    assert node is not None
    return node


def _pairs(snapshot: GraphSnapshot, **options: float) -> PairFeatures:
    catalogue = TreatmentCatalogue.from_snapshot(snapshot)
    return PairFeatures(snapshot, catalogue, texts(snapshot), PairOptions(**options))  # type: ignore[arg-type]


@given(
    seed=st.integers(0, 20),
    disease=st.integers(0, N_DISEASES - 3),
    drugs=st.sets(st.integers(0, N_DRUGS - 1), min_size=1),
)
@settings(max_examples=25, deadline=None)
def test_own_labels_never_change_own_features(seed: int, disease: int, drugs: set[int]) -> None:
    before, after = world(seed), world(seed, treats={disease: drugs})
    asked = np.asarray([_node(before, disease)], dtype=np.int32)
    one, two = _pairs(before).compute(asked), _pairs(after).compute(asked)
    np.testing.assert_allclose(one, two, atol=2e-5)


@given(seed=st.integers(0, 20), drugs=st.sets(st.integers(0, N_DRUGS - 1), min_size=1))
@settings(max_examples=15, deadline=None)
def test_labels_of_kin_never_change_features(seed: int, drugs: set[int]) -> None:
    before, after = world(seed), world(seed, treats={2: drugs, 0: drugs})
    asked = np.asarray([_node(before, 1)], dtype=np.int32)  # sibling of 2, child of 0
    one, two = _pairs(before).compute(asked), _pairs(after).compute(asked)
    np.testing.assert_allclose(one, two, atol=2e-5)


def test_labels_of_kin_are_read_where_they_are_given() -> None:
    before, after = world(0), world(0, treats={2: {0, 1, 2}})
    asked = np.asarray([_node(before, 1)], dtype=np.int32)
    one, two = (_pairs(w).compute(asked, hide_kin=False) for w in (before, after))
    assert not np.allclose(one, two)


def test_knowledge_of_the_same_texts_is_the_same() -> None:
    snapshot = world(4)
    pairs = _pairs(snapshot)
    keep = np.ones(snapshot.n_edges, dtype=bool)
    keep[snapshot.edges(Predicate.CAUSES).rows[:5]] = False
    cut = snapshot.subset(keep)
    again = PairKnowledge.from_snapshot(
        cut, pairs.catalogue, pairs.knowledge.text, like=pairs.knowledge
    )
    asked = pairs.labelled
    anew = PairFeatures(cut, pairs.catalogue, pairs.knowledge.text)
    like = PairFeatures(cut, pairs.catalogue, pairs.knowledge.text, knowledge=again)
    np.testing.assert_array_equal(anew.compute(asked), like.compute(asked))
    assert not np.allclose(pairs.compute(asked), like.compute(asked))


def test_labels_of_others_do_change_features() -> None:
    before, after = world(0), world(0, treats={9: set(range(N_DRUGS))})
    asked = np.asarray([_node(before, 1)], dtype=np.int32)
    assert not np.allclose(_pairs(before).compute(asked), _pairs(after).compute(asked))


@given(seed=st.integers(0, 20), order=st.permutations(range(N_DISEASES)))
@settings(max_examples=15, deadline=None)
def test_features_do_not_depend_on_numbers_of_nodes(seed: int, order: list[int]) -> None:
    names = np.asarray(order)
    plain, renamed = world(seed), world(seed, names=names)
    one = _pairs(plain)
    catalogue = TreatmentCatalogue.from_snapshot(renamed)
    two = PairFeatures(renamed, catalogue, texts(renamed, names))
    asked = np.asarray([_node(plain, i) for i in range(N_DISEASES)], dtype=np.int32)
    same = np.asarray([_node(renamed, int(names[i])) for i in range(N_DISEASES)], dtype=np.int32)
    columns = [catalogue.ids.index(id_) for id_ in one.catalogue.ids]
    np.testing.assert_allclose(one.compute(asked), two.compute(same)[:, columns], atol=2e-5)


def test_a_batch_is_its_members_one_by_one() -> None:
    pairs = _pairs(world(3))
    asked = pairs.labelled
    alone = np.concatenate([pairs.compute(asked[i : i + 1]) for i in range(len(asked))])
    np.testing.assert_allclose(pairs.compute(asked), alone, atol=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_text_neighbours_against_brute_force(seed: int) -> None:
    snapshot = world(seed)
    pairs = _pairs(snapshot, n_neighbours=3, sharpness=2.0)
    vectors, catalogue = texts(snapshot), pairs.catalogue
    labels = TreatmentLabels.from_snapshot(snapshot, catalogue).indicated.toarray()
    treated = [n for n in pairs.labelled.tolist() if labels[n].any()]
    for disease in (_node(snapshot, 1), _node(snapshot, N_DISEASES - 1)):
        kin = set(pairs.labelled[pairs.kin(disease)].tolist())
        cosine = {n: float(vectors[disease] @ vectors[n]) for n in treated if n not in kin}
        near = sorted((n for n in cosine if cosine[n] > 0), key=lambda n: -cosine[n])[:3]
        weight = {n: np.exp(2.0 * (cosine[n] - 1.0)) for n in near}
        expected = sum(weight[n] * labels[n] for n in near) / sum(weight.values())
        nearest = np.max([[max(cosine[n], 0.0) * labels[n]] for n in cosine], axis=0)[0]
        got = pairs.compute(np.asarray([disease], dtype=np.int32))[0]
        at = pairs.names.index
        np.testing.assert_allclose(got[:, at("text neighbours")], expected, atol=1e-5)
        np.testing.assert_allclose(got[:, at("nearest text neighbour")], nearest, atol=1e-5)


@given(seed=st.integers(0, 1000), group=st.sets(st.integers(0, 11), max_size=5))
@settings(max_examples=30, deadline=None)
def test_ridge_forgets_exactly(seed: int, group: set[int]) -> None:
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(12, 5))
    kernel = points @ points.T
    query = rng.normal(size=5) @ points.T
    hidden = np.asarray(sorted(group), dtype=np.int32)
    left = np.setdiff1d(np.arange(12), hidden)
    expected = np.zeros(12)
    shifted = kernel[np.ix_(left, left)] + 0.3 * np.eye(len(left))
    expected[left] = query[left] @ np.linalg.inv(shifted)
    ridge = ForgettingRidge(kernel.astype(np.float32), ridge=0.3)
    got = ridge.weights(query[None].astype(np.float32), [hidden])[0]
    np.testing.assert_allclose(got, expected, atol=2e-3)
    assert not got[hidden].any()


def test_ridge_needs_a_positive_penalty() -> None:
    with pytest.raises(ValueError, match="ridge"):
        ForgettingRidge(np.eye(2, dtype=np.float32), ridge=0.0)


def test_kin_are_parents_children_siblings_and_namesakes() -> None:
    snapshot = world()
    vectors = texts(snapshot)
    vectors[_node(snapshot, 9)] = vectors[_node(snapshot, 1)]
    labelled = TreatmentLabels.from_snapshot(
        snapshot, TreatmentCatalogue.from_snapshot(snapshot)
    ).labelled
    kin = Kin(snapshot, labelled, vectors, near_name=0.999)
    found = {snapshot.node_ids[n] for n in labelled[kin.of(_node(snapshot, 1))].tolist()}
    assert found == {f"MONDO:{10 + n}" for n in (0, 1, 2, 3, 9)}
    many = kin.of_many(labelled)
    assert all(np.array_equal(many[i], kin.of(int(n))) for i, n in enumerate(labelled))


def test_folds_keep_families_together() -> None:
    snapshot = world()
    labelled = np.asarray([_node(snapshot, i) for i in range(N_DISEASES)], dtype=np.int32)
    folds = family_folds(snapshot, labelled, 3)
    assert len({int(folds[i]) for i in (1, 2, 3)}) == 1
    assert set(folds.tolist()) == {0, 1, 2}


@given(seed=st.integers(0, 1000), n_random=st.integers(1, 30))
@settings(max_examples=20, deadline=None)
def test_a_sample_holds_every_right_treatment_and_stands_for_all(seed: int, n_random: int) -> None:
    rng = np.random.default_rng(seed)
    right = rng.random(40) < 0.1
    peers = [np.asarray([1, 2], dtype=np.int32)] * 40
    hardness = rng.random((2, 40)).astype(np.float32)
    options = BoostedTreatmentOptions(n_hard=3, n_matched=1, n_random=n_random)
    drawn, weight = sample_treatments(right, hardness, peers, options=options, rng=rng)
    assert len(set(drawn.tolist())) == len(drawn)
    assert set(np.flatnonzero(right)) <= set(drawn.tolist())
    assert {int(np.argmax(row)) for row in hardness} <= set(drawn.tolist())
    assert weight.sum() == pytest.approx(40)


def test_trees_learn_and_survive_saving(tmp_path: Path) -> None:
    pairs = _pairs(world(1))
    options = BoostedTreatmentOptions(n_trees=5, smallest_leaf=2, n_leaves=3)
    trained = BoostedTreatments.train(pairs, options=options)
    asked = pairs.labelled[:3]
    scores = trained.score(pairs, asked)
    assert scores.shape == (3, len(pairs.catalogue), 2)
    trained.save(tmp_path / "trees")
    again = BoostedTreatments.load(tmp_path / "trees")
    np.testing.assert_allclose(again.score(pairs, asked), scores, atol=1e-6)
    sample = PairSample.draw(pairs, options=options)
    assert sample.relevant.sum() == pairs.indicated.sum()


def test_what_a_score_rests_on_leaves_out_kin_and_diseases_without_treatment() -> None:
    snapshot = world(3)
    pairs = _pairs(snapshot)
    attention = pairs.learn_attention(AttentionOptions(n_steps=5))
    weight = pairs.attended(_node(snapshot, 1), attention)
    labelled = set(pairs.labelled[pairs.indicated.any(axis=1)].tolist())
    kin = set(pairs.labelled[pairs.kin(_node(snapshot, 1))].tolist())
    assert set(np.flatnonzero(weight).tolist()) == labelled - kin
    number = pairs.indicated.sum(axis=1)[np.isin(pairs.labelled, list(labelled))]
    assert (weight[sorted(labelled)] * np.sqrt(number)).sum() == pytest.approx(1.0, abs=1e-5)
    table = pairs.compute(np.asarray([_node(snapshot, 1)], dtype=np.int32), attention)
    attended = table[0, :, len(PAIR_FEATURES)]
    labels = TreatmentLabels.from_snapshot(snapshot, pairs.catalogue).indicated
    np.testing.assert_allclose(weight @ labels, attended, atol=1e-6)


def test_scores_made_ahead_are_the_scores(tmp_path: Path) -> None:
    pairs = _pairs(world(2))
    options = BoostedTreatmentOptions(n_trees=8, n_leaves=4, smallest_leaf=2, n_random=4)
    trees = BoostedTreatments.train(pairs, options=options).with_ahead(pairs, most=5)
    trees.save(tmp_path)
    ahead = BoostedTreatments.load(tmp_path).ahead
    assert ahead is not None
    number = dict(zip(pairs.labelled.tolist(), pairs.indicated.sum(axis=1).tolist(), strict=True))
    least = min(number[node] for node in ahead.nodes.tolist())
    assert len(ahead.nodes) == 5
    for node in pairs.labelled.tolist():
        scores = ahead.of(node)
        if scores is None:
            assert number[node] <= least
        else:
            fresh = trees.score(pairs, np.asarray([node], dtype=np.int32))[0, :, 0]
            np.testing.assert_allclose(scores, fresh, atol=1e-5)
    replace(trees, ahead=None).save(tmp_path)
    assert BoostedTreatments.load(tmp_path).ahead is None


def test_nothing_to_learn_from_is_said() -> None:
    snapshot = world()
    catalogue = TreatmentCatalogue.from_snapshot(snapshot)
    labels = TreatmentLabels.from_snapshot(snapshot, catalogue)
    none = labels.only(np.zeros(snapshot.n_nodes, dtype=bool))
    pairs = PairFeatures(snapshot, catalogue, texts(snapshot), labels=none)
    assert pairs.compute(np.asarray([0], dtype=np.int32)).shape[1] == len(catalogue)
    with pytest.raises(ValueError, match="no indication"):
        BoostedTreatments.train(pairs)


def test_approved_drugs_and_those_that_lost_their_only_statement_are_candidates() -> None:
    approved = "iatros:drug-class.approved-drugs"
    nodes = [Node(id=f"DRUGBANK:DB0000{n}", type=NodeType.DRUG, label=str(n)) for n in range(4)]
    nodes.append(Node(id=approved, type=NodeType.DRUG_CLASS, label="approved"))
    nodes.append(Node(id="ATC:A01", type=NodeType.DRUG_CLASS, label="a class"))
    facts = [
        _statement("DRUGBANK:DB00000", Predicate.HAS_ROLE, approved),
        _statement("DRUGBANK:DB00001", Predicate.HAS_ROLE, "ATC:A01"),
        _statement("DRUGBANK:DB00002", Predicate.INTERACTS_WITH, "DRUGBANK:DB00001"),
    ]
    catalogue = TreatmentCatalogue.from_snapshot(GraphSnapshot.from_records(nodes, facts))
    assert catalogue.ids == ("DRUGBANK:DB00000", "DRUGBANK:DB00003")
