"""Names of diseases that stand in what is written of a treatment.

Decides how a name is looked for: by its words. The share of a name that a text holds counts words
by their rarity among the names of diseases and phenotypes; of several names of a disease the best
counts, and the names of its parents count apart. Texts of drugs name the disease in a fifth of true
pairs, so tables without texts of treatments are made beside those with them.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from math import log

import numpy as np
import numpy.typing as npt
from scipy import sparse

from kg.snapshot import GraphSnapshot
from kg.vocabulary import NodeType, Predicate

from .lexical import words

__all__ = ["MENTION_FEATURES", "Mentions"]

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int32]

MENTION_FEATURES: tuple[str, ...] = (
    "a name in treatment text",
    "name of a parent in treatment text",
)
"""Names of the features, in their order."""

_NAMED = (NodeType.DISEASE, NodeType.PHENOTYPE)
_MOST_NAMES = 12
_MOST_NAMES_OF_PARENTS = 6  # of each


class _Texts:
    """Texts of treatments, searched for names.

    Args:
        texts: One for each treatment.
        names: By which the rarity of a word is counted.
    """

    def __init__(self, texts: Sequence[str], names: Iterable[str]) -> None:
        self._column: dict[str, int] = {}
        piece, treatment = [], []
        for at, text in enumerate(texts):
            own = [self._column.setdefault(p, len(self._column)) for p in sorted(set(words(text)))]
            piece += own
            treatment += [at] * len(own)
        shape = (len(self._column), len(texts))
        ones = np.ones(len(piece), dtype=np.float32)
        self._in = sparse.csr_matrix((ones, (piece, treatment)), shape=shape)
        counts: Counter[str] = Counter()
        n_names = 0
        for name in names:
            counts.update(set(words(name)))
            n_names += 1
        self._weight = {word: log((1 + n_names) / (1 + n)) for word, n in counts.items()}
        self._unseen = log(1 + n_names)

    def shares(self, groups: Sequence[Sequence[str]]) -> FloatArray:
        """Largest share that each text holds of a name of each group, `[n_groups, n_texts]`."""
        rows, columns, values = [], [], []
        names = [name for group in groups for name in group]
        for row, name in enumerate(names):
            weight = {word: self._weight.get(word, self._unseen) for word in set(words(name))}
            total = max(sum(weight.values()), 1e-9)
            for word, own in weight.items():
                column = self._column.get(word)
                if column is not None:
                    rows.append(row)
                    columns.append(column)
                    values.append(own / total)
        best = np.zeros((len(groups), self._in.shape[1]), dtype=np.float32)
        if not rows:
            return best
        shape = (len(names), self._in.shape[0])
        shares = (sparse.csr_matrix((values, (rows, columns)), shape=shape) @ self._in).toarray()
        sizes = [len(group) for group in groups]
        filled = np.flatnonzero(sizes)
        starts = np.cumsum([0, *sizes])[filled]
        best[filled] = np.maximum.reduceat(shares, starts, axis=0)
        return best


class Mentions:
    """`MENTION_FEATURES` of any disease against all treatments.

    Args:
        snapshot: The graph.
        texts: What is written of each treatment.
    """

    def __init__(self, snapshot: GraphSnapshot, texts: Sequence[str]) -> None:
        self._snapshot = snapshot
        self._names_of: dict[int, list[str]] = {}
        named = np.concatenate([snapshot.nodes_of(kind) for kind in _NAMED])
        self._texts = _Texts(
            texts,
            (snapshot.labels[node] for node in named.tolist()),
        )
        edges = snapshot.edges(Predicate.SUBCLASS_OF)
        order = np.argsort(edges.head, kind="stable")
        self._child, self._parent = edges.head[order], edges.tail[order]

    def of(self, nodes: IntArray) -> FloatArray:
        """`[n_nodes, n_treatments, len(MENTION_FEATURES)]`."""
        asked = nodes.tolist()
        own = self._texts.shares([self._names(node)[:_MOST_NAMES] for node in asked])
        parents = self._texts.shares([self._names_of_parents(node) for node in asked])
        return np.stack([own, parents], axis=2)

    def _names(self, node: int) -> list[str]:
        if node not in self._names_of:
            view = self._snapshot.node(node)
            self._names_of[node] = [view.label, *view.synonyms]
        return self._names_of[node]

    def _names_of_parents(self, node: int) -> list[str]:
        begin, end = np.searchsorted(self._child, [node, node + 1])
        parents = self._parent[begin:end].tolist()
        return [n for parent in parents for n in self._names(parent)[:_MOST_NAMES_OF_PARENTS]]
