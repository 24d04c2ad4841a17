"""How much of what sources name reaches a node: vocabularies, and labelled indications.

Decides what counts as reached. An identifier is *joined* when its node has at least one other
identifier, it *leads* when it is no id of a node but narrower than one or close to one, and it is
*alone* when it is a node that nothing else names. What is reported beside is in `kg.build_report`.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .identity import IdentityMap
from .snapshot import GraphSnapshot
from .statements import Mapping as Match
from .statements import Node
from .vocabulary import NodeType, Predicate

__all__ = [
    "COVERED",
    "IndicationCoverage",
    "VocabularyCoverage",
    "alone",
    "indication_coverage",
    "vocabulary_coverage",
]

COVERED = (
    *("MONDO", "OMIM", "ORPHA", "DOID", "MESH", "UMLS", "SNOMEDCT", "ICD10CM", "ICD9CM"),
    *("DRUGBANK", "CHEBI", "RXNORM", "ATC", "NDC", "GSN", "HGNC", "NCBIGENE", "HP"),
)
"""Vocabularies whose coverage a build reports."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VocabularyCoverage:
    """What becomes of the identifiers of one vocabulary.

    Attributes:
        ids: Different identifiers that any source names, as a node or in a mapping.
        nodes: Those that name a node of the graph, as its id or as another id of it.
        joined: Those of them whose node has other identifiers too.
        leads: Those that name no node but are narrower than one, or close to one.
    """

    ids: int
    nodes: int
    joined: int
    leads: int


def vocabulary_coverage(
    named: Iterable[Node],
    mappings: Iterable[Match],
    identity: IdentityMap,
    present: Mapping[str, NodeType],
    links: Iterable[Match],
) -> dict[str, VocabularyCoverage]:
    """Coverage of each vocabulary of `COVERED` that any source names.

    Args:
        named: Node records of all sources.
        mappings: All mappings of all sources.
        identity: Which ids are the same.
        present: Ids of the graph's nodes.
        links: Mappings of the graph (`kg.harmonise.leading_codes` among them).
    """
    ids: dict[str, set[str]] = defaultdict(set)
    for node in named:
        ids[node.id.partition(":")[0]].add(node.id)
    for mapping in mappings:
        for end in (mapping.subject, mapping.object):
            ids[end.partition(":")[0]].add(end)
    leading = {end for link in links if link.predicate != "exactMatch" for end in _ends(link)}
    found: dict[str, VocabularyCoverage] = {}
    for prefix in COVERED:
        members = ids.get(prefix)
        if not members:
            continue
        nodes = joined = leads = 0
        for curie in members:
            group = identity.members(curie)
            if group[0] in present:
                nodes += 1
                joined += len(group) > 1
            else:
                leads += curie in leading
        found[prefix] = VocabularyCoverage(
            ids=len(members), nodes=nodes, joined=joined, leads=leads
        )
    return found


def _ends(link: Match) -> tuple[str, str]:
    return link.subject, link.object


def alone(
    nodes: Sequence[Node], sources: Sequence[str], identity: IdentityMap
) -> Iterator[tuple[str, str, str, str]]:
    """(id, type, label, source) of each node that no mapping joins to another identifier."""
    for node, source in zip(nodes, sources, strict=True):
        if len(identity.members(node.id, node.type)) == 1:
            yield node.id, node.type.value, node.label, source


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicationCoverage:
    """How many statements of treatment have a drug that a model can know something of.

    Attributes:
        statements: Positive `treats` statements of the source.
        with_targets: Their drug, an ingredient of it, or a salt or ester of it affects a gene or
            protein.
        with_text: Their drug, an ingredient of it, or a salt or ester of it has a definition.
        with_either: One of the two.
    """

    statements: int
    with_targets: int
    with_text: int
    with_either: int


def indication_coverage(
    snapshot: GraphSnapshot, source: str = "everycure_indications"
) -> IndicationCoverage | None:
    """Coverage of one source's indications; None when the graph holds none of them."""
    names = [record.name for record in snapshot.sources]
    if source not in names:
        return None
    edges = snapshot.edges(Predicate.TREATS)
    heads = edges.head[edges.source == names.index(source)]
    if not heads.size:
        return None
    targets = np.zeros(snapshot.n_nodes, bool)
    targets[snapshot.edges(Predicate.AFFECTS).head] = True
    text = np.fromiter((bool(view.definition) for view in snapshot.nodes()), bool, snapshot.n_nodes)
    parts = snapshot.edges(Predicate.HAS_PART)
    forms = np.array([k == "form" for k in snapshot.qualifier_column("kind", parts.rows)], bool)
    for known in (targets, text):
        kin = np.zeros_like(known)
        kin[parts.head[known[parts.tail]]] = True
        kin[parts.tail[forms & known[parts.head]]] = True
        known |= kin
    return IndicationCoverage(
        statements=int(heads.size),
        with_targets=int(targets[heads].sum()),
        with_text=int(text[heads].sum()),
        with_either=int((targets | text)[heads].sum()),
    )
