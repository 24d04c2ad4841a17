"""DrugBank, DrugCentral, PharmacotherapyDB, Hetionet and ONC tables: rows to records."""

from pathlib import Path

import pytest

from kg.files import DataFiles
from kg.sources.contract import DropReport, Record
from kg.sources.drugbank import DrugBank
from kg.sources.drugbank_proteins import DrugBankProteins
from kg.sources.drugcentral import DrugCentral
from kg.sources.hetionet_binding import HetionetBinding
from kg.sources.onc_interactions import OncInteractions
from kg.sources.pharmacotherapydb import PharmacotherapyDB
from kg.statements import Mapping, Node, Statement
from kg.vocabulary import NodeType, Predicate

SLIM = (
    "drugbank_id\tname\ttype\tgroups\tatc_codes\tcategories\tinchikey\tinchi\tdescription\n"
    "DB00619\tImatinib\tsmall molecule\tapproved\tL01EA01\tKinase Inhibitors|Antineoplastic Agents"
    '\tInChIKey=KTUF\tInChI=1S/H2O/h1H2\t"A kinase inhibitor\n\nused in ""CML""."\n'
    "DB00452\tFramycetin\tsmall molecule\tapproved\t\t\tInChIKey=PGBH\tC1CC\tAn antibiotic.\n"
    "DB00994\tNeomycin\tsmall molecule\tapproved\t\t\tInChIKey=PGBH\t\tAn antibiotic, too.\n"
    "none\tNo id\tsmall molecule\tapproved\t\t\t\t\t\n"
)


def mirror(folder: Path, **tables: str) -> DataFiles:
    """Files named by their path with `__` for `/` and `_dot_` for the last dot."""
    for name, content in tables.items():
        path = folder / name.replace("__", "/").replace("_dot_", ".").replace("_dash_", "-")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return DataFiles(mirror=folder, cache=folder / "cache")


def drugbank_files(folder: Path, **tables: str) -> DataFiles:
    empty = {
        "drugbank_slim__drugbank_dash_slim_dot_tsv": SLIM,
        "drugbank_slim__chebi_dot_tsv": "drugbank_id\tchebi_id\n",
        "drugbank_slim__chembl_dot_tsv": "drugbank_id\tchembl_id\n",
        "drugbank_slim__pubchem_dash_mapping_dot_tsv": "drugbank_id\tpubchem_cid\n",
    }
    return mirror(folder, **(empty | tables))


def read(source: object, files: DataFiles) -> tuple[list[Record], DropReport]:
    report = DropReport()
    return list(source.read(files, report)), report  # type: ignore[attr-defined]


def statements(records: list[Record]) -> list[Statement]:
    return [x for x in records if isinstance(x, Statement)]


def test_drugbank_text_over_several_lines_is_one_definition(tmp_path: Path) -> None:
    records, report = read(DrugBank(), drugbank_files(tmp_path))
    drugs = {x.id: x for x in records if isinstance(x, Node) and x.type is NodeType.DRUG}
    assert drugs["DRUGBANK:DB00619"].definition == 'A kinase inhibitor used in "CML".'
    assert len(drugs) == 3
    assert [drug.structure for drug in drugs.values()] == ["InChI=1S/H2O/h1H2", "", ""]
    assert report.dropped["structure that is no InChI"] == 1
    assert report.dropped["drug id is no DrugBank accession"] == 1
    roles = {x.object for x in statements(records) if x.subject == "DRUGBANK:DB00619"}
    assert roles == {
        "ATC:L01EA",
        "iatros:drug-class.kinase-inhibitors",
        "iatros:drug-class.antineoplastic-agents",
    }


def test_a_category_spelled_like_a_mesh_heading_is_that_class(tmp_path: Path) -> None:
    files = drugbank_files(
        tmp_path,
        drugcentral__classes_dot_tsv=(
            "class_id\tclass_name\tclass_source\nD000970\tAntineoplastic agents\tMeSH\n"
        ),
    )
    records, _ = read(DrugBank(), files)
    assert "MESH:D000970" in {x.object for x in statements(records)}


def test_ids_merge_only_one_to_one(tmp_path: Path) -> None:
    files = drugbank_files(
        tmp_path,
        drugbank_slim__chebi_dot_tsv=(
            "drugbank_id\tchebi_id\nDB00619\t45783\nDB00452\t7507\nDB00994\t7507\n"
        ),
        drugbank_slim__chembl_dot_tsv=(
            "drugbank_id\tchembl_id\nDB00619\tCHEMBL941\nDB00619\tCHEMBL1642\nDB99999\tCHEMBL1\n"
        ),
    )
    records, report = read(DrugBank(), files)
    found = {(x.subject, x.object): x.predicate for x in records if isinstance(x, Mapping)}
    assert found == {
        ("DRUGBANK:DB00619", "INCHIKEY:KTUF"): "exactMatch",
        ("DRUGBANK:DB00452", "INCHIKEY:PGBH"): "closeMatch",
        ("DRUGBANK:DB00994", "INCHIKEY:PGBH"): "closeMatch",
        ("DRUGBANK:DB00619", "CHEBI:45783"): "exactMatch",
        ("DRUGBANK:DB00452", "CHEBI:7507"): "closeMatch",
        ("DRUGBANK:DB00994", "CHEBI:7507"): "closeMatch",
        ("DRUGBANK:DB00619", "CHEMBL:CHEMBL941"): "closeMatch",
        ("DRUGBANK:DB00619", "CHEMBL:CHEMBL1642"): "closeMatch",
    }
    assert report.dropped["id of a compound that no table names"] == 1


def test_human_proteins_are_genes_and_others_proteins(tmp_path: Path) -> None:
    files = drugbank_files(
        tmp_path,
        drugbank_slim__proteins_dot_tsv=(
            "drugbank_id\tcategory\tuniprot_id\tentrez_gene_id\torganism\tknown_action\tactions\t"
            "pubmed_ids\n"
            "DB00619\ttarget\tP00519\t25\tHuman\tyes\tinhibitor|binder\t2|11|2\n"
            "DB00994\ttarget\tP0A7S3\t947845\tEscherichia coli\tunknown\t\t\n"
            "DB88888\ttarget\tP00519\t25\tHuman\tyes\t\t\n"
            "DB00619\tghost\tP00519\t25\tHuman\tyes\t\t\n"
        ),
    )
    records, report = read(DrugBankProteins(), files)
    by_head = {x.subject: x for x in statements(records)}
    human, encodes = by_head["DRUGBANK:DB00619"], by_head["NCBIGENE:25"]
    bacterial = by_head["DRUGBANK:DB00994"]
    assert human.object == "NCBIGENE:25"
    assert human.publications == ("PMID:11", "PMID:2")
    assert ("role", "target") in human.qualifiers
    assert {v for k, v in human.qualifiers if k == "action"} == {"inhibitor", "binder"}
    assert (encodes.predicate, encodes.object) == (Predicate.RELATED_TO, "UNIPROT:P00519")
    assert bacterial.object == "UNIPROT:P0A7S3"
    assert dict(report.dropped) == {
        "experimental compound that no table names": 1,
        "role of the protein not known": 1,
    }


INDICATIONS = (
    "doid_id\tdrugbank_id\tdisease\tdrug\tcategory\tn_curators\tn_resources\n"
    "DOID:1\tDB00001\tgout\tA\tDM\t2\t1\n"
    "DOID:1\tDB00002\tgout\tB\tSYM\t2\t1\n"
    "DOID:1\tDB00003\tgout\tC\tNOT\t2\t1\n"
    "DOID:1\tDB00004\tgout\tD\t?\t2\t1\n"
    "DOID:1\tDB00005\tgout\n"
)


def test_each_category_has_its_predicate(tmp_path: Path) -> None:
    files = mirror(tmp_path, pharmacotherapydb__indications_dot_tsv=INDICATIONS)
    records, report = read(PharmacotherapyDB(), files)
    assert [
        (x.subject, x.predicate, x.negated, x.qualifier("kind")) for x in statements(records)
    ] == [
        ("DRUGBANK:DB00001", Predicate.TREATS, False, "disease-modifying"),
        ("DRUGBANK:DB00002", Predicate.AMELIORATES, False, "symptomatic"),
        ("DRUGBANK:DB00003", Predicate.TREATS, True, "non-indication"),
    ]
    assert report.dropped["category of the indication not known"] == 1
    assert report.dropped["number of cells differs from the header"] == 1


def test_drugcentral_gives_classes_indications_and_targets(tmp_path: Path) -> None:
    files = mirror(
        tmp_path,
        drugcentral__classes_dot_tsv=(
            "class_id\tclass_name\tclass_source\tclass_type\turl\n"
            "N0000175655\tAgonist\tFDA\tFDA Established Pharmacologic Class\t\n"
            "D000970\tAntineoplastic Agents\tMeSH\tPharmacological Action\t\n"
            "CHEBI:35610\tantineoplastic agent\tCHEBI\tApplication\t\n"
            "X\tx\tElsewhere\tApplication\t\n"
        ),
        drugcentral__drug_dash_to_dash_class_dot_tsv=(
            "drugbank_id\tdrugbank_name\tclass_id\tclass_name\n"
            "DB00014\tGoserelin\tN0000175655\tAgonist\n"
            "DB00014\tGoserelin\tCHEBI:35610\tantineoplastic agent\n"
            "DB00014\tGoserelin\tnone\tnone\n"
        ),
        drugcentral__indications_dot_tsv=(
            "doid_id\tdrugbank_id\tdisease\tdrug\tcategory\nDOID:10283\tDB00014\tp\tGoserelin\t\n"
        ),
        drugcentral__targets_dot_tsv=(
            "GeneID\tdrugbank_id\tdrugbank_name\tpubmed_ids\tsources\tactions\turls\n"
            "2798\tDB00014\tGoserelin\t1\tDrugCentral (label)\tagonist\t\n"
            "gene\tDB00014\tGoserelin\t\t\t\t\n"
        ),
    )
    records, report = read(DrugCentral(), files)
    found = {(x.predicate, x.object) for x in statements(records)}
    assert found == {
        (Predicate.HAS_ROLE, "NDFRT:N0000175655"),
        (Predicate.HAS_ROLE, "CHEBI:35610"),
        (Predicate.TREATS, "DOID:10283"),
        (Predicate.AFFECTS, "NCBIGENE:2798"),
    }
    assert dict(report.dropped) == {
        "source of the class not known": 1,
        "class that the class table does not hold": 1,
        "gene id is no NCBI gene id": 1,
    }


@pytest.mark.parametrize(
    ("licence_class", "expected"),
    [("permissive", {"NCBIGENE:2"}), ("noncommercial", {"NCBIGENE:1", "NCBIGENE:3"})],
)
def test_hetionet_edges_part_by_their_own_licence(
    tmp_path: Path, licence_class: str, expected: set[str]
) -> None:
    files = mirror(
        tmp_path,
        hetionet_edges__nodes_dot_tsv=(
            "id\tname\tkind\nGene::1\tA1BG\tGene\nCompound::DB00014\tGoserelin\tCompound\n"
        ),
        hetionet_edges__CbG_dash_binding_dot_tsv=(
            "drugbank_id\tentrez_gene_id\tsources\tpubmed_ids\tactions\taffinity_nM\tlicense\turls\n"
            "DB00014\t1\tDrugBank (enzyme)\t\t\t\tCC BY-NC 4.0\t\n"
            "DB00014\t2\tChEMBL\t5\t\t12.0\tCC BY-SA 3.0\t\n"
            "DB00014\t3\tPDSP Ki\t\t\t\t\t\n"
        ),
    )
    records, _ = read(HetionetBinding(licence_class), files)  # type: ignore[arg-type]
    assert {x.object for x in statements(records)} == expected
    for x in statements(records):
        if x.object == "NCBIGENE:2":
            assert x.qualifier("description") == "affinity 12.0 nM"
        if x.object == "NCBIGENE:1":
            assert x.qualifier("role") == "enzyme"


def test_interactions_are_given_once_and_severe_wins(tmp_path: Path) -> None:
    files = mirror(
        tmp_path,
        ddi_pddi__ONC_High_Priority_Mapped_dot_csv=(
            "\ufeffSparfloxacin$DB01208$Erythromycin$DB00199$\n"
            "ERYTHROMYCIN$DB00199$Sparfloxacin$DB01208$\n"
            "A$DB00199$A$DB00199$\nbroken\n\n"
        ),
        ddi_pddi__ONC_Non_Interuptive_Mapped_dot_csv=(
            "\ufeffErythromycin$DB00199$Sparfloxacin$DB01208$\nB$DB00002$C$DB00001$\n"
        ),
    )
    records, report = read(OncInteractions(), files)
    assert [(x.subject, x.object, x.qualifier("severity")) for x in statements(records)] == [
        ("DRUGBANK:DB00199", "DRUGBANK:DB01208", "severe"),
        ("DRUGBANK:DB00001", "DRUGBANK:DB00002", "minor"),
    ]
    assert dict(report.dropped) == {
        "same pair again": 2,
        "drug interacts with itself": 1,
        "drug id is no DrugBank accession": 2,
    }
