"""Hetionet's drug–gene bindings, edge by edge under the edge's own licence.

Decides that edges which may be reused with attribution and edges which may not (or state nothing)
are two sources, so that a build can leave the second out. Gene symbols come from Hetionet's nodes.
"""

from collections.abc import Iterator
from typing import Literal

from kg.files import DataFiles
from kg.statements import Node, Statement
from kg.vocabulary import NodeType, Predicate

from .contract import DropReport, Record, SourceFacts
from .everycure_list import listed_names
from .ids import drugbank, ncbi_gene
from .references import references
from .tables import rows

__all__ = ["HetionetBinding"]

_EDGES = "hetionet_edges/CbG-binding.tsv"
_NODES = "hetionet_edges/nodes.tsv"
_COLUMNS = (
    "drugbank_id",
    "entrez_gene_id",
    "sources",
    "pubmed_ids",
    "actions",
    "affinity_nM",
    "license",
)
_PERMISSIVE = frozenset({"CC BY 4.0", "CC BY 3.0", "CC BY-SA 3.0"})
_ROLES = ("target", "enzyme", "transporter", "carrier")


class HetionetBinding:
    """Reads `CbG-binding.tsv`, one of the two licence classes of its edges."""

    def __init__(self, licence_class: Literal["permissive", "noncommercial"]) -> None:
        self._permissive = licence_class == "permissive"
        self.facts = SourceFacts(
            name="hetionet_binding" if self._permissive else "hetionet_binding_restricted",
            title="Hetionet bindings, " + ("open edges" if self._permissive else "other edges"),
            homepage="https://github.com/dhimmel/integrate",
            licence=", ".join(sorted(_PERMISSIVE)) if self._permissive else "CC BY-NC 4.0 or none",
            licence_class=licence_class,
            release="93feba1765fb",
            gives="drug affects gene (role, action, affinity, PMIDs); names of drugs and genes",
            files=(_EDGES, _NODES),
        )

    def read(self, files: DataFiles, report: DropReport) -> Iterator[Record]:
        """Stream genes and drugs that Hetionet names, and the bindings of this licence class."""
        names = _names(files, report)
        seen: set[str] = set()
        for row in rows(files.open_path(_EDGES), report, columns=_COLUMNS):
            if (row["license"] in _PERMISSIVE) != self._permissive:
                continue  # the other of the two sources reads it
            drug = drugbank(row["drugbank_id"], report)
            gene = ncbi_gene(row["entrez_gene_id"], report)
            if drug is None or gene is None:
                continue
            if drug not in names:
                report.drop("compound that no table names", drug)
                continue
            for id_, kind in ((drug, NodeType.DRUG), (gene, NodeType.GENE)):
                if id_ not in seen:
                    seen.add(id_)
                    yield Node(id=id_, type=kind, label=names.get(id_, ""))
            roles = [role for role in _ROLES if f"({role})" in row["sources"]]
            actions = filter(None, map(str.strip, row["actions"].split("|")))
            affinity = row["affinity_nM"]
            yield Statement(
                subject=drug,
                predicate=Predicate.AFFECTS,
                object=gene,
                source=self.facts.name,
                evidence=row["sources"] or None,
                publications=references(row["pubmed_ids"], report),
                qualifiers=(
                    *(("role", role) for role in roles or ["target"]),
                    *(("action", action) for action in actions),
                    *((("description", f"affinity {affinity} nM"),) if affinity else ()),
                ),
            )


def _names(files: DataFiles, report: DropReport) -> dict[str, str]:
    """Names of genes and compounds by CURIE."""
    spaces = {"Gene": "NCBIGENE:", "Compound": "DRUGBANK:"}
    found = listed_names(files, "DRUGBANK")  # Hetionet holds no biologics and no newer drugs
    for row in rows(files.open_path(_NODES), report, columns=("id", "name", "kind")):
        if row["kind"] in spaces:
            found[spaces[row["kind"]] + row["id"].rpartition("::")[2]] = row["name"]
    return found
