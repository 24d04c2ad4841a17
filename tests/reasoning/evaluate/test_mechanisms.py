"""Explanations against known mechanisms: what is hidden, what is a hit, what is learnt.

The toy world: each drug acts on a target and on an enzyme that a hub of other drugs shares; curated
mechanisms name the target, while by the first score the enzyme often looks as good.
"""

import json
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from fusion.symbolic.boosted_treatments import BoostedTreatments
from fusion.symbolic.pair_sampling import BoostedTreatmentOptions
from fusion.symbolic.pairs import PairFeatures
from fusion.symbolic.treatments import TreatmentCatalogue
from kg.snapshot import GraphSnapshot
from kg.statements import Node, Statement
from kg.vocabulary import NodeType, Predicate
from reasoning.evaluate.mechanism_gold import (
    graph_without,
    known_mechanisms,
    part_of,
    stated_pairs,
)
from reasoning.evaluate.mechanisms import POSSIBLE, SHOWN, evaluate_explanation
from reasoning.evaluate.path_deletion import delete_paths
from reasoning.evaluate.random_paths import RandomPaths
from reasoning.evaluate.template_learning import learn_templates
from reasoning.path_choice import PATH_NUMBERS, PathTemplates
from reasoning.paths import EvidenceGraph

N = 40


@dataclass(frozen=True)
class _Source:
    """As little of a source's facts as a snapshot takes."""

    name: str
    title: str = ""
    licence: str = "CC0-1.0"
    licence_class: str = "permissive"
    release: str = ""
    homepage: str = ""


def _say(head: str, predicate: Predicate, tail: str, **more: object) -> Statement:
    return Statement(subject=head, predicate=predicate, object=tail, **{"source": "toy", **more})  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def world() -> GraphSnapshot:
    drugs = [f"DRUGBANK:DB{i:05d}" for i in range(2 * N)]
    targets = [f"HGNC:{i + 1}" for i in range(N)]
    enzymes = [f"HGNC:{1000 + i}" for i in range(4)]
    diseases = [f"MONDO:{i:07d}" for i in range(N)]
    proteins = [f"UNIPROT:P{i:05d}" for i in range(N)]
    nodes = [Node(id=i, type=NodeType.DRUG) for i in drugs]
    nodes += [Node(id=i, type=NodeType.GENE) for i in (*targets, *enzymes)]
    nodes += [Node(id=i, type=NodeType.DISEASE) for i in diseases]
    nodes += [Node(id=i, type=NodeType.PROTEIN) for i in proteins]
    said = []
    for i, disease in enumerate(diseases):
        said.append(_say(targets[i], Predicate.RELATED_TO, proteins[i]))
        for drug in (drugs[i], drugs[N + i]):
            target = (("role", "target"), ("action", "inhibitor"))
            said.append(_say(drug, Predicate.AFFECTS, targets[i], qualifiers=target))
            enzyme = enzymes[i % len(enzymes)]
            said.append(_say(drug, Predicate.AFFECTS, enzyme, qualifiers=(("role", "enzyme"),)))
            said.append(_say(drug, Predicate.TREATS, disease))
        said.append(_say(enzymes[i % len(enzymes)], Predicate.CAUSES, disease))
        path = (("pathway", f"path {i}"),)
        curated = {"source": "drugmechdb", "qualifiers": path}
        said.append(_say(drugs[i], Predicate.RELATED_TO, proteins[i], **curated))
        said.append(_say(proteins[i], Predicate.RELATED_TO, disease, **curated))
        said.append(_say(drugs[i], Predicate.TREATS, disease, **curated))
    return GraphSnapshot.from_records(nodes, said, sources=[_Source("toy"), _Source("drugmechdb")])


def test_the_first_protein_counts_with_its_gene(world: GraphSnapshot) -> None:
    found = known_mechanisms(world)
    assert len(found) == N
    one = found[0]
    names = {world.node_ids[node] for node in one.proteins}
    number = int(world.node_ids[one.drug][-5:])
    assert names == {f"UNIPROT:P{number:05d}", f"HGNC:{number + 1}"}


def test_what_held_out_paths_say_alone_is_gone_and_the_rest_stays(world: GraphSnapshot) -> None:
    found = known_mechanisms(world)
    graph = graph_without(world, found[:3])
    assert graph.n_edges == world.n_edges - 9
    assert {m.pathways for m in known_mechanisms(graph)} == {m.pathways for m in found[3:]}


def test_a_step_of_a_path_that_is_not_held_out_stays() -> None:
    nodes = [
        Node(id="DRUGBANK:DB00001", type=NodeType.DRUG),
        Node(id="UNIPROT:P00001", type=NodeType.PROTEIN),
        Node(id="MONDO:0000001", type=NodeType.DISEASE),
        Node(id="MONDO:0000002", type=NodeType.DISEASE),
    ]
    drug, protein, first, second = (node.id for node in nodes)
    both = (("pathway", "a"), ("pathway", "b"))
    said = [_say(drug, Predicate.RELATED_TO, protein, source="drugmechdb", qualifiers=both)]
    for disease, name in ((first, "a"), (second, "b")):
        own = {"source": "drugmechdb", "qualifiers": (("pathway", name),)}
        said.append(_say(protein, Predicate.RELATED_TO, disease, **own))
        said.append(_say(drug, Predicate.TREATS, disease, **own))
    graph = GraphSnapshot.from_records(nodes, said, sources=[_Source("drugmechdb")])
    (one, other) = known_mechanisms(graph)
    left = graph_without(graph, [one])
    assert left.n_edges == 3
    assert {(left.node_ids[a], left.node_ids[b]) for a, b in stated_pairs(left)} == {
        (drug, protein),
        (protein, graph.node_ids[other.disease]),
        (drug, graph.node_ids[other.disease]),
    }


def test_templates_learn_that_targets_act_and_enzymes_do_not(world: GraphSnapshot) -> None:
    found = known_mechanisms(world)
    learnt = learn_templates(world, found[: N // 2], hidden=found[N // 2 :])
    assert learnt.numbers["target"] > 0 > learnt.numbers["enzyme, no target"]


def test_an_evaluation_finds_the_targets_and_every_hop(
    world: GraphSnapshot, tmp_path: Path
) -> None:
    results, deletion = evaluate_explanation(world, tmp_path, learn=True, n_samples=50)
    assert deletion is None
    tested = [m for m in known_mechanisms(world) if part_of(world, m) is not None]
    assert sum(result.n_pairs for result in results) == len(tested) > 0
    for result in results:
        assert result.n_hops > 0
        assert result.n_missing == 0
        assert result.hits[SHOWN].value == result.hits[POSSIBLE].value == 1.0
    written = json.loads((tmp_path / "explanation.json").read_text())
    assert written["parts"][0]["hits"][SHOWN]["value"] == 1.0
    assert "| shown paths | 1.000" in (tmp_path / "explanation.md").read_text()


def _ranker(world: GraphSnapshot) -> Any:
    """As much of a predictor as deletion asks."""
    catalogue = TreatmentCatalogue.from_snapshot(world)
    text = np.random.default_rng(0).normal(size=(world.n_nodes, 8)).astype(np.float32)
    text /= np.linalg.norm(text, axis=1, keepdims=True)
    pairs = PairFeatures(world, catalogue, text)
    options = BoostedTreatmentOptions(n_trees=5, n_leaves=4, smallest_leaf=2)
    trees = BoostedTreatments.train(pairs, options=options)
    attention = trees.attention
    assert attention is not None
    return SimpleNamespace(
        graph=world,
        treatments=catalogue,
        treatment_trees=trees,
        context=SimpleNamespace(pairs=pairs),
        attended=lambda disease: pairs.attended(disease, attention),
    )


def test_deletion_asks_every_pair_again_without_what_any_source_says(world: GraphSnapshot) -> None:
    asked = known_mechanisms(world)[:6]
    found = delete_paths(_ranker(world), asked, n_samples=20)
    assert found.n_pairs == 6
    assert len(found.falls) == 3
    assert len(found.ratios) == 2
    assert all(np.isfinite(fall.value) for fall in found.falls.values())
    assert "| shown paths |" in found.table()
    assert delete_paths(_ranker(world), [asked[0], asked[0]], n_samples=20).n_pairs == 1


def test_a_model_without_trees_cannot_be_asked_again(world: GraphSnapshot) -> None:
    with pytest.raises(ValueError, match="no trees"):
        delete_paths(SimpleNamespace(treatment_trees=None), [])  # type: ignore[arg-type]


def test_random_paths_share_no_step_with_shown_ones(world: GraphSnapshot) -> None:
    one = known_mechanisms(world)[0]
    chains, _ = EvidenceGraph(world).read(one.drug, one.disease)
    shown = chains.take(np.arange(2))
    at_random = RandomPaths(world, np.random.default_rng(0))
    places = [at_random.apart(shown, at, chains) for at in range(2)]
    assert None not in places
    drawn = chains.take(np.asarray(places))
    steps = [
        {frozenset(step) for nodes in own.node.tolist() for step in pairwise(nodes) if step[1] >= 0}
        for own in (shown, drawn)
    ]
    assert steps[0].isdisjoint(steps[1])
    assert at_random.apart(chains, 0, chains) is None
    assert len(at_random.like(chains, [0, 1])) == 2


def test_a_graph_without_mechanisms_is_refused(toy_graph: GraphSnapshot, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no mechanism"):
        evaluate_explanation(toy_graph, tmp_path)


def test_saved_templates_are_read_again(tmp_path: Path) -> None:
    weights = PathTemplates(
        intercept=0.5, numbers=dict.fromkeys(PATH_NUMBERS, 0.25), templates={"treats> Disease": 1.0}
    )
    weights.save(tmp_path / "weights.json")
    assert PathTemplates.load(tmp_path / "weights.json") == weights
    shipped = PathTemplates.shipped()
    assert set(shipped.numbers) == set(PATH_NUMBERS)
    assert np.isfinite(list(shipped.templates.values())).all()
