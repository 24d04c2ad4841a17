"""Records to columns: merges what is said of one node, numbers nodes, sorts and dedupes edges.

Decides what a node is called when its records differ and which type an undescribed node has.
That two identifiers are one node is decided before, in `kg.identity`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .columns import (
    EDGE_SCHEMA,
    NODE_SCHEMA,
    NODE_TYPE_CODE,
    PREDICATE_CODE,
    PREDICATES,
    RAW_EDGE_SCHEMA,
    SourceLike,
    SourceRecord,
    sorted_edges,
)
from .identifiers import prefix_of
from .links import LINK_MATCHES, link_table
from .statements import Mapping, Node, Statement
from .vocabulary import NodeType, Predicate

__all__ = [
    "NodeFacts",
    "RecordCollector",
    "assemble",
    "complete_sources",
    "join_edges",
    "kind_of_prefix",
    "kinds_of_ends",
    "raw_edges",
]

_TYPE_OF_PREFIX = {
    **dict.fromkeys(("MONDO", "OMIM", "OMIMPS", "ORPHA", "DOID", "DECIPHER"), NodeType.DISEASE),
    **dict.fromkeys(("GARD", "MEDGEN", "ICD10CM", "ICD9CM", "ICD10"), NodeType.DISEASE),
    "HP": NodeType.PHENOTYPE,
    **dict.fromkeys(("HGNC", "NCBIGENE", "ENSEMBL", "SYMBOL"), NodeType.GENE),
    **dict.fromkeys(("DRUGBANK", "CHEMBL", "RXNORM", "UNII", "DRUGCENTRAL"), NodeType.DRUG),
    **dict.fromkeys(("ATC", "NDFRT"), NodeType.DRUG_CLASS),
    "MAXO": NodeType.ACTION,
    **dict.fromkeys(("UNIPROT", "PR", "INTERPRO", "PFAM"), NodeType.PROTEIN),
    **dict.fromkeys(("GO", "REACTOME"), NodeType.PROCESS),
    **dict.fromkeys(("CHEBI", "PUBCHEM"), NodeType.CHEMICAL),
    **dict.fromkeys(("UBERON", "CL"), NodeType.ANATOMY),
    "NCBITAXON": NodeType.TAXON,
    "case": NodeType.CASE,
}
_HEAD_TYPE = {
    Predicate.HAS_PHENOTYPE: NodeType.DISEASE,
    Predicate.HAS_INHERITANCE: NodeType.DISEASE,
    Predicate.HAS_ATTRIBUTE: NodeType.DISEASE,
    Predicate.CAUSES: NodeType.GENE,
    Predicate.GENE_ASSOCIATED_WITH: NodeType.GENE,
    Predicate.TREATS: NodeType.DRUG,
    Predicate.AMELIORATES: NodeType.DRUG,
    Predicate.PREVENTS: NodeType.DRUG,
    Predicate.CONTRAINDICATED_IN: NodeType.DRUG,
    Predicate.AFFECTS: NodeType.DRUG,
    Predicate.HAS_ROLE: NodeType.DRUG,
    Predicate.HAS_PART: NodeType.DRUG,
    Predicate.INTERACTS_WITH: NodeType.DRUG,
    Predicate.HAS_ADVERSE_EVENT: NodeType.DRUG,
    Predicate.DIAGNOSES: NodeType.ACTION,
    Predicate.HAS_DISEASE: NodeType.CASE,
    Predicate.HAS_GENE: NodeType.CASE,
    Predicate.AFFECTS_RESPONSE: NodeType.GENE,
}
_TAIL_TYPE = {
    Predicate.HAS_PHENOTYPE: NodeType.PHENOTYPE,
    Predicate.HAS_INHERITANCE: NodeType.PHENOTYPE,
    Predicate.HAS_ATTRIBUTE: NodeType.PHENOTYPE,
    Predicate.CAUSES: NodeType.DISEASE,
    Predicate.GENE_ASSOCIATED_WITH: NodeType.DISEASE,
    Predicate.TREATS: NodeType.DISEASE,
    Predicate.AMELIORATES: NodeType.DISEASE,
    Predicate.PREVENTS: NodeType.DISEASE,
    Predicate.CONTRAINDICATED_IN: NodeType.DISEASE,
    Predicate.AFFECTS: NodeType.GENE,
    Predicate.HAS_ROLE: NodeType.DRUG_CLASS,
    Predicate.HAS_PART: NodeType.DRUG,
    Predicate.INTERACTS_WITH: NodeType.DRUG,
    Predicate.HAS_ADVERSE_EVENT: NodeType.ADVERSE_EVENT,
    Predicate.DIAGNOSES: NodeType.PHENOTYPE,
    Predicate.HAS_DISEASE: NodeType.DISEASE,
    Predicate.HAS_GENE: NodeType.GENE,
    Predicate.AFFECTS_RESPONSE: NodeType.DRUG,
}


def kind_of_prefix(curie: str) -> NodeType | None:
    """Kind of thing that a vocabulary names; None for one that names several kinds."""
    return _TYPE_OF_PREFIX.get(prefix_of(curie))


def kinds_of_ends(predicate: Predicate) -> tuple[NodeType | None, NodeType | None]:
    """Usual kinds of subject and object; None where a relation joins any kinds."""
    return _HEAD_TYPE.get(predicate), _TAIL_TYPE.get(predicate)


@dataclass(slots=True)
class NodeFacts:
    """All that any record says of one node."""

    types: set[NodeType] = field(default_factory=set)
    labels: set[str] = field(default_factory=set)
    synonyms: set[str] = field(default_factory=set)
    definitions: set[str] = field(default_factory=set)
    structures: set[str] = field(default_factory=set)
    xrefs: set[str] = field(default_factory=set)
    deprecated: bool = False

    def label(self) -> str:
        """The label that wins: not in capitals throughout, then the shorter, then the earlier."""
        return min(self.labels, key=lambda x: (x.isupper(), len(x), x), default="")


class RecordCollector:
    """Gathers records in any order and turns them into the node table of a snapshot."""

    def __init__(self) -> None:
        self.facts: dict[str, NodeFacts] = {}
        self._matches: list[tuple[str, str]] = []
        self._links: list[tuple[str, str, str]] = []

    def of(self, curie: str) -> NodeFacts:
        """Facts of one node, made when it is first named."""
        facts = self.facts.get(curie)
        if facts is None:
            facts = self.facts[curie] = NodeFacts()
        return facts

    def add_node(self, node: Node) -> None:
        """Takes in one node record."""
        facts = self.of(node.id)
        facts.types.add(node.type)
        if node.label:
            facts.labels.add(node.label)
        facts.synonyms.update(s for s in node.synonyms if s)
        if node.definition:
            facts.definitions.add(node.definition)
        if node.structure:
            facts.structures.add(node.structure)
        facts.deprecated = facts.deprecated or node.deprecated

    def add_match(self, subject: str, object_: str) -> None:
        """Takes in that two identifiers mean the same thing."""
        self._matches.append((subject, object_))

    def add_link(self, subject: str, predicate: str, object_: str) -> None:
        """Takes in a match that does not merge: one of `kg.links.LINK_MATCHES`."""
        self._links.append((subject, predicate, object_))

    def link_table(self, nodes: pa.Table) -> pa.Table:
        """Codes that lead to nodes of the finished node table."""
        return link_table(self._links, nodes)

    def node_table(self, edges: pa.Table) -> pa.Table:
        """Nodes that a record describes or an edge touches, sorted by id."""
        for subject, object_ in self._matches:
            if subject != object_:
                if subject in self.facts:
                    self.facts[subject].xrefs.add(object_)
                if object_ in self.facts:
                    self.facts[object_].xrefs.add(subject)
        for id_, kind in _undescribed(edges, self.facts).items():
            self.of(id_).types.add(kind)
        rows: list[tuple[object, ...]] = []
        for id_ in sorted(self.facts):
            facts = self.facts[id_]
            label = facts.label()
            synonyms = sorted((facts.synonyms | facts.labels) - {label})
            code = min((NODE_TYPE_CODE[kind] for kind in facts.types), default=None)
            if code is None:
                code = NODE_TYPE_CODE[_TYPE_OF_PREFIX.get(prefix_of(id_), NodeType.CHEMICAL)]
            definition = max(facts.definitions, key=lambda x: (len(x), x), default="")
            structure = min(facts.structures, key=lambda x: (len(x), x), default="")
            xrefs = sorted(facts.xrefs)
            texts = (label, definition, structure)
            rows.append((id_, code, *texts, facts.deprecated, synonyms, xrefs))
        columns = zip(*rows, strict=True) if rows else ((),) * len(NODE_SCHEMA)
        arrays = [pa.array(c, f.type) for c, f in zip(columns, NODE_SCHEMA, strict=True)]
        return pa.table(arrays, schema=NODE_SCHEMA)


def _undescribed(edges: pa.Table, described: dict[str, NodeFacts]) -> dict[str, NodeType]:
    """Types of the nodes that edges touch and no record describes: by prefix, else by role."""
    known = pa.array([id_ for id_, facts in described.items() if facts.types], pa.string())
    types: dict[str, NodeType] = {}
    for end, by_role in (("subject", _HEAD_TYPE), ("object", _TAIL_TYPE)):
        loose = edges.filter(pc.invert(pc.is_in(edges[end], value_set=known)))
        pairs = loose.select([end, "predicate"]).group_by([end, "predicate"]).aggregate([])
        for id_, code in zip(pairs[end].to_pylist(), pairs["predicate"].to_pylist(), strict=True):
            kind = kind_of_prefix(id_) or by_role.get(PREDICATES[code])
            kind = kind or NodeType.CHEMICAL
            rival = types.get(id_)
            if rival is None or NODE_TYPE_CODE[kind] < NODE_TYPE_CODE[rival]:
                types[id_] = kind
    return types


def raw_edges(statements: Iterable[Statement]) -> pa.Table:
    """Statements as a table, in the order given."""
    rows: list[tuple[object, ...]] = [
        (
            s.subject,
            PREDICATE_CODE[s.predicate],
            s.object,
            s.source,
            s.negated,
            s.frequency,
            s.confidence,
            s.onset,
            s.sex,
            s.evidence,
            s.publications,
            [f"{name}={value}" for name, value in s.qualifiers],
            bytes.fromhex(s.id.partition(":")[2]),
        )
        for s in statements
    ]
    columns = zip(*rows, strict=True) if rows else ((),) * len(RAW_EDGE_SCHEMA)
    arrays = [pa.array(c, f.type) for c, f in zip(columns, RAW_EDGE_SCHEMA, strict=True)]
    return pa.table(arrays, schema=RAW_EDGE_SCHEMA)


def join_edges(raw: pa.Table, nodes: pa.Table, source_names: tuple[str, ...]) -> pa.Table:
    """Edges with node numbers, sorted by predicate, head, tail and id, each statement once."""
    ids = nodes["id"].combine_chunks()
    columns: dict[str, pa.Array] = {
        "head": pc.index_in(raw["subject"], value_set=ids).cast(pa.int32()),
        "tail": pc.index_in(raw["object"], value_set=ids).cast(pa.int32()),
        "source": pc.index_in(raw["source"], value_set=pa.array(source_names, pa.string())).cast(
            pa.int16()
        ),
    }
    for column in EDGE_SCHEMA:
        if column.name not in columns:
            columns[column.name] = raw[column.name].cast(column.type)
    table = pa.table([columns[n] for n in EDGE_SCHEMA.names], schema=EDGE_SCHEMA)
    table = sorted_edges(table)
    if table.num_rows:
        column = table["id"].combine_chunks()
        values = np.frombuffer(b"".join(column.to_pylist()), np.uint8).reshape(-1, 12)
        fresh = np.ones(table.num_rows, bool)
        fresh[1:] = (values[1:] != values[:-1]).any(axis=1)
        if not fresh.all():
            table = table.filter(pa.array(fresh)).combine_chunks()
    return table.unify_dictionaries()


def assemble(
    *,
    nodes: Iterable[Node],
    statements: Iterable[Statement],
    mappings: Iterable[Mapping],
    sources: Iterable[SourceLike],
) -> tuple[pa.Table, pa.Table, pa.Table, tuple[SourceRecord, ...]]:
    """Node table, edge table, table of codes and source facts of records in any order."""
    collector = RecordCollector()
    for node in nodes:
        collector.add_node(node)
    for mapping in mappings:
        if mapping.predicate == "exactMatch":
            collector.add_match(mapping.subject, mapping.object)
        elif mapping.predicate in LINK_MATCHES:
            collector.add_link(mapping.subject, mapping.predicate, mapping.object)
    raw = raw_edges(statements)
    table = collector.node_table(raw)
    facts = complete_sources(sources, raw)
    edges = join_edges(raw, table, tuple(s.name for s in facts))
    return table, edges, collector.link_table(table), facts


def complete_sources(sources: Iterable[SourceLike], raw: pa.Table) -> tuple[SourceRecord, ...]:
    """Facts of every source, sorted by name; a source that edges name alone has an empty record."""
    records = {source.name: SourceRecord.of(source) for source in sources}
    for name in pc.unique(raw["source"]).to_pylist():
        records.setdefault(name, SourceRecord(name=name))
    return tuple(records[name] for name in sorted(records))
