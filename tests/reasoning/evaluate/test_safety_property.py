"""The safety property on made-up patients: a small run of `iatros evaluate safety`."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kg.graph_folder import STORE
from kg.rdf import write_nquads
from kg.snapshot import GraphSnapshot
from kg.statements import Statement
from kg.store import GraphStore
from kg.vocabulary import NodeType, Predicate
from reasoning.evaluate.safety import evaluate_safety
from reasoning.evaluate.safety_oracle import Facts, SafetyOracle
from reasoning.safety import SafetyCheck

PATIENTS = int(os.environ.get("IATROS_SAFETY_PATIENTS", "200"))
N_DRUGS, N_DISEASES, N_CLASSES = 60, 40, 8


def made_up_graph(seed: int = 0) -> GraphSnapshot:
    """A dense graph of warnings over a random hierarchy, products and salts."""
    from kg.groups import GROUPS, group_node
    from kg.statements import Node

    rng = np.random.default_rng(seed)
    drugs = [f"DRUGBANK:DB{n:05d}" for n in range(N_DRUGS)]
    diseases = [f"MONDO:{n:07d}" for n in range(N_DISEASES)]
    classes = [f"ATC:C0{n}AA" for n in range(N_CLASSES)]
    signs = [f"HP:{n:07d}" for n in range(1, 11)]
    nodes = [Node(id=d, type=NodeType.DRUG, label=f"drug {d[-2:]}") for d in drugs]
    nodes += [Node(id=d, type=NodeType.DISEASE, label=f"disease {d[-2:]}") for d in diseases]
    nodes += [Node(id=c, type=NodeType.DRUG_CLASS, label=f"class {c}") for c in classes]
    nodes += [Node(id=s, type=NodeType.PHENOTYPE, label=f"sign {s[-2:]}") for s in signs]
    nodes += [Node(id="HGNC:1", type=NodeType.GENE, label="GENE1"), *map(group_node, GROUPS)]
    found: list[Statement] = []

    def say(head: str, predicate: Predicate, tail: str, **more: str) -> None:
        found.append(
            Statement(
                subject=head,
                predicate=predicate,
                object=tail,
                source="made_up",
                qualifiers=tuple(more.items()),
            )
        )

    def one(pool: list[str]) -> str:
        return pool[int(rng.integers(len(pool)))]

    for n in range(1, N_DISEASES):
        say(diseases[n], Predicate.SUBCLASS_OF, diseases[int(rng.integers(n))])
    for n in range(1, N_CLASSES):
        say(classes[n], Predicate.SUBCLASS_OF, classes[int(rng.integers(n))])
    for drug in drugs:
        say(drug, Predicate.TREATS, one(diseases))
        say(drug, Predicate.HAS_ROLE, one(classes))
    for _ in range(120):
        target = {"target_phenotype": one(signs)} if rng.random() < 0.2 else {}
        say(one(drugs), Predicate.CONTRAINDICATED_IN, one(diseases), **target)
    for _ in range(60):
        severity = ("severe", "minor", "moderate")[int(rng.integers(3))]
        a, b = one(drugs), one(drugs)
        if a != b:
            say(a, Predicate.INTERACTS_WITH, b, severity=severity)
    for whole in drugs[-12:]:
        kind = "form" if rng.random() < 0.5 else "ingredient"
        say(whole, Predicate.HAS_PART, drugs[int(rng.integers(N_DRUGS - 12))], kind=kind)
    bounds = {"MESH:D002648": "age_years<12", "MESH:D000368": "age_years>=65"}
    for group in GROUPS:
        for _ in range(12):
            more = {"severity": "stop" if rng.random() < 0.7 else "caution"}
            if group in bounds:
                more["threshold"] = bounds[group]
            if group == "HP:0012213":
                more["threshold"] = f"egfr<{int(rng.integers(15, 60))}"
            if rng.random() < 0.3:
                more["applies_when"] = "given by mouth"
            say(one(drugs), Predicate.CONTRAINDICATED_IN, group, **more)
    say("HGNC:1", Predicate.AFFECTS_RESPONSE, drugs[0], genotype="*2", severity="stop")
    return GraphSnapshot.from_records(nodes, found)


def store_of(graph: GraphSnapshot, folder: Path) -> GraphStore:
    path = folder / "graph.nq"
    write_nquads(path, [], sources=graph.sources)
    graph.to_nquads(path)
    store = GraphStore(folder / STORE)
    store.bulk_load([path])
    return store


@pytest.mark.parametrize("seed", [0, 1])
def test_no_forbidden_treatment_is_shown_without_a_stop(seed: int, tmp_path: Path) -> None:
    graph = made_up_graph(seed)
    result = evaluate_safety(
        graph, store_of(graph, tmp_path), patients=PATIENTS // 2, seed=seed, top=8
    )
    assert result.examples == []
    assert result.holds
    assert result.forbidden > PATIENTS / 10
    assert {"contraindication: stop", "interaction: stop", "allergy: stop"} <= set(result.alerts)


def test_the_oracle_finds_a_rule_that_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = made_up_graph()
    whole = SafetyCheck.__init__

    def without_pregnancy(self: SafetyCheck, snapshot: GraphSnapshot) -> None:
        whole(self, snapshot)
        self._rules = tuple(rule for rule in self._rules if rule.kind != "contraindication")

    monkeypatch.setattr(SafetyCheck, "__init__", without_pregnancy)
    result = evaluate_safety(graph, store_of(graph, tmp_path), patients=40, top=8)
    assert result.unflagged
    assert not result.holds


def test_a_statement_that_is_not_there_is_noticed(tmp_path: Path) -> None:
    graph = made_up_graph()
    oracle = SafetyOracle(store_of(graph, tmp_path))
    there = graph.statement_id(0)
    assert oracle.exist([there])
    assert not oracle.exist([there, "iatros:" + "0" * 24])


def test_the_oracle_reads_bounds(tmp_path: Path) -> None:
    graph = GraphSnapshot.from_records(
        [],
        [
            Statement(
                subject="DRUGBANK:DB1",
                predicate=Predicate.CONTRAINDICATED_IN,
                object="MESH:D002648",
                source="x",
                qualifiers=(("threshold", "age_years<12"),),
            )
        ],
    )
    oracle = SafetyOracle(store_of(graph, tmp_path))
    child = Facts(age_years=11.0)
    assert oracle.forbidden("DRUGBANK:DB1", child).kinds == {"age"}
    assert oracle.forbidden("DRUGBANK:DB1", replace(child, age_years=12.0)).kinds == set()
