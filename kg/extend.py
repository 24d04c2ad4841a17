"""Two snapshots to one: the columns of a graph that stands, and those of what is added to it.

Decides how added nodes and edges take their places without a look at any record. Which statements
may be added is decided in `kg.addition`.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from .columns import SourceRecord, sorted_edges
from .links import LINK_SCHEMA
from .snapshot import GraphSnapshot

__all__ = ["extended"]


def extended(base: GraphSnapshot, added: GraphSnapshot) -> GraphSnapshot:
    """The snapshot of what `base` and `added` say.

    The law: where `added` brings its own sources, and describes only nodes that `base` does not
    have, this is the snapshot of all their records together, in a fraction of the time. What the
    graph says of a node that it has already stays as it is.

    Args:
        base: The graph that stands.
        added: Statements between ids of `base` and of its own nodes.
    """
    old_nodes, old_edges, old_links = base.tables
    new_nodes, new_edges, new_links = added.tables
    known = pc.is_in(new_nodes["id"], value_set=old_nodes["id"].combine_chunks())
    nodes = pa.concat_tables([old_nodes, new_nodes.filter(pc.invert(known))])
    nodes = nodes.take(pc.sort_indices(nodes["id"])).combine_chunks()
    records: dict[str, SourceRecord] = {s.name: s for s in (*added.sources, *base.sources)}
    names = sorted(records)
    old_place, new_place = _place(old_nodes, nodes), _place(new_nodes, nodes)
    old_numbers = [names.index(s.name) for s in base.sources]
    new_numbers = [names.index(s.name) for s in added.sources]
    edges = [
        _renumbered(old_edges, head=old_place, tail=old_place, source=old_numbers),
        _renumbered(new_edges, head=new_place, tail=new_place, source=new_numbers),
    ]
    links = [_renumbered(old_links, node=old_place), _renumbered(new_links, node=new_place)]
    links.append(_backward(links[0], nodes, new_place))
    return GraphSnapshot(
        nodes=nodes,
        edges=sorted_edges(pa.concat_tables(edges).unify_dictionaries()),
        links=_unique(pa.concat_tables(links)),
        sources=tuple(records[name] for name in names),
        release=base.release,
    )


def _place(own: pa.Table, nodes: pa.Table) -> NDArray[np.int32]:
    """Number in the table of the whole of each node."""
    place = pc.index_in(own["id"].combine_chunks(), value_set=nodes["id"].combine_chunks())
    numbers: NDArray[np.int32] = place.to_numpy(zero_copy_only=False).astype(np.int32)
    return numbers


def _renumbered(table: pa.Table, **places: NDArray[np.integer] | list[int]) -> pa.Table:
    """The table with some columns of numbers changed, by old number."""
    for name, place in places.items():
        at = table.schema.get_field_index(name)
        kind = table.schema.field(at).type
        values = np.asarray([*place, 0])[table[name].to_numpy()]
        table = table.set_column(at, name, pa.array(values).cast(kind))
    return table


def _backward(links: pa.Table, nodes: pa.Table, new: NDArray[np.int32]) -> pa.Table:
    """Close matches from a code that has now become a node."""
    fresh = nodes["id"].take(pa.array(new)).combine_chunks()
    known = pc.and_(pc.is_in(links["code"], value_set=fresh), pc.equal(links["relation"], "close"))
    hit = links.filter(known)
    node = pc.index_in(hit["code"], value_set=nodes["id"].combine_chunks()).cast(pa.int32())
    code = nodes["id"].take(hit["node"])
    return pa.table([code, node, hit["relation"]], schema=LINK_SCHEMA)


def _unique(links: pa.Table) -> pa.Table:
    """Each code once, in the order of `kg.links.link_table`."""
    keys = [(name, "ascending") for name in ("code", "relation", "node")]
    table = links.group_by(links.schema.names).aggregate([]).select(LINK_SCHEMA.names)
    return table.take(pc.sort_indices(table, sort_keys=keys)).combine_chunks()
