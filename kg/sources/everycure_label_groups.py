"""Groups of patients in the label passages of Every Cure's contraindication list.

Decides that what a label forbids in pregnancy, lactation, childhood, old age or low kidney function
becomes a statement, though the list itself names only diseases. The passage travels with it. How a
passage is read is decided in `kg.sources.label_passages`.
"""

from collections.abc import Iterator

from kg.files import DataFiles
from kg.groups import group_node
from kg.statements import Node, Statement
from kg.vocabulary import NodeType, Predicate

from .contract import DropReport, Record, SourceFacts
from .everycure_contraindications import COLUMNS, CONTRAINDICATIONS_FILE
from .everycure_indications import is_chemical
from .ids import curie
from .label_passages import Finding, findings
from .workbook import sheet_rows

__all__ = ["EveryCureLabelGroups"]

_AROUND = 180


class EveryCureLabelGroups:
    """Reads the passages of `matrix_contraindication_list.xlsx`."""

    facts = SourceFacts(
        name="everycure_label_groups",
        title="Patient groups in the label passages of the Every Cure MATRIX contraindication list",
        homepage="https://github.com/everycure-org/matrix-indication-list",
        licence="none stated",
        licence_class="unstated",
        release="faaa320ce1a1",
        gives="drug is contraindicated in pregnancy, lactation, an age or a kidney function",
        files=(CONTRAINDICATIONS_FILE,),
    )

    def read(self, files: DataFiles, report: DropReport) -> Iterator[Record]:
        """Stream drugs, groups and one statement for each drug, group and bound."""
        labels: dict[str, str] = {}
        said: dict[tuple[str, str, str], tuple[Finding, str]] = {}
        passages: set[tuple[str, str]] = set()
        for row in sheet_rows(files.open_path(CONTRAINDICATIONS_FILE), report, columns=COLUMNS):
            drug_label, passage = row["final normalized drug label"], row["contraindications"]
            drug = curie(row["final normalized drug id"], report, what="drug")
            if drug is None or not is_chemical(drug, drug_label, report):
                continue
            if row["is_allergen"].upper() == "TRUE" or (drug, passage) in passages:
                continue
            passages.add((drug, passage))
            labels.setdefault(drug, drug_label)
            for found in findings(passage):
                key = (drug, found.group, found.threshold)
                known = said.get(key)
                # What holds without a condition says more than what holds with one.
                if known is None or (known[0].applies_when and not found.applies_when):
                    said[key] = (found, passage)
        seen: set[str] = set()
        for (drug, group, threshold), (found, passage) in said.items():
            if drug not in seen:
                seen.add(drug)
                yield Node(id=drug, type=NodeType.DRUG, label=labels[drug])
            if group not in seen:
                seen.add(group)
                yield group_node(group)
            named = {
                "severity": "stop",
                "threshold": threshold,
                "applies_when": found.applies_when,
                "label_text": _around(passage, found.start),
            }
            yield Statement(
                subject=drug,
                predicate=Predicate.CONTRAINDICATED_IN,
                object=group,
                source=self.facts.name,
                qualifiers=tuple((name, value) for name, value in named.items() if value),
            )


def _around(passage: str, start: int) -> str:
    """The words of a passage around a place."""
    text = " ".join(passage.split())
    begin, end = max(0, start - _AROUND), start + _AROUND
    return ("…" if begin else "") + text[begin:end].strip() + ("…" if end < len(text) else "")
