"""Ends of mined statements as nodes of the graph.

Decides that a statement is about nodes which the graph has, by whatever id they were named; others
are counted and left out ("not in the catalogue" is an answer, not an edge).
"""

from dataclasses import replace

from kg.snapshot import GraphSnapshot
from kg.statements import Node

from .miner import MinedStatement

__all__ = ["Endpoints"]

NOT_IN_GRAPH = "warning: an end is not in the graph"
SELF = "warning: subject and object are the same node"


class Endpoints:
    """Looks ids up in a graph."""

    def __init__(self, graph: GraphSnapshot) -> None:
        self._graph = graph

    def resolved(self, mined: MinedStatement) -> MinedStatement | str:
        """The statement in the graph's own ids, or why it is left out."""
        ends = self.nodes(mined)
        if len(ends) != 2:
            return NOT_IN_GRAPH
        if ends[0] == ends[1]:
            return SELF
        subject, object_ = (self._graph.node_ids[end] for end in ends)
        if (subject, object_) == (mined.subject, mined.object):
            return mined
        return replace(mined, subject=subject, object=object_)

    def nodes(self, mined: MinedStatement) -> tuple[int, ...]:
        """Node indices of the two ends; fewer when the graph lacks one."""
        found = (self._graph.index(curie) for curie in (mined.subject, mined.object))
        return tuple(node for node in found if node is not None)

    def described(self, node: int) -> Node:
        """A node with its name, so that a file of statements can be checked on its own."""
        view = self._graph.node(node)
        return Node(id=view.id, type=view.type, label=view.label)
