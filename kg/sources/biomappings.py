"""Biomappings: exact matches that people checked one by one.

Decides that only rows between two vocabularies of this project are read, whatever their kind; which
of them join is decided in `kg.identity`.
"""

from collections.abc import Iterator

from kg.files import DataFiles
from kg.statements import Mapping

from .contract import DropReport, Record, SourceFacts
from .spelling import canonical
from .tables import rows

__all__ = ["Biomappings"]

_FILE = "biomappings/positive.sssom.tsv"
_COLUMNS = ("subject_id", "predicate_id", "object_id", "mapping_justification")
_MATCHES = {f"skos:{kind}Match": f"{kind}Match" for kind in ("exact", "close", "broad", "narrow")}
_WANTED = frozenset(
    {"MONDO", "DOID", "HP", "MESH", "UMLS", "NCIT", "SNOMEDCT", "ORPHA", "OMIM", "EFO", "ICD10CM"}
    | {"CHEBI", "DRUGBANK", "CHEMBL", "PUBCHEM", "RXNORM", "MAXO", "HGNC", "NCBIGENE", "UNIPROT"}
    | {"GO", "REACTOME", "UBERON", "CL"}
)


class Biomappings:
    """Reads `positive.sssom.tsv`."""

    facts = SourceFacts(
        name="biomappings",
        title="Biomappings, curated positive mappings",
        homepage="https://biopragmatics.github.io/biomappings",
        licence="CC0-1.0",
        licence_class="permissive",
        release="8ac6f5c6ac49",
        gives="exact mappings MESH–DOID, MONDO–MESH, CHEBI–MESH and others",
        files=(_FILE,),
    )

    def read(self, files: DataFiles, report: DropReport) -> Iterator[Record]:
        """Stream mappings."""
        for row in rows(files.open_path(_FILE), report, columns=_COLUMNS):
            match = _MATCHES.get(row["predicate_id"])
            if match is None:
                report.drop("relation that is no match", row["predicate_id"])
                continue
            ends = [canonical(row[name], prefixes=_WANTED) for name in ("subject_id", "object_id")]
            if ends[0] is None or ends[1] is None:
                report.drop("vocabulary not used here", row["subject_id"].partition(":")[0])
                continue
            yield Mapping(
                subject=ends[0],
                object=ends[1],
                source="biomappings",
                predicate=match,
                justification=row["mapping_justification"] or "semapv:UnspecifiedMatching",
                confidence=0.9 if match == "exactMatch" else None,
            )
