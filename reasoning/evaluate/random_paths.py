"""Random paths that match shown ones: the null of every claim about what is shown.

Decides what matches: a path as long, whose first inner node has at most twice and at least half the
degree. For the claim of what is named it is a path between the same two nodes, maybe the shown one
itself; for the claim of what a score rests on it shares no statement with a shown one.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

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
        self.log_degree = np.log(np.maximum(np.bincount(ends, minlength=graph.n_nodes), 1))
        self._rng = rng

    def like(self, chains: Chains, chosen: Sequence[int]) -> list[int]:
        """For each of some paths the position of a random one that matches it, maybe itself."""
        degree = self.log_degree[chains.node[:, 1]]
        drawn = []
        for at in chosen:
            alike = chains.n_hops == chains.n_hops[at]
            near = alike & (np.abs(degree - degree[at]) <= _NEAR)
            drawn.append(int(self._rng.choice(np.flatnonzero(near))))
        return drawn

    def apart(self, shown: Chains, at: int, among: Chains) -> int | None:
        """The position among others of a random path that matches one of the shown paths.

        None of its steps is between two nodes that a shown path steps between. Where no path is as
        long, those of the nearest length count; where no degree is as near, the nearest.

        Returns:
            None where every other path shares a step with a shown one.
        """
        told = np.unique(_steps(shown))
        free = np.flatnonzero(~np.isin(_steps(among), told[told >= 0]).any(axis=1))
        if not len(free):
            return None
        longer = np.abs(among.n_hops[free] - shown.n_hops[at])
        free = free[longer == longer.min()]
        away = np.abs(self.log_degree[among.node[free, 1]] - self.log_degree[shown.node[at, 1]])
        return int(self._rng.choice(free[away <= max(_NEAR, float(away.min()))]))


def _steps(chains: Chains) -> npt.NDArray[np.int64]:
    """A number for the two nodes of each step, whichever way it is walked; -1 beyond the end."""
    first, last = chains.node[:, :-1], chains.node[:, 1:]
    low, high = np.minimum(first, last), np.maximum(first, last)
    number: npt.NDArray[np.int64] = np.where(low >= 0, (low << 32) | high, -1)
    return number
