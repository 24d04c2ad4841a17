"""A case as RDF in the named graph of cases, and back, unchanged.

Decides which quads a case becomes. Each thing that a case holds (a phenotype, gene, diagnosis,
medicine, ...) is one `CaseFact` node that names the case, the relation, the position and what
qualifies it; what holds of the patient is a plain triple too, so that short queries find it, and
what is excluded is not. In a graph of a population, facts are associations too, see
`kg.cases.statements`; they stand in graphs that no snapshot is compiled from. Notes are personal
text and are written only when asked for.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any
from urllib.parse import quote

import pyoxigraph

from kg.case import ClinicalCase
from kg.identifiers import NAMESPACE, from_iri, to_iri
from kg.terms import BIOLINK, GRAPH_OF_CASES, VOCAB, double
from kg.vocabulary import Predicate

from .statements import KIND_OF_FIELD, PatientFact, PatientStatements, variant_iri

__all__ = ["CASES_GRAPH", "case_iri", "case_to_nquads", "cases_from_quads", "fact_to_nquads"]

CASES_GRAPH = GRAPH_OF_CASES
"""Named graph that the cases stand in."""

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_XSD = "http://www.w3.org/2001/XMLSchema#"
_IDENTIFIER = "http://purl.org/dc/terms/identifier"
_LABEL = "http://www.w3.org/2000/01/rdf-schema#label"
_NEGATED = f"{BIOLINK}negated"
_FACT = f"{VOCAB}CaseFact"
_CASE = f"{VOCAB}case"
_RELATION = f"{VOCAB}relation"
_VALUE = f"{VOCAB}fact"
_POSITION = f"{VOCAB}position"
_CURIE = f"{VOCAB}curie"  # written where the IRI of an identifier does not lead back to it

# Field of the case -> relation of its facts.
_PREDICATES = {
    "phenotypes": BIOLINK + Predicate.HAS_PHENOTYPE.value,
    "genes": BIOLINK + Predicate.HAS_GENE.value,
    "diagnoses": BIOLINK + Predicate.HAS_DISEASE.value,
    "publications": f"{BIOLINK}publications",
    "variants": f"{VOCAB}has_variant",
    "images": f"{VOCAB}has_image",
    "conditions": f"{VOCAB}has_condition",
    "past_conditions": f"{VOCAB}had_condition",
    "medicines": f"{VOCAB}takes_medicine",
    "allergies": f"{VOCAB}has_allergy",
    "measurements": f"{VOCAB}has_measurement",
}
_FIELDS = {predicate: field for field, predicate in _PREDICATES.items()}
_LITERAL_FIELDS = frozenset({"variants", "images"})
_PLAIN_FIELDS = frozenset({"genes", "diagnoses", "publications", "variants"})  # lists of texts
_OBJECT_KEYS = {"phenotypes": "term", "images": "path", "measurements": "code"}  # else "id"
_SCALARS = {
    "sex": f"{VOCAB}sex",
    "age_years": f"{VOCAB}age_years",
    "pregnant": f"{VOCAB}pregnant",
    "note": f"{VOCAB}note",
    "source": f"{BIOLINK}primary_knowledge_source",
    "licence": "http://purl.org/dc/terms/license",
}
_SCALAR_FIELDS = {predicate: field for field, predicate in _SCALARS.items()}
_ESCAPES = {code: f"\\u{code:04X}" for code in (*range(0x20), *range(0x7F, 0xA0))}
_ESCAPES |= {ord("\n"): "\\n", ord("\r"): "\\r", ord('"'): '\\"', ord("\\"): "\\\\"}


def case_iri(case_id: str) -> str:
    """IRI of the node of a case.

    >>> case_iri("PMID 1/a")
    'https://w3id.org/iatros/case/PMID%201%2Fa'
    """
    return f"{NAMESPACE}case/{quote(case_id, safe='')}"


@lru_cache(maxsize=1 << 16)
def _term(curie: str) -> tuple[str, bool]:
    """IRI of an identifier, and whether it leads back to it."""
    iri = to_iri(curie)
    try:
        pyoxigraph.NamedNode(iri)
    except ValueError:  # an identifier from an input need not make a valid IRI
        return f"{NAMESPACE}id/{quote(curie, safe='')}", False
    return iri, from_iri(iri) == curie


def _literal(value: object) -> str:
    if isinstance(value, bool):
        return f'"{str(value).lower()}"^^<{_XSD}boolean>'
    if isinstance(value, float):
        return double(value)
    if isinstance(value, int):
        return f'"{value}"^^<{_XSD}integer>'
    return f'"{str(value).translate(_ESCAPES)}"'


def case_to_nquads(
    case: ClinicalCase,
    *,
    include_notes: bool = False,
    graph: str = CASES_GRAPH,
    statements: PatientStatements | None = None,
) -> Iterator[str]:
    """N-Quads lines of a case, each with its line break.

    Args:
        case: Any case.
        include_notes: Write the note as well.
        graph: IRI of the named graph.
        statements: Makes associations of the facts, in the graph of their population instead.
    """
    end = f" <{graph if statements is None else statements.population.graph}> .\n"
    subject = f"<{case_iri(case.case_id)}>"
    yield f"{subject} <{_RDF}type> <{BIOLINK}Case>{end}"
    yield f"{subject} <{_IDENTIFIER}> {_literal(case.case_id)}{end}"
    for field, predicate in _SCALARS.items():
        value = getattr(case, field)
        if value is not None and (include_notes or field != "note"):
            yield f"{subject} <{predicate}> {_literal(value)}{end}"
    papers = tuple(f"<{_term(paper)[0]}>" for paper in case.publications)
    for field, predicate in _PREDICATES.items():
        stated = statements if field in KIND_OF_FIELD else None
        for position, item in enumerate(getattr(case, field)):
            facts: dict[str, Any] = {} if isinstance(item, str) else dict(item)
            key = item if isinstance(item, str) else facts.pop(_OBJECT_KEYS.get(field, "id"))
            target, found, leads_back = _target(field, key, stated)
            node = f"{subject[:-1]}#{field}.{position}>"
            negated = facts.pop("status", "present") == "excluded"
            if not negated:
                yield f"{subject} <{predicate}> {target}{end}"
            yield f"{node} <{_RDF}type> <{_FACT}>{end}"
            if stated is None:
                yield f"{node} <{_CASE}> {subject}{end}"
                yield f"{node} <{_RELATION}> <{predicate}>{end}"
                yield f"{node} <{_VALUE}> {target}{end}"
            else:
                yield from stated.association(node, subject, predicate, target, papers)
                yield from stated.described(field, found, target, facts.get("label") or key)
            yield f"{node} <{_POSITION}> {_literal(position)}{end}"
            if negated:
                yield f"{node} <{_NEGATED}> {_literal(True)}{end}"
            if not leads_back:
                yield f"{node} <{_CURIE}> {_literal(key)}{end}"
            yield from _qualifiers(node, facts, end)


def _target(field: str, key: str, stated: PatientStatements | None) -> tuple[str, str, bool]:
    """Object term of a fact, the id that it stands for, and whether it leads back to the key."""
    if field == "variants" and stated is not None:
        return f"<{variant_iri(key)}>", key, False
    if field in _LITERAL_FIELDS:
        return _literal(key), key, True
    found = key if stated is None else stated.canonical(key, KIND_OF_FIELD[field])
    iri, leads_back = _term(found)
    return f"<{iri}>", found, leads_back and found == key


def fact_to_nquads(fact: PatientFact, statements: PatientStatements) -> Iterator[str]:
    """N-Quads lines of a fact that is no part of the case, in the graph of its population."""
    end = f" <{statements.population.graph}> .\n"
    subject = f"<{case_iri(fact.case_id)}>"
    predicate = _PREDICATES[fact.field]
    target, found, leads_back = _target(fact.field, fact.code, statements)
    node = f"{subject[:-1]}#{fact.field}-{quote(fact.key, safe='')}>"
    yield f"{subject} <{predicate}> {target}{end}"
    yield from statements.association(node, subject, predicate, target, ())
    yield from statements.described(fact.field, found, target, fact.label)
    if not leads_back:
        yield f"{node} <{_CURIE}> {_literal(fact.code)}{end}"
    if fact.label:
        yield f"{node} <{_LABEL}> {_literal(fact.label)}{end}"
    for name, value in fact.qualifiers:
        yield f"{node} <{VOCAB}{name}> {_literal(value)}{end}"


def _qualifiers(node: str, facts: dict[str, Any], end: str) -> Iterator[str]:
    for name, value in facts.items():
        if name == "label" and value is not None:
            yield f"{node} <{_LABEL}> {_literal(value)}{end}"
        elif isinstance(value, tuple):  # CURIEs hold no space, so one literal keeps their order
            if value:
                yield f"{node} <{VOCAB}{name}> {_literal(' '.join(value))}{end}"
        elif value is not None:
            yield f"{node} <{VOCAB}{name}> {_literal(value)}{end}"


def cases_from_quads(
    quads: Iterable[pyoxigraph.Quad | pyoxigraph.Triple],
) -> Iterator[ClinicalCase]:
    """Cases that stand in the quads of the graph of cases, in the order of their ids.

    Args:
        quads: All quads of the graph, in any order; what is no part of a case is passed over.

    Raises:
        pydantic.ValidationError: A case in the graph breaks the contract.
    """
    facts: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for quad in quads:
        subject, value = quad.subject, quad.object
        if isinstance(subject, pyoxigraph.NamedNode) and not isinstance(value, pyoxigraph.Triple):
            facts[subject.value][quad.predicate.value] = value.value
    cases: dict[str, dict[str, Any]] = {}
    for subject_iri, found in facts.items():
        if found.get(f"{_RDF}type") == f"{BIOLINK}Case" and _IDENTIFIER in found:
            case: dict[str, Any] = {"case_id": found[_IDENTIFIER]}
            for predicate, text in found.items():
                field = _SCALAR_FIELDS.get(predicate)
                if field is not None:
                    case[field] = _scalar(field, text)
            cases[subject_iri] = case
    items: defaultdict[tuple[str, str], list[tuple[int, Any]]] = defaultdict(list)
    for found in facts.values():
        if _POSITION not in found:
            continue  # not of the case itself
        owner = found.get(_CASE) or found.get(f"{_RDF}subject", "")
        field = _FIELDS.get(found.get(_RELATION) or found.get(f"{_RDF}predicate", ""))
        if owner in cases and field is not None:
            items[owner, field].append((int(found[_POSITION]), _item(field, found)))
    for (owner, field), members in items.items():
        cases[owner][field] = tuple(item for _, item in sorted(members, key=lambda m: m[0]))
    for case in sorted(cases.values(), key=lambda c: str(c["case_id"])):
        yield ClinicalCase.model_validate(case)


def _scalar(field: str, text: str) -> object:
    if field == "age_years":
        return float(text)
    return text in ("true", "1") if field == "pregnant" else text


def _item(field: str, found: dict[str, str]) -> object:
    """Member of a list field, from what is said of its node."""
    target = found.get(_VALUE) or found[f"{_RDF}object"]
    if _CURIE in found:
        target = found[_CURIE]
    elif field not in _LITERAL_FIELDS:
        target = from_iri(target)
    if field in _PLAIN_FIELDS:
        return target
    item: dict[str, Any] = {_OBJECT_KEYS.get(field, "id"): target}
    if field == "phenotypes":
        item["status"] = "excluded" if found.get(_NEGATED) == "true" else "present"
    for predicate, text in found.items():
        name = "label" if predicate == _LABEL else predicate.removeprefix(VOCAB)
        if predicate == _LABEL or (predicate.startswith(VOCAB) and name in _QUALIFIERS):
            item[name] = _QUALIFIERS[name](text)
    return item


_QUALIFIERS: dict[str, Any] = {
    "label": str,
    "onset": str,
    "modality": str,
    "view": str,
    "unit": str,
    "value": float,
    "same_as": lambda text: tuple(text.split(" ")),
}
"""How the text of a qualifier becomes its value."""
