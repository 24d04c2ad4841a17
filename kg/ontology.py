"""Is-a hierarchies: ancestors, information content, most informative common ancestors.

Decides the mathematics of a hierarchy over positions 0..n_terms-1 (a dense numbering of the nodes
of one type). Which statements make the hierarchy is decided by the sources; how likely a disease is
given its terms in `fusion.symbolic`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy import sparse

from .snapshot import GraphSnapshot
from .vocabulary import NodeType, Predicate

__all__ = ["PHENOTYPIC_ABNORMALITY", "Ontology"]

PHENOTYPIC_ABNORMALITY = "HP:0000118"
"""Root of the terms that describe a patient (not inheritance, onset, course or modifiers)."""

IntArray = npt.NDArray[np.int32]
FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ontology:
    """A hierarchy of terms, each an ancestor and a descendant of itself.

    Attributes:
        ids: CURIE of each term; the place in this list is the term's position.
        nodes: Index of each term in the snapshot (or 0..n_terms-1 when there is none).
        parents: Boolean CSR `[n_terms, n_terms]`, row = child.
        ancestors: Boolean CSR `[n_terms, n_terms]`, row = term, columns = ancestors and itself.
        descendants: The transpose of `ancestors`, as CSR.
    """

    ids: tuple[str, ...]
    nodes: IntArray
    parents: Any
    ancestors: Any
    descendants: Any
    _position_of_node: dict[int, int]

    @classmethod
    def from_edges(
        cls,
        ids: Sequence[str],
        child: npt.ArrayLike,
        parent: npt.ArrayLike,
        *,
        nodes: npt.ArrayLike | None = None,
    ) -> Self:
        """Builds the closure; cycles make their members ancestors of each other.

        Args:
            ids: CURIEs of the terms.
            child: Positions of the more specific terms.
            parent: Positions of the more general terms, as long as `child`.
            nodes: Index of each term in a snapshot.

        >>> chain = Ontology.from_edges(["a", "b", "c"], child=[1, 2], parent=[0, 1])
        >>> chain.ancestors_of(2).tolist()
        [0, 1, 2]
        """
        n = len(ids)
        rows = np.asarray(child, dtype=np.int64)
        columns = np.asarray(parent, dtype=np.int64)
        ones = np.ones(len(rows), dtype=np.int8)
        parents = sparse.csr_matrix((ones, (rows, columns)), shape=(n, n)).astype(bool)
        closure = (parents + sparse.identity(n, dtype=bool, format="csr")).astype(bool).tocsr()
        while True:  # paths of length 1, 2, 4, 8, ...: a handful of products
            longer = (closure @ closure).astype(bool).tocsr()
            if longer.nnz == closure.nnz:
                break
            closure = longer
        closure.sort_indices()
        descendants = closure.T.tocsr()
        descendants.sort_indices()
        index = np.arange(n, dtype=np.int32) if nodes is None else np.asarray(nodes, np.int32)
        if len(index) != n:
            raise ValueError(f"nodes: {len(index)} indices for {n} terms; give one a term")
        return cls(
            ids=tuple(ids),
            nodes=index,
            parents=parents,
            ancestors=closure,
            descendants=descendants,
            _position_of_node={int(node): at for at, node in enumerate(index)},
        )

    @classmethod
    def from_snapshot(cls, snapshot: GraphSnapshot, node_type: NodeType) -> Self:
        """Hierarchy of all nodes of one type along `subclass_of`."""
        nodes = np.asarray(snapshot.nodes_of(node_type), dtype=np.int32)
        edges = snapshot.edges(
            predicate=Predicate.SUBCLASS_OF, head_type=node_type, tail_type=node_type
        )
        position = np.full(snapshot.n_nodes, -1, dtype=np.int32)
        position[nodes] = np.arange(len(nodes), dtype=np.int32)
        ids = [snapshot.node_ids[int(node)] for node in nodes]
        return cls.from_edges(ids, position[edges.head], position[edges.tail], nodes=nodes)

    @property
    def n_terms(self) -> int:
        """Number of terms."""
        return len(self.ids)

    def position(self, node: int) -> int | None:
        """Position of a snapshot node, None when it is no term of this hierarchy."""
        return self._position_of_node.get(node)

    def ancestors_of(self, term: int) -> IntArray:
        """Positions of the term and all that is more general, sorted."""
        row: IntArray = self.ancestors.indices[
            self.ancestors.indptr[term] : self.ancestors.indptr[term + 1]
        ]
        return row

    def descendants_of(self, term: int) -> IntArray:
        """Positions of the term and all that is more specific, sorted."""
        row: IntArray = self.descendants.indices[
            self.descendants.indptr[term] : self.descendants.indptr[term + 1]
        ]
        return row

    def below(self, curie: str) -> npt.NDArray[np.bool_]:
        """Mask of the terms at or under a CURIE; all terms when the hierarchy does not hold it."""
        if curie not in self.ids:
            return np.ones(self.n_terms, dtype=bool)
        mask = np.zeros(self.n_terms, dtype=bool)
        mask[self.descendants_of(self.ids.index(curie))] = True
        return mask

    def closure(self, terms: Iterable[int]) -> IntArray:
        """Union of the ancestors of several terms, sorted, without repeats."""
        rows = [self.ancestors_of(int(term)) for term in terms]
        if not rows:
            return np.zeros(0, dtype=np.int32)
        return np.unique(np.concatenate(rows)).astype(np.int32)

    def information_content(self, counts: npt.ArrayLike, *, total: float) -> FloatArray:
        """Information content in nats: `-ln((counts + 1) / (total + 1))`.

        Args:
            counts: How many items (diseases, patients) carry each term or a descendant of it.
            total: How many items there are.

        A term that nothing carries is as informative as one carried once by half an item: finite.
        """
        share = (np.asarray(counts, dtype=np.float64) + 1.0) / (float(total) + 1.0)
        return np.maximum(0.0, -np.log(np.minimum(share, 1.0))).astype(np.float32)

    def mica(self, terms: Sequence[int], content: FloatArray) -> FloatArray:
        """Content of the most informative common ancestor of each given term with every term.

        Args:
            terms: Positions of the rows wanted.
            content: Information content of each term, in nats.

        Returns:
            `[len(terms), n_terms]`; 0 where there is no common ancestor.
        """
        out = np.zeros((len(terms), self.n_terms), dtype=np.float32)
        for row, term in zip(out, terms, strict=True):
            above = self.ancestors_of(int(term))
            # From the vaguest to the most precise: the last one written is the maximum.
            for ancestor in above[np.argsort(content[above], kind="stable")]:
                row[self.descendants_of(int(ancestor))] = content[ancestor]
        return out
