"""Every Cure's lists: what becomes of ids, combinations, approvals and label passages."""

import zipfile
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

from kg.files import DataFiles
from kg.sources.contract import DropReport, Record
from kg.sources.everycure_contraindications import EveryCureContraindications
from kg.sources.everycure_drugs import EveryCureDrugs
from kg.sources.everycure_indications import EveryCureIndications
from kg.sources.everycure_list import listed_drugs, listed_names
from kg.statements import Mapping, Node, Statement
from kg.vocabulary import NodeType, Predicate

LIST_HEADER = (
    "curie,curie_label,source_ingredients,approved_usa,marketing_status_usa,approved_europe,"
    "approved_japan,is_combination_therapy,combination_therapy_ingredients_curies,is_steroid,"
    "is_antimicrobial,is_chemotherapy,is_glucose_regulator,is_no_therapeutic_value,"
    "is_metallic_salt,is_cancer_drug,alternate_ids,atc_codes"
)
LIST_COLUMNS = LIST_HEADER.split(",")
IMATINIB = (
    "['CHEBI:45783', 'UNII:BKJ8M8G5HI', 'DRUGBANK:DB00619', 'CAS:152459-95-5', "
    "'INCHIKEY:KTUFNOKKBVMGRW-UHFFFAOYSA-N', 'UMLS:C0935989', 'RXCUI:282388', "
    "'CHEBI:31690', 'MESH:D000068877', 'UMLS:C0939537', 'RXCUI:284924', "
    "'UMLS:C1127612', 'RXCUI:376335']"
)


def write_workbook(path: Path, table: list[list[str]]) -> None:
    """The smallest workbook that a reader takes: one sheet of inline strings."""
    path.parent.mkdir(parents=True, exist_ok=True)
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    cells = "".join(
        "<row>"
        + "".join(f'<c t="inlineStr"><is><t>{escape(cell)}</t></is></c>' for cell in row)
        + "</row>"
        for row in table
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{package}/content-types"><Default Extension="rels" ContentType='
            '"application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
            f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{kind}.worksheet+xml"/>'
            "</Types>",
        )
        archive.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
            f'Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        )
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>'
            '<sheet name="a" sheetId="1" r:id="r1"/></sheets></workbook>',
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
            f'Type="{office}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        )
        archive.writestr(
            "xl/worksheets/sheet1.xml",
            f'<worksheet xmlns="{main}"><sheetData>{cells}</sheetData></worksheet>',
        )


def write_list(folder: Path, *drugs: dict[str, str]) -> DataFiles:
    path = folder / "everycure" / "drug_list_stringent.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [LIST_HEADER]
    for drug in drugs:
        cells = {"is_combination_therapy": "FALSE"} | drug
        rows.append(",".join(f'"{cells.get(column, "")}"' for column in LIST_COLUMNS))
    path.write_text("\n".join(rows) + "\n", encoding="utf-8-sig")
    return DataFiles(mirror=folder, cache=folder / "cache")


def read(source: object, files: DataFiles) -> tuple[list[Record], DropReport]:
    report = DropReport()
    return list(source.read(files, report)), report  # type: ignore[attr-defined]


def mappings(records: list[Record], predicate: str) -> set[tuple[str, str]]:
    return {
        (x.subject, x.object)
        for x in records
        if isinstance(x, Mapping) and x.predicate == predicate
    }


def test_only_the_ids_of_the_ingredient_itself_merge(tmp_path: Path) -> None:
    files = write_list(
        tmp_path, {"curie": "CHEBI:45783", "curie_label": "Imatinib", "alternate_ids": IMATINIB}
    )
    records, report = read(EveryCureDrugs(), files)
    assert mappings(records, "exactMatch") == {
        ("CHEBI:45783", same)
        for same in (
            "UNII:BKJ8M8G5HI",
            "DRUGBANK:DB00619",
            "INCHIKEY:KTUFNOKKBVMGRW-UHFFFAOYSA-N",
            "UMLS:C0935989",
            "RXNORM:282388",
        )
    }
    assert mappings(records, "narrowMatch") == {
        ("CHEBI:45783", form)
        for form in ("CHEBI:31690", "MESH:D000068877", "RXNORM:284924", "RXNORM:376335")
    }
    assert not report.dropped


def test_ids_of_a_combination_that_contains_the_drug_are_not_its_own(tmp_path: Path) -> None:
    files = write_list(
        tmp_path,
        {
            "curie": "CHEBI:102524",
            "curie_label": "Butalbital",
            "alternate_ids": "['PUBCHEM.COMPOUND:24847961', 'MESH:C001220']| ['RXCUI:175184']",
        },
    )
    records, report = read(EveryCureDrugs(), files)
    assert not [x for x in records if isinstance(x, Mapping)]
    assert report.mended["alternate ids belong to other drugs, left out"] == 1


def test_an_id_that_two_drugs_claim_merges_neither(tmp_path: Path) -> None:
    files = write_list(
        tmp_path,
        {"curie": "CHEBI:1", "curie_label": "A", "alternate_ids": "['CHEBI:1', 'UMLS:C1']"},
        {"curie": "CHEBI:2", "curie_label": "B", "alternate_ids": "['CHEBI:2', 'UMLS:C1']"},
    )
    records, report = read(EveryCureDrugs(), files)
    assert mappings(records, "exactMatch") == set()
    assert report.dropped["id claimed by two drugs, not merged"] == 2


def test_a_combination_has_its_ingredients_as_parts(tmp_path: Path) -> None:
    files = write_list(
        tmp_path,
        {
            "curie": "CHEBI:3770",
            "curie_label": "co-trimoxazole",
            "is_combination_therapy": "TRUE",
            "combination_therapy_ingredients_curies": (
                "CHEBI:9332~Sulfamethoxazole|CHEBI:45924~Trimethoprim|Error~Error|CHEBI:3770~x"
            ),
        },
    )
    records, _ = read(EveryCureDrugs(), files)
    parts = {
        x.object for x in records if isinstance(x, Statement) and x.predicate is Predicate.HAS_PART
    }
    assert parts == {"CHEBI:9332", "CHEBI:45924"}
    labels = {x.id: x.label for x in records if isinstance(x, Node)}
    assert labels["CHEBI:9332"] == "Sulfamethoxazole"


def test_approvals_classes_and_synonyms_are_kept(tmp_path: Path) -> None:
    files = write_list(
        tmp_path,
        {
            "curie": "CHEBI:100241",
            "curie_label": "Ciprofloxacin",
            "source_ingredients": "CIPROFLOXACIN| Ciprofloxacin lactate| Cipro+Tinidazole",
            "approved_usa": "1",
            "marketing_status_usa": "RX| DISCONTINUED",
            "approved_japan": "1",
            "is_antimicrobial": "1",
            "atc_codes": "['J01MA02', 'S03AA07']",
        },
    )
    records, _ = read(EveryCureDrugs(), files)
    drug = next(x for x in records if isinstance(x, Node) and x.type is NodeType.DRUG)
    assert drug.synonyms == ("Ciprofloxacin lactate",)
    roles = [x for x in records if isinstance(x, Statement)]
    assert {x.qualifier("region") for x in roles} == {"USA", "Japan", None}
    assert {x.qualifier("description") for x in roles} == {"DISCONTINUED; RX", None}
    named = {x.object for x in roles}
    assert {"ATC:J01MA", "ATC:S03AA", "iatros:drug-class.antimicrobial-agents"} <= named
    # A class that no other source lists has its type from here, or the graph is not valid.
    assert named <= {x.id for x in records if isinstance(x, Node)}


def test_names_of_one_id_space(tmp_path: Path) -> None:
    files = write_list(
        tmp_path, {"curie": "CHEBI:45783", "curie_label": "Imatinib", "alternate_ids": IMATINIB}
    )
    assert listed_names(files, "DRUGBANK") == {"DRUGBANK:DB00619": "Imatinib"}
    assert listed_names(DataFiles(cache=tmp_path / "none"), "DRUGBANK") == {}


@pytest.mark.parametrize("ids", ["['", "[]", "nan", "[['CHEBI:1'", "]|[", "['CHEBI:1' 'DRUGBANK:'"])
def test_broken_alternate_ids_harm_nothing(tmp_path: Path, ids: str) -> None:
    files = write_list(tmp_path, {"curie": "CHEBI:1", "curie_label": "A", "alternate_ids": ids})
    (drug,) = listed_drugs(files, DropReport())
    assert (drug.id, drug.same) == ("CHEBI:1", ())


def test_a_gene_is_no_drug(tmp_path: Path) -> None:
    files = write_list(tmp_path, {"curie": "NCBIGene:33281", "curie_label": "S"})
    records, report = read(EveryCureDrugs(), files)
    assert not records
    assert report.dropped["drug id is that of a gene or disease"] == 1


INDICATIONS = [
    "final normalized drug id",
    "final normalized drug label",
    "final normalized disease id",
    "final normalized disease label",
    "drug|disease",
]


def test_indications_become_treatments_of_diseases_and_symptoms(tmp_path: Path) -> None:
    write_workbook(
        tmp_path / "everycure_matrix" / "matrix_indication_list.xlsx",
        [
            INDICATIONS,
            ["CHEBI:8327", "Polythiazide", "MONDO:0005009", "heart failure", ""],
            ["CHEBI:8327", "Polythiazide", "HP:0000822", "Hypertension", ""],
            ["CHEBI:8327", "Polythiazide", "HP:0000822", "Hypertension", ""],
            ["RXCUI:1", "Bad disease", "nothing", "?", ""],
            ["NCBIGene:213", "ALB", "MONDO:0005009", "heart failure", ""],
        ],
    )
    files = DataFiles(mirror=tmp_path, cache=tmp_path)
    records, report = read(EveryCureIndications(), files)
    statements = [x for x in records if isinstance(x, Statement)]
    assert {(x.subject, x.predicate, x.object) for x in statements} == {
        ("CHEBI:8327", Predicate.TREATS, "MONDO:0005009"),
        ("CHEBI:8327", Predicate.TREATS, "HP:0000822"),
    }
    kinds = {x.id: x.type for x in records if isinstance(x, Node)}
    assert kinds["HP:0000822"] is NodeType.PHENOTYPE
    assert dict(report.dropped) == {
        "same pair again": 1,
        "disease id not understood": 1,
        "drug id is that of a gene or disease": 1,
    }


def test_contraindications_keep_the_passage_that_names_the_disease(tmp_path: Path) -> None:
    passage = "Known hypersensitivity. " * 40 + "Not in anuria. " + "See warnings. " * 40
    write_workbook(
        tmp_path / "everycure_matrix" / "matrix_contraindication_list.xlsx",
        [
            [
                "contraindications",
                "disease contraindicated",
                *INDICATIONS[2:4],
                *INDICATIONS[:2],
                "is_allergen",
                "is_diagnostic_agent",
            ],
            [passage, "anuria", "MONDO:2", "anuria", "CHEBI:1", "A", "FALSE\n", "TRUE\n"],
        ],
    )
    files = DataFiles(mirror=tmp_path, cache=tmp_path)
    records, _ = read(EveryCureContraindications(), files)
    (statement,) = (x for x in records if isinstance(x, Statement))
    assert statement.predicate is Predicate.CONTRAINDICATED_IN
    assert statement.qualifier("kind") == "diagnostic agent"
    kept = statement.qualifier("label_text")
    assert kept is not None
    assert "Not in anuria." in kept
    assert len(kept) <= 400


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04 cut off"])
def test_a_broken_workbook_is_one_fault(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "everycure_matrix" / "matrix_indication_list.xlsx"
    path.parent.mkdir()
    path.write_bytes(content)
    records, report = read(EveryCureIndications(), DataFiles(mirror=tmp_path, cache=tmp_path))
    assert not records
    assert len(report.faults) == 1
    assert "matrix_indication_list.xlsx" in report.faults[0]


def test_a_workbook_without_the_columns_is_one_fault(tmp_path: Path) -> None:
    write_workbook(
        tmp_path / "everycure_matrix" / "matrix_indication_list.xlsx", [["drug"], ["CHEBI:1"]]
    )
    records, report = read(EveryCureIndications(), DataFiles(mirror=tmp_path, cache=tmp_path))
    assert not records
    assert "no column" in report.faults[0]
