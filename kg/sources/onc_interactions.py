"""The ONC consensus lists of drug–drug interactions: high priority and non-interruptive.

Decides that pairs of the high-priority list are severe and those of the list that need not
interrupt are minor. An interaction has no direction: each pair is given once, smaller id first. A
pair on both lists is severe.
"""

from collections.abc import Iterator

from kg.files import DataFiles
from kg.statements import Statement
from kg.vocabulary import Predicate

from .contract import DropReport, Record, SourceFacts
from .ids import drugbank
from .pharmacotherapydb import drug_node
from .tables import rows

__all__ = ["OncInteractions"]

_SEVERITIES = {
    "ddi_pddi/ONC_High_Priority_Mapped.csv": "severe",
    "ddi_pddi/ONC_Non_Interuptive_Mapped.csv": "minor",
}
_HEADER = ("name_1", "id_1", "name_2", "id_2", "end")


class OncInteractions:
    """Reads the two `$`-separated lists."""

    facts = SourceFacts(
        name="onc_interactions",
        title="ONC high-priority and non-interruptive drug–drug interactions",
        homepage="https://github.com/dbmi-pitt/public-PDDI-analysis",
        licence="none stated (US ONC consensus lists)",
        licence_class="unstated",
        release="8199ee66b60b",
        gives="drug interacts with drug (severe or minor)",
        files=tuple(_SEVERITIES),
    )

    def read(self, files: DataFiles, report: DropReport) -> Iterator[Record]:
        """Stream drugs and interacting pairs."""
        seen: set[str] = set()
        pairs: set[tuple[str, str]] = set()
        for name, severity in _SEVERITIES.items():
            table = rows(
                files.open_path(name),
                report,
                columns=_HEADER,
                header=_HEADER,
                delimiter="$",
                quoted=False,
                ragged=True,
            )
            for row in table:
                ids = (drugbank(row["id_1"], report), drugbank(row["id_2"], report))
                if ids[0] is None or ids[1] is None:
                    continue
                first, second = sorted((ids[0], ids[1]))
                if first == second:
                    report.drop("drug interacts with itself", first)
                    continue
                if (first, second) in pairs:
                    report.drop("same pair again", f"{first} {second}")
                    continue
                pairs.add((first, second))
                yield from drug_node(ids[0], row["name_1"], seen)
                yield from drug_node(ids[1], row["name_2"], seen)
                yield Statement(
                    subject=first,
                    predicate=Predicate.INTERACTS_WITH,
                    object=second,
                    source=self.facts.name,
                    qualifiers=(("severity", severity),),
                )
