"""DrugBank's approved small molecules: text, classes, structure, ids in other databases.

Decides which of the id maps mean the same substance. The upstream maps join every form of a
structure (salts, ions, stereoisomers), so a pair merges only when neither side has another
partner and Every Cure's list names no other id of that space for the drug; the others become
`closeMatch`. An InChIKey that two drugs share merges neither. Proteins are read in
`drugbank_proteins`; which ATC code names which drug is decided in `atc`.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace

from kg.files import DataFiles
from kg.statements import Mapping, Node, Statement
from kg.vocabulary import NodeType, Predicate

from .contract import DropReport, Record, SourceFacts
from .drug_classes import class_id, class_node, mesh_classes
from .everycure_list import listed_ids
from .ids import curie, drugbank
from .tables import rows

__all__ = ["DRUGS_FILE", "DrugBank", "drug_rows", "partners"]

DRUGS_FILE = "drugbank_slim/drugbank-slim.tsv"
_MAPS = {
    "drugbank_slim/chebi.tsv": ("chebi_id", "CHEBI:"),
    "drugbank_slim/chembl.tsv": ("chembl_id", "CHEMBL:"),
    "drugbank_slim/pubchem-mapping.tsv": ("pubchem_cid", "PUBCHEM:"),
}
_COLUMNS = (
    "drugbank_id",
    "name",
    "groups",
    "atc_codes",
    "categories",
    "inchikey",
    "inchi",
    "description",
)


def drug_rows(files: DataFiles, report: DropReport) -> Iterator[dict[str, str]]:
    """Rows of the drug table; its descriptions are quoted and run over several lines."""
    yield from rows(files.open_path(DRUGS_FILE), report, columns=_COLUMNS, quoted=True)


def partners(files: DataFiles) -> dict[str, set[str]]:
    """Drugs of each CHEBI, ChEMBL and PubChem id in the id maps, forms of the drugs included."""
    found: dict[str, set[str]] = defaultdict(set)
    for name, (column, prefix) in _MAPS.items():
        if files.has(name):
            table = rows(files.open_path(name), DropReport(), columns=("drugbank_id", column))
            for row in table:
                found[f"{prefix}{row[column]}"].add(f"DRUGBANK:{row['drugbank_id']}")
    return found


class DrugBank:
    """Reads `drugbank-slim.tsv` and the three id maps beside it."""

    facts = SourceFacts(
        name="drugbank",
        title="DrugBank, open slim export (dhimmel/drugbank)",
        homepage="https://github.com/dhimmel/drugbank",
        licence="CC-BY-NC-4.0",
        licence_class="noncommercial",
        release="6b9ae386d6ba",
        gives="drug descriptions, categories, structures, ATC classes, CHEBI, ChEMBL, PubChem ids",
        files=(DRUGS_FILE, *_MAPS),
    )

    def read(self, files: DataFiles, report: DropReport) -> Iterator[Record]:
        """Stream drugs with their classes, then the mappings of their ids."""
        headings = mesh_classes(files)
        classes: set[str] = set()
        listed = listed_ids(files, "DRUGBANK")
        drugs = set(listed)
        keys: list[tuple[str, str]] = []
        for row in drug_rows(files, report):
            drug = drugbank(row["drugbank_id"], report)
            if drug is None:
                continue
            if not row["name"]:
                report.drop("drug without a name", drug)
                continue
            drugs.add(drug)
            yield Node(
                id=drug,
                type=NodeType.DRUG,
                label=row["name"],
                definition=" ".join(row["description"].split()),
                structure=_structure(row["inchi"].strip(), drug, report),
            )
            key = row["inchikey"].removeprefix("InChIKey=")
            if key and (structure := curie(f"INCHIKEY:{key}", report, what="structure")):
                keys.append((drug, structure))
            for name in filter(None, map(str.strip, row["categories"].split("|"))):
                role = headings.get(class_id(name), class_id(name))
                if role not in classes:
                    classes.add(role)
                    yield replace(class_node(name), id=role)
                yield self._role(drug, role)
            codes = (code.strip()[:5] for code in row["atc_codes"].split("|"))
            for code in sorted({code for code in codes if len(code) == 5}):
                yield self._role(drug, f"ATC:{code}")
        yield from self._same(keys, listed, report, confidence=0.9)
        for name, (column, prefix) in _MAPS.items():
            pairs = []
            for row in rows(files.open_path(name), report, columns=("drugbank_id", column)):
                drug = drugbank(row["drugbank_id"], report)
                if drug in drugs and row[column]:
                    other = curie(f"{prefix}{row[column]}", report, what="mapped")
                    if other is not None:
                        pairs.append((drug, other))
                elif drug is not None:
                    report.drop("id of a compound that no table names", f"{drug} {row[column]}")
            yield from self._same(pairs, listed, report, confidence=0.8)

    def _role(self, drug: str, role: str) -> Statement:
        return Statement(
            subject=drug, predicate=Predicate.HAS_ROLE, object=role, source=self.facts.name
        )

    def _same(
        self,
        pairs: list[tuple[str, str]],
        listed: dict[str, frozenset[str]],
        report: DropReport,
        *,
        confidence: float,
    ) -> Iterator[Mapping]:
        pairs = list(dict.fromkeys(pairs))
        drugs = Counter(drug for drug, _ in pairs)
        others = Counter(other for _, other in pairs)
        for drug, other in pairs:
            stated = {x for x in listed.get(drug, ()) if x.split(":")[0] == other.split(":")[0]}
            alone = drugs[drug] == 1 and others[other] == 1 and stated <= {other}
            if not alone:
                report.mend("id shared by several forms or drugs, not merged", f"{drug} {other}")
            yield Mapping(
                subject=drug,
                object=other,
                predicate="exactMatch" if alone else "closeMatch",
                source=self.facts.name,
                justification="semapv:UnspecifiedMatching",
                confidence=confidence,
            )


def _structure(inchi: str, drug: str, report: DropReport) -> str:
    if inchi and not inchi.startswith("InChI="):
        report.drop("structure that is no InChI", f"{drug} {inchi[:40]}")
        return ""
    return inchi
