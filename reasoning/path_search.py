r"""All short chains of statements between two nodes: who may stand in one, and a first score.

Decides which statements may be walked and how many chains are looked at. From both ends all nodes
are reached within two hops, the best few thousand are kept by a first score, and chains are where
the two meet:

.. math:: s(p) = \prod_{hops} w_{predicate} \prod_{inner} \deg(v)^{-1/2}

after the degree-weighted path count of Himmelstein and Baranzini 2015
(doi:10.1371/journal.pcbi.1004259), so that a chain through a hub says little. Which few are shown
is decided in `reasoning.path_choice`.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kg.columns import NODE_TYPE_CODE, PREDICATE_CODE
from kg.snapshot import GraphSnapshot
from kg.vocabulary import NodeType, Predicate

__all__ = ["MOST_HOPS", "PREDICATE_WEIGHTS", "Chains", "PathSearch"]

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

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

MOST_HOPS = 4

_FIRST_BEAM = 400
_SECOND_BEAM = 4000
_MOST_MEETINGS = 2000  # of the two ends, for each number of hops
_MOST_MEMBERS = 60
_REMEMBERED = 512


@dataclass(frozen=True, slots=True, eq=False)
class _Frontier:
    """All nodes reached after so many hops, with what leads back to the start."""

    node: IntArray
    score: FloatArray
    parent: IntArray
    row: IntArray
    forward: BoolArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Chains:
    """Paths between two nodes, one a row; no node twice in one.

    Attributes:
        node: From the treatment to the disease, `[n_paths, MOST_HOPS + 1]`, -1 beyond the end.
        row: Edge row of each hop, `[n_paths, MOST_HOPS]`, -1 beyond the end.
        forward: Whether the hop is walked along its direction.
        n_hops: `[n_paths]`.
        score: The first score.
    """

    node: IntArray
    row: IntArray
    forward: BoolArray
    n_hops: IntArray
    score: FloatArray

    def __len__(self) -> int:
        return len(self.n_hops)

    def take(self, rows: npt.NDArray[np.integer] | BoolArray) -> "Chains":
        """Some of them, in the order given."""
        return Chains(
            node=self.node[rows],
            row=self.row[rows],
            forward=self.forward[rows],
            n_hops=self.n_hops[rows],
            score=self.score[rows],
        )


class PathSearch:
    """The statements of a snapshot that may stand in a path, indexed from both ends.

    Args:
        snapshot: The graph. Negated statements and cases are left out.

    Attributes:
        predicate: Code of the predicate of each edge row that may be walked.
    """

    def __init__(self, snapshot: GraphSnapshot) -> None:
        heads, tails, rows, weights = [], [], [], []
        self.predicate = np.zeros(snapshot.n_edges, dtype=np.int16)
        for predicate, weight in PREDICATE_WEIGHTS.items():
            edges = snapshot.edges(predicate, negated=False)
            heads.append(np.asarray(edges.head, dtype=np.int64))
            tails.append(np.asarray(edges.tail, dtype=np.int64))
            rows.append(np.asarray(edges.rows, dtype=np.int64))
            weights.append(np.full(len(edges.rows), weight))
            self.predicate[edges.rows] = PREDICATE_CODE[predicate]
        head, tail = np.concatenate(heads), np.concatenate(tails)
        row, weight_of = np.concatenate(rows), np.concatenate(weights)
        # A step between phenotypes says nothing about a treatment.
        types = np.asarray(snapshot.node_types)
        phenotype = types == NODE_TYPE_CODE[NodeType.PHENOTYPE]
        keep = ~(phenotype[head] & phenotype[tail])
        # Neither does a grouping of very many ("autosomal recessive disease", "approved drugs").
        for predicate in (Predicate.SUBCLASS_OF, Predicate.HAS_ROLE):
            grouping = self.predicate[row] == PREDICATE_CODE[predicate]
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

    def chains(self, treatment: int, disease: int, *, max_hops: int = MOST_HOPS) -> Chains:
        """Paths of 1 to `max_hops` hops, the best of each length by the first score."""
        near = self._disease_frontiers(disease)
        far = self._frontiers(treatment)
        found = [self._meet(far, (n + 1) // 2, near, n // 2) for n in range(1, max_hops + 1)]
        joined = Chains(
            node=np.concatenate([part.node for part in found]),
            row=np.concatenate([part.row for part in found]),
            forward=np.concatenate([part.forward for part in found]),
            n_hops=np.concatenate([part.n_hops for part in found]),
            score=np.concatenate([part.score for part in found]),
        )
        return joined.take(_simple(joined.node))

    def _disease_frontiers(self, disease: int) -> list[_Frontier]:
        if disease not in self._disease_side:
            if len(self._disease_side) > _REMEMBERED:
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
    ) -> Chains:
        """Paths where the node after so many hops from one end is that from the other."""
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
        n_hops = depth_far + depth_near
        node = np.full((len(score), MOST_HOPS + 1), -1, dtype=np.int64)
        row = np.full((len(score), MOST_HOPS), -1, dtype=np.int64)
        forward = np.zeros((len(score), MOST_HOPS), dtype=bool)
        for depth in range(depth_far, 0, -1):
            frontier = far_all[depth]
            node[:, depth] = frontier.node[i]
            row[:, depth - 1], forward[:, depth - 1] = frontier.row[i], frontier.forward[i]
            i = frontier.parent[i]
        node[:, 0] = far_all[0].node[0]
        for depth in range(depth_near, 0, -1):
            frontier = near_all[depth]
            at = n_hops - depth
            row[:, at], forward[:, at] = frontier.row[j], ~frontier.forward[j]
            j = frontier.parent[j]
            node[:, at + 1] = near_all[depth - 1].node[j]
        return Chains(
            node=node,
            row=row,
            forward=forward,
            n_hops=np.full(len(score), n_hops, dtype=np.int64),
            score=score,
        )


def _simple(node: IntArray) -> BoolArray:
    """Paths that visit no node twice."""
    keep = np.ones(len(node), dtype=bool)
    for at in range(1, node.shape[1]):
        for before in range(at):
            keep &= (node[:, at] != node[:, before]) | (node[:, at] < 0)
    return keep
