"""All that symbolic scorers take from the graph, read once and shared by every fold.

Decides which parts of a snapshot count: candidates, hierarchy, annotations, relatives, names as
vectors.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from kg.case import ClinicalCase
from kg.ontology import PHENOTYPIC_ABNORMALITY, Ontology
from kg.snapshot import GraphSnapshot
from kg.vocabulary import NodeType

from .annotations import Annotations
from .catalogue import DiseaseCatalogue
from .disease_names import series_of, signs_in_names
from .patients import CaseEncoder, ReferenceCases
from .relatives import LARGEST_GENE_GROUP, Relatives, gene_links
from .text import NameVectors

__all__ = ["SymbolicKnowledge"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SymbolicKnowledge:
    """The graph as arrays.

    Attributes:
        snapshot: Where it comes from.
        catalogue: Candidate diseases.
        ontology: Phenotype hierarchy.
        encoder: Turns cases into term positions.
        annotations: Signs of the diseases with their papers.
        by_gene: Diseases of the same gene.
        by_parent: Diseases under the same parent.
        by_series: Diseases whose names differ in a number only.
        has_gene: Diseases with a causal gene.
        named: CSR `[n_diseases, n_terms]`, signs that stand in the name of the disease.
        told: The same, of its name and definition.
        names: Embedded names of terms and diseases; None leaves the features of embeddings out.
    """

    snapshot: GraphSnapshot
    catalogue: DiseaseCatalogue
    ontology: Ontology
    encoder: CaseEncoder
    annotations: Annotations
    by_gene: Relatives
    by_parent: Relatives
    by_series: Relatives
    has_gene: npt.NDArray[np.bool_]
    named: Any
    told: Any
    names: NameVectors | None = None

    @classmethod
    def from_snapshot(
        cls, snapshot: GraphSnapshot, *, also: Iterable[str] = (), names: NameVectors | None = None
    ) -> Self:
        """Reads the snapshot.

        Args:
            snapshot: The graph.
            also: CURIEs of diseases that must be candidates (gold diagnoses).
            names: Embedded names, one row a term and a disease; checked against the graph.
        """
        catalogue = DiseaseCatalogue.from_snapshot(snapshot, also=also)
        ontology = Ontology.from_snapshot(snapshot, NodeType.PHENOTYPE)
        links = gene_links(snapshot, catalogue)
        named, told = _signs_in_texts(snapshot, catalogue, ontology)
        knowledge = cls(
            snapshot=snapshot,
            catalogue=catalogue,
            ontology=ontology,
            encoder=CaseEncoder(snapshot, ontology),
            annotations=Annotations.from_snapshot(snapshot, catalogue=catalogue, ontology=ontology),
            by_gene=Relatives.from_groups(links, largest=LARGEST_GENE_GROUP),
            by_parent=Relatives.by_parent(snapshot, catalogue),
            by_series=series_of(catalogue.labels),
            named=named,
            told=told,
            has_gene=np.asarray(links.sum(axis=0)).ravel() > 0,
        )
        return knowledge if names is None else knowledge.with_names(names)

    def with_names(self, names: NameVectors) -> Self:
        """The same knowledge with embedded names."""
        expected = (self.ontology.n_terms, self.catalogue.n_diseases)
        if names.sizes != expected:
            raise ValueError(
                f"names: vectors for {names.sizes} terms and diseases, the graph has {expected}; "
                "embed the names of this graph"
            )
        return replace(self, names=names)

    def references(self, cases: Iterable[ClinicalCase]) -> ReferenceCases:
        """Cases with usable terms and a diagnosis of the catalogue, as references."""
        return ReferenceCases.from_cases(
            cases, snapshot=self.snapshot, catalogue=self.catalogue, encoder=self.encoder
        )


def _signs_in_texts(
    snapshot: GraphSnapshot, catalogue: DiseaseCatalogue, ontology: Ontology
) -> tuple[Any, Any]:
    """Signs in the names of diseases; signs in their names and definitions."""
    position = {curie: at for at, curie in enumerate(catalogue.ids)}
    abnormality = ontology.below(PHENOTYPIC_ABNORMALITY)
    term_of = {curie: at for at, curie in enumerate(ontology.ids) if abnormality[at]}
    names: list[tuple[str, ...]] = [()] * catalogue.n_diseases
    texts = list(names)
    terms: dict[int, tuple[str, ...]] = {}
    for view in snapshot.nodes():
        if view.id in position:
            at = position[view.id]
            names[at] = (view.label, *view.synonyms)
            texts[at] = (*names[at], view.definition) if view.definition else names[at]
        elif view.id in term_of:
            terms[term_of[view.id]] = (view.label, *view.synonyms)
    ordered = {term: terms[term] for term in sorted(terms)}
    return (
        signs_in_names(names, ordered, n_terms=ontology.n_terms),
        signs_in_names(texts, ordered, n_terms=ontology.n_terms),
    )
