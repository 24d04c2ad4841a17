r"""Evidence paths: chains of statements that lead from a treatment to a disease.

Decides which statements count as evidence, how a path is scored and which few are shown. A path's
score is the product of its predicates' weights and of the degrees of its inner nodes, damped:

.. math:: s(p) = \prod_{hops} w_{predicate} \prod_{inner} \deg(v)^{-1/2}

after the degree-weighted path count of Himmelstein and Baranzini 2015
(doi:10.1371/journal.pcbi.1004259), so that a path through a hub says little. "Reachable" is weak
evidence: any path of three hops links a third of shuffled pairs too.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kg.columns import NODE_TYPE_CODE, PREDICATE_CODE, PREDICATES
from kg.snapshot import GraphSnapshot
from kg.vocabulary import NodeType, Predicate

from .answer import Entity, Hop, Path

__all__ = ["EvidenceGraph", "EvidencePath", "Step", "to_entity", "to_path"]

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

PREDICATE_WEIGHTS: dict[Predicate, float] = {
    Predicate.TREATS: 1.0,
    Predicate.PREVENTS: 1.0,
    Predicate.AMELIORATES: 0.9,
    Predicate.CAUSES: 1.0,
    Predicate.AFFECTS: 0.8,
    Predicate.RELATED_TO: 0.8,
    Predicate.HAS_PART: 0.8,
    Predicate.SUBCLASS_OF: 0.7,
    Predicate.GENE_ASSOCIATED_WITH: 0.6,
    Predicate.HAS_ROLE: 0.4,
}
"""Predicates that may stand in a path, with their weights; a mechanism says more than a class."""

_FIRST_BEAM = 400
_SECOND_BEAM = 4000
_PER_METAPATH = 2
_MOST_MEETINGS = 2000  # of the two ends, for each number of hops
_TRACED_AT_ONCE = 64
_ALIKE = 1.0 - 1e-9
_MOST_MEMBERS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One hop: the edge row of the snapshot, and whether it is walked along its direction."""

    row: int
    forward: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidencePath:
    """Node positions from treatment to disease, the steps between them, and the path's score."""

    nodes: tuple[int, ...]
    steps: tuple[Step, ...]
    score: float


@dataclass(frozen=True, slots=True, eq=False)
class _Frontier:
    """All nodes reached after so many hops, with what leads back to the start."""

    node: IntArray
    score: FloatArray
    parent: IntArray
    row: IntArray
    forward: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Meeting:
    """Entries of two frontiers that stand on one node, and the score of the path through them."""

    depth_far: int
    depth_near: int
    far: IntArray
    near: IntArray
    score: FloatArray


class EvidenceGraph:
    """The statements of a snapshot that may stand in a path, indexed from both ends.

    Args:
        snapshot: The graph. Negated statements and cases are left out.
    """

    def __init__(self, snapshot: GraphSnapshot) -> None:
        self._snapshot = snapshot
        heads, tails, rows, weights = [], [], [], []
        self._predicate = np.zeros(snapshot.n_edges, dtype=np.int16)
        for predicate, weight in PREDICATE_WEIGHTS.items():
            edges = snapshot.edges(predicate, negated=False)
            heads.append(np.asarray(edges.head, dtype=np.int64))
            tails.append(np.asarray(edges.tail, dtype=np.int64))
            rows.append(np.asarray(edges.rows, dtype=np.int64))
            weights.append(np.full(len(edges.rows), weight))
            self._predicate[edges.rows] = PREDICATE_CODE[predicate]
        head, tail = np.concatenate(heads), np.concatenate(tails)
        row, weight_of = np.concatenate(rows), np.concatenate(weights)
        # A step between phenotypes says nothing about a treatment.
        types = np.asarray(snapshot.node_types)
        phenotype = types == NODE_TYPE_CODE[NodeType.PHENOTYPE]
        keep = ~(phenotype[head] & phenotype[tail])
        # Neither does a grouping of very many ("autosomal recessive disease", "approved drugs").
        for predicate in (Predicate.SUBCLASS_OF, Predicate.HAS_ROLE):
            grouping = self._predicate[row] == PREDICATE_CODE[predicate]
            members = np.bincount(tail[grouping], minlength=snapshot.n_nodes)
            keep &= ~(grouping & (members[tail] > _MOST_MEMBERS))
        head, tail, row, weight_of = head[keep], tail[keep], row[keep], weight_of[keep]
        source = np.concatenate([head, tail])
        order = np.argsort(source, kind="stable")
        self._target = np.concatenate([tail, head])[order]
        self._row = np.concatenate([row, row])[order]
        self._forward = np.concatenate([np.ones(len(row), bool), np.zeros(len(row), bool)])[order]
        self._weight = np.concatenate([weight_of, weight_of])[order]
        self._pointer = np.searchsorted(source[order], np.arange(snapshot.n_nodes + 1))
        degree = np.maximum(np.diff(self._pointer), 1)
        self._damping = degree.astype(np.float64) ** -0.5
        self._disease_side: dict[int, list[_Frontier]] = {}

    def paths(
        self,
        treatment: int,
        disease: int,
        *,
        limit: int = 3,
        max_hops: int = 4,
        without: frozenset[int] = frozenset(),
    ) -> list[EvidencePath]:
        """The best and most diverse paths from a treatment to a disease.

        Args:
            treatment: Node position of the drug or action.
            disease: Node position of the disease.
            limit: How many paths at most; not more than two of one metapath (the sequence of
                predicates), so that ten drugs of one class do not fill the list.
            max_hops: Longest path, 1 to 4.
            without: Edge rows that must not be used.

        Returns:
            Paths, best first; empty when none is short enough.
        """
        if treatment == disease:
            return []
        near = self._disease_frontiers(disease)
        far = self._frontiers(treatment)
        met = [self._meet(far, (n + 1) // 2, near, n // 2) for n in range(1, max_hops + 1)]
        score = np.concatenate([one.score for one in met])
        hops = np.repeat(np.arange(len(met)), [len(one.score) for one in met])
        first = np.cumsum([0, *(len(one.score) for one in met)])
        order = np.argsort(-score, kind="stable")
        found: dict[tuple[object, ...], EvidencePath] = {}
        chosen: list[EvidencePath] = []
        begin, size = 0, _TRACED_AT_ONCE
        # Walking back costs more than meeting, and the best few are nearly always enough.
        while begin < len(order) and len(chosen) < limit:
            end = min(begin + size, len(order))
            # Paths of one score come together, so that which of them is kept does not depend on
            # where a batch ends.
            while end < len(order) and score[order[end]] >= score[order[end - 1]] * _ALIKE:
                end += 1
            for at in order[begin:end].tolist():
                one, place = met[hops[at]], at - first[hops[at]]
                path = self._walk(far, near, one, int(place))
                if path is not None and without.isdisjoint(step.row for step in path.steps):
                    self._keep(found, path)
            chosen = self._diverse(sorted(found.values(), key=lambda p: -p.score), limit)
            begin, size = end, 2 * size
        return chosen

    def _keep(self, found: dict[tuple[object, ...], EvidencePath], path: EvidencePath) -> None:
        """Keeps one path for each sequence of nodes and predicates, that of the lowest rows."""
        said = tuple((int(self._predicate[s.row]), s.forward) for s in path.steps)
        known = found.get((path.nodes, said))
        if known is None or [s.row for s in path.steps] < [s.row for s in known.steps]:
            found[path.nodes, said] = path

    def _disease_frontiers(self, disease: int) -> list[_Frontier]:
        if disease not in self._disease_side:
            if len(self._disease_side) > 512:
                self._disease_side.clear()
            self._disease_side[disease] = self._frontiers(disease)
        return self._disease_side[disease]

    def _frontiers(self, start: int) -> list[_Frontier]:
        none = np.full(1, -1, dtype=np.int64)
        first = _Frontier(np.array([start]), np.ones(1), none, none, np.ones(1, dtype=bool))
        one = self._expand(first, _FIRST_BEAM, start)
        return [first, one, self._expand(one, _SECOND_BEAM, start)]

    def _expand(self, frontier: _Frontier, beam: int, start: int) -> _Frontier:
        begin, end = self._pointer[frontier.node], self._pointer[frontier.node + 1]
        counts = end - begin
        parent = np.repeat(np.arange(len(frontier.node)), counts)
        offset = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        edge = np.repeat(begin, counts) + offset
        inner = frontier.node[parent] != start
        damping = np.where(inner, self._damping[frontier.node[parent]], 1.0)
        score = frontier.score[parent] * self._weight[edge] * damping
        target = self._target[edge]
        keep = target != start
        parent, edge, score, target = parent[keep], edge[keep], score[keep], target[keep]
        if len(edge) > beam:
            best = np.argpartition(-score, beam)[:beam]
            parent, edge, score, target = parent[best], edge[best], score[best], target[best]
        order = np.argsort(target, kind="stable")
        return _Frontier(
            target[order], score[order], parent[order], self._row[edge][order],
            self._forward[edge][order],
        )  # fmt: skip

    def _meet(
        self, far_all: list[_Frontier], depth_far: int, near_all: list[_Frontier], depth_near: int
    ) -> _Meeting:
        far, near = far_all[depth_far], near_all[depth_near]
        left = np.searchsorted(near.node, far.node, side="left")
        counts = np.searchsorted(near.node, far.node, side="right") - left
        i = np.repeat(np.arange(len(far.node)), counts)
        offset = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        j = np.repeat(left, counts) + offset
        score = far.score[i] * near.score[j]
        if depth_near:
            score = score * self._damping[far.node[i]]
        if len(score) > _MOST_MEETINGS:
            best = np.argsort(-score, kind="stable")[:_MOST_MEETINGS]
            i, j, score = i[best], j[best], score[best]
        return _Meeting(depth_far=depth_far, depth_near=depth_near, far=i, near=j, score=score)

    def _walk(
        self, far_all: list[_Frontier], near_all: list[_Frontier], met: _Meeting, at: int
    ) -> EvidencePath | None:
        """The path through one meeting; None when it visits a node twice."""
        nodes_far, steps_far = _trace(far_all, met.depth_far, int(met.far[at]))
        nodes_near, steps_near = _trace(near_all, met.depth_near, int(met.near[at]))
        nodes = (*nodes_far, *reversed(nodes_near[:-1]))
        if len(set(nodes)) != len(nodes):
            return None
        backwards = tuple(Step(row=s.row, forward=not s.forward) for s in reversed(steps_near))
        return EvidencePath(nodes=nodes, steps=(*steps_far, *backwards), score=float(met.score[at]))

    def _diverse(self, paths: list[EvidencePath], limit: int) -> list[EvidencePath]:
        chosen: list[EvidencePath] = []
        seen: dict[tuple[str, ...], int] = {}
        for path in paths:
            metapath = tuple(PREDICATES[self._predicate[s.row]].value for s in path.steps)
            if seen.get(metapath, 0) < _PER_METAPATH:
                seen[metapath] = seen.get(metapath, 0) + 1
                chosen.append(path)
            if len(chosen) == limit:
                break
        return chosen


def _trace(frontiers: list[_Frontier], depth: int, index: int) -> tuple[list[int], list[Step]]:
    """Nodes and steps from the start to one entry of a frontier."""
    nodes, steps = [], []
    while depth > 0:
        frontier = frontiers[depth]
        nodes.append(int(frontier.node[index]))
        steps.append(Step(row=int(frontier.row[index]), forward=bool(frontier.forward[index])))
        index, depth = int(frontier.parent[index]), depth - 1
    nodes.append(int(frontiers[0].node[0]))
    return nodes[::-1], steps[::-1]


def to_entity(snapshot: GraphSnapshot, node: int) -> Entity:
    """A node as the answer shows it; the label falls back to the identifier."""
    view = snapshot.node(node)
    return Entity(id=view.id, label=view.label or view.id, xrefs=view.xrefs)


def to_path(snapshot: GraphSnapshot, path: EvidencePath) -> Path:
    """The path with each hop's statement, source and publications."""
    rows = np.asarray([step.row for step in path.steps], dtype=np.int64)
    columns = snapshot.take(rows)
    entities = {node: to_entity(snapshot, node) for node in path.nodes}
    hops = []
    for at, step in enumerate(path.steps):
        hops.append(
            Hop(
                subject=entities[int(columns.head[at])],
                predicate=PREDICATES[columns.predicate[at]].value,
                object=entities[int(columns.tail[at])],
                direction="forward" if step.forward else "backward",
                statement=snapshot.statement_id(step.row),
                source=snapshot.sources[columns.source[at]].name,
                publications=snapshot.publications(step.row),
            )
        )
    return Path(hops=tuple(hops))
