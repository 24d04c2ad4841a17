"""PharmacotherapyDB: pairs curated as disease-modifying, symptomatic, or no indication.

Decides the predicate of each category: DM treats, SYM ameliorates, NOT is a negated treats. The
same categories are used by Rephetio's export of DrugCentral, which reads them through here.
"""

from collections.abc import Iterator

from kg.files import DataFiles
from kg.statements import Node, Statement
from kg.vocabulary import NodeType, Predicate

from .contract import DropReport, Record, SourceFacts
from .ids import curie, drugbank
from .tables import rows

__all__ = ["PharmacotherapyDB", "drug_node", "indication"]

_FILE = "pharmacotherapydb/indications.tsv"
_COLUMNS = ("doid_id", "drugbank_id", "disease", "drug", "category")
_CATEGORIES = {
    "DM": (Predicate.TREATS, "disease-modifying", False),
    "SYM": (Predicate.AMELIORATES, "symptomatic", False),
    "NOT": (Predicate.TREATS, "non-indication", True),
}


def drug_node(drug: str, label: str, seen: set[str]) -> Iterator[Node]:
    """The node of a drug the first time that it is met; a name in capitals is written small."""
    if drug not in seen:
        seen.add(drug)
        label = label.capitalize() if label.isupper() else label
        yield Node(id=drug, type=NodeType.DRUG, label=label)


def indication(
    row: dict[str, str], source: str, report: DropReport, seen: set[str], *, unclassified: str = ""
) -> Iterator[Node | Statement]:
    """Nodes (once each) and the statement of one indication row.

    Args:
        row: Cells `doid_id`, `drugbank_id`, `disease`, `drug`, `category`.
        source: Name of the source that states it.
        report: Counts what is dropped.
        seen: Ids whose node was given already.
        unclassified: Kind of a row without category, which then treats; empty: drop it.
    """
    drug = drugbank(row["drugbank_id"], report)
    disease = curie(row["doid_id"], report, what="disease")
    if drug is None or disease is None:
        return
    category = _CATEGORIES.get(row["category"])
    if category is None and row["category"] == "" and unclassified:
        category = (Predicate.TREATS, unclassified, False)
    if category is None:
        report.drop("category of the indication not known", row["category"])
        return
    yield from drug_node(drug, row["drug"], seen)
    if disease not in seen:
        seen.add(disease)
        yield Node(id=disease, type=NodeType.DISEASE, label=row["disease"])
    predicate, kind, negated = category
    yield Statement(
        subject=drug,
        predicate=predicate,
        object=disease,
        source=source,
        negated=negated,
        qualifiers=(("kind", kind),),
    )


class PharmacotherapyDB:
    """Reads `indications.tsv` of the catalogue."""

    facts = SourceFacts(
        name="pharmacotherapydb",
        title="PharmacotherapyDB 1.0",
        homepage="https://github.com/dhimmel/indications",
        licence="CC0-1.0",
        licence_class="permissive",
        release="11d535ba0884",
        gives="drug treats (disease-modifying), ameliorates (symptomatic), does not treat disease",
        files=(_FILE,),
    )

    def read(self, files: DataFiles, report: DropReport) -> Iterator[Record]:
        """Stream drugs, diseases and curated (non-)indications."""
        seen: set[str] = set()
        for row in rows(files.open_path(_FILE), report, columns=_COLUMNS):
            yield from indication(row, self.facts.name, report, seen)
