"""The project's own table of gene–drug guidance: which genetic result bears on which drug.

Decides how a row of `kg/data/gene_drug_guidance.tsv` becomes a statement: the gene affects the
response to the drug, in patients with one of the named forms (`genotype`), as seriously as
`severity` says. The facts, each with the PMID of its guideline, stand in that table.
"""

from collections.abc import Iterator

from kg.files import DataFiles
from kg.statements import Mapping, Node, Statement
from kg.vocabulary import NodeType, Predicate

from .contract import DropReport, Record, SourceFacts
from .references import references
from .spelling import canonical
from .tables import rows

__all__ = ["GeneDrugGuidance"]

_FILE = "iatros/gene_drug_guidance.tsv"
_COLUMNS = (
    *("gene_id", "ncbi_gene", "gene_symbol", "drug_id", "drug_label"),
    *("genotype", "severity", "source_id", "note"),
)
_SEVERITIES = frozenset({"stop", "caution", "note"})


class GeneDrugGuidance:
    """Reads the table that the project ships."""

    facts = SourceFacts(
        name="gene_drug_guidance",
        title="iatros gene–drug guidance (CPIC level A and DPWG, restated)",
        homepage="https://w3id.org/iatros/",
        licence="Apache-2.0",
        licence_class="permissive",
        release="0.1.0",
        gives="gene affects response to drug, with the genotype, how serious it is, and the PMID",
        files=(_FILE,),
    )

    def read(self, files: DataFiles, report: DropReport) -> Iterator[Record]:
        """Stream genes with their NCBI ids, drugs, and one statement per row."""
        seen: set[str] = set()
        for row in rows(files.open_path(_FILE), report, columns=_COLUMNS):
            gene, drug = canonical(row["gene_id"]), canonical(row["drug_id"])
            if gene is None or drug is None:
                report.drop("id not understood", f"{row['gene_id']} {row['drug_id']}")
                continue
            if row["severity"] not in _SEVERITIES or not row["genotype"]:
                report.drop("no genotype or unknown severity", f"{gene} {row['severity']}")
                continue
            if gene not in seen:
                seen.add(gene)
                yield Node(id=gene, type=NodeType.GENE, label=row["gene_symbol"])
                entrez = canonical(row["ncbi_gene"])
                if entrez is not None:
                    yield Mapping(
                        subject=gene,
                        object=entrez,
                        source=self.facts.name,
                        justification="semapv:ManualMappingCuration",
                        confidence=0.95,
                    )
            if drug not in seen:
                seen.add(drug)
                yield Node(id=drug, type=NodeType.DRUG, label=row["drug_label"])
            yield Statement(
                subject=gene,
                predicate=Predicate.AFFECTS_RESPONSE,
                object=drug,
                source=self.facts.name,
                publications=references(row["source_id"], report),
                qualifiers=(
                    ("genotype", row["genotype"]),
                    ("severity", row["severity"]),
                    *((("description", row["note"]),) if row["note"] else ()),
                ),
            )
