"""Records of many sources to one graph: canonical ids, one record per node, an acyclic hierarchy.

Decides what a merged node is called, which kind it has, and which is-a statements give way when
two hierarchies contradict each other. Which ids are the same is decided in `kg.identity`.
"""

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Mapping as Table
from dataclasses import dataclass, field

import networkx as nx

from .assemble import kind_of_prefix, kinds_of_ends
from .columns import NODE_TYPE_CODE
from .identity import IdentityMap
from .links import LINK_MATCHES
from .statements import Mapping, Node, Statement
from .vocabulary import NodeType, Predicate

__all__ = [
    "MergedNode",
    "acyclic",
    "demoted_statements",
    "leading_codes",
    "merge_nodes",
    "rewrite",
    "typed_ends",
]

_TAIL_KIND = {
    Predicate.HAS_PHENOTYPE: NodeType.PHENOTYPE,
    Predicate.HAS_ADVERSE_EVENT: NodeType.ADVERSE_EVENT,
    Predicate.INTERACTS_WITH: NodeType.DRUG,
    Predicate.HAS_PART: NodeType.DRUG,
    Predicate.HAS_ROLE: NodeType.DRUG_CLASS,
    Predicate.AFFECTS: NodeType.GENE,
    Predicate.DIAGNOSES: NodeType.PHENOTYPE,
    Predicate.AFFECTS_RESPONSE: NodeType.DRUG,
}
_DRUG_HEADS = frozenset(
    {
        *(Predicate.TREATS, Predicate.AMELIORATES, Predicate.PREVENTS, Predicate.AFFECTS),
        *(Predicate.CONTRAINDICATED_IN, Predicate.HAS_ROLE, Predicate.HAS_PART),
        *(Predicate.INTERACTS_WITH, Predicate.HAS_ADVERSE_EVENT),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MergedNode:
    """One node of the graph and the source whose name for it won.

    Attributes:
        node: The record under its canonical id.
        source: Name of the source.
    """

    node: Node
    source: str


@dataclass(slots=True)
class _Gathered:
    own: list[tuple[str, Node]] = field(default_factory=list)
    others: list[tuple[str, Node]] = field(default_factory=list)


def merge_nodes(nodes: Iterable[tuple[str, Node]], identity: IdentityMap) -> list[MergedNode]:
    """One record per canonical id, sorted by id.

    The first non-empty label, definition and structure win, those given under the canonical id
    itself before those of mapped ids, earlier sources before later ones; other names become
    synonyms.

    Args:
        nodes: (source name, record) pairs in the order of sources.
        identity: Which ids are the same.
    """
    gathered: dict[str, _Gathered] = {}
    for source, node in nodes:
        canonical = identity.canonical(node.id, node.type)
        both = gathered.setdefault(canonical, _Gathered())
        (both.own if node.id == canonical else both.others).append((source, node))
    return [_merged(id_, both) for id_, both in sorted(gathered.items())]


def _merged(canonical: str, both: _Gathered) -> MergedNode:
    records = [*both.own, *both.others]
    source, label = next(((s, n.label) for s, n in records if n.label), (records[0][0], ""))
    names = dict.fromkeys(
        name for _, node in records for name in (node.label, *node.synonyms) if name
    )
    spelled: dict[str, str] = {}
    for name in names:
        spelled.setdefault(name.casefold(), name)
    spelled.pop(label.casefold(), None)
    node = Node(
        id=canonical,
        type=records[0][1].type,
        label=label,
        synonyms=tuple(spelled.values()),
        definition=next((n.definition for _, n in records if n.definition), ""),
        structure=next((n.structure for _, n in records if n.structure), ""),
        deprecated=all(n.deprecated for _, n in records),
    )
    return MergedNode(node=node, source=source)


def typed_ends(merged: Iterable[MergedNode], statements: Iterable[Statement]) -> list[MergedNode]:
    """A record for each end of a statement that no source describes, sorted by id.

    Such an end is an id of a newer or older release than the one at hand. Its kind is what its
    prefix says, else its place in the relation, so that in the RDF too everything has a class.

    Args:
        merged: The nodes that sources describe.
        statements: Relations between canonical ids.
    """
    described = {item.node.id for item in merged}
    kinds: dict[str, tuple[NodeType, str]] = {}
    for statement in statements:
        ends = (statement.subject, statement.object)
        for end, role in zip(ends, kinds_of_ends(statement.predicate), strict=True):
            if end in described:
                continue
            kind = kind_of_prefix(end) or role or NodeType.CHEMICAL
            rival = kinds.get(end)
            if rival is None or NODE_TYPE_CODE[kind] < NODE_TYPE_CODE[rival[0]]:
                kinds[end] = (kind, statement.source if rival is None else rival[1])
    return [
        MergedNode(node=Node(id=id_, type=kind), source=source)
        for id_, (kind, source) in sorted(kinds.items())
    ]


def rewrite(
    statements: Iterable[Statement], identity: IdentityMap, kinds: dict[str, NodeType]
) -> Iterator[Statement]:
    """Statements between canonical ids; an id that changed is kept as a qualifier.

    Args:
        statements: As the sources gave them.
        identity: Which ids are the same.
        kinds: Kind of each described id, for vocabularies that name several kinds of things.
    """
    cache: dict[tuple[str, NodeType | None], str] = {}

    def find(curie: str, kind: NodeType | None) -> str:
        key = (curie, kinds.get(curie, kind))
        found = cache.get(key)
        if found is None:
            found = cache[key] = identity.canonical(*key)
        return found

    for statement in statements:
        head_kind = NodeType.DRUG if statement.predicate in _DRUG_HEADS else None
        head = find(statement.subject, head_kind)
        tail = find(statement.object, _TAIL_KIND.get(statement.predicate))
        if head == statement.subject and tail == statement.object:
            yield statement
            continue
        yield statement.placed(head, tail)


def demoted_statements(identity: IdentityMap) -> Iterator[Statement]:
    """Is-a statements for ids that were cut off a MONDO term which a source held for the same."""
    for child, parent, mapping in identity.demoted():
        yield Statement(
            subject=child,
            predicate=Predicate.SUBCLASS_OF,
            object=parent,
            source=mapping.source,
            confidence=mapping.confidence,
            qualifiers=(("description", "exact mapping cut: the term has another exact id"),),
        )


def leading_codes(
    mappings: Iterable[Mapping], identity: IdentityMap, present: Table[str, NodeType]
) -> Iterator[Mapping]:
    """Matches that do not merge, between nodes of the graph and the codes that lead to them.

    Narrow, broad and close matches stay what they are. An exact match that was cut because a group
    would have had two ids of one vocabulary is a close one. Each pair and source is given once.

    Args:
        mappings: All mappings of all sources.
        identity: Which ids are the same.
        present: Ids of the graph's nodes and their types.
    """
    cut = (c.mapping for c in identity.conflicts if c.kind == "two ids of one vocabulary")
    seen: set[tuple[str, str, str]] = set()
    for mapping in (*(m for m in mappings if m.predicate in LINK_MATCHES), *cut):
        predicate = "closeMatch" if mapping.predicate == "exactMatch" else mapping.predicate
        ends = [_node_or_code(end, identity, present) for end in (mapping.subject, mapping.object)]
        if ends[0] == ends[1] or present.keys().isdisjoint(ends):
            continue
        if predicate == "broadMatch":  # said the other way round: what leads to the broader node
            predicate = "narrowMatch"
            ends.reverse()
        if predicate == "narrowMatch" and ends[0] not in present:
            continue
        if (key := (ends[0], ends[1], mapping.source)) in seen:
            continue
        seen.add(key)
        yield Mapping(
            subject=ends[0],
            object=ends[1],
            source=mapping.source,
            predicate=predicate,
            justification=mapping.justification,
            confidence=mapping.confidence,
        )


def _node_or_code(curie: str, identity: IdentityMap, present: Table[str, NodeType]) -> str:
    canonical = identity.canonical(curie)
    return canonical if canonical in present else curie


def acyclic(
    statements: Sequence[Statement], trust: Sequence[str]
) -> tuple[list[Statement], list[Statement]]:
    """Statements with an acyclic hierarchy, and the is-a statements that gave way.

    Within each circle the statements of the least trusted source give way: they are taken in order
    of trust, and one that would close a circle is left out.

    Args:
        statements: Statements between canonical ids.
        trust: Names of sources, the most trusted first.
    """
    rank = {name: number for number, name in enumerate(trust)}
    graph = nx.DiGraph()
    for s in statements:
        if s.predicate is Predicate.SUBCLASS_OF and not s.negated:
            graph.add_edge(s.subject, s.object)
    circle: dict[str, int] = {}
    for number, component in enumerate(nx.strongly_connected_components(graph)):
        if len(component) > 1:
            circle.update(dict.fromkeys(component, number))
    suspects = [
        s
        for s in statements
        if s.predicate is Predicate.SUBCLASS_OF
        and s.subject in circle
        and circle[s.subject] == circle.get(s.object)
    ]
    suspects.sort(key=lambda s: (rank.get(s.source, len(rank)), s.subject, s.object))
    good = nx.DiGraph()
    cut: set[str] = set()
    for s in suspects:
        good.add_nodes_from((s.subject, s.object))
        if nx.has_path(good, s.object, s.subject):
            cut.add(s.id)
        else:
            good.add_edge(s.subject, s.object)
    if not cut:
        return list(statements), []
    fallen = [s for s in suspects if s.id in cut]
    hierarchy = (s for s in statements if s.predicate is Predicate.SUBCLASS_OF)
    cut_here = {id(s) for s in hierarchy if s.subject in circle and s.id in cut}
    return [s for s in statements if id(s) not in cut_here], fallen
