"""Random paths that match shown ones: the null of every claim about what is shown.

Decides what matches: a path between the same two nodes, as long, whose first inner node has at most
twice and at least half the degree.
"""

from collections.abc import Sequence

import numpy as np

from kg.snapshot import GraphSnapshot
from reasoning.path_search import Chains

__all__ = ["RandomPaths"]

_NEAR = np.log(2.0)


class RandomPaths:
    """Draws them.

    Args:
        graph: Where degrees are counted.
        rng: Source of the choice.
    """

    def __init__(self, graph: GraphSnapshot, rng: np.random.Generator) -> None:
        edges = graph.edges(negated=None)
        ends = np.concatenate([edges.head, edges.tail])
        self._degree = np.log(np.maximum(np.bincount(ends, minlength=graph.n_nodes), 1))
        self._rng = rng

    def like(self, chains: Chains, chosen: Sequence[int]) -> list[int]:
        """For each of some paths the position of a random one that matches it, maybe itself."""
        degree = self._degree[chains.node[:, 1]]
        drawn = []
        for at in chosen:
            alike = chains.n_hops == chains.n_hops[at]
            near = alike & (np.abs(degree - degree[at]) <= _NEAR)
            drawn.append(int(self._rng.choice(np.flatnonzero(near))))
        return drawn
