"""The is-a hierarchy as safety rules read it.

Decides nothing but the closure; which sense of it matters is decided by each rule.
"""

from collections import defaultdict
from functools import lru_cache

from kg.snapshot import GraphSnapshot
from kg.vocabulary import Predicate

__all__ = ["Hierarchy", "hierarchy_of"]


class Hierarchy:
    """Ancestors of nodes, each worked out once."""

    def __init__(self, snapshot: GraphSnapshot) -> None:
        parents: dict[int, set[int]] = defaultdict(set)
        edges = snapshot.edges(Predicate.SUBCLASS_OF, negated=False)
        for head, tail in zip(edges.head.tolist(), edges.tail.tolist(), strict=True):
            parents[head].add(tail)
        self._parents = dict(parents)
        self._ancestors: dict[int, dict[int, int]] = {}

    def ancestors(self, node: int) -> dict[int, int]:
        """The node and all that it is a kind of, with the number of steps to each."""
        known = self._ancestors.get(node)
        if known is None:
            known = {node: 0}
            level, steps = [node], 0
            while level:
                steps += 1
                above = {p for n in level for p in self._parents.get(n, ())} - known.keys()
                known |= dict.fromkeys(above, steps)
                level = list(above)
            self._ancestors[node] = known
        return known


@lru_cache(maxsize=2)
def hierarchy_of(snapshot: GraphSnapshot) -> Hierarchy:
    """The hierarchy of a graph, made once for all rules."""
    return Hierarchy(snapshot)
