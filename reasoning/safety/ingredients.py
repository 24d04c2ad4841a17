"""What a product contains: a rule about an ingredient holds for every product with it.

Decides the closure over `has_part` in both senses. Which rules use it is their own business.
"""

from collections import defaultdict

from kg.snapshot import GraphSnapshot
from kg.vocabulary import Predicate

__all__ = ["Ingredients"]


class Ingredients:
    """Combination products and their ingredients."""

    def __init__(self, snapshot: GraphSnapshot) -> None:
        self._parts: dict[int, set[int]] = defaultdict(set)
        self._wholes: dict[int, set[int]] = defaultdict(set)
        edges = snapshot.edges(Predicate.HAS_PART, negated=False)
        for whole, part in zip(edges.head.tolist(), edges.tail.tolist(), strict=True):
            self._parts[whole].add(part)
            self._wholes[part].add(whole)

    def of(self, treatment: int) -> tuple[int, ...]:
        """The treatment itself, first, and its ingredients."""
        return (treatment, *sorted(self._parts.get(treatment, ())))
