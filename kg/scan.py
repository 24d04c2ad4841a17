"""All values of one property as a data frame: a SPARQL query out, a TSV table in.

Decides how RDF terms become columns. What the columns mean is decided in `kg.compile`.
"""

import io
import re
from collections.abc import Collection

import polars as pl

from .store import TripleStore
from .terms import XSD

__all__ = ["scan", "scan_terms", "scan_values"]

_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|.)")
_LITERAL = r'^"((?s).*)"(?:@[A-Za-z0-9-]+|\^\^<[^>]*>|\^\^[A-Za-z]+:[A-Za-z]+)?$'
_ABBREVIATED = (
    (r"^(true|false)$", "boolean"),
    (r"^[+-]?[0-9]+$", "integer"),
    (r"^[+-]?[0-9]*\.[0-9]+$", "decimal"),
    (r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)[eE][+-]?[0-9]+$", "double"),
)
_ESCAPED = {"t": "\t", "n": "\n", "r": "\r", "b": "\b", "f": "\f"}


def _unescape(text: str) -> str:
    def character(match: re.Match[str]) -> str:
        code = match[1]
        if len(code) > 1:
            return chr(int(code[1:], 16))
        return _ESCAPED.get(code, code)

    return _ESCAPE.sub(character, text)


def _lexical(column: str) -> pl.Expr:
    """The text of a literal: without quotes, language tag, datatype and escapes."""
    value = pl.col(column)
    quoted = value.str.extract(
        r'^"((?s).*)"(?:@[A-Za-z0-9-]+|\^\^<[^>]*>|\^\^[A-Za-z]+:[A-Za-z]+)?$'
    )
    text = pl.when(value.str.starts_with('"')).then(quoted).otherwise(value)
    escaped = text.str.contains("\\", literal=True)
    return (
        pl.when(escaped)
        .then(text.map_elements(_unescape, return_dtype=pl.String))
        .otherwise(text)
        .alias(column)
    )


def _read(tsv: bytes) -> pl.DataFrame:
    if b"\n" not in tsv.rstrip(b"\n"):  # the header alone
        return pl.DataFrame(schema={"subject": pl.String, "value": pl.String})
    return pl.read_csv(
        io.BytesIO(tsv),
        separator="\t",
        quote_char=None,
        has_header=False,
        skip_rows=1,
        new_columns=["subject", "value"],
        schema_overrides=[pl.String, pl.String],
    )


def scan(
    store: TripleStore,
    property_: str,
    without_graphs: Collection[str] = (),
    *,
    object_: str | None = None,
    text: bool = False,
    subject_type: str | None = None,
) -> pl.DataFrame:
    """Subjects and values of one property over all named graphs.

    Args:
        store: Where to ask.
        property_: IRI of the property.
        without_graphs: IRIs of named graphs to leave out.
        object_: Only triples with this IRI as object; it is then the value.
        text: True for literal values, False for IRIs; terms of the other kind are left out.
        subject_type: Only subjects of this class.

    Returns:
        Columns `subject` and `value`, as IRIs without angle brackets or as text, repeats included.
    """
    value = "?value" if object_ is None else f"<{object_}>"
    bind = "" if object_ is None else f" BIND(<{object_}> AS ?value)"
    kind = "" if subject_type is None else f" ?subject a <{subject_type}> ."
    skipped = ", ".join(f"<{graph}>" for graph in sorted(without_graphs))
    leave = f" FILTER(?graph NOT IN ({skipped}))" if skipped else ""
    sparql = (
        f"SELECT ?subject ?value WHERE {{ GRAPH ?graph {{ ?subject <{property_}> {value} .{kind} }}"
        f"{leave}{bind} }}"
    )
    frame = _read(store.select_tsv(sparql)).filter(pl.col("subject").str.starts_with("<"))
    frame = frame.with_columns(pl.col("subject").str.slice(1).str.strip_suffix(">"))
    is_iri = pl.col("value").str.starts_with("<")
    if text:
        return frame.filter(~is_iri).with_columns(_lexical("value"))
    return frame.filter(is_iri).with_columns(pl.col("value").str.slice(1).str.strip_suffix(">"))


def scan_values(
    store: TripleStore, property_: str, without_graphs: Collection[str], name: str
) -> pl.DataFrame:
    """One value for each subject, the smallest where there are several.

    Returns:
        Columns `node` and the name given.
    """
    frame = scan(store, property_, without_graphs, text=name != "onset")
    return (
        frame.group_by("subject")
        .agg(pl.col("value").min())
        .rename({"subject": "node", "value": name})
    )


def scan_terms(store: TripleStore, property_: str) -> pl.DataFrame:
    """Subjects and objects of one property as terms in N-Triples form, repeats included.

    Returns:
        Columns `subject` and `object`; numbers and booleans that a store abbreviates are spelled
        out with their datatype.
    """
    sparql = f"SELECT ?subject ?value WHERE {{ GRAPH ?g {{ ?subject <{property_}> ?value }} }}"
    frame = _read(store.select_tsv(sparql))
    term = pl.col("value")
    spelled = term
    for pattern, datatype in _ABBREVIATED:
        full = pl.concat_str(pl.lit('"'), term, pl.lit(f'"^^<{XSD}{datatype}>'))
        spelled = pl.when(term.str.contains(pattern)).then(full).otherwise(spelled)
    return frame.select("subject", spelled.alias("object"))
