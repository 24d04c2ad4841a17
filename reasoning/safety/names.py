"""Names of nodes in the reasons of alerts.

Decides that a node without a name is called by its identifier.
"""

from kg.snapshot import GraphSnapshot

__all__ = ["name_of"]


def name_of(snapshot: GraphSnapshot, node: int) -> str:
    """Preferred name of a node."""
    return snapshot.labels[node] or snapshot.node_ids[node]
