"""Every disease entry of OMIM and Orphanet's ORDO, with its label, annotated or not.

Decides which ids of mondo-ingest's status tables are diseases: those that are neither deprecated
nor excluded (excluded OMIM ids are mostly genes) nor part of ORDO's attribute vocabulary.
"""

from collections.abc import Iterator

from kg.files import DataFiles
from kg.statements import Node
from kg.vocabulary import NodeType

from .contract import DropReport, Record, SourceFacts
from .spelling import canonical
from .tables import rows

__all__ = ["DiseaseCatalogue"]

_FILES = ("mondo_ingest/omim_mapping_status.tsv", "mondo_ingest/ordo_mapping_status.tsv")
_COLUMNS = ("subject_id", "subject_label", "is_mapped", "is_excluded", "is_deprecated")
# ORDO's classes for inheritance, age of onset, prevalence and entity kind carry numbers as well.
_ATTRIBUTES = (range(377788, 377798), range(409929, 409982), range(557491, 557496))


class DiseaseCatalogue:
    """Reads the OMIM and ORDO mapping status tables."""

    facts = SourceFacts(
        name="disease_catalogue",
        title="OMIM and ORDO disease entries (mondo-ingest mapping status)",
        homepage="https://github.com/monarch-initiative/mondo-ingest",
        licence="CC-BY-4.0",
        licence_class="permissive",
        release="mondo-ingest acbf38d",
        gives="one disease node per valid OMIM and ORDO entry",
        files=_FILES,
    )

    def read(self, files: DataFiles, report: DropReport) -> Iterator[Record]:
        """Stream disease nodes."""
        wanted = frozenset({"OMIM", "OMIMPS", "ORPHA"})
        for name in _FILES:
            for row in rows(files.open_path(name), report, columns=_COLUMNS):
                disease = canonical(row["subject_id"], prefixes=wanted)
                if disease is None:
                    report.drop("id that is not OMIM or ORPHA", row["subject_id"])
                elif row["is_deprecated"].lower() == "true":
                    report.drop("deprecated entry", disease)
                elif row["is_excluded"].lower() == "true":
                    report.drop("entry that MONDO excludes (gene, trait, group)", disease)
                elif not disease.partition(":")[2].isdigit() or _is_attribute(disease):
                    report.drop("attribute class of ORDO, no disease", disease)
                else:
                    yield Node(id=disease, type=NodeType.DISEASE, label=row["subject_label"])


def _is_attribute(disease: str) -> bool:
    prefix, _, local = disease.partition(":")
    return prefix == "ORPHA" and any(int(local) in span for span in _ATTRIBUTES)
