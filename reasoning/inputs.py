"""What of a case the engine could not use, in words.

Decides what is named as not understood (`unresolved_inputs`) and what is a warning. Nothing is
dropped in silence: a term that the graph does not know is named, so is a case without a finding.
"""

from fusion.predictor import Predictor
from kg.case import ClinicalCase

from .coded import lookup_of
from .safety import patient_context

__all__ = ["unresolved_inputs"]


def unresolved_inputs(
    predictor: Predictor, case: ClinicalCase, *, genes_used: bool = False
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Identifiers that the graph does not know, and warnings, one line each.

    Args:
        predictor: The model.
        case: The case.
        genes_used: Genes were asked for and used beside the model.
    """
    graph = predictor.graph
    coded = (*(o.term for o in case.phenotypes), *case.genes)
    terms = [curie for curie in coded if graph.index(curie) is None]
    items = patient_context(graph, lookup_of(graph), case).unresolved
    unknown = tuple(dict.fromkeys((*terms, *items)))
    warnings = list(_replaced(predictor, case))
    reads_genes = predictor.manifest.config.patient_genes or genes_used
    if case.genes and not reads_genes:
        warnings.append("genes were not used: this model ranks by findings (--genes uses them)")
    if not predictor.symbolic.knowledge.encoder.encode(case).present.size:
        rest = [
            name
            for name, there in (
                ("note", bool(case.note)),
                ("images", bool(case.images)),
                ("genes", bool(case.genes) and reads_genes),
            )
            if there
        ]
        only = f"only {' and '.join(rest)}" if rest else "hardly anything"
        warnings.append(f"no present phenotype that the graph knows; {only} to go by")
    if case.images:
        warnings.extend(predictor.problems([case]))
    return unknown, tuple(warnings)


def _replaced(predictor: Predictor, case: ClinicalCase) -> list[str]:
    """Obsolete or alternative terms that were read as their current id."""
    lines = []
    for term in dict.fromkeys(o.term for o in case.phenotypes):
        node = predictor.graph.index(term)
        if node is not None and (current := predictor.graph.node_ids[node]) != term:
            lines.append(f"{term} was read as {current}")
    return lines
