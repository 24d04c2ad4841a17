"""Descriptions for diseases that the graph says little of, borrowed from those of like text.

Decides whose ancestors, phenotypes, genes and words a disease may use beside its own: a third of
the diseases that labels name stand in no hierarchy and have nothing but a name. Treatments are
never borrowed.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

__all__ = ["Borrowing"]

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int32]

_BLOCK = 256


class Borrowing:
    """Weights of the nodes of like text; those asked for once are remembered.

    Args:
        text: Unit-length text embedding of every node.
        lenders: Nodes that may be borrowed from.
        n_lenders: How many are borrowed from.
        power: Weight of a lender is its cosine to this power; the node's own weight is 1.
    """

    def __init__(
        self, text: FloatArray, lenders: IntArray, *, n_lenders: int = 20, power: float = 8.0
    ) -> None:
        spoken = lenders[np.abs(text[lenders]).sum(axis=1) > 0]
        self._text = text
        self._lenders = spoken
        self._lending = np.ascontiguousarray(text[spoken])
        self._n = min(n_lenders + 1, len(spoken))  # a node may find itself
        self._power = power
        self._from = np.zeros((len(text), self._n), dtype=np.int32)
        self._weight = np.zeros((len(text), self._n), dtype=np.float32)
        self._done = np.zeros(len(text), dtype=bool)

    def weights(self, nodes: IntArray) -> Any:
        """CSR `[len(nodes), n_nodes]`, each row summing to 1."""
        missing = np.unique(nodes[~self._done[nodes]])
        for start in range(0, len(missing), _BLOCK):
            self._find(missing[start : start + _BLOCK])
        rows = np.arange(len(nodes))
        data = np.concatenate([np.ones(len(nodes), np.float32), self._weight[nodes].ravel()])
        row = np.concatenate([rows, np.repeat(rows, self._n)])
        column = np.concatenate([nodes, self._from[nodes].ravel()])
        shape = (len(nodes), len(self._text))
        matrix = sparse.csr_matrix((data, (row, column)), shape=shape)
        total = np.asarray(matrix.sum(axis=1)).ravel()
        return (sparse.diags(1.0 / total) @ matrix).tocsr().astype(np.float32)

    def _find(self, nodes: IntArray) -> None:
        if self._n:
            cosine = self._text[nodes] @ self._lending.T
            at = np.argpartition(-cosine, self._n - 1, axis=1)[:, : self._n]
            value = np.maximum(np.take_along_axis(cosine, at, axis=1), 0.0) ** self._power
            lenders = self._lenders[at]
            self._from[nodes] = lenders
            self._weight[nodes] = np.where(lenders == nodes[:, None], 0.0, value)
        self._done[nodes] = True
