"""What the graph and the training documents say of two things before a paper is read.

Decides the columns of prior knowledge: statements of the graph between the two (side effects,
indications, contraindications, associations), how much each takes part in such statements, and how
often each was related in the training documents. Shown to the relation model as features; a miner
trained without it reads the paper alone.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

import numpy as np

from kg.snapshot import GraphSnapshot
from kg.vocabulary import Predicate

__all__ = ["GraphPrior", "RelatedBefore"]

_ASKED: tuple[tuple[Predicate, ...], ...] = (
    (Predicate.HAS_ADVERSE_EVENT,),
    (Predicate.TREATS, Predicate.AMELIORATES, Predicate.PREVENTS),
    (Predicate.CONTRAINDICATED_IN,),
)


class GraphPrior:
    """Statements of a graph between two nodes or their nearest relatives.

    Args:
        snapshot: The graph.
    """

    names = (
        "graph_adverse", "graph_treats", "graph_contra", "graph_any",
        "near_adverse", "near_treats", "near_contra", "near_any",
        "degree_adverse_a", "degree_adverse_b", "known_a", "known_b",
    )  # fmt: skip

    def __init__(self, snapshot: GraphSnapshot) -> None:
        self._snapshot = snapshot
        edges = snapshot.edges(negated=False)
        self._near: dict[int, set[int]] = {}
        self._sets: list[set[tuple[int, int]]] = []
        self._degree: Counter[int] = Counter()
        parents = snapshot.edges(Predicate.SUBCLASS_OF)
        for child, parent in zip(parents.head.tolist(), parents.tail.tolist(), strict=True):
            self._near.setdefault(child, set()).add(parent)
            self._near.setdefault(parent, set()).add(child)
        for predicates in _ASKED:
            found: set[tuple[int, int]] = set()
            for predicate in predicates:
                rows = snapshot.edges(predicate)
                found.update(zip(rows.head.tolist(), rows.tail.tolist(), strict=True))
            self._sets.append(found)
        for head, tail in self._sets[0]:
            self._degree[head] += 1
            self._degree[tail] += 1
        keep = ~np.isin(edges.rows, parents.rows)
        self._any = set(zip(edges.head[keep].tolist(), edges.tail[keep].tolist(), strict=True))

    def columns(self, first: str, second: str) -> tuple[float, ...]:
        """Values for a pair of CURIEs; zeros where the graph does not know one."""
        a, b = self._snapshot.index(first), self._snapshot.index(second)
        if a is None or b is None:
            return (*([0.0] * 10), float(a is not None), float(b is not None))
        direct = [self._states(pairs, {a}, {b}) for pairs in (*self._sets, self._any)]
        around_b = {b, *self._near.get(b, ())}
        near = [self._states(pairs, {a}, around_b) for pairs in (*self._sets, self._any)]
        degrees = (float(np.log1p(self._degree[a])), float(np.log1p(self._degree[b])))
        return (*direct, *near, *degrees, 1.0, 1.0)

    @staticmethod
    def _states(pairs: set[tuple[int, int]], ones: set[int], others: set[int]) -> float:
        return float(any((a, b) in pairs or (b, a) in pairs for a in ones for b in others))


class RelatedBefore:
    """How often things were related in training documents.

    Args:
        related: By id, in how many documents it takes part in a relation.
        named: By id, in how many documents it is named.
    """

    names = ("related_a", "related_b", "named_a", "named_b")

    def __init__(self, related: Mapping[str, int], named: Mapping[str, int]) -> None:
        self.related = related
        self.named = named

    @classmethod
    def count(cls, documents: Iterable[tuple[set[str], set[str]]]) -> "RelatedBefore":
        """Count documents, each as the ids that are named and those that are related."""
        related: Counter[str] = Counter()
        named: Counter[str] = Counter()
        for ids, in_relation in documents:
            named.update(sorted(ids))
            related.update(sorted(in_relation))
        return cls(related, named)

    def columns(
        self, first: str, second: str, *, own: tuple[set[str], set[str]] | None = None
    ) -> tuple[float, ...]:
        """Smoothed shares; a training document's own marks (`own`) are subtracted."""
        shares, counts = [], []
        for curie in (first, second):
            named, related = self.named.get(curie, 0), self.related.get(curie, 0)
            if own is not None:
                named, related = named - (curie in own[0]), related - (curie in own[1])
            shares.append((related + 1.0) / (named + 2.0))
            counts.append(float(min(named, 10)))
        return (*shares, *counts)
