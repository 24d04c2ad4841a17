"""What the classes and properties of a foreign graph mean: Biolink names, or a TOML file.

Decides which IRIs a graph may use for what. Reading the graph is in `kg.foreign.graph`.
"""

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from kg.identifiers import IdentifierError, from_iri, normalise
from kg.terms import (
    BIOLINK,
    CLASS_IRI,
    DCTERMS,
    FIELD_IRI,
    OWL,
    PREDICATE_IRI,
    PREFIX_HEADER,
    QUALIFIER_IRI,
    RDFS,
    SKOS,
    SSSOM,
)
from kg.vocabulary import NodeType, Predicate
from kg.wording import in_words

__all__ = ["MappingError", "RdfMapping", "Relation", "read_mapping"]

_SOURCE_KEYS = ("name", "title", "homepage", "licence", "licence_class", "release")
_SECTIONS = ("source", "prefixes", "identifiers", "classes", "predicates", "properties")
_OBO = "http://www.geneontology.org/formats/oboInOwl#"
_SCHEMA = "http://schema.org/"

# More names for what an association or a node has, beside those that iatros writes.
_ALSO: Mapping[str, tuple[str, ...]] = {
    "subject": (f"{BIOLINK}subject", f"{OWL}annotatedSource"),
    "predicate": (f"{BIOLINK}predicate", f"{OWL}annotatedProperty"),
    "object": (f"{BIOLINK}object", f"{OWL}annotatedTarget"),
    "label": (f"{SKOS}prefLabel", f"{BIOLINK}name", f"{_SCHEMA}name", f"{DCTERMS}title"),
    "synonym": (f"{_OBO}hasExactSynonym", f"{_OBO}hasRelatedSynonym", f"{BIOLINK}synonym"),
    "definition": (
        "http://purl.obolibrary.org/obo/IAO_0000115",
        f"{BIOLINK}description",
        f"{RDFS}comment",
    ),
    "structure": ("https://w3id.org/chemrof/inchi_string",),
    "exactMatch": (f"{OWL}sameAs", f"{OWL}equivalentClass", f"{BIOLINK}same_as"),
    "source": (f"{BIOLINK}provided_by", f"{BIOLINK}knowledge_source"),
    "justification": (f"{SSSOM}mapping_justification",),
    "confidence": (f"{SSSOM}confidence",),
}
_FIELDS = tuple(name for name in FIELD_IRI if name not in ("type", "licence", "release"))


class MappingError(ValueError):
    """A mapping file that says something unknown; the message names the key and the mend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """What a foreign property states.

    Attributes:
        predicate: The relation.
        inverse: The property points from the object of the relation to its subject.
        negated: The property says that the relation does not hold.
    """

    predicate: Predicate
    inverse: bool = False
    negated: bool = False


def _default_relations() -> dict[str, Relation]:
    found = {iri: Relation(predicate=predicate) for predicate, iri in PREDICATE_IRI.items()}
    found[f"{RDFS}subClassOf"] = Relation(predicate=Predicate.SUBCLASS_OF)
    found[f"{SKOS}broader"] = Relation(predicate=Predicate.SUBCLASS_OF)
    return found


def _default_fields() -> dict[str, str]:
    found = {FIELD_IRI[name]: name for name in _FIELDS}
    found |= {iri: name for name, iris in _ALSO.items() for iri in iris}
    return found | {iri: f"qualifier {name}" for name, iri in QUALIFIER_IRI.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class RdfMapping:
    """The meaning of a foreign graph's IRIs, and the facts of the graph as a source.

    Attributes:
        source: Name, title, homepage, licence, licence class and release, as far as stated.
        classes: Class IRI to node type; None leaves the class out on purpose.
        relations: Property IRI to relation; None leaves the property out on purpose.
        fields: Property IRI to the field of a node or association that it fills.
        identifiers: Beginning of an IRI to the prefix of the CURIE.
    """

    source: Mapping[str, str] = field(default_factory=dict)
    classes: Mapping[str, NodeType | None] = field(
        default_factory=lambda: MappingProxyType({iri: kind for kind, iri in CLASS_IRI.items()})
    )
    relations: Mapping[str, Relation | None] = field(default_factory=_default_relations)
    fields: Mapping[str, str] = field(default_factory=_default_fields)
    identifiers: Mapping[str, str] = field(default_factory=dict)

    def curie(self, iri: str) -> str:
        """Canonical id of an IRI or CURIE; an IRI of no known space is its own id.

        >>> RdfMapping().curie("https://omim.org/entry/143100")
        'OMIM:143100'
        """
        for start, prefix in self.identifiers.items():
            if iri.startswith(start):
                return normalise(f"{prefix}:{iri[len(start) :]}")
        try:
            return normalise(iri)
        except IdentifierError:
            if "://" in iri or iri.startswith("urn:"):
                return from_iri(iri)
            raise


def _near(word: str, known: Iterable[str]) -> str:
    names = list(known)
    close = difflib.get_close_matches(word, names, n=1)
    return f"did you mean {close[0]}?" if close else f"known: {', '.join(names)}"


def read_mapping(path: Path) -> RdfMapping:
    """The default meaning, with what a TOML file adds or overrides.

    Raises:
        MappingError: The file is missing, no TOML, or names something that does not exist.
    """
    try:
        document = tomllib.loads(path.read_text("utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise MappingError(f"{path}: cannot be read as TOML ({in_words(error)})") from error
    try:
        return _mapping(document)
    except MappingError as error:
        raise MappingError(f"{path}: {error}") from error


def _mapping(document: Mapping[str, Any]) -> RdfMapping:
    for section, content in document.items():
        if section not in _SECTIONS:
            raise MappingError(f"section [{section}] is unknown; {_near(section, _SECTIONS)}")
        if not isinstance(content, dict):
            raise MappingError(f"{section}: is a value; write it as a section [{section}]")
    source = document.get("source", {})
    for key in source:
        if key not in _SOURCE_KEYS:
            raise MappingError(f"source.{key} is unknown; {_near(key, _SOURCE_KEYS)}")
    prefixes = {**PREFIX_HEADER, **document.get("prefixes", {})}
    default = RdfMapping()
    classes, relations, fields = dict(default.classes), dict(default.relations), {}
    for key, value in document.get("classes", {}).items():
        classes[_expand(key, prefixes)] = _node_type(key, value)
    for key, value in document.get("predicates", {}).items():
        relations[_expand(key, prefixes)] = _relation(key, value)
    names = {name.removeprefix("qualifier ") for name in default.fields.values()}
    for name, properties in document.get("properties", {}).items():
        if name not in names:
            raise MappingError(f"properties.{name} is unknown; {_near(name, sorted(names))}")
        meaning = f"qualifier {name}" if name in QUALIFIER_IRI else name
        for one in [properties] if isinstance(properties, str) else properties:
            fields[_expand(one, prefixes)] = meaning
    return RdfMapping(
        source={key: str(value) for key, value in source.items()},
        classes=classes,
        relations=relations,
        fields={**default.fields, **fields},
        identifiers=dict(document.get("identifiers", {})),
    )


def _expand(name: str, prefixes: Mapping[str, str]) -> str:
    if "://" in name or name.startswith("urn:"):
        return name.strip("<>")
    prefix, colon, local = name.partition(":")
    if not colon or prefix not in prefixes:
        raise MappingError(f"{name!r}: write an IRI, or a name with a prefix of [prefixes]")
    return prefixes[prefix] + local


def _node_type(key: str, value: object) -> NodeType | None:
    if value in ("", False):
        return None
    known = {kind.value: kind for kind in NodeType} | {kind.name: kind for kind in NodeType}
    if not isinstance(value, str) or value.removeprefix("biolink:") not in known:
        raise MappingError(f"classes.{key}: {value!r} is no node type; {_near(str(value), known)}")
    return known[value.removeprefix("biolink:")]


def _relation(key: str, value: object) -> Relation | None:
    if value in ("", False):
        return None
    stated = {"predicate": value} if isinstance(value, str) else value
    known = {predicate.value: predicate for predicate in Predicate}
    if not isinstance(stated, dict) or not set(stated) <= {"predicate", "inverse", "negated"}:
        raise MappingError(
            f'predicates.{key}: write "treats" or {{predicate = "treats", inverse = true}}'
        )
    name = str(stated.get("predicate", "")).removeprefix("biolink:")
    if name not in known:
        raise MappingError(f"predicates.{key}: {name!r} is no relation; {_near(name, known)}")
    return Relation(
        predicate=known[name],
        inverse=bool(stated.get("inverse", False)),
        negated=bool(stated.get("negated", False)),
    )
