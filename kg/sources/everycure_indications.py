"""Every Cure's indication list: drug, disease, approved use.

Decides that each row is one labelled treatment. The list was mined from regulators' labels, so
some of its diseases are symptoms (HP ids): those are kept as what they are. Which drugs are the
same as those of other sources is decided in `everycure_drugs` and `drug_names`.
"""

from collections.abc import Iterator

from kg.files import DataFiles
from kg.statements import Node, Statement
from kg.vocabulary import NodeType, Predicate

from .contract import DropReport, Record, SourceFacts
from .ids import curie
from .workbook import sheet_rows

__all__ = ["EveryCureIndications", "condition_node", "is_chemical"]

_FILE = "everycure_matrix/matrix_indication_list.xlsx"
_COLUMNS = (
    "final normalized drug id",
    "final normalized drug label",
    "final normalized disease id",
    "final normalized disease label",
)
_NO_DRUG = ("MONDO:", "NCBIGENE:", "HP:", "DOID:", "OMIM:")


def is_chemical(drug: str, label: str, report: DropReport) -> bool:
    """False, after counting, when name resolution took a gene or a disease for the drug."""
    if drug.startswith(_NO_DRUG):
        report.drop("drug id is that of a gene or disease", f"{drug} {label}")
        return False
    return True


def condition_node(curie_: str, label: str) -> Node:
    """Node of what is treated: a phenotype when its id says so, else a disease."""
    kind = NodeType.PHENOTYPE if curie_.startswith("HP:") else NodeType.DISEASE
    return Node(id=curie_, type=kind, label=label)


class EveryCureIndications:
    """Reads `matrix_indication_list.xlsx`."""

    facts = SourceFacts(
        name="everycure_indications",
        title="Every Cure MATRIX indication list",
        homepage="https://github.com/everycure-org/matrix-indication-list",
        licence="none stated",
        licence_class="unstated",
        release="faaa320ce1a1",
        gives="drug treats disease (labelled use)",
        files=(_FILE,),
    )

    def read(self, files: DataFiles, report: DropReport) -> Iterator[Record]:
        """Stream drugs, diseases and the treatments that join them."""
        seen: set[str] = set()
        pairs: set[tuple[str, str]] = set()
        for row in sheet_rows(files.open_path(_FILE), report, columns=_COLUMNS):
            drug_text, drug_label, disease_text, disease_label = (row[name] for name in _COLUMNS)
            drug = curie(drug_text, report, what="drug")
            if drug is None or not is_chemical(drug, drug_label, report):
                continue
            disease = curie(disease_text, report, what="disease")
            if disease is None:
                continue
            if (drug, disease) in pairs:
                report.drop("same pair again", f"{drug} {disease}")
                continue
            pairs.add((drug, disease))
            if drug not in seen:
                seen.add(drug)
                yield Node(id=drug, type=NodeType.DRUG, label=drug_label)
            if disease not in seen:
                seen.add(disease)
                yield condition_node(disease, disease_label)
            yield Statement(
                subject=drug,
                predicate=Predicate.TREATS,
                object=disease,
                source=self.facts.name,
                qualifiers=(("kind", "labelled"),),
            )
