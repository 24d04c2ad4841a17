"""Patients as statements of the graph: one vocabulary, one graph a population, nothing lost."""

from collections import Counter
from pathlib import Path

import pyoxigraph
import pytest
from hypothesis import given, settings

from kg.case import ClinicalCase, CodedItem, Observation
from kg.cases.mimic_events import mimic_events
from kg.cases.populations import POPULATIONS, Population, population_of
from kg.cases.rdf import case_to_nquads, cases_from_quads, fact_to_nquads
from kg.cases.statements import PatientFact, PatientStatements
from kg.files import DataFiles, MissingSourceError
from kg.identifiers import from_iri, to_iri
from kg.rdf import QuadWriter
from kg.statements import Node
from kg.store import GraphStore
from kg.terms import BIOLINK, GRAPH_OF_CASES, VOCAB
from kg.validate import validate
from kg.vocabulary import NodeType
from kg.writing import patient_quads

from .test_written_forms import cases

NODES = {"MONDO:1": "a disease", "HP:0001250": "Seizure", "DRUGBANK:DB1": "a drug"}
SAME = {"OMIM:154700": "MONDO:1", "HP:0002279": "HP:0001250"}
CASE = ClinicalCase(
    case_id="p 1",
    phenotypes=(
        Observation(term="HP:0002279", label="Fits", onset="P2Y"),
        Observation(term="HP:0001166", status="excluded"),
    ),
    variants=("NM_1.2:c.3G>C",),
    diagnoses=("OMIM:154700",),
    medicines=(CodedItem(id="NDC:00001", label="some tablets"),),
    publications=("PMID:9",),
    source="phenopacket_store",
)


def canonical(curie: str, _kind: NodeType | None) -> str:
    return SAME.get(curie, curie)


def written(*given_cases: ClinicalCase, events: tuple[PatientFact, ...] = ()) -> GraphStore:
    counts: dict[str, int] = {}
    lines = patient_quads(
        given_cases, events, canonical=canonical, known=NODES, notes=True, counts=counts
    )
    store = GraphStore()
    store.load_text("".join(lines))
    return store


def everything(store: GraphStore) -> list[pyoxigraph.Quad]:
    return [quad for graph in store.graphs() for quad in store.quads(graph)]


@settings(max_examples=60, deadline=None)
@given(cases)
def test_a_case_written_as_statements_leads_back(case: ClinicalCase) -> None:
    assert list(cases_from_quads(everything(written(case)))) == [case]


def test_statements_meet_the_nodes_of_the_graph() -> None:
    store = written(CASE)
    assert store.graphs() == (f"{GRAPH_OF_CASES}/phenopacket_store",)
    sparql = (
        "SELECT ?p ?o ?original WHERE { GRAPH ?g { ?a a biolink:Association ; rdf:subject ?s ; "
        "rdf:predicate ?p ; rdf:object ?o ; "
        f"biolink:publications <{to_iri('PMID:9')}> ; "
        "dcterms:license ?l ; pav:version ?v ; biolink:primary_knowledge_source ?k "
        "OPTIONAL { ?a vocab:curie ?original } } }"
    )
    rows = list(store.query(sparql).rows)
    found = Counter(row[0].value for row in rows if row[0] is not None)
    assert found == {
        f"{BIOLINK}has_phenotype": 2,
        f"{BIOLINK}has_disease": 1,
        f"{VOCAB}has_variant": 1,
        f"{VOCAB}takes_medicine": 1,
    }
    objects = {from_iri(row[1].value) for row in rows if row[1] is not None}
    assert objects >= {"MONDO:1", "HP:0001250", "HP:0001166"}
    originals = {row[2].value for row in rows if row[2] is not None}
    assert originals == {"OMIM:154700", "HP:0002279", "NM_1.2:c.3G>C"}


def test_patients_break_no_shape_and_what_they_touch_is_described() -> None:
    writer = QuadWriter()
    event = PatientFact(
        case_id="p 1", field="conditions", code="ICD9CM:401.9", label="", key="row-1"
    )
    store = written(CASE, events=(event,))
    kinds = {"MONDO": NodeType.DISEASE, "HP": NodeType.PHENOTYPE, "DRUGBANK": NodeType.DRUG}
    nodes = [Node(id=i, type=kinds[i.split(":")[0]], label=n) for i, n in NODES.items()]
    store.load_text("".join(map(writer.node, nodes)))
    report = validate(store)
    assert report.n_violations == 0, report


def test_events_are_facts_beside_the_case(tmp_path: Path) -> None:
    (tmp_path / "diagnoses_icd.csv").write_text(
        "subject_id,hadm_id,seq_num,icd_code,icd_version\n7,1,1,4019,9\n7,2,1,I10,10\n7,2,2,,10\n"
    )
    (tmp_path / "prescriptions.csv").write_text(
        "subject_id,hadm_id,drug,ndc,gsn,dose_val_rx,dose_unit_rx,route\n"
        "7,1,Heparin,63323026201,006549,5000,UNIT,SC\n7,1,Heparin,63323026201,006549,5000,UNIT,SC\n"
        "8,3,,,,,,\n"
    )
    facts = list(mimic_events(tmp_path))
    assert [f.code for f in facts] == ["ICD9CM:401.9", "ICD10CM:I10"] + ["NDC:63323026201"] * 2
    assert dict(facts[2].qualifiers)["dose"] == "5000"
    case = ClinicalCase(case_id="mimic-7", sex="male", source="mimic_iv_demo")
    counts: dict[str, int] = {}
    stranger = PatientFact(case_id="mimic-9", field="medicines", code="NDC:1", label="", key="1")
    lines = patient_quads(
        [case], [*facts, stranger], canonical=canonical, known=NODES, notes=True, counts=counts
    )
    store = GraphStore()
    store.load_text("".join(lines))
    assert counts == {"mimic_iv_demo": 4}, "two equal rows are two orders; a stranger has none"
    assert list(cases_from_quads(everything(store))) == [case]


def test_a_fact_is_the_same_in_each_build() -> None:
    statements = PatientStatements(POPULATIONS[1], canonical=canonical, known=NODES)
    fact = PatientFact(case_id="a", field="medicines", code="NDC:1", label="x", key="row-1")
    first = list(fact_to_nquads(fact, statements))
    again = PatientStatements(POPULATIONS[1], canonical=canonical, known=NODES)
    assert list(fact_to_nquads(fact, again)) == first
    assert all(line.endswith(f"<{POPULATIONS[1].graph}> .\n") for line in first)


def test_population_of_a_case() -> None:
    assert population_of(CASE).licence == "BSD-3-Clause"
    assert population_of(ClinicalCase(case_id="a")).name == "patients"
    own = population_of(ClinicalCase(case_id="a", source="My clinic/2", licence="CC0-1.0"))
    assert (own.name, own.title, own.licence) == ("My_clinic_2", "My clinic/2", "CC0-1.0")
    assert len({p.name for p in POPULATIONS}) == len(POPULATIONS)


def test_a_population_that_is_not_there_is_named(tmp_path: Path) -> None:
    population = Population(name="x", location="nowhere")
    with pytest.raises(MissingSourceError, match="nowhere"):
        population.find(DataFiles(mirror=tmp_path, cache=tmp_path))


def test_default_form_is_the_document_form() -> None:
    text = "".join(case_to_nquads(CASE))
    assert "Association" not in text
    assert f"<{GRAPH_OF_CASES}>" in text
