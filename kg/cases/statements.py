"""What is known of patients as statements of the graph, in the vocabulary of everything else.

Decides that a fact about a patient is a `biolink:Association` with the patient as subject, the
graph's own node as object, and the licence and release of the patient's population, in the named
graph of that population. What excluded findings, literals and positions look like is decided in
`kg.cases.rdf`, which parts of a table become facts beyond the case in the reader of that table.
"""

from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from kg.identifiers import NAMESPACE
from kg.terms import (
    ASSOCIATION,
    BIOLINK,
    CLASS_IRI,
    FIELD_IRI,
    RDF,
    SOURCE_FIELD_IRI,
    VOID,
    literal,
    source_iri,
)
from kg.vocabulary import NodeType

from .populations import Population

__all__ = ["KIND_OF_FIELD", "Canonical", "PatientFact", "PatientStatements", "variant_iri"]

Canonical = Callable[[str, NodeType | None], str]
"""Id of the graph's node of an identifier and a kind; the identifier itself when there is none."""

KIND_OF_FIELD: Mapping[str, NodeType | None] = {
    "phenotypes": NodeType.PHENOTYPE,
    "genes": NodeType.GENE,
    "diagnoses": NodeType.DISEASE,
    "conditions": NodeType.DISEASE,
    "past_conditions": NodeType.DISEASE,
    "medicines": NodeType.DRUG,
    "allergies": NodeType.CHEMICAL,
    "measurements": None,
    "variants": None,
}
"""Fields of a case whose members are statements, and the kind of their objects."""
_CLASS = {"measurements": f"{BIOLINK}ClinicalMeasurement", "variants": f"{BIOLINK}SequenceVariant"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientFact:
    """A row of a patient's record that the case itself does not hold.

    Attributes:
        case_id: The patient.
        field: Field of the case whose relation it has, such as `medicines`.
        code: CURIE of the object.
        label: Its name in the record.
        key: Tells it from the other facts of the patient, the same in each build.
        qualifiers: Local name and value of what qualifies it, such as the dose.
    """

    case_id: str
    field: str
    code: str
    label: str
    key: str
    qualifiers: tuple[tuple[str, str], ...] = ()


def variant_iri(text: str) -> str:
    """IRI of a variant, from its HGVS text.

    >>> variant_iri("NM_000039.3:c.518G>C")
    'https://w3id.org/iatros/variant/NM_000039.3%3Ac.518G%3EC'
    """
    return f"{NAMESPACE}variant/{quote(text, safe='')}"


class PatientStatements:
    """Writes the associations of one population, and what they touch that the graph lacks.

    Args:
        population: Whose patients they are.
        canonical: Finds the graph's node of an identifier.
        known: Ids of the graph's nodes; anything else is described where it is first named.
    """

    def __init__(
        self, population: Population, *, canonical: Canonical, known: Container[str]
    ) -> None:
        self.population = population
        self.canonical = canonical
        self.n_statements = 0
        self._known = known
        self._described: set[str] = set()
        self._end = f" <{population.graph}> .\n"
        source = f"<{source_iri(population.name)}>"
        self._provenance = (
            f"<{FIELD_IRI['source']}> {source}",
            f"<{FIELD_IRI['licence']}> {literal(population.licence)}",
            f"<{FIELD_IRI['release']}> {literal(population.release)}",
        )

    def facts(self) -> Iterator[str]:
        """Quads that describe the population as a data set."""
        node = f"<{source_iri(self.population.name)}>"
        yield f"{node} <{RDF}type> <{VOID}Dataset>{self._end}"
        for name, property_ in SOURCE_FIELD_IRI.items():
            if value := getattr(self.population, name):
                yield f"{node} <{property_}> {literal(value)}{self._end}"

    def association(
        self, node: str, subject: str, relation: str, target: str, publications: tuple[str, ...]
    ) -> Iterator[str]:
        """Quads that make a fact an association; all arguments are terms in angle brackets."""
        self.n_statements += 1
        pairs = [
            f"<{RDF}type> <{ASSOCIATION}>",
            f"<{FIELD_IRI['subject']}> {subject}",
            f"<{FIELD_IRI['predicate']}> <{relation}>",
            f"<{FIELD_IRI['object']}> {target}",
            *self._provenance,
            *(f"<{FIELD_IRI['publications']}> {paper}" for paper in publications),
        ]
        for pair in pairs:
            yield f"{node} {pair}{self._end}"

    def described(self, field: str, curie: str, target: str, label: str) -> Iterator[str]:
        """Kind and name of an object that is no node of the graph, once."""
        if curie in self._known or target in self._described:
            return
        self._described.add(target)
        kind = KIND_OF_FIELD[field]
        class_ = _CLASS[field] if kind is None else CLASS_IRI[kind]
        yield f"{target} <{RDF}type> <{class_}>{self._end}"
        yield f"{target} <{FIELD_IRI['label']}> {literal(label or curie)}{self._end}"
