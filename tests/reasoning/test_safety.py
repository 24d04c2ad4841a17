"""Safety: what the graph forbids is flagged with a statement that exists, the rest is not."""

from collections.abc import Callable

import pytest

from kg.snapshot import GraphSnapshot
from reasoning.safety import RULES, PatientContext, SafetyCheck, SafetyRule


@pytest.fixture(scope="module")
def check(toy_graph: GraphSnapshot) -> SafetyCheck:
    return SafetyCheck(toy_graph)


def node(graph: GraphSnapshot, curie: str) -> int:
    index = graph.index(curie)
    assert index is not None
    return index


def test_contraindication_in_a_parent_stops_in_its_kinds(
    toy_graph: GraphSnapshot, check: SafetyCheck
) -> None:
    patient = PatientContext(conditions=(node(toy_graph, "MONDO:0000002"),))
    (alert,) = check.alerts(node(toy_graph, "DRUGBANK:DB00002"), patient)
    assert (alert.severity, alert.kind) == ("stop", "contraindication")
    assert "acute porphyria is a kind of it" in alert.reason
    ids = {toy_graph.statement(row).id for row in range(toy_graph.n_edges)}
    assert set(alert.statements) <= ids
    assert alert.statements


def test_a_combination_is_as_dangerous_as_its_ingredient(
    toy_graph: GraphSnapshot, check: SafetyCheck
) -> None:
    patient = PatientContext(conditions=(node(toy_graph, "MONDO:0000001"),))
    alerts = check.alerts(node(toy_graph, "DRUGBANK:DB00004"), patient)
    assert [a.severity for a in alerts] == ["stop"]


def test_a_negated_contraindication_is_no_alert(
    toy_graph: GraphSnapshot, check: SafetyCheck
) -> None:
    patient = PatientContext(conditions=(node(toy_graph, "MONDO:0000003"),))
    assert check.alerts(node(toy_graph, "DRUGBANK:DB00001"), patient) == ()


def test_severe_interaction_stops_in_both_directions(
    toy_graph: GraphSnapshot, check: SafetyCheck
) -> None:
    one, other = node(toy_graph, "DRUGBANK:DB00003"), node(toy_graph, "DRUGBANK:DB00002")
    for treatment, medicine in ((one, other), (other, one)):
        alerts = check.alerts(treatment, PatientContext(medicines=(medicine,)))
        assert [(a.severity, a.kind) for a in alerts] == [("stop", "interaction")]


def test_allergy_stops_the_substance_and_its_products_and_cautions_its_class(
    toy_graph: GraphSnapshot, check: SafetyCheck
) -> None:
    patient = PatientContext(allergies=(node(toy_graph, "DRUGBANK:DB00002"),))
    severity = {
        curie: [a.severity for a in check.alerts(node(toy_graph, curie), patient)]
        for curie in (
            "DRUGBANK:DB00002",
            "DRUGBANK:DB00004",
            "DRUGBANK:DB00005",
            "DRUGBANK:DB00001",
        )
    }
    assert severity == {
        "DRUGBANK:DB00002": ["stop"],
        "DRUGBANK:DB00004": ["stop"],
        "DRUGBANK:DB00005": ["caution"],
        "DRUGBANK:DB00001": [],
    }


def test_allergy_to_a_class_stops_its_members(toy_graph: GraphSnapshot, check: SafetyCheck) -> None:
    patient = PatientContext(allergies=(node(toy_graph, "ATC:N03AA"),))
    alerts = check.alerts(node(toy_graph, "DRUGBANK:DB00005"), patient)
    assert [a.severity for a in alerts] == ["stop"]


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_is_silent_about_a_patient_of_whom_nothing_is_known(
    toy_graph: GraphSnapshot, rule: Callable[[GraphSnapshot], SafetyRule]
) -> None:
    made = rule(toy_graph)
    for treatment in range(toy_graph.n_nodes):
        assert made.alerts(treatment, PatientContext()) == []
