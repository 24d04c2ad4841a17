"""The vocabulary terms of the RDF form, and how a term is written in N-Quads.

Decides which IRI stands for which field. How records become quads is in `kg.rdf`, how quads become
columns in `kg.compile`.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from urllib.parse import quote, unquote

import numpy as np

from .identifiers import to_iri
from .prefixes import NAMESPACE, PREFIXES
from .vocabulary import QUALIFIERS, NodeType, Predicate

__all__ = [
    "ASSOCIATION",
    "BIOLINK",
    "CLASS_IRI",
    "FIELD_IRI",
    "GRAPH_OF_CASES",
    "PREDICATE_IRI",
    "PREFIX_HEADER",
    "QUALIFIER_IRI",
    "SHAPES_NAMESPACE",
    "SOURCE_FIELD_IRI",
    "VOCAB",
    "double",
    "iri",
    "literal",
    "source_iri",
    "source_name",
]

BIOLINK = "https://w3id.org/biolink/vocab/"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
RDFS = "http://www.w3.org/2000/01/rdf-schema#"
OWL = "http://www.w3.org/2002/07/owl#"
XSD = "http://www.w3.org/2001/XMLSchema#"
SKOS = "http://www.w3.org/2004/02/skos/core#"
DCTERMS = "http://purl.org/dc/terms/"
PAV = "http://purl.org/pav/"
VOID = "http://rdfs.org/ns/void#"
FOAF = "http://xmlns.com/foaf/0.1/"
SSSOM = "https://w3id.org/sssom/"
SEMAPV = "https://w3id.org/semapv/vocab/"
VOCAB = f"{NAMESPACE}vocab/"
SHAPES_NAMESPACE = f"{NAMESPACE}shapes/"
_SOURCE = f"{NAMESPACE}source/"

GRAPH_OF_CASES = f"{NAMESPACE}cases"
"""Named graph of patients; a snapshot of knowledge leaves it out."""

ASSOCIATION = f"{BIOLINK}Association"
CLASS_IRI: Mapping[NodeType, str] = MappingProxyType({t: BIOLINK + t.value for t in NodeType})
PREDICATE_IRI: Mapping[Predicate, str] = MappingProxyType({p: BIOLINK + p.value for p in Predicate})
FIELD_IRI: Mapping[str, str] = MappingProxyType(
    {
        "type": f"{RDF}type",
        "subject": f"{RDF}subject",
        "predicate": f"{RDF}predicate",
        "object": f"{RDF}object",
        "negated": f"{BIOLINK}negated",
        "frequency": f"{BIOLINK}has_quotient",
        "onset": f"{BIOLINK}onset_qualifier",
        "sex": f"{BIOLINK}sex_qualifier",
        "evidence": f"{BIOLINK}has_evidence",
        "publications": f"{BIOLINK}publications",
        "confidence": f"{BIOLINK}has_confidence_score",
        "source": f"{BIOLINK}primary_knowledge_source",
        "licence": f"{DCTERMS}license",
        "release": f"{PAV}version",
        "label": f"{RDFS}label",
        "synonym": f"{SKOS}altLabel",
        "definition": f"{SKOS}definition",
        "structure": "http://purl.obolibrary.org/obo/chebi/inchi",
        "deprecated": f"{OWL}deprecated",
        "exactMatch": f"{SKOS}exactMatch",
        "closeMatch": f"{SKOS}closeMatch",
        "broadMatch": f"{SKOS}broadMatch",
        "narrowMatch": f"{SKOS}narrowMatch",
    }
)
"""Property of each field of a statement or node."""

_BIOLINK_QUALIFIERS = {
    "frequency_text": f"{BIOLINK}frequency_qualifier",
    "severity": f"{BIOLINK}severity_qualifier",
    "original_subject": f"{BIOLINK}original_subject",
    "original_object": f"{BIOLINK}original_object",
    "description": f"{DCTERMS}description",
}
QUALIFIER_IRI: Mapping[str, str] = MappingProxyType(
    {name: _BIOLINK_QUALIFIERS.get(name, VOCAB + name) for name in QUALIFIERS}
)
"""Property of each qualifier: a Biolink slot where there is one, else the project's own."""

SOURCE_FIELD_IRI: Mapping[str, str] = MappingProxyType(
    {
        "title": f"{DCTERMS}title",
        "licence": f"{DCTERMS}license",
        "licence_class": f"{VOCAB}licence_class",
        "release": f"{PAV}version",
        "homepage": f"{FOAF}homepage",
    }
)

PREFIX_HEADER: Mapping[str, str] = MappingProxyType(
    {
        "biolink": BIOLINK,
        "rdf": RDF,
        "rdfs": RDFS,
        "owl": OWL,
        "xsd": XSD,
        "skos": SKOS,
        "dcterms": DCTERMS,
        "pav": PAV,
        "void": VOID,
        "foaf": FOAF,
        "sssom": SSSOM,
        "semapv": SEMAPV,
        "source": _SOURCE,
        "vocab": VOCAB,
        **{facts.prefix: facts.iri for facts in PREFIXES},
    }
)
"""Prefixes that every query may use without declaring them."""

# Beyond the four characters that N-Quads asks for, line breaks that text tools split at.
_LITERAL_ESCAPES = str.maketrans(
    {
        "\\": "\\\\",
        '"': '\\"',
        "\n": "\\n",
        "\r": "\\r",
        "\t": "\\t",
        "\x00": "\\u0000",
        "\x0b": "\\u000B",
        "\x0c": "\\f",
        "\x1c": "\\u001C",
        "\x1d": "\\u001D",
        "\x1e": "\\u001E",
        "\x85": "\\u0085",
        "\u2028": "\\u2028",
        "\u2029": "\\u2029",
    }
)
_NEEDS_ESCAPE = re.compile('[\\\\"\n\r\t\x00\x0b\x0c\x1c-\x1e\x85\u2028\u2029]')


@lru_cache(maxsize=1 << 18)
def iri(curie: str) -> str:
    """N-Quads term of a CURIE or IRI.

    >>> iri("HP:0001250")
    '<http://purl.obolibrary.org/obo/HP_0001250>'
    """
    return f"<{to_iri(curie)}>"


def literal(text: str, datatype: str = "") -> str:
    r"""N-Quads term of a text, or of a value in the lexical form of an XSD datatype.

    >>> print(literal('say "a"\n'), literal("0.5", "double"))
    "say \"a\"\n" "0.5"^^<http://www.w3.org/2001/XMLSchema#double>
    """
    if _NEEDS_ESCAPE.search(text):
        text = text.translate(_LITERAL_ESCAPES)
    return f'"{text}"^^<{XSD}{datatype}>' if datatype else f'"{text}"'


@lru_cache(maxsize=1 << 16)
def double(value: float) -> str:
    """N-Quads term of a number, in the one form that a store keeps and gives back.

    Stores keep the value, not its spelling: `1.0` comes back as `1`, `1e-05` as `0.00001`.

    >>> print(double(1.0), double(1e-05))
    "1"^^<http://www.w3.org/2001/XMLSchema#double> "0.00001"^^<...#double>
    """
    return literal(np.format_float_positional(value, trim="-"), "double")


def source_iri(name: str) -> str:
    """IRI of a source; it is also the name of the source's graph.

    >>> source_iri("hpoa")
    'https://w3id.org/iatros/source/hpoa'
    """
    return name if "://" in name else _SOURCE + quote(name, safe="")


def source_name(iri_of_source: str) -> str:
    """Name of a source from its IRI; another publisher's IRI is the name itself."""
    if iri_of_source.startswith(_SOURCE):
        return unquote(iri_of_source[len(_SOURCE) :])
    return iri_of_source
