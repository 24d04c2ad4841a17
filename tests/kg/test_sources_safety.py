"""Sources of the safety rules: what labels say of groups, and the project's own tables."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.files import DataFiles
from kg.groups import BREASTFEEDING, CHILDREN, GROUPS, LOW_FILTRATION, PREGNANCY, Threshold
from kg.sources import DropReport, source_named
from kg.sources.label_passages import findings
from kg.statements import Node, Statement
from kg.vocabulary import Predicate


def told(passage: str) -> list[tuple[str, str, bool]]:
    return [(f.group, f.threshold, bool(f.applies_when)) for f in findings(passage)]


@pytest.mark.parametrize(
    ("passage", "expected"),
    [
        ("Known or suspected pregnancy.", [(PREGNANCY, "", False)]),
        ("Women who are pregnant or may become pregnant ( 4.3 ).", [(PREGNANCY, "", False)]),
        (
            "It is contraindicated for prophylaxis of migraine headaches in pregnant women.",
            [(PREGNANCY, "", True)],
        ),
        ("Pregnancy and lactation.", [(PREGNANCY, "", False), (BREASTFEEDING, "", False)]),
        ("Contraindicated in nursing mothers.", [(BREASTFEEDING, "", False)]),
        ("Children younger than 12 years of age.", [(CHILDREN, "age_years<12", False)]),
        ("Infants less than 6 months of age.", [(CHILDREN, "age_years<0.5", False)]),
        ("Severe renal impairment (CrCl &lt;30 mL/min).", [(LOW_FILTRATION, "egfr<30", False)]),
        ("eGFR less than or equal to 45 mL/min/1.73 m2", [(LOW_FILTRATION, "egfr<=45", False)]),
    ],
)
def test_what_forbids(passage: str, expected: list[tuple[str, str, bool]]) -> None:
    assert told(passage) == expected


@pytest.mark.parametrize(
    "passage",
    [
        "Ectopic pregnancy.",
        "Cholestatic jaundice of pregnancy or jaundice with prior pill use.",
        "It was given to pregnant rats.",
        "As a diagnostic test for pregnancy.",
        "Serious adverse reactions occur in nursing infants.",
        "Use within 14 days of stopping an MAOI.",
        "There is no indication for estradiol tablets in pregnancy.",
        "Baseline QT interval over 450 ms.",
    ],
)
def test_what_does_not(passage: str) -> None:
    assert told(passage) == []


@given(st.text(max_size=300))
def test_any_text_is_read(text: str) -> None:
    for found in findings(text):
        assert found.group in GROUPS
        assert not found.threshold or Threshold.parse(found.threshold)


@given(
    quantity=st.sampled_from(["age_years", "egfr"]),
    relation=st.sampled_from(["<", "<=", ">", ">="]),
    value=st.integers(0, 200),
)
def test_a_bound_is_read_as_it_is_written(quantity: str, relation: str, value: int) -> None:
    bound = Threshold(quantity=quantity, relation=relation, value=float(value))
    assert Threshold.parse(str(bound)) == bound
    assert bound.holds(float(value)) == ("=" in relation)


@pytest.mark.parametrize("name", ["gene_drug_guidance", "patient_groups"])
class TestOwnTables:
    def test_every_row_is_a_statement_with_a_reference(self, name: str) -> None:
        report = DropReport()
        records = list(source_named(name).read(DataFiles(), report))
        said = [record for record in records if isinstance(record, Statement)]
        named = {record.id for record in records if isinstance(record, Node)}
        assert not report.dropped
        assert not report.faults
        assert len(said) >= 100
        assert len({statement.id for statement in said}) == len(said)
        for statement in said:
            assert {statement.subject, statement.object} <= named
            assert statement.publications or statement.qualifier("label_text")
            assert statement.qualifier("severity") in ("stop", "caution", "note")

    def test_bad_rows_are_counted(self, name: str, tmp_path: Path) -> None:
        file = source_named(name).facts.files[0]
        lines = DataFiles().open_path(file).read_text(encoding="utf-8").splitlines()
        broken = tmp_path / "table.tsv"
        cells = lines[1].split("\t")
        severity = lines[0].split("\t").index("severity")
        cells[severity] = "dreadful"
        broken.write_text("\n".join([lines[0], "\t".join(cells), lines[2]]) + "\n")
        report = DropReport()
        records = source_named(name).read(DataFiles(paths={file: broken}), report)
        assert sum(isinstance(record, Statement) for record in records) == 1
        assert report.dropped.total() == 1


def test_genes_have_the_ids_that_other_tables_use() -> None:
    records = source_named("gene_drug_guidance").read(DataFiles(), DropReport())
    genes = {r.subject for r in records if isinstance(r, Statement)}
    assert len(genes) == 17
    assert all(gene.startswith("HGNC:") for gene in genes)


@pytest.mark.mirror
def test_label_groups_of_the_mirror(mirror: Path) -> None:
    source = source_named("everycure_label_groups")
    said = [
        record
        for record in source.read(DataFiles(mirror=mirror), DropReport())
        if isinstance(record, Statement)
    ]
    groups = [statement.object for statement in said]
    assert groups.count(PREGNANCY) > 90
    assert groups.count(LOW_FILTRATION) > 25
    for statement in said:
        assert statement.predicate is Predicate.CONTRAINDICATED_IN
        assert statement.qualifier("label_text")
