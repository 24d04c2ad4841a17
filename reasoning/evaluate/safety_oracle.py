"""What the RDF of a graph forbids, asked in plain SPARQL: the check on the safety rules.

Decides nothing of its own: it restates, apart from the code under test, which treatments the
statements of the graph forbid to a patient. It reads the store and never the snapshot, and shares
no line with `reasoning.safety`. It knows stops alone; levels below are the business of the rules.
"""

import operator
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from kg.groups import BREASTFEEDING, CHILDREN, GROUPS, LOW_FILTRATION, OLDER_PEOPLE, PREGNANCY
from kg.store import TripleStore
from kg.terms import iri

__all__ = ["Facts", "Forbidden", "SafetyOracle"]

_CONTRAINDICATIONS = """
SELECT DISTINCT ?a ?drug ?x ?bound ?when ?severity ?target WHERE {
  ?a rdf:predicate biolink:contraindicated_in ; rdf:subject ?drug ; rdf:object ?x .
  FILTER NOT EXISTS { ?a biolink:negated true }
  OPTIONAL { ?a vocab:threshold ?bound }
  OPTIONAL { ?a vocab:applies_when ?when }
  OPTIONAL { ?a biolink:severity_qualifier ?severity }
  OPTIONAL { ?a vocab:target_phenotype ?target }
}"""
_INTERACTIONS = """
SELECT DISTINCT ?x ?y WHERE {
  ?a rdf:predicate biolink:interacts_with ; rdf:subject ?x ; rdf:object ?y ;
     biolink:severity_qualifier ?severity .
  FILTER NOT EXISTS { ?a biolink:negated true }
  FILTER (LCASE(?severity) IN ("severe", "high", "major", "contraindicated"))
}"""
_PARTS = """
SELECT DISTINCT ?whole ?part ?kind WHERE {
  ?a rdf:predicate biolink:has_part ; rdf:subject ?whole ; rdf:object ?part .
  FILTER NOT EXISTS { ?a biolink:negated true }
  OPTIONAL { ?a vocab:kind ?kind }
}"""
_ANCESTORS = "SELECT DISTINCT ?x WHERE {{ {node} biolink:subclass_of* ?x }}"
_MEMBERS = """
SELECT DISTINCT ?drug WHERE {{
  ?role biolink:subclass_of* {node} . ?drug biolink:has_chemical_role ?role
}}"""
_SAME = (
    "SELECT ?x WHERE {{ {{ ?x skos:exactMatch {node} }} UNION {{ {node} skos:exactMatch ?x }} }}"
)
_EXISTS = "SELECT ?a WHERE {{ VALUES ?a {{ {nodes} }} ?a a biolink:Association }}"

_COMPARE = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
_PREGNANT = ("NCIT:C124295", "SNOMEDCT:77386006")
_BOUNDED = {CHILDREN: "age_years<18", OLDER_PEOPLE: "age_years>=65"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """A patient as identifiers.

    Attributes:
        conditions: Conditions and phenotypes.
        excluded: Phenotypes that are not there.
        medicines: Current medicines.
        allergies: Allergies.
        pregnant: Known to be pregnant.
        breastfeeding: Known to breastfeed.
        age_years: Age, when known.
        egfr: Filtration rate, when known.
    """

    conditions: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    medicines: tuple[str, ...] = ()
    allergies: tuple[str, ...] = ()
    pregnant: bool = False
    breastfeeding: bool = False
    age_years: float | None = None
    egfr: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Forbidden:
    """Why the graph forbids a treatment: the kinds of rules that must stop it."""

    kinds: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    where: str
    bound: str
    narrowed: bool
    severity: str
    target: str


class SafetyOracle:
    """Answers from one store.

    Args:
        store: The RDF of the graph.
    """

    def __init__(self, store: TripleStore) -> None:
        self._store = store
        self._said: dict[str, list[_Said]] = defaultdict(list)
        for _, drug, where, bound, when, severity, target in self._rows(_CONTRAINDICATIONS):
            self._said[drug].append(
                _Said(
                    where=where,
                    bound=bound,
                    narrowed=bool(when),
                    severity=severity or "stop",
                    target=target,
                )
            )
        self._severe: dict[str, set[str]] = defaultdict(set)
        for one, other in self._rows(_INTERACTIONS):
            self._severe[one].add(other)
            self._severe[other].add(one)
        self._parts: dict[str, set[str]] = defaultdict(set)
        self._forms: dict[str, set[str]] = defaultdict(set)
        for whole, part, kind in self._rows(_PARTS):
            self._parts[whole].add(part)
            if kind == "form":
                self._forms[part].add(whole)
        self._ancestors = cache(self._ask_ancestors)
        self._members = cache(self._ask_members)
        self._same = cache(self._ask_same)
        self._existing: dict[str, bool] = {}
        self._groups = {same: group for group in GROUPS for same in self._same(group)}
        self._groups |= dict.fromkeys(_PREGNANT, PREGNANCY)

    def _rows(self, sparql: str) -> list[tuple[str, ...]]:
        rows = self._store.query(sparql).rows
        return [tuple("" if term is None else str(term) for term in row) for row in rows]

    def _ask_ancestors(self, node: str) -> frozenset[str]:
        return frozenset({node} | {r[0] for r in self._rows(_ANCESTORS.format(node=iri(node)))})

    def _ask_members(self, node: str) -> frozenset[str]:
        return frozenset(row[0] for row in self._rows(_MEMBERS.format(node=iri(node))))

    def _ask_same(self, node: str) -> frozenset[str]:
        return frozenset({node} | {row[0] for row in self._rows(_SAME.format(node=iri(node)))})

    def contents(self, drug: str) -> frozenset[str]:
        """The drug, its ingredients, and their salts and esters."""
        inside = {drug} | self._parts.get(drug, set())
        return frozenset(inside.union(*(self._forms.get(part, set()) for part in inside)))

    def exist(self, statements: Iterable[str]) -> bool:
        """Whether every one of some statements stands in the graph."""
        wanted = set(statements)
        new = sorted(wanted - self._existing.keys())
        if new:
            nodes = " ".join(iri(statement) for statement in new)
            found = {row[0] for row in self._rows(_EXISTS.format(nodes=nodes))}
            self._existing |= {statement: statement in found for statement in new}
        return all(self._existing[statement] for statement in wanted)

    def forbidden(self, drug: str, patient: Facts) -> Forbidden:
        """The kinds of statements that forbid a treatment to a patient."""
        inside = self.contents(drug)
        kinds = set()
        for part in inside:
            for said in self._said.get(part, ()):
                kind = self._kind(said, patient)
                if kind:
                    kinds.add(kind)
            if any(
                other in self._severe.get(part, set())
                for medicine in patient.medicines
                for other in self.contents(medicine)
            ):
                kinds.add("interaction")
        for allergen in patient.allergies:
            if inside & self.contents(allergen) or inside & self._members(allergen):
                kinds.add("allergy")
        return Forbidden(kinds=frozenset(kinds))

    def _kind(self, said: _Said, patient: Facts) -> str:
        """Rule that must stop the patient for one statement, empty when none must."""
        group = self._groups.get(said.where, "")
        if said.narrowed:
            return ""
        if group and (said.bound or group != LOW_FILTRATION):
            if said.severity != "stop":
                return ""
            if group == PREGNANCY:
                return "pregnancy" if patient.pregnant else ""
            if group == BREASTFEEDING:
                return "lactation" if patient.breastfeeding else ""
            bound = said.bound or _BOUNDED[group]
            number = patient.egfr if bound.startswith("egfr") else patient.age_years
            if number is None or not _beyond(number, bound):
                return ""
            return "kidney" if bound.startswith("egfr") else "age"
        if not any(said.where in self._ancestors(c) for c in patient.conditions):
            return ""
        if said.target:
            there = self._same(said.target)
            if not any(there & self._ancestors(c) for c in patient.conditions):
                return ""
        return "contraindication"


def _beyond(number: float, bound: str) -> bool:
    for sign in ("<=", ">=", "<", ">"):
        if sign in bound:
            return bool(_COMPARE[sign](number, float(bound.partition(sign)[2])))
    return False
