"""RDF to a snapshot: the columns of a graph, read property by property from a store.

Decides how quads are read back, near or far, with one query for each property: scans of one
property come out of an index in order, and joining the columns here is faster than joins in SPARQL.
What a merged node looks like is decided in `kg.assemble`, the terms in `kg.terms`.
"""

import hashlib
from collections.abc import Collection

import polars as pl
import pyarrow as pa

from .assemble import RecordCollector, complete_sources, join_edges
from .columns import NODE_TYPES, PREDICATE_CODE, RAW_EDGE_SCHEMA, SourceRecord
from .identifiers import from_iri
from .links import LINK_MATCHES
from .scan import scan, scan_values
from .snapshot import GraphSnapshot
from .store import TripleStore
from .terms import (
    ASSOCIATION,
    CLASS_IRI,
    FIELD_IRI,
    GRAPH_OF_CASES,
    PREDICATE_IRI,
    QUALIFIER_IRI,
    SOURCE_FIELD_IRI,
    VOID,
    source_name,
)
from .vocabulary import QUALIFIERS

__all__ = ["compile_snapshot"]

_UNIT = "\x1f"


def compile_snapshot(
    store: TripleStore,
    *,
    release: str = "",
    without_graphs: Collection[str] = (GRAPH_OF_CASES,),
) -> GraphSnapshot:
    """The snapshot of what a store holds.

    The law: records written by `kg.rdf` and compiled here have the digest that
    `GraphSnapshot.from_records` gives them. Statement ids are worked out from the content, so an
    association that somebody has edited gets another id, and the graph another digest.

    Args:
        store: Any store; queries are the same for all.
        release: Name of this state of the graph.
        without_graphs: Named graphs to leave out, by IRI, and those below them (`IRI/...`);
            patients by default.
    """
    skip = frozenset(without_graphs)
    below = tuple(f"{graph}/" for graph in skip)
    skip |= {graph for graph in store.graphs() if graph.startswith(below)}
    raw = _raw_edges(store, skip)
    collector = _nodes(store, skip, raw)
    nodes = collector.node_table(raw)
    sources = complete_sources(_sources(store, skip), raw)
    edges = join_edges(raw, nodes, tuple(source.name for source in sources))
    links = collector.link_table(nodes)
    return GraphSnapshot(nodes=nodes, edges=edges, links=links, sources=sources, release=release)


def _to_curies(frame: pl.DataFrame, *columns: str) -> pl.DataFrame:
    """IRIs of some columns as CURIEs; each different IRI is translated once."""
    for column in columns:
        unique = frame[column].unique().drop_nulls()
        curies = pl.Series("curie", [from_iri(iri) for iri in unique], pl.String)
        table = pl.DataFrame({column: unique, "curie": curies})
        joined = frame.join(table, on=column, how="left", maintain_order="left")
        frame = joined.drop(column).rename({"curie": column})
    return frame


def _raw_edges(store: TripleStore, skip: frozenset[str]) -> pa.Table:
    """Association nodes as rows; one that lacks subject, predicate, object or source is no edge."""
    base = scan(store, FIELD_IRI["type"], skip, object_=ASSOCIATION).select("subject").unique()
    base = base.rename({"subject": "node"})
    for name in ("subject", "predicate", "object", "source"):
        column = scan(store, FIELD_IRI[name], skip).rename({"subject": "node", "value": name})
        base = base.join(column.unique("node", keep="any"), on="node", how="inner")
    codes = {iri: PREDICATE_CODE[predicate] for predicate, iri in PREDICATE_IRI.items()}
    base = base.with_columns(
        pl.col("predicate").replace_strict(codes, default=None, return_dtype=pl.Int16)
    ).drop_nulls("predicate")
    names = {iri: source_name(iri) for iri in base["source"].unique()}
    base = base.with_columns(
        pl.col("source").replace_strict(names, default=None, return_dtype=pl.String)
    )
    base = _to_curies(base, "subject", "object")
    for name in ("frequency", "confidence"):
        column = scan_values(store, FIELD_IRI[name], skip, name)
        column = column.with_columns(pl.col(name).cast(pl.Float64, strict=False))
        base = base.join(column, on="node", how="left")
    for name in ("sex", "evidence", "negated"):
        base = base.join(scan_values(store, FIELD_IRI[name], skip, name), on="node", how="left")
    onset = _to_curies(scan_values(store, FIELD_IRI["onset"], skip, "onset"), "onset")
    base = base.join(onset, on="node", how="left")
    base = base.join(_publications(store, skip), on="node", how="left")
    base = base.join(_qualifiers(store, skip), on="node", how="left")
    base = base.with_columns(
        pl.col("negated").is_in(["true", "1"]).fill_null(value=False),
        pl.col("publications").fill_null([]),
        pl.col("qualifiers").fill_null([]),
    )
    base = base.with_columns(pl.Series("id", _statement_ids(base), pl.Binary))
    table = base.select(RAW_EDGE_SCHEMA.names).to_arrow()
    return table.cast(RAW_EDGE_SCHEMA)


def _publications(store: TripleStore, skip: frozenset[str]) -> pl.DataFrame:
    pairs = scan(store, FIELD_IRI["publications"], skip).rename(
        {"subject": "node", "value": "publications"}
    )
    pairs = _to_curies(pairs, "publications").unique()
    return pairs.group_by("node").agg(pl.col("publications").sort())


def _qualifiers(store: TripleStore, skip: frozenset[str]) -> pl.DataFrame:
    frames = [
        scan(store, QUALIFIER_IRI[name], skip, text=True).with_columns(pl.lit(name).alias("name"))
        for name in QUALIFIERS
    ]
    pairs = pl.concat(frames).unique().sort("subject", "name", "value")
    text = pl.concat_str("name", "value", separator="=").alias("qualifiers")
    return (
        pairs.select(pl.col("subject").alias("node"), text)
        .group_by("node", maintain_order=True)
        .agg("qualifiers")
    )


def _statement_ids(frame: pl.DataFrame) -> list[bytes]:
    """`Statement.id` of every row, as bytes, without making the statements."""
    values = {code: predicate.value for predicate, code in PREDICATE_CODE.items()}

    def rounded(name: str) -> pl.Expr:
        unique = frame[name].unique().drop_nulls()
        table = {value: f"{value:.6g}" for value in unique}
        column = pl.col(name)
        if not table:
            return pl.lit("")
        return column.replace_strict(table, default="", return_dtype=pl.String).fill_null("")

    parts = frame.select(
        pl.concat_str(
            pl.col("subject"),
            pl.col("predicate").replace_strict(values, return_dtype=pl.String),
            pl.col("object"),
            pl.col("source"),
            pl.when("negated").then(pl.lit("1")).otherwise(pl.lit("0")),
            rounded("frequency"),
            pl.col("onset").fill_null(""),
            pl.col("sex").fill_null(""),
            pl.col("evidence").fill_null(""),
            pl.col("publications").list.join("|"),
            rounded("confidence"),
            pl.col("qualifiers").list.join("|"),
            separator=_UNIT,
        ).alias("content")
    )
    return [hashlib.sha256(text.encode()).digest()[:12] for text in parts["content"]]


def _nodes(store: TripleStore, skip: frozenset[str], raw: pa.Table) -> RecordCollector:
    """What the graph says of nodes: of those with a type, and of those that edges touch."""
    collector = RecordCollector()
    for kind in NODE_TYPES:
        found = scan(store, FIELD_IRI["type"], skip, object_=CLASS_IRI[kind])
        for iri in found["subject"].unique():
            collector.of(from_iri(iri)).types.add(kind)
    ends = {*raw["subject"].unique().to_pylist(), *raw["object"].unique().to_pylist()}
    wanted = ends | collector.facts.keys()
    for name in ("label", "synonym", "definition", "structure", "deprecated"):
        found = scan(store, FIELD_IRI[name], skip, text=True)
        for iri, value in found.unique().iter_rows():
            id_ = from_iri(iri)
            if not value or id_ not in wanted:
                continue
            facts = collector.of(id_)
            if name == "label":
                facts.labels.add(value)
            elif name == "synonym":
                facts.synonyms.add(value)
            elif name == "definition":
                facts.definitions.add(value)
            elif name == "structure":
                facts.structures.add(value)
            else:
                facts.deprecated = facts.deprecated or value in ("true", "1")
    for subject, object_ in scan(store, FIELD_IRI["exactMatch"], skip).unique().iter_rows():
        collector.add_match(from_iri(subject), from_iri(object_))
    for match in LINK_MATCHES:
        for subject, object_ in scan(store, FIELD_IRI[match], skip).unique().iter_rows():
            collector.add_link(from_iri(subject), match, from_iri(object_))
    return collector


def _sources(store: TripleStore, skip: frozenset[str]) -> list[SourceRecord]:
    """Facts of every source that the graph describes."""
    facts: dict[str, dict[str, str]] = {}
    described = scan(store, FIELD_IRI["type"], skip, object_=f"{VOID}Dataset")
    for iri in described["subject"].unique():
        facts[iri] = {}
    for name, property_ in SOURCE_FIELD_IRI.items():
        selected = scan(store, property_, skip, text=True, subject_type=f"{VOID}Dataset")
        for iri, value in selected.sort("subject", "value", descending=True).iter_rows():
            if iri in facts:
                facts[iri][name] = value
    return [SourceRecord(name=source_name(iri), **values) for iri, values in facts.items()]
