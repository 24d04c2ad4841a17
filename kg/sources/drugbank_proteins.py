"""DrugBank's drug–protein rows: target, enzyme, transporter, carrier, with action and papers.

Decides that a human protein is told by its gene (and the gene by the protein it encodes), a
protein of another organism by its UniProt id. The table holds some 4,300 experimental compounds
that no table names; their rows are counted and left out, since a drug without a name can neither
be shown nor found.
"""

from collections.abc import Iterator

from kg.files import DataFiles
from kg.statements import Node, Statement
from kg.vocabulary import NodeType, Predicate

from . import drugmechdb
from .contract import DropReport, Record, SourceFacts
from .drugbank import DRUGS_FILE, drug_rows
from .everycure_list import listed_names
from .ids import drugbank, ncbi_gene
from .references import references
from .tables import rows

__all__ = ["DrugBankProteins"]

_FILE = "drugbank_slim/proteins.tsv"
_COLUMNS = (
    "drugbank_id",
    "category",
    "uniprot_id",
    "entrez_gene_id",
    "organism",
    "known_action",
    "actions",
    "pubmed_ids",
)
_ROLES = frozenset({"target", "enzyme", "transporter", "carrier"})


class DrugBankProteins:
    """Reads `proteins.tsv`."""

    facts = SourceFacts(
        name="drugbank_proteins",
        title="DrugBank drug–protein rows (dhimmel/drugbank)",
        homepage="https://github.com/dhimmel/drugbank",
        licence="CC-BY-NC-4.0",
        licence_class="noncommercial",
        release="6b9ae386d6ba",
        gives="drug affects gene or protein (role, action, PMIDs); gene encodes protein",
        files=(_FILE, DRUGS_FILE),
    )

    def read(self, files: DataFiles, report: DropReport) -> Iterator[Record]:
        """Stream proteins, what encodes them, and the drugs that act on them."""
        named = _named_drugs(files)
        seen: set[str] = set()
        for row in rows(files.open_path(_FILE), report, columns=_COLUMNS):
            drug = drugbank(row["drugbank_id"], report)
            if drug is None:
                continue
            if drug not in named:
                report.drop("experimental compound that no table names", drug)
                continue
            if row["category"] not in _ROLES:
                report.drop("role of the protein not known", row["category"])
                continue
            human = row["organism"] == "Human"
            gene = ncbi_gene(row["entrez_gene_id"], report) if row["entrez_gene_id"] else None
            protein = f"UNIPROT:{row['uniprot_id']}" if row["uniprot_id"].isalnum() else None
            target = gene if human and gene else protein
            if target is None:
                report.drop("neither human gene nor protein id", f"{drug} {row['uniprot_id']}")
                continue
            if target not in seen and target == protein:
                yield Node(id=protein, type=NodeType.PROTEIN, definition=row["organism"])
            if target not in seen and target == gene:
                yield Node(id=gene, type=NodeType.GENE)
            seen.add(target)
            if human and gene and protein and (link := f"{gene} {protein}") not in seen:
                seen.add(link)
                yield Node(id=protein, type=NodeType.PROTEIN)
                yield self._statement(
                    gene, Predicate.RELATED_TO, protein, (), (("mechanism", "encodes"),)
                )
            actions = filter(None, map(str.strip, row["actions"].split("|")))
            known = {"yes": (("description", "pharmacological action known"),)}
            yield self._statement(
                drug,
                Predicate.AFFECTS,
                target,
                references(row["pubmed_ids"], report),
                (
                    ("role", row["category"]),
                    *(("action", action) for action in actions),
                    *known.get(row["known_action"], ()),
                ),
            )

    def _statement(
        self,
        subject: str,
        predicate: Predicate,
        object_: str,
        publications: tuple[str, ...],
        qualifiers: tuple[tuple[str, str], ...],
    ) -> Statement:
        return Statement(
            subject=subject,
            predicate=predicate,
            object=object_,
            source=self.facts.name,
            publications=publications,
            qualifiers=qualifiers,
        )


def _named_drugs(files: DataFiles) -> set[str]:
    """DrugBank ids that DrugBank's own table or (biologics, newer drugs) other tables name."""
    own = drug_rows(files, DropReport())  # `drugbank` counts the bad rows of this table
    named = {f"DRUGBANK:{row['drugbank_id']}" for row in own} | set(listed_names(files, "DRUGBANK"))
    return named | set(drugmechdb.named_drugs(files) if files.has(drugmechdb.FILE) else ())
