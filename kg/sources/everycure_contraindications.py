"""Every Cure's contraindication list: drug, disease, and the label passage it was mined from.

Decides that the passage travels with the statement (cut to a readable length) and that the flags
for allergens and diagnostic agents become its kind, so that a reader can leave those out. What is
forbidden in the disease only together with another drug says so (`applies_when`).
"""

from collections.abc import Iterator

from kg.files import DataFiles
from kg.statements import Node, Statement
from kg.vocabulary import NodeType, Predicate

from .contract import DropReport, Record, SourceFacts
from .everycure_indications import condition_node, is_chemical
from .ids import curie
from .label_passages import only_together
from .workbook import sheet_rows

__all__ = ["COLUMNS", "CONTRAINDICATIONS_FILE", "EveryCureContraindications"]

CONTRAINDICATIONS_FILE = "everycure_matrix/matrix_contraindication_list.xlsx"
COLUMNS = (
    "contraindications",
    "disease contraindicated",
    "final normalized disease id",
    "final normalized disease label",
    "final normalized drug id",
    "final normalized drug label",
    "is_allergen",
    "is_diagnostic_agent",
)
_MAX_PASSAGE = 400
_KINDS = (("is_allergen", "allergen"), ("is_diagnostic_agent", "diagnostic agent"))


def _passage(text: str, words: str) -> str:
    """At most `_MAX_PASSAGE` characters of a label, around the words that name the disease.

    >>> _passage("A" * 900 + " gout " + "B" * 900, "gout").count("gout")
    1
    """
    flat = " ".join(text.split())
    if len(flat) <= _MAX_PASSAGE:
        return flat
    found = max(0, flat.casefold().find(words.casefold()))
    start = max(0, min(found - _MAX_PASSAGE // 2, len(flat) - _MAX_PASSAGE + 2))
    end = start + _MAX_PASSAGE - 2
    return ("…" if start else "") + flat[start:end].strip() + ("…" if end < len(flat) else "")


class EveryCureContraindications:
    """Reads `matrix_contraindication_list.xlsx`."""

    facts = SourceFacts(
        name="everycure_contraindications",
        title="Every Cure MATRIX contraindication list",
        homepage="https://github.com/everycure-org/matrix-indication-list",
        licence="none stated",
        licence_class="unstated",
        release="faaa320ce1a1",
        gives="drug is contraindicated in disease, with the passage of the label",
        files=(CONTRAINDICATIONS_FILE,),
    )

    def read(self, files: DataFiles, report: DropReport) -> Iterator[Record]:
        """Stream drugs, diseases and the contraindications that join them."""
        seen: set[str] = set()
        for row in sheet_rows(files.open_path(CONTRAINDICATIONS_FILE), report, columns=COLUMNS):
            drug_label = row["final normalized drug label"]
            drug = curie(row["final normalized drug id"], report, what="drug")
            if drug is None or not is_chemical(drug, drug_label, report):
                continue
            disease = curie(row["final normalized disease id"], report, what="disease")
            if disease is None:
                continue
            if drug not in seen:
                seen.add(drug)
                yield Node(id=drug, type=NodeType.DRUG, label=drug_label)
            if disease not in seen:
                seen.add(disease)
                yield condition_node(disease, row["final normalized disease label"])
            words = row["disease contraindicated"]
            passage = _passage(row["contraindications"], words)
            together = only_together(row["contraindications"], words)
            kinds = [("kind", kind) for name, kind in _KINDS if row[name].upper() == "TRUE"]
            yield Statement(
                subject=drug,
                predicate=Predicate.CONTRAINDICATED_IN,
                object=disease,
                source=self.facts.name,
                qualifiers=(
                    *((("label_text", passage),) if passage else ()),
                    *((("applies_when", together),) if together else ()),
                    *kinds,
                ),
            )
