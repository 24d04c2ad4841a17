"""The project's own table of drugs that a group of patients should not get.

Decides how a row of `kg/data/patient_groups.tsv` becomes a statement: the drug is contraindicated
in the group, below or above a bound (`threshold`), as seriously as `severity` says. The facts, each
with a PMID or the name of a regulator's label, stand in that table.
"""

from collections.abc import Iterator

from kg.files import DataFiles
from kg.groups import (
    BREASTFEEDING,
    CHILDREN,
    LOW_FILTRATION,
    OLDER_PEOPLE,
    PREGNANCY,
    Threshold,
    group_node,
)
from kg.statements import Node, Statement
from kg.vocabulary import NodeType, Predicate

from .contract import DropReport, Record, SourceFacts
from .references import references
from .spelling import canonical
from .tables import rows

__all__ = ["PatientGroups"]

_FILE = "iatros/patient_groups.tsv"
_COLUMNS = (
    *("drug_id", "drug_label", "group", "threshold", "severity", "applies_when"),
    *("source_id", "note"),
)
_GROUPS = {
    "pregnancy": PREGNANCY,
    "breastfeeding": BREASTFEEDING,
    "children": CHILDREN,
    "older people": OLDER_PEOPLE,
    "kidney": LOW_FILTRATION,
}
_SEVERITIES = frozenset({"stop", "caution", "note"})


class PatientGroups:
    """Reads the table that the project ships."""

    facts = SourceFacts(
        name="patient_groups",
        title="iatros drugs and groups of patients (AGS Beers 2023 and labels, restated)",
        homepage="https://w3id.org/iatros/",
        licence="Apache-2.0",
        licence_class="permissive",
        release="0.1.0",
        gives="drug is contraindicated in pregnancy, old age, childhood or low kidney function",
        files=(_FILE,),
    )

    def read(self, files: DataFiles, report: DropReport) -> Iterator[Record]:
        """Stream drugs, groups and one statement per row."""
        seen: set[str] = set()
        for row in rows(files.open_path(_FILE), report, columns=_COLUMNS):
            drug, group = canonical(row["drug_id"]), _GROUPS.get(row["group"])
            if drug is None or group is None or row["severity"] not in _SEVERITIES:
                report.drop("drug, group or severity not understood", row["drug_label"])
                continue
            if row["threshold"] and Threshold.parse(row["threshold"]) is None:
                report.drop("bound not understood", row["threshold"])
                continue
            if drug not in seen:
                seen.add(drug)
                yield Node(id=drug, type=NodeType.DRUG, label=row["drug_label"])
            if group not in seen:
                seen.add(group)
                yield group_node(group)
            label = row["source_id"].removeprefix("LABEL:")
            is_label = label != row["source_id"]
            named = {
                "severity": row["severity"],
                "threshold": row["threshold"],
                "applies_when": row["applies_when"],
                "description": row["note"],
                "label_text": f"label {label}" if is_label else "",
            }
            yield Statement(
                subject=drug,
                predicate=Predicate.CONTRAINDICATED_IN,
                object=group,
                source=self.facts.name,
                publications=() if is_label else references(row["source_id"], report),
                qualifiers=tuple((name, value) for name, value in named.items() if value),
            )
