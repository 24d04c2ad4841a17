"""Codes that lead to a node without being another name of it: narrower codes and close matches.

Decides which mappings lead where. A package or a clinical drug is narrower than its ingredient, a
billing code may be close to a disease: neither merges with the node, but a record that holds the
code finds it. A broader code leads nowhere, since what holds of a node need not hold of all that
the code covers. Names are looked up in `kg.lookup`.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

__all__ = [
    "LINK_MATCHES",
    "LINK_SCHEMA",
    "Match",
    "Relation",
    "link_table",
    "links_by_code",
    "matches_of",
]

LINK_SCHEMA = pa.schema([("code", pa.string()), ("node", pa.int32()), ("relation", pa.string())])
LINK_MATCHES = ("narrowMatch", "broadMatch", "closeMatch")
"""SSSOM predicates that lead somewhere without merging."""

Relation = Literal["exact", "narrower", "close"]
_ORDER: dict[Relation, int] = {"exact": 0, "narrower": 1, "close": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A node that an identifier leads to.

    Attributes:
        node: Node index.
        relation: What the identifier is to the node: `exact` (one of its ids), `narrower` (a
            salt, product, package or subtype of it) or `close` (nearly the same).
    """

    node: int
    relation: Relation


def link_table(matches: Iterable[tuple[str, str, str]], nodes: pa.Table) -> pa.Table:
    """Codes and the nodes they lead to, each once, sorted by code, relation and node.

    Args:
        matches: (subject, SSSOM predicate, object) of `LINK_MATCHES`.
        nodes: Node table of the snapshot; ends that are no node's own id are codes alone.
    """
    index = {id_: number for number, id_ in enumerate(nodes["id"].to_pylist())}
    found: set[tuple[str, str, int]] = set()
    for subject, predicate, object_ in matches:
        if subject == object_:
            continue
        if predicate == "closeMatch":
            directions = [(subject, object_, "close"), (object_, subject, "close")]
        elif predicate == "broadMatch":  # the object is broader than the subject
            directions = [(object_, subject, "narrower")]
        else:
            directions = [(subject, object_, "narrower")]
        for node, code, relation in directions:
            if node in index:
                found.add((code, relation, index[node]))
    rows = sorted(found)
    return pa.table(
        [
            pa.array([code for code, _, _ in rows], pa.string()),
            pa.array([node for _, _, node in rows], pa.int32()),
            pa.array([relation for _, relation, _ in rows], pa.string()),
        ],
        schema=LINK_SCHEMA,
    )


def links_by_code(links: pa.Table) -> dict[str, tuple[Match, ...]]:
    """The nodes of each code, narrower matches before close ones."""
    found: defaultdict[str, list[Match]] = defaultdict(list)
    columns = (links[name].to_pylist() for name in ("code", "node", "relation"))
    for code, node, relation in zip(*columns, strict=True):
        found[code].append(Match(node=node, relation=relation))
    return {
        code: tuple(sorted(matches, key=lambda m: (_ORDER[m.relation], m.node)))
        for code, matches in found.items()
    }


def matches_of(
    own: int | None, names: Iterable[str], by_code: Mapping[str, tuple[Match, ...]]
) -> tuple[Match, ...]:
    """All nodes that an identifier leads to, the nearest relation first, each node once.

    Args:
        own: The node that the identifier names, if it names one.
        names: Spellings of the identifier, and the id of its own node.
        by_code: What `links_by_code` gives.
    """
    found = {} if own is None else {own: Match(node=own, relation="exact")}
    for name in names:
        for match in by_code.get(name, ()):
            found.setdefault(match.node, match)
    return tuple(sorted(found.values(), key=lambda m: _ORDER[m.relation]))
