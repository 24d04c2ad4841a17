"""Drawn patients look like their disease and know nothing of the papers at hand."""

import numpy as np

from fusion.context import GraphContext
from fusion.simulate import PatientSimulator


def test_patients_show_signs_of_their_disease(context: GraphContext) -> None:
    simulator = PatientSimulator(context.knowledge)
    patients = simulator.draw(200, np.random.default_rng(0))
    annotations = context.knowledge.annotations
    shared = 0
    for patient in patients:
        own = set(annotations.term[annotations.disease == patient.gold[0]].tolist())
        shared += bool(own & set(patient.terms.present.tolist()))
        assert len(patient.nodes) == len(set(patient.nodes.tolist())) > 0
        assert list(patient.nodes) == sorted(patient.nodes)
    assert shared > 180
    # The trap has six times the signs of others, and is drawn no more often.
    golds = np.bincount([patient.gold[0] for patient in patients])
    assert golds.max() < 2 * golds.min() + 30


def test_nothing_is_drawn_from_a_paper_at_hand(context: GraphContext) -> None:
    excluded = {"PMID:900", "PMID:905"}
    annotations = context.knowledge.annotations
    left = set(annotations.without(excluded).disease.tolist())
    simulator = PatientSimulator(context.knowledge, exclude_publications=excluded)
    golds = {patient.gold[0] for patient in simulator.draw(100, np.random.default_rng(0))}
    assert golds == left
    assert simulator.n_diseases == len(left) == context.n_diseases - 2


def test_the_same_generator_draws_the_same_patients(context: GraphContext) -> None:
    simulator = PatientSimulator(context.knowledge)
    first = simulator.draw(5, np.random.default_rng(1))
    second = simulator.draw(5, np.random.default_rng(1))
    assert all(np.array_equal(a.nodes, b.nodes) for a, b in zip(first, second, strict=True))


def test_a_graph_without_annotations_draws_nobody(context: GraphContext) -> None:
    every = {f"PMID:{900 + i}" for i in range(6)}
    simulator = PatientSimulator(context.knowledge, exclude_publications=every)
    assert simulator.draw(5, np.random.default_rng(1)) == []
