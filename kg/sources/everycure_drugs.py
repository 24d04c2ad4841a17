"""Every Cure's drug list: names, other ids, approvals, classes, ingredients of combinations.

Decides which ids of a drug merge with it (`exactMatch`: those of the ingredient itself) and which
only lead to it (`narrowMatch`: salts, esters, brands and packs, so that a prescription finds its
ingredient). An id that two drugs claim merges neither. How a row is taken apart is decided in
`kg.sources.everycure_list`.
"""

from collections import Counter
from collections.abc import Iterator

from kg.files import DataFiles
from kg.statements import Mapping, Node, Statement
from kg.vocabulary import NodeType, Predicate

from .contract import DropReport, Record, SourceFacts
from .drug_classes import class_id, class_node
from .everycure_indications import is_chemical
from .everycure_list import FILE, ListedDrug, listed_drugs

__all__ = ["EveryCureDrugs"]

_APPROVED = "Approved drugs"
_RESOLVED = "semapv:MappingChaining"  # Every Cure takes the ids from the Translator normaliser


class EveryCureDrugs:
    """Reads `drug_list_stringent.csv`."""

    facts = SourceFacts(
        name="everycure_drugs",
        title="Every Cure drug list (MeDI)",
        homepage="https://github.com/everycure-org/medi",
        licence="CC0-1.0",
        licence_class="permissive",
        release="5a38972c98ba",
        gives="drug names and ids, approval regions, ATC class, ingredients of combinations",
        files=(FILE,),
    )

    def read(self, files: DataFiles, report: DropReport) -> Iterator[Record]:
        """Stream nodes, mappings and statements of each listed drug."""
        drugs = [
            drug for drug in listed_drugs(files, report) if is_chemical(drug.id, drug.label, report)
        ]
        listed = {drug.id for drug in drugs}
        claims = Counter(same for drug in drugs for same in drug.same)
        classes: set[str] = set()
        for drug in drugs:
            yield Node(id=drug.id, type=NodeType.DRUG, label=drug.label, synonyms=drug.synonyms)
            yield from self._mappings(drug, listed, claims, report)
            yield from self._parts(drug, listed, report)
            for name in (_APPROVED, *drug.flags):
                if name not in classes:
                    classes.add(name)
                    yield class_node(name)
            yield from self._classes(drug)

    def _mappings(
        self, drug: ListedDrug, listed: set[str], claims: Counter[str], report: DropReport
    ) -> Iterator[Mapping]:
        for same in drug.same:
            if same in listed or claims[same] > 1:
                report.drop("id claimed by two drugs, not merged", f"{same} {drug.label}")
                continue
            yield self._mapping(drug.id, same, "exactMatch", confidence=0.95)
        for narrower in (*drug.forms, *drug.products):
            if narrower not in listed:
                yield self._mapping(drug.id, narrower, "narrowMatch", confidence=0.9)

    def _mapping(self, subject: str, object_: str, predicate: str, *, confidence: float) -> Mapping:
        return Mapping(
            subject=subject,
            object=object_,
            predicate=predicate,
            source=self.facts.name,
            justification=_RESOLVED,
            confidence=confidence,
        )

    def _parts(
        self, drug: ListedDrug, listed: set[str], report: DropReport
    ) -> Iterator[Node | Statement]:
        if not drug.combination:
            return
        if not drug.ingredients:
            report.mend("combination without ingredients", f"{drug.id} {drug.label}")
        for ingredient, name in drug.ingredients:
            if ingredient not in listed:
                yield Node(id=ingredient, type=NodeType.DRUG, label=name)
            yield self._statement(drug.id, Predicate.HAS_PART, ingredient, ("kind", "ingredient"))

    def _classes(self, drug: ListedDrug) -> Iterator[Node | Statement]:
        for region, status in drug.regions:
            stated = (("description", status),) if status else ()
            yield self._statement(
                drug.id, Predicate.HAS_ROLE, class_id(_APPROVED), ("region", region), *stated
            )
        for flag in drug.flags:
            yield self._statement(drug.id, Predicate.HAS_ROLE, class_id(flag))
        for code in dict.fromkeys(code[:5] for code in drug.atc):
            # The classification's own list may be older than this one and lack the class.
            yield Node(id=f"ATC:{code}", type=NodeType.DRUG_CLASS)
            yield self._statement(drug.id, Predicate.HAS_ROLE, f"ATC:{code}")

    def _statement(
        self, subject: str, predicate: Predicate, object_: str, *qualifiers: tuple[str, str]
    ) -> Statement:
        return Statement(
            subject=subject,
            predicate=predicate,
            object=object_,
            source=self.facts.name,
            qualifiers=qualifiers,
        )
