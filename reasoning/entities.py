"""Nodes of the graph as answers show them, each made once.

Decides what is remembered: a node's name and identifiers stand in thousands of answers, and reading
them from the columns of the snapshot costs more than ranking. The oldest are forgotten first.
"""

from collections import OrderedDict
from threading import Lock

from kg.snapshot import GraphSnapshot

from .answer import Entity
from .paths import to_entity

__all__ = ["Entities"]


class Entities:
    """Entities of one graph.

    Args:
        snapshot: The graph.
        most: Entities that are remembered.
    """

    def __init__(self, snapshot: GraphSnapshot, *, most: int = 20_000) -> None:
        self._snapshot = snapshot
        self._most = most
        self._known: OrderedDict[int, Entity] = OrderedDict()
        self._lock = Lock()

    def of(self, node: int) -> Entity:
        """A node in words; see `reasoning.paths.to_entity`."""
        with self._lock:
            entity = self._known.get(node)
            if entity is None:
                entity = self._known[node] = to_entity(self._snapshot, node)
                if len(self._known) > self._most:
                    self._known.popitem(last=False)
            else:
                self._known.move_to_end(node)
        return entity
