"""Known mechanisms of treatments, and a graph that does not know some of them.

Decides what the first protein of a curated mechanism (DrugMechDB) is and what must be taken out of
a graph so that it does not tell: the steps that only held-out paths carry, and what those paths say
of who treats what. Two ways to hold out: *pairs*, of whose drug other mechanisms may be known, and
*drugs*, of which no mechanism is known at all.
"""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from fusion.symbolic.treatments import TREATING
from kg.columns import NODE_TYPE_CODE
from kg.snapshot import GraphSnapshot
from kg.vocabulary import NodeType, Predicate

__all__ = ["HeldOut", "Mechanism", "graph_without", "known_mechanisms", "part_of", "stated_pairs"]

HeldOut = Literal["pairs", "drugs"]

SOURCE = "drugmechdb"
_N_PARTS = 5  # one of them is tested by pairs, one by drugs


@dataclass(frozen=True, slots=True, kw_only=True)
class Mechanism:
    """How a drug acts in a disease, by one or more curated paths.

    Attributes:
        drug: Node.
        disease: Node.
        pathways: Names of the paths.
        proteins: First proteins on the way from the drug, and the genes that encode them; empty
            when no protein is on the way.
    """

    drug: int
    disease: int
    pathways: frozenset[str]
    proteins: frozenset[int]


def known_mechanisms(snapshot: GraphSnapshot) -> tuple[Mechanism, ...]:
    """All pairs of the curated paths, by drug and disease."""
    steps: dict[str, list[tuple[int, int]]] = defaultdict(list)
    encoding: dict[int, int] = {}
    related = snapshot.edges(Predicate.RELATED_TO, negated=False)
    gene = snapshot.node_types == NODE_TYPE_CODE[NodeType.GENE]
    for row, head, tail in zip(
        related.rows.tolist(), related.head.tolist(), related.tail.tolist(), strict=True
    ):
        carried = _pathways(snapshot, row)
        for name in carried:
            steps[name].append((head, tail))
        if gene[head] and not carried:
            encoding[tail] = head
    pairs: dict[tuple[int, int], set[str]] = defaultdict(set)
    treats = snapshot.edges(Predicate.TREATS, negated=False)
    curated = [source.name == SOURCE for source in snapshot.sources]
    for row, drug, disease, source in zip(
        treats.rows.tolist(), treats.head.tolist(), treats.tail.tolist(), treats.source.tolist(),
        strict=True,
    ):  # fmt: skip
        if curated[source]:
            pairs[drug, disease].update(_pathways(snapshot, row))
    acts_on = gene | (snapshot.node_types == NODE_TYPE_CODE[NodeType.PROTEIN])
    found = []
    for (drug, disease), names in sorted(pairs.items()):
        first = _first(drug, [step for name in names for step in steps[name]], acts_on)
        genes = {encoding[protein] for protein in first if protein in encoding}
        found.append(
            Mechanism(
                drug=drug,
                disease=disease,
                pathways=frozenset(names),
                proteins=frozenset(first | genes),
            )
        )
    return tuple(found)


def _pathways(snapshot: GraphSnapshot, row: int) -> list[str]:
    qualifiers = snapshot.statement(row).qualifiers
    return [value for name, value in qualifiers if name == "pathway"]


def _first(drug: int, steps: Iterable[tuple[int, int]], acts_on: npt.NDArray[np.bool_]) -> set[int]:
    """Proteins that fewest steps lead to."""
    onward: dict[int, set[int]] = defaultdict(set)
    for head, tail in steps:
        onward[head].add(tail)
    seen, level = {drug}, {drug}
    while level:
        level = {tail for head in level for tail in onward[head]} - seen
        seen |= level
        if found := {node for node in level if acts_on[node]}:
            return found
    return set()


def part_of(snapshot: GraphSnapshot, mechanism: Mechanism) -> HeldOut | None:
    """What a mechanism is tested as, by the hash of its ids; None is the training part."""
    drug, disease = (snapshot.node_ids[node] for node in (mechanism.drug, mechanism.disease))
    if _digit(drug) == 0:
        return "drugs"
    return "pairs" if _digit(f"{drug} {disease}") == 0 else None


def _digit(text: str) -> int:
    return hashlib.sha256(text.encode()).digest()[0] % _N_PARTS


def graph_without(snapshot: GraphSnapshot, held: Collection[Mechanism]) -> GraphSnapshot:
    """The graph without what only the paths of some mechanisms say."""
    names = {name for mechanism in held for name in mechanism.pathways}
    keep = np.ones(snapshot.n_edges, dtype=bool)
    curated = [source.name == SOURCE for source in snapshot.sources]
    for predicate in (Predicate.RELATED_TO, Predicate.TREATS):
        edges = snapshot.edges(predicate, negated=False)
        for row, source in zip(edges.rows.tolist(), edges.source.tolist(), strict=True):
            if curated[source]:
                keep[row] = not names.issuperset(_pathways(snapshot, row))
    return snapshot.subset(keep)


def stated_pairs(snapshot: GraphSnapshot) -> dict[tuple[int, int], frozenset[int]]:
    """Edge rows that say of a treatment and a disease that the one is for the other."""
    rows: dict[tuple[int, int], set[int]] = defaultdict(set)
    for predicate in (*TREATING, Predicate.RELATED_TO):
        edges = snapshot.edges(predicate, negated=False)
        for row, head, tail in zip(
            edges.rows.tolist(), edges.head.tolist(), edges.tail.tolist(), strict=True
        ):
            rows[head, tail].add(row)
    return {pair: frozenset(found) for pair, found in rows.items()}
