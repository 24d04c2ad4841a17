"""Triples in any order to the records of a graph, as far as a mapping gives them a meaning.

Decides what is an edge, an association, a mapping or a property of a node. Which records come of
it is in `kg.foreign.graph`.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

import pyoxigraph as ox

from kg.identifiers import IdentifierError
from kg.terms import BIOLINK, FIELD_IRI, OWL, RDF, RDFS, SKOS, VOID

from .mapping import RdfMapping
from .origin import RdfTriple

__all__ = ["ASSOCIATION_FIELDS", "Gathered"]

ASSOCIATION_FIELDS = frozenset(
    {
        *("subject", "predicate", "object", "negated", "frequency", "onset", "sex", "evidence"),
        *("publications", "confidence", "source", "justification"),
    }
)
_MATCHES = frozenset({"exactMatch", "closeMatch", "broadMatch", "narrowMatch"})
_WORDS = frozenset({"label", "synonym", "definition", "structure"})
_TYPE = FIELD_IRI["type"]
# Classes that say how a thing is written down, not what it is.
_FORMAL = frozenset(
    {
        *(f"{OWL}{name}" for name in ("Class", "NamedIndividual", "Axiom", "Ontology", "Thing")),
        *(f"{OWL}{name}" for name in ("ObjectProperty", "AnnotationProperty", "DatatypeProperty")),
        *(f"{OWL}{name}" for name in ("Restriction", "TransitiveProperty", "SymmetricProperty")),
        *(f"{RDFS}Class", f"{RDFS}Datatype", f"{RDF}Property", f"{RDF}Statement"),
        *(f"{SKOS}Concept", f"{SKOS}ConceptScheme", f"{VOID}Dataset"),
        f"{BIOLINK}NamedThing",
        f"{BIOLINK}Entity",
    }
)


@dataclass(slots=True)
class Gathered:
    """What has been said so far, by identifier.

    Attributes:
        mapping: The meaning of IRIs.
        classes: Mapped classes of a thing.
        words: Labels, synonyms, definitions and structures, by name of the field.
        deprecated: Things that are out of use.
        edges: (subject, property IRI, object) of plain triples with a mapped property.
        matches: (subject, field, object).
        associations: Field to values, by association node; values are IRIs or texts.
        left_out: How often something was passed over, by reason and example.
    """

    mapping: RdfMapping
    classes: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    words: dict[str, dict[str, set[str]]] = field(
        default_factory=lambda: {name: defaultdict(set) for name in _WORDS}
    )
    deprecated: set[str] = field(default_factory=set)
    edges: set[tuple[str, str, str]] = field(default_factory=set)
    matches: set[tuple[str, str, str]] = field(default_factory=set)
    associations: dict[str, dict[str, set[str]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(set))
    )
    left_out: dict[tuple[str, str], int] = field(default_factory=Counter)

    def properties(self) -> frozenset[str]:
        """Properties that mean something; a property that is left out on purpose is one too."""
        return frozenset({_TYPE, *self.mapping.relations, *self.mapping.fields})

    def take(self, triple: RdfTriple) -> None:
        """Takes in one triple."""
        subject, property_, object_ = triple
        if property_ == _TYPE:
            self._take_class(subject, object_)
            return
        name = self.mapping.fields.get(property_)
        if name is None:
            if self.mapping.relations.get(property_) is None:
                return  # left out on purpose
            ends = self._curie(subject, property_), self._curie(object_, property_)
            if ends[0] and ends[1]:
                self.edges.add((ends[0], property_, ends[1]))
        elif name in ASSOCIATION_FIELDS or name.startswith("qualifier "):
            self.associations[str(subject)][name].add(object_.value)
        elif name in _MATCHES:
            ends = self._curie(subject, property_), self._curie(object_, property_)
            if ends[0] and ends[1]:
                self.matches.add((ends[0], name, ends[1]))
        elif not isinstance(object_, ox.Literal):
            self._leave(f"{name} that is no text", object_.value)
        elif subject_id := self._curie(subject, property_):
            if name == "deprecated":
                if object_.value in ("true", "1"):
                    self.deprecated.add(subject_id)
            elif object_.language in (None, "", "en") or str(object_.language).startswith("en-"):
                self.words[name][subject_id].add(object_.value)
            else:
                self._leave("text in another language than English", object_.value)

    def _take_class(self, subject: ox.NamedNode | ox.BlankNode, class_: object) -> None:
        if not isinstance(class_, ox.NamedNode):
            self._leave("class without an IRI", str(class_))
        elif class_.value in self.mapping.classes:
            if (curie := self._curie(subject, _TYPE)) is not None:
                self.classes[curie].add(class_.value)
        elif class_.value not in _FORMAL and not class_.value.endswith("Association"):
            self._leave("class that the mapping does not name", class_.value)

    def _curie(self, term: ox.NamedNode | ox.BlankNode | ox.Literal, property_: str) -> str | None:
        if isinstance(term, ox.BlankNode):
            self._leave("thing without an IRI", property_)
            return None
        try:
            return self.mapping.curie(term.value)
        except IdentifierError:
            self._leave("text where an identifier should stand", term.value)
            return None

    def _leave(self, reason: str, example: str) -> None:
        key = (reason, example[:80])
        self.left_out[key] = self.left_out.get(key, 0) + 1
