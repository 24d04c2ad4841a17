"""Hand-made rows of the disease, phenotype, gene and action sources, and what becomes of them."""

import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.files import DataFiles
from kg.sources import DropReport, Source, source_named
from kg.sources.hpo_annotations import parse_frequency
from kg.sources.references import references
from kg.statements import Mapping, Node, Statement
from kg.vocabulary import Predicate


def read(
    name: str, contents: dict[str, str], folder: Path
) -> tuple[list[Node], list[Mapping], list[Statement], DropReport]:
    source: Source = source_named(name)
    paths = {}
    for number, file in enumerate(source.facts.files):
        text = contents.get(file.rpartition("/")[2], "")
        path = folder / f"{number}-{Path(file).name}"
        data = text.replace("|", "\t").encode()
        path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
        paths[file] = path
    report = DropReport()
    records = list(source.read(DataFiles(paths=paths), report))
    return (
        [r for r in records if isinstance(r, Node)],
        [r for r in records if isinstance(r, Mapping)],
        [r for r in records if isinstance(r, Statement)],
        report,
    )


@given(st.integers(1, 500).flatmap(lambda m: st.tuples(st.integers(0, m), st.just(m))))
def test_fraction_is_the_share(pair: tuple[int, int]) -> None:
    n, m = pair
    assert parse_frequency(f"{n}/{m}") == n / m


@pytest.mark.parametrize("text", ["5/3", "120%", "often", "-1/3", "1/x", "%", "nan%"])
def test_frequency_that_is_none_raises(text: str) -> None:
    with pytest.raises(ValueError):
        parse_frequency(text)


def test_references_leave_out_what_is_no_id() -> None:
    report = DropReport()
    text = "PMID:7;ISBN-13:978-1;https://pubmed.ncbi.nlm.nih.gov/99/|PMID:x,PMC:PMC5"
    assert references(text, report) == ("PMID:7", "PMID:99", "PMCID:PMC5")
    assert sum(report.mended.values()) == 2


def test_hpo_keeps_obsolete_terms_without_replacement_apart(tmp_path: Path) -> None:
    obo = (
        "format-version: 1.2\n[Term]\nid: HP:1\nname: a\n[Term]\nid: HP:2\nname: obsolete b\n"
        "is_obsolete: true\nconsider: HP:1\n[Term]\nid: XX:3\nname: c\n[Term]\nid: HP:4\n"
        'name: d\ndef: "says \\"so\\"." [ref]\nis_a: MP:1\nis_a: HP:1 ! a\n[Typedef]\nid: HP:9\n'
    )
    nodes, mappings, statements, report = read("hpo", {"hp.obo": obo}, tmp_path)
    assert {n.id: n.deprecated for n in nodes} == {"HP:1": False, "HP:2": True, "HP:4": False}
    assert next(n for n in nodes if n.id == "HP:4").definition == 'says "so".'
    assert [m.predicate for m in mappings] == ["closeMatch"]
    assert [(s.subject, s.object) for s in statements] == [("HP:4", "HP:1")]
    assert report.dropped["parent outside the ontology"] == 1
    assert report.dropped["term whose id is not HP:digits"] == 1


def test_mondo_pairs_differ_in_trust(tmp_path: Path) -> None:
    head = "subject_mondo_id|subject_mondo_label|object_mondo_id|subject_source_id|"
    head += "object_source_id|object_mondo_label\nID||SC %|||\n"
    contents = {
        "sync-subClassOf.confirmed.tsv": head
        + "MONDO:0000001|one|MONDO:0000002|OMIM:1|OMIMPS:2|two\n"
        + "MONDO:0000001|one|MONDO:0000002|icd11.x:1|DOID:2|two\n"
        + "nothing|x|MONDO:0000002|||\n",
        "mondo-omim-genes.robot.tsv": "mondo_id|hgnc_id|omim_disease_xref\nID||\n"
        + "http://purl.obolibrary.org/obo/MONDO_0000001|http://identifiers.org/hgnc/5|OMIM:1\n"
        + "x|y|z\n",
        "gard.sssom.tsv": "# a: b\nsubject_id|predicate_id|object_id\n"
        + "obo:GARD_1|skos:exactMatch|Orphanet:9\nobo:GARD_1|oio:hasDbXref|OMIM:1\n",
        "mondo_exactmatch_omim.tsv": "subject_id|subject_label|object_id|confidence|"
        + "mapping_justification\nMONDO:0000003|obsolete three|OMIM:3|0.5|semapv:X\n",
    }
    nodes, mappings, statements, report = read("mondo", contents, tmp_path)
    trust = {(m.subject, m.object): m.confidence for m in mappings}
    assert trust["MONDO:0000002", "OMIMPS:2"] == 0.95
    assert trust["GARD:1", "ORPHA:9"] == 0.8
    assert ("MONDO:0000003", "OMIM:3") not in trust
    assert {(s.predicate, s.subject, s.object) for s in statements} == {
        (Predicate.SUBCLASS_OF, "MONDO:0000001", "MONDO:0000002"),
        (Predicate.CAUSES, "HGNC:5", "MONDO:0000001"),
    }
    assert len([s for s in statements if s.predicate is Predicate.SUBCLASS_OF]) == 1
    assert {n.id: n.label for n in nodes if n.label} == {
        "MONDO:0000001": "one",
        "MONDO:0000002": "two",
    }
    for reason in (
        "hierarchy row without two MONDO ids",
        "gene row without MONDO and HGNC id",
        "plain cross-reference, not a match",
        "mapping of an obsolete MONDO term",
        "mapping to a vocabulary not used here",
    ):
        assert report.dropped[reason] == 1


def test_catalogue_takes_diseases_only(tmp_path: Path) -> None:
    head = "subject_id|subject_label|is_mapped|is_excluded|is_deprecated\n"
    contents = {
        "omim_mapping_status.tsv": head
        + "OMIM:1|a|True|False|False\nOMIM:2|GENE|False|True|False\nOMIM:3|b|False|False|True\n",
        "ordo_mapping_status.tsv": head
        + "Orphanet:5|c|True|False|False\nOrphanet:409930|autosomal recessive|False|False|False\n"
        + "Orphanet:C005|inheritance|False|False|False\nbroken\n",
    }
    nodes, _, _, report = read("disease_catalogue", contents, tmp_path)
    assert [n.id for n in nodes] == ["OMIM:1", "ORPHA:5"]
    assert sum(report.dropped.values()) == 5


def test_gene_bridge_needs_agreement(tmp_path: Path) -> None:
    contents = {
        "mondo-omim-genes.robot.tsv": "hgnc_id|omim_disease_xref\nID|\n"
        + "http://identifiers.org/hgnc/1|OMIM:1\nhttp://identifiers.org/hgnc/1|OMIM:2\n"
        + "http://identifiers.org/hgnc/3|OMIM:3\nhttp://identifiers.org/hgnc/3|OMIM:4\n"
        + "http://identifiers.org/hgnc/5|OMIM:5\nhttp://identifiers.org/hgnc/6|OMIM:5\n",
        "genes_to_phenotype.txt": "ncbi_gene_id|disease_id\n11|OMIM:1\n11|OMIM:2\n33|OMIM:3\n"
        + "34|OMIM:4\n55|OMIM:5\n",
    }
    _, mappings, _, report = read("gene_bridge", contents, tmp_path)
    assert [(m.subject, m.object, m.confidence) for m in mappings] == [
        ("HGNC:1", "NCBIGENE:11", 0.9)
    ]
    assert report.dropped["genes whose diseases disagree"] == 2


def test_disease_ontology_bridges_only_what_is_one_to_one(tmp_path: Path) -> None:
    contents = {
        "DO_rare_slim.obo": "[Term]\nid: DOID:1\nname: a\nalt_id: DOID:9\nis_a: DOID:2 ! b\n",
        "allXREFinDO.tsv": '"id"|"label"|"xref"\n"DOID:1"|"a"|"MIM:1"\n"DOID:1"|"a"|"MIM:2"\n'
        '"DOID:1"|"a"|"MESH:D1"\n"DOID:2"|"b"|"SNOMEDCT_US_2025_09_01:7"\n'
        '"DOID:2"|"b"|"UMLS_CUI:C1"\n"DOID:1"|"a"|"UMLS_CUI:C1"\n',
        "term-names.tsv": "doid|name|type\nDOID:2|b|name\nDOID:2|bee|exact-synonym\n",
        "description.tsv": "disease_id|name|description\nDOID:2|b|Says b.\n",
        "xrefs.tsv": "doid_code|doid_name|resource|resource_id\nDOID:1|a|MSH|D5\nDOID:2|b|MSH|D2\n",
    }
    nodes, mappings, statements, _ = read("disease_ontology", contents, tmp_path)
    exact = {(m.subject, m.object) for m in mappings if m.predicate == "exactMatch"}
    assert exact == {
        ("DOID:9", "DOID:1"),
        ("DOID:1", "MESH:D1"),
        ("DOID:2", "SNOMEDCT:7"),
        ("DOID:2", "MESH:D2"),
    }
    assert {(s.subject, s.object) for s in statements} == {("DOID:1", "DOID:2")}
    (old,) = [n for n in nodes if n.definition]
    assert (old.id, old.synonyms) == ("DOID:2", ("bee",))


def test_maxo_relations(tmp_path: Path) -> None:
    columns = "disease_id|disease_name|source_id|maxo_id|maxo_name|hpo_id|relation|evidence|"
    columns += "extension_id|extension_name|comment\n"
    body = (
        "MONDO:0000001|one|PMID:1|MAXO:0000001|surgery|HP:0000001|treats|PCS|||\n"
        "MONDO:0000001|one|PMID:2|MAXO:0000002|drug therapy|HP:0000001|"
        "lack of observed response|PCS|CHEBI:5|x|\n"
        "MONDO:0000001|one|PMID:3|MAXO:0000001|surgery|HP:0000001|unknown|PCS|||\n"
        "MONDO:0000001|one|PMID:3|HP:0000001|surgery|HP:0000001|treats|PCS|||\n"
    )
    nodes, _, statements, report = read("maxo", {"maxo-annotations.tsv": columns + body}, tmp_path)
    assert [(s.subject, s.negated) for s in statements] == [
        ("MAXO:0000001", False),
        ("MAXO:0000002", True),
        ("CHEBI:5", True),
    ]
    assert statements[0].qualifier("target_phenotype") == "HP:0000001"
    assert statements[0].publications == ("PMID:1",)
    assert len(nodes) == 4
    assert sum(report.dropped.values()) == 2


def test_maxo_diagnostics_say_when(tmp_path: Path) -> None:
    text = "#t: x\nhpo_id|hpo_label|predicate_id|maxo_id|maxo_label\n"
    text += "HP:0000001|a|is_observable_through|MAXO:0000001|look\n"
    text += "HP:0000002|b|is_prenatally_observable_through|MAXO:0000001|look\n"
    text += "HP:0000002|b|is_guessed|MAXO:0000001|look\n"
    _, _, statements, report = read(
        "maxo_diagnostics", {"maxo_diagnostic_annotations.tsv": text}, tmp_path
    )
    assert [s.qualifier("kind") for s in statements] == [None, "prenatal"]
    assert report.dropped["unknown relation"] == 1


@pytest.mark.parametrize(
    ("name", "file", "text", "expected"),
    [
        (
            "gwas_catalog",
            "gene-associations.tsv",
            "doid_code|doid_name|status|gene|symbol\nDOID:1|a|HC-P|5|G\nDOID:1|a|??|6|H\n",
            ("NCBIGENE:5", "DOID:1", 0.9),
        ),
        (
            "disgenet",
            "curated_gene_disease_associations.txt.gz",
            "geneId|geneSymbol|diseaseId|diseaseName|score|associationType|source\n"
            "5|G|umls:C1|a|0.5|Biomarker|X\n5|G|umls:C2|a|7|Biomarker|X\n",
            ("NCBIGENE:5", "UMLS:C1", 0.5),
        ),
        (
            "jensen_diseases",
            "human_disease_knowledge_full.tsv.gz",
            "ENSP1|G|DOID:1|a|UniProt|CURATED|4\nENSP1|G|ICD10:A|a|UniProt|CURATED|4\n",
            ("SYMBOL:G", "DOID:1", 0.8),
        ),
        (
            "hetionet_genes_unstated",
            "DaG-association.tsv",
            "doid_id|doid_name|entrez_gene_id|gene_symbol|sources|license\n"
            "DOID:1|a|5|G|X|\nDOID:1|a|6|H|X|CC BY 4.0\nDOID:1|a|x|H|X|\n",
            ("NCBIGENE:5", "DOID:1", None),
        ),
    ],
)
def test_gene_tables(
    name: str, file: str, text: str, expected: tuple[str, str, float | None], tmp_path: Path
) -> None:
    _, _, statements, report = read(name, {file: text}, tmp_path)
    (only,) = statements
    assert (only.subject, only.object, only.confidence) == expected
    assert sum(report.dropped.values()) == 1


def test_icd_merges_only_exact_pairs(tmp_path: Path) -> None:
    contents = {
        "icd10cm-order-Jan-2021.csv.gz": "code,billable,short,long\nA00,0,c,Cholera\n"
        'A000,1,c,"Cholera, classic"\nS00,0,i,Injury\nB01,1,v,Varicella\n',
        "icd_cm_9_to_10_mapping.csv.gz": "icd_9,icd_10,flags\n0010,A000,00000\n"
        "0529,B01,10000\nE8120,S00,00000\n",
    }
    nodes, mappings, statements, report = read("icd", contents, tmp_path)
    assert [n.label for n in nodes] == ["Cholera", "Cholera, classic", "Varicella"]
    assert [(s.subject, s.object) for s in statements] == [("ICD10CM:A00.0", "ICD10CM:A00")]
    assert [(m.subject, m.object, m.predicate) for m in mappings] == [
        ("ICD9CM:001.0", "ICD10CM:A00.0", "exactMatch"),
        ("ICD9CM:052.9", "ICD10CM:B01", "closeMatch"),
    ]
    assert sum(report.dropped.values()) == 2


def test_biomappings_reads_known_vocabularies_only(tmp_path: Path) -> None:
    text = "#curie_map:\nsubject_id|predicate_id|object_id|mapping_justification\n"
    text += "mesh:D1|skos:exactMatch|doid:1|semapv:ManualMappingCuration\n"
    text += "ccle:1|skos:exactMatch|efo:1|x\nmesh:D1|debio:1|doid:1|x\n"
    _, mappings, _, report = read("biomappings", {"positive.sssom.tsv": text}, tmp_path)
    assert [(m.subject, m.object) for m in mappings] == [("MESH:D1", "DOID:1")]
    assert sum(report.dropped.values()) == 2


def test_demo_treatments_keep_label_and_target(tmp_path: Path) -> None:
    columns = "treatment_id|treatment_label|kind|disease_id|disease_label|relation|"
    columns += "target_phenotype|evidence|source_id|note\n"
    body = "DRUGBANK:DB1|x|drug|OMIM:1|a|treats|HP:0000001|label|LABEL:FDA/X|why\n"
    body += "MAXO:0000001|y|action|OMIM:1|a|prevents||PCS|PMID:5;PMID:6|\n"
    body += "MAXO:0000001|y|action|OMIM:1|a|cures||PCS|PMID:5|\n"
    body += "MAXO:0000001|y|spell|OMIM:1|a|treats|||PMID:5|\n"
    nodes, _, statements, report = read(
        "demo_treatments", {"demo_treatments.tsv": columns + body}, tmp_path
    )
    assert statements[0].qualifier("label_text") == "label FDA/X"
    assert statements[0].qualifier("target_phenotype") == "HP:0000001"
    assert statements[0].publications == ()
    assert statements[1].publications == ("PMID:5", "PMID:6")
    assert len(nodes) == 3
    assert report.dropped["unknown relation or kind"] == 2
