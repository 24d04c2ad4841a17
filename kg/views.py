"""What a snapshot hands out: one node in words, some edges in columns.

Decides the shapes that other packages compute on. Where they come from is in `kg.snapshot`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .statements import Node
from .vocabulary import NodeType

__all__ = ["EdgeColumns", "NodeView"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeView:
    """One node, in words.

    Attributes:
        id: Canonical CURIE.
        type: Kind of thing.
        label: Preferred name; empty when nobody names it.
        synonyms: Other names.
        definition: One text that says what it is.
        structure: InChI of a substance.
        xrefs: All other identifiers of the same thing.
        deprecated: A source calls it obsolete.
    """

    id: str
    type: NodeType
    label: str
    synonyms: tuple[str, ...]
    definition: str
    xrefs: tuple[str, ...]
    structure: str = ""
    deprecated: bool = False

    def to_node(self) -> Node:
        """The node as a record; its other identifiers are mappings, and not part of it."""
        return Node(
            id=self.id,
            type=self.type,
            label=self.label,
            synonyms=self.synonyms,
            definition=self.definition,
            structure=self.structure,
            deprecated=self.deprecated,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeColumns:
    """Some edges of a snapshot, column by column; all arrays have the same length.

    Attributes:
        rows: Edge row numbers in the snapshot, ascending.
        head: Node index of the subject.
        tail: Node index of the object.
        predicate: Index into `kg.columns.PREDICATES`.
        source: Index into `GraphSnapshot.sources`.
        negated: The source says that the relation does not hold.
        frequency: In [0, 1], NaN when unknown.
        confidence: In [0, 1], NaN when unknown.
    """

    rows: NDArray[np.int64]
    head: NDArray[np.int32]
    tail: NDArray[np.int32]
    predicate: NDArray[np.int16]
    source: NDArray[np.int16]
    negated: NDArray[np.bool_]
    frequency: NDArray[np.float32]
    confidence: NDArray[np.float32]

    def __len__(self) -> int:
        return int(self.rows.size)
