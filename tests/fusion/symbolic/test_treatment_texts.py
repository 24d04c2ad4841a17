"""Texts, names and places that features of treatments are made of."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from fusion.symbolic.borrowing import Borrowing
from fusion.symbolic.kernels import describe, name_mentions
from fusion.symbolic.lexical import letter_runs, piece_counts
from fusion.symbolic.mentions import MENTION_FEATURES, Mentions
from fusion.symbolic.prose import PROSE_FEATURES, Prose
from fusion.symbolic.treatment_places import log_rank
from kg.snapshot import GraphSnapshot
from kg.statements import Node, Statement
from kg.vocabulary import NodeType, Predicate


def edge(subject: str, predicate: Predicate, object_: str) -> Statement:
    return Statement(subject=subject, predicate=predicate, object=object_, source="toy")


def test_descriptions_weigh_rarity() -> None:
    rows = describe(np.asarray([[1, 1, 0], [1, 0, 1], [1, 0, 0], [0, 0, 0]])).toarray()
    assert rows[0, 1] > rows[0, 0]
    np.testing.assert_allclose(np.linalg.norm(rows[:2], axis=1), 1.0, atol=1e-5)
    assert not rows[3].any()


def test_a_disease_borrows_from_the_nearest_texts_and_keeps_its_own() -> None:
    vectors = np.asarray([[1, 0], [1, 0], [0.6, 0.8], [0, 1], [0, 0]], dtype=np.float32)
    borrowing = Borrowing(vectors, np.arange(5, dtype=np.int32), n_lenders=2, power=1.0)
    weights = borrowing.weights(np.asarray([0, 4], dtype=np.int32)).toarray()
    np.testing.assert_allclose(weights[0], np.asarray([1, 1, 0.6, 0, 0]) / 2.6, atol=1e-6)
    np.testing.assert_allclose(weights[1], [0, 0, 0, 0, 1])  # no text: nothing but its own


def test_a_mentioned_name_is_found_in_the_text_of_a_treatment() -> None:
    nodes = [
        Node(id="MONDO:1", type=NodeType.DISEASE, label="gouty arthritis"),
        Node(id="MONDO:2", type=NodeType.DISEASE, label="asthma"),
        Node(id="MONDO:3", type=NodeType.DISEASE, label="juvenile arthritis"),
        Node(
            id="DRUGBANK:DB00001", type=NodeType.DRUG, label="a", definition="For gouty arthritis"
        ),
        Node(id="DRUGBANK:DB00002", type=NodeType.DRUG, label="b", definition="A drug for asthma"),
    ]
    snapshot = GraphSnapshot.from_records(nodes, [])
    drugs = snapshot.nodes_of(NodeType.DRUG)
    shares, mentions = name_mentions(snapshot, drugs)
    found = (shares @ mentions).toarray()[snapshot.nodes_of(NodeType.DISEASE)]
    np.testing.assert_allclose(found[:2], [[1, 0], [0, 1]], atol=1e-6)
    assert 0 < found[2, 0] <= 1


@given(seed=st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_places_are_those_of_a_stable_sort(seed: int) -> None:
    scores = np.random.default_rng(seed).integers(-2, 3, size=(3, 12)).astype(np.float32)
    order = np.argsort(-scores, axis=1, kind="stable")
    places = np.argsort(order, axis=1)  # the inverse of a permutation
    np.testing.assert_allclose(np.expm1(log_rank(scores)), places, atol=1e-4)


def test_pieces_of_one_name_only_are_left_out() -> None:
    counts = piece_counts(["abc", "abd"], [0, 2], n_rows=3, cut=letter_runs)
    dense = counts.toarray()
    assert dense[0].sum() == dense[2].sum() == 1  # ^ab
    assert not dense[1].any()


def test_a_name_or_a_parents_name_is_found_in_the_text_of_a_treatment() -> None:
    said = "Used against high blood pressure and gout."
    nodes = [
        Node(id="DRUGBANK:DB00001", type=NodeType.DRUG, label="one", definition=said),
        Node(id="DRUGBANK:DB00002", type=NodeType.DRUG, label="two", definition="A salt of gout."),
        Node(
            id="MONDO:0000001",
            type=NodeType.DISEASE,
            label="hypertension",
            synonyms=("high blood pressure",),
        ),
        Node(id="MONDO:0000002", type=NodeType.DISEASE, label="renal hypertension"),
        Node(id="MONDO:0000003", type=NodeType.DISEASE, label="scurvy"),
    ]
    below = edge("MONDO:0000002", Predicate.SUBCLASS_OF, "MONDO:0000001")
    graph = GraphSnapshot.from_records(nodes, [below])
    drugs = np.asarray([graph.index(n.id) for n in nodes[:2]], dtype=np.int32)
    diseases = np.asarray([graph.index(n.id) for n in nodes[2:]], dtype=np.int32)
    found = Mentions(graph, [graph.node(node).definition for node in drugs.tolist()]).of(diseases)
    assert found.shape == (3, 2, len(MENTION_FEATURES))
    np.testing.assert_allclose(found[0], [[1.0, 0.0], [0.0, 0.0]])
    np.testing.assert_allclose(found[1], [[0.0, 1.0], [0.0, 0.0]])
    assert not found[2].any()


def test_mentions_of_treatments_without_texts_are_nothing() -> None:
    nodes = [
        Node(id="DRUGBANK:DB00001", type=NodeType.DRUG, label="one"),
        Node(id="MONDO:0000001", type=NodeType.DISEASE, label="gout"),
    ]
    graph = GraphSnapshot.from_records(nodes, [])
    disease = np.asarray([graph.index("MONDO:0000001")], dtype=np.int32)
    assert not Mentions(graph, [""]).of(disease).any()


def test_a_combination_is_read_as_its_parts_are() -> None:
    nodes = [
        Node(id="DRUGBANK:DB00001", type=NodeType.DRUG, label="both"),
        Node(id="DRUGBANK:DB00002", type=NodeType.DRUG, label="one", definition="For gout."),
        Node(id="MONDO:0000001", type=NodeType.DISEASE, label="gout"),
        Node(id="MONDO:0000002", type=NodeType.DISEASE, label="scurvy"),
    ]
    part = edge("DRUGBANK:DB00001", Predicate.HAS_PART, "DRUGBANK:DB00002")
    graph = GraphSnapshot.from_records(nodes, [part])
    both, one, gout = (graph.index(node.id) for node in nodes[:3])
    text = np.zeros((4, 2), dtype=np.float32)
    text[both], text[one], text[gout] = [1, 0], [0, 1], [0, 1]
    drugs = np.asarray([both, one], dtype=np.int32)
    found = Prose(graph, drugs, text, text).of(np.asarray([gout], dtype=np.int32))[0]
    said = dict(zip(PROSE_FEATURES, found.T.tolist(), strict=True))
    assert said["a name in treatment text"] == [0.0, 1.0]
    assert said["a name in treatment text with parts"] == [1.0, 1.0]
    assert said["disease text and nearest text of a part"] == [1.0, 1.0]
    np.testing.assert_allclose(said["disease text and text with parts"], [0.5**0.5, 1.0])
