"""Diseases too close to another one to be asked about it.

Decides what a disease's kin are: its parents, children and siblings in the hierarchy, diseases that
share an identifier with it, and diseases of nearly the same name. A treatment of the kin is the
answer in other words, so features of a labelled disease are made without them, and a strict
evaluation holds them out together. How folds are cut from it is in `family_folds`.
"""

from collections import defaultdict

import numpy as np
import numpy.typing as npt
from scipy import sparse

from kg.snapshot import GraphSnapshot
from kg.vocabulary import NodeType, Predicate

__all__ = ["Kin", "family_folds"]

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int32]

_BLOCK = 512


class Kin:
    """Kinship between any node and the nodes of one list.

    Args:
        snapshot: The graph.
        labelled: The list, ascending.
        text: Unit-length text embedding of every node.
        near_name: Cosine from which two names count as one disease; above 1 never.
        family: Count parents, children and siblings.
    """

    def __init__(
        self,
        snapshot: GraphSnapshot,
        labelled: IntArray,
        text: FloatArray,
        *,
        near_name: float = 0.75,
        family: bool = True,
    ) -> None:
        self.labelled = labelled
        self._text, self._listed = text, text[labelled]
        self._near_name = near_name
        self._family = family
        n = snapshot.n_nodes
        edges = snapshot.edges(Predicate.SUBCLASS_OF)
        up = sparse.csr_matrix((np.ones(len(edges), bool), (edges.head, edges.tail)), shape=(n, n))
        self._up, self._down = up, up.T.tocsr()
        self._position = np.full(n, -1, dtype=np.int32)
        self._position[labelled] = np.arange(len(labelled), dtype=np.int32)
        self._sharing = _sharing(snapshot, labelled)

    def of(self, node: int) -> IntArray:
        """Positions in the list of a node and its kin, ascending."""
        near = self._listed @ self._text[node] >= self._near_name
        return self._join(node, np.flatnonzero(near))

    def of_many(self, nodes: IntArray) -> list[IntArray]:
        """`of` for several nodes."""
        out = []
        for start in range(0, len(nodes), _BLOCK):
            block = nodes[start : start + _BLOCK]
            near = self._text[block] @ self._listed.T >= self._near_name
            out += [
                self._join(node, np.flatnonzero(row))
                for node, row in zip(block.tolist(), near, strict=True)
            ]
        return out

    def _join(self, node: int, near: npt.NDArray[np.integer]) -> IntArray:
        relatives = [np.asarray([node])]
        if self._family:
            parents = _row(self._up, node)
            relatives += [parents, _row(self._down, node)]
            relatives += [_row(self._down, int(parent)) for parent in parents]
        relatives += [np.asarray(sorted(self._sharing.get(node, ())), dtype=np.int32)]
        positions = self._position[np.concatenate(relatives).astype(np.int64)]
        found = np.union1d(positions[positions >= 0], near)
        return found.astype(np.int32)


def _row(matrix: sparse.csr_matrix, row: int) -> IntArray:
    found: IntArray = matrix.indices[matrix.indptr[row] : matrix.indptr[row + 1]]
    return found


def _sharing(snapshot: GraphSnapshot, labelled: IntArray) -> dict[int, set[int]]:
    """Labelled nodes that have another identifier in common."""
    holders: dict[str, list[int]] = defaultdict(list)
    for node in labelled.tolist():
        for xref in snapshot.node(node).xrefs:
            holders[xref].append(node)
    sharing: dict[int, set[int]] = defaultdict(set)
    for nodes in holders.values():
        if len(nodes) > 1:
            for node in nodes:
                sharing[node].update(nodes)
    return sharing


def family_folds(snapshot: GraphSnapshot, labelled: IntArray, n_folds: int) -> IntArray:
    """Fold of each labelled node; diseases of one closest parent share a fold.

    The closest parent is the one with the fewest children. Families are dealt largest first to the
    smallest fold, so that the result depends on nothing but the graph.
    """
    hierarchy = snapshot.edges(Predicate.SUBCLASS_OF, head_type=NodeType.DISEASE)
    children = np.bincount(hierarchy.tail, minlength=snapshot.n_nodes)
    family = np.arange(snapshot.n_nodes)
    fewest = np.full(snapshot.n_nodes, np.iinfo(np.int64).max)
    for head, tail in zip(hierarchy.head.tolist(), hierarchy.tail.tolist(), strict=True):
        if children[tail] < fewest[head]:
            fewest[head], family[head] = children[tail], tail
    own = family[labelled]
    names, sizes = np.unique(own, return_counts=True)
    load = np.zeros(n_folds, dtype=np.int64)
    fold_of: dict[int, int] = {}
    for at in np.lexsort((names, -sizes)):
        fold = int(np.argmin(load))
        fold_of[int(names[at])] = fold
        load[fold] += sizes[at]
    return np.asarray([fold_of[int(name)] for name in own], dtype=np.int32)
