"""Answers to SPARQL queries, the same from every store.

Decides what a row is and how a term looks to a person. Asking is in `kg.store` and `kg.endpoint`.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Literal

import pyoxigraph as ox

from .identifiers import from_iri
from .terms import PREFIX_HEADER

__all__ = ["QueryResult", "Term", "decode_solutions", "in_query", "with_prefixes"]

_COMPACT = tuple(
    (PREFIX_HEADER[name], name)
    for name in ("biolink", "rdf", "rdfs", "owl", "xsd", "skos", "dcterms", "pav", "void", "foaf")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One RDF term.

    Attributes:
        kind: `iri`, `literal` or `blank`.
        value: The IRI, the text, or the label of the blank node.
        datatype: IRI of a literal's datatype; empty otherwise.
        language: Tag of a literal; empty when it has none.
    """

    kind: Literal["iri", "literal", "blank"]
    value: str
    datatype: str = ""
    language: str = ""

    def __str__(self) -> str:
        """The term as people write it: a CURIE, or the bare text."""
        if self.kind == "blank":
            return f"_:{self.value}"
        if self.kind == "literal":
            return self.value
        for start, prefix in _COMPACT:
            if self.value.startswith(start):
                return f"{prefix}:{self.value[len(start) :]}"
        return from_iri(self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryResult:
    """The answer to one query.

    Attributes:
        kind: Form of the query.
        variables: Column names of a `select`; subject, predicate, object of a `construct`.
        rows: Rows as they are found, to be read once; None stands for an unbound variable.
        answer: The answer of an `ask`; None otherwise.
    """

    kind: Literal["select", "ask", "construct"]
    variables: tuple[str, ...] = ()
    rows: Iterable[tuple[Term | None, ...]] = ()
    answer: bool | None = None


@cache
def _prefix_lines() -> str:
    return " ".join(f"PREFIX {name}: <{iri}>" for name, iri in PREFIX_HEADER.items()) + " "


def with_prefixes(sparql: str) -> str:
    """The query with the project's prefixes declared before its own, on the same first line."""
    return _prefix_lines() + sparql


def in_query(error: BaseException) -> str:
    """What the parser says, its place counted in the query as it was given.

    >>> in_query(SyntaxError(f"error at 1:{len(with_prefixes('')) + 3}: expected [_]"))
    'error at 1:3: expected [_]'
    """

    def moved(place: re.Match[str]) -> str:
        return f"error at 1:{max(1, int(place[1]) - len(_prefix_lines()))}"

    said = re.sub(r"error at 1:(\d+)", moved, " ".join(str(error).split()))
    place, unknown, _ = said.partition("expected one of Prefix not found")
    return f"{place}a prefix here is not declared (PREFIX name: <...>)" if unknown else said


def _term(term: object) -> Term | None:
    if isinstance(term, ox.NamedNode):
        return Term(kind="iri", value=term.value)
    if isinstance(term, ox.BlankNode):
        return Term(kind="blank", value=term.value)
    if isinstance(term, ox.Literal):
        datatype = term.datatype.value
        return Term(
            kind="literal", value=term.value, datatype=datatype, language=term.language or ""
        )
    if term is None:
        return None
    return Term(kind="literal", value=str(term))


def decode_solutions(
    solutions: ox.QuerySolutions | ox.QueryBoolean | ox.QueryTriples,
) -> QueryResult:
    """An answer of Oxigraph, or of an endpoint that Oxigraph's parser has read."""
    if isinstance(solutions, ox.QueryBoolean):
        return QueryResult(kind="ask", answer=bool(solutions))
    if isinstance(solutions, ox.QueryTriples):
        triples = ((_term(t.subject), _term(t.predicate), _term(t.object)) for t in solutions)
        return QueryResult(
            kind="construct", variables=("subject", "predicate", "object"), rows=triples
        )
    names = tuple(variable.value for variable in solutions.variables)
    rows = (tuple(_term(row[name]) for name in names) for row in solutions)
    return QueryResult(kind="select", variables=names, rows=rows)
