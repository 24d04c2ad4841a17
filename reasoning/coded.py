"""Coded conditions of a clinical record as findings.

Decides that a condition which is a phenotype of the graph (SNOMED `Seizure`, ICD-10 `R56.9`) counts
as a finding of the patient, so that records without HPO terms can be ranked at all. A code that is
only close to a phenotype does not count.
"""

from functools import lru_cache

from kg.case import ClinicalCase, Observation
from kg.lookup import CodeLookup
from kg.snapshot import GraphSnapshot

__all__ = ["lookup_of", "with_coded_findings"]


@lru_cache(maxsize=2)
def lookup_of(snapshot: GraphSnapshot) -> CodeLookup:
    """The look-up of codes and names of a graph, made once."""
    return CodeLookup(snapshot)


def with_coded_findings(snapshot: GraphSnapshot, case: ClinicalCase) -> ClinicalCase:
    """The case, with the conditions that are phenotypes among its findings."""
    if not case.conditions:
        return case
    lookup = lookup_of(snapshot)
    known = {o.term for o in case.phenotypes}
    added: dict[str, Observation] = {}
    for item in case.conditions:
        found = lookup.condition(item)
        if found is None or found.how == "close":
            continue
        for node in found.nodes:
            term = snapshot.node_ids[node]
            if term.startswith("HP:") and term not in known:
                added[term] = Observation(term=term, label=item.label)
    if not added:
        return case
    return case.model_copy(update={"phenotypes": (*case.phenotypes, *added.values())})
