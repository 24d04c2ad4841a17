"""DrugCentral through Rephetio's export: indications, targets, pharmacological classes.

Decides the predicate of an indication (disease-modifying and unclassified ones treat, symptomatic
ones ameliorate, curated non-indications are negated) and the id space of each class.
"""

from collections.abc import Generator, Iterator

from kg.files import DataFiles
from kg.statements import Node, Statement
from kg.vocabulary import NodeType, Predicate

from .contract import DropReport, Record, SourceFacts
from .drug_classes import CLASSES_FILE
from .ids import curie, drugbank, ncbi_gene
from .pharmacotherapydb import drug_node, indication
from .references import references
from .tables import rows

__all__ = ["DrugCentral"]

_INDICATIONS = "drugcentral/indications.tsv"
_TARGETS = "drugcentral/targets.tsv"
_MEMBERS = "drugcentral/drug-to-class.tsv"
_MEMBER_COLUMNS = ("drugbank_id", "drugbank_name", "class_id")
_INDICATION_COLUMNS = ("doid_id", "drugbank_id", "disease", "drug", "category")
_CLASS_SPACES = {"FDA": "NDFRT:", "MeSH": "MESH:", "CHEBI": ""}


class DrugCentral:
    """Reads the four tables of the export."""

    facts = SourceFacts(
        name="drugcentral",
        title="DrugCentral (Rephetio export)",
        homepage="https://github.com/dhimmel/drugcentral",
        licence="CC-BY-4.0",
        licence_class="permissive",
        release="0e085ddb6aa4",
        gives="drug treats disease; drug affects gene (action); drug has pharmacological class",
        files=(_INDICATIONS, _TARGETS, CLASSES_FILE, _MEMBERS),
    )

    def read(self, files: DataFiles, report: DropReport) -> Iterator[Record]:
        """Stream classes, class members, indications and targets."""
        drugs: set[str] = set()
        spaces = yield from self._classes(files, report)
        for row in rows(files.open_path(_MEMBERS), report, columns=_MEMBER_COLUMNS):
            drug, role = drugbank(row["drugbank_id"], report), spaces.get(row["class_id"])
            if role is None:
                report.drop("class that the class table does not hold", row["class_id"])
            if drug is None or role is None:
                continue
            yield from drug_node(drug, row["drugbank_name"], drugs)
            yield Statement(
                subject=drug, predicate=Predicate.HAS_ROLE, object=role, source=self.facts.name
            )
        for row in rows(files.open_path(_INDICATIONS), report, columns=_INDICATION_COLUMNS):
            yield from indication(row, self.facts.name, report, drugs, unclassified="labelled")
        yield from self._targets(files, report, drugs)

    def _classes(
        self, files: DataFiles, report: DropReport
    ) -> Generator[Record, None, dict[str, str]]:
        """Yield class nodes; return the CURIE of each upstream class id."""
        spaces: dict[str, str] = {}
        columns = ("class_id", "class_name", "class_source", "class_type")
        for row in rows(files.open_path(CLASSES_FILE), report, columns=columns):
            space = _CLASS_SPACES.get(row["class_source"])
            if space is None:
                report.drop("source of the class not known", row["class_source"])
                continue
            role = curie(f"{space}{row['class_id']}", report, what="class")
            if role is None:
                continue
            spaces[row["class_id"]] = role
            yield Node(
                id=role,
                type=NodeType.DRUG_CLASS,
                label=row["class_name"],
                definition=row["class_type"],
            )
        return spaces

    def _targets(
        self, files: DataFiles, report: DropReport, drugs: set[str]
    ) -> Iterator[Node | Statement]:
        genes: set[str] = set()
        columns = ("GeneID", "drugbank_id", "drugbank_name", "pubmed_ids", "sources", "actions")
        for row in rows(files.open_path(_TARGETS), report, columns=columns):
            drug, gene = drugbank(row["drugbank_id"], report), ncbi_gene(row["GeneID"], report)
            if drug is None or gene is None:
                continue
            yield from drug_node(drug, row["drugbank_name"], drugs)
            if gene not in genes:
                genes.add(gene)
                yield Node(id=gene, type=NodeType.GENE)
            actions = filter(None, map(str.strip, row["actions"].split("|")))
            yield Statement(
                subject=drug,
                predicate=Predicate.AFFECTS,
                object=gene,
                source=self.facts.name,
                evidence=row["sources"] or None,
                publications=references(row["pubmed_ids"], report),
                qualifiers=(("role", "target"), *(("action", action) for action in actions)),
            )
