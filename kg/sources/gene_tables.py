"""Gene–disease associations of four collections: GWAS Catalog, DisGeNET, DISEASES, Hetionet.

Decides which rows count as an association, and what of a row is kept as confidence and evidence:
they are one kind of table, with one loop and four column layouts. Mendelian genes are read by
`mondo` and `hpo_genes`.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from kg.files import DataFiles
from kg.statements import Mapping, Node, Statement
from kg.vocabulary import NodeType, Predicate

from .contract import DropReport, Record, SourceFacts
from .icd import dotted
from .spelling import canonical
from .symbols import symbol_mapping
from .tables import rows

__all__ = ["GeneTable", "disgenet", "gwas_catalog", "hetionet_genes", "jensen_diseases"]

_CODE = re.compile(r"[A-Z]\d[0-9A-Z]{1,2}")
_LIKELY_GWAS = {"HC-P": 0.9, "HC-S": 0.5, "LC-P": 0.4, "LC-S": 0.2}


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneRow:
    """What one row says, before identifiers are checked."""

    gene: str
    symbol: str
    disease: str
    disease_name: str
    confidence: float | None = None
    evidence: str = ""
    kind: str = ""


Reader = Callable[[dict[str, str], DropReport], GeneRow | None]


class GeneTable:
    """A source whose rows each name a gene and a disease."""

    def __init__(
        self,
        facts: SourceFacts,
        columns: tuple[str, ...],
        reader: Reader,
        *,
        headless: bool = False,
    ) -> None:
        self.facts = facts
        self._columns = columns
        self._reader = reader
        self._headless = headless

    def read(self, files: DataFiles, report: DropReport) -> Iterator[Record]:
        """Stream genes and diseases (once each) and one statement per row."""
        seen: set[str] = set()
        table = rows(
            files.open_path(self.facts.files[0]),
            report,
            columns=self._columns,
            header=self._columns if self._headless else None,
        )
        for cells in table:
            row = self._reader(cells, report)
            if row is None:
                continue
            gene, disease = canonical(row.gene), canonical(row.disease)
            if gene is None or disease is None:
                report.drop("gene or disease id not understood", f"{row.gene} {row.disease}")
                continue
            for id_, kind, label in (
                (gene, NodeType.GENE, row.symbol),
                (disease, NodeType.DISEASE, row.disease_name),
            ):
                if id_ not in seen:
                    seen.add(id_)
                    yield Node(id=id_, type=kind, label=label)
                    if kind is NodeType.GENE and gene.startswith("NCBIGENE:"):
                        yield from symbol_mapping(gene, row.symbol, self.facts.name)
                    if disease.startswith("ICD10:") and kind is NodeType.DISEASE:
                        yield _close_code(disease, self.facts.name)
            yield Statement(
                subject=gene,
                predicate=Predicate.GENE_ASSOCIATED_WITH,
                object=disease,
                source=self.facts.name,
                confidence=row.confidence,
                evidence=row.evidence or None,
                qualifiers=(("kind", row.kind),) if row.kind else (),
            )


def _whole_code(text: str) -> str | None:
    """A DOID as it is, an ICD-10 code with its point; None for what stands above the codes.

    >>> _whole_code("ICD10:G969"), _whole_code("ICD10:E8"), _whole_code("DOID:4")
    ('ICD10:G96.9', None, 'DOID:4')
    """
    prefix, _, local = text.partition(":")
    if prefix != "ICD10":
        return text
    return f"ICD10:{dotted(local)}" if _CODE.fullmatch(local) else None


def _close_code(code: str, source: str) -> Mapping:
    """The code of the same letters in the American edition, which may be drawn otherwise."""
    return Mapping(
        subject=code,
        object=code.replace("ICD10:", "ICD10CM:"),
        source=source,
        predicate="closeMatch",
        justification="semapv:LexicalMatching",
    )


def _ncbi(text: str) -> str:
    return f"NCBIGENE:{text}" if text.isdigit() else text


def gwas_catalog() -> GeneTable:
    """Genes in the loci of genome-wide association studies, by how likely the gene is meant."""

    def read(row: dict[str, str], report: DropReport) -> GeneRow | None:
        if row["status"] not in _LIKELY_GWAS:
            report.drop("unknown status", row["status"])
            return None
        return GeneRow(
            gene=_ncbi(row["gene"]),
            symbol=row["symbol"],
            disease=row["doid_code"],
            disease_name=row["doid_name"],
            confidence=_LIKELY_GWAS[row["status"]],
            evidence=row["status"],
            kind="GWAS",
        )

    facts = SourceFacts(
        name="gwas_catalog",
        title="GWAS Catalog gene–disease loci (Hetionet)",
        homepage="https://www.ebi.ac.uk/gwas",
        licence="EBI terms of use (open)",
        licence_class="permissive",
        release="b6ebe8d7ccbc",
        gives="gene is associated with common disease",
        files=("gwas_catalog/gene-associations.tsv",),
        profiles=frozenset({"full"}),
    )
    return GeneTable(facts, ("doid_code", "doid_name", "status", "gene", "symbol"), read)


def disgenet() -> GeneTable:
    """Curated gene–disease associations of DisGeNET with its score."""

    def read(row: dict[str, str], report: DropReport) -> GeneRow | None:
        try:
            score = float(row["score"])
        except ValueError:
            score = -1.0
        if not 0.0 <= score <= 1.0:
            report.drop("score is not in [0, 1]", row["score"])
            return None
        return GeneRow(
            gene=_ncbi(row["geneId"]),
            symbol=row["geneSymbol"],
            disease=row["diseaseId"],
            disease_name=row["diseaseName"],
            confidence=score,
            evidence=row["source"],
            kind=row["associationType"],
        )

    facts = SourceFacts(
        name="disgenet",
        title="DisGeNET curated gene–disease associations",
        homepage="https://www.disgenet.org",
        licence="ODbL-1.0",
        licence_class="permissive",
        release="3.0 (2015-05)",
        gives="gene is associated with disease, with a score",
        files=("disgenet/curated_gene_disease_associations.txt.gz",),
        profiles=frozenset({"full"}),
    )
    columns = (
        *("geneId", "geneSymbol", "diseaseId", "diseaseName", "score", "associationType"),
        "source",
    )
    return GeneTable(facts, columns, read)


def jensen_diseases() -> GeneTable:
    """The knowledge channel of DISEASES; stars of five become the confidence."""

    def read(row: dict[str, str], report: DropReport) -> GeneRow | None:
        disease = _whole_code(row["disease"])
        if disease is None:
            report.drop("chapter or group of ICD-10, no disease", row["disease"])
            return None
        if not row["stars"].isdigit() or not 0 <= int(row["stars"]) <= 5:
            report.drop("stars are not 0 to 5", row["stars"])
            return None
        return GeneRow(
            gene=f"ENSEMBL:{row['protein']}" if not row["symbol"] else f"SYMBOL:{row['symbol']}",
            symbol=row["symbol"],
            disease=disease,
            disease_name=row["disease_name"],
            confidence=int(row["stars"]) / 5,
            evidence=row["origin"],
            kind=row["channel"].lower(),
        )

    facts = SourceFacts(
        name="jensen_diseases",
        title="DISEASES, knowledge channel",
        homepage="https://diseases.jensenlab.org",
        licence="CC-BY-4.0",
        licence_class="permissive",
        release="60f955165e29",
        gives="gene is associated with disease, with stars",
        files=("jensen_diseases/human_disease_knowledge_full.tsv.gz",),
        profiles=frozenset({"full"}),
    )
    columns = ("protein", "symbol", "disease", "disease_name", "origin", "channel", "stars")
    return GeneTable(facts, columns, read, headless=True)


def hetionet_genes(licence_class: Literal["permissive", "unstated"]) -> GeneTable:
    """Hetionet's disease–gene edges whose own licence is stated, or the others."""
    permissive = licence_class == "permissive"

    def read(row: dict[str, str], _report: DropReport) -> GeneRow | None:
        if bool(row["license"]) is not permissive:
            return None  # the other of the two sources reads it
        return GeneRow(
            gene=_ncbi(row["entrez_gene_id"]),
            symbol=row["gene_symbol"],
            disease=row["doid_id"],
            disease_name=row["doid_name"],
            evidence=row["sources"],
            kind=row["license"],
        )

    facts = SourceFacts(
        name="hetionet_genes" if permissive else "hetionet_genes_unstated",
        title="Hetionet disease–gene edges, " + ("open" if permissive else "no licence stated"),
        homepage="https://github.com/dhimmel/integrate",
        licence="CC BY 4.0 or ODbL 1.0, per edge" if permissive else "none stated",
        licence_class=licence_class,
        release="93feba1765fb",
        gives="gene is associated with disease",
        files=("hetionet_edges/DaG-association.tsv",),
        profiles=frozenset({"full"}),
    )
    columns = ("doid_id", "doid_name", "entrez_gene_id", "gene_symbol", "sources", "license")
    return GeneTable(facts, columns, read)
