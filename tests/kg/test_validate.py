from pathlib import Path

import pyshacl
import pytest
import rdflib
from rdflib.namespace import RDF, SH

from kg.rdf import QuadWriter
from kg.shapes import ShapesError, read_shapes, shapes_path
from kg.store import GraphStore
from kg.terms import CLASS_IRI, PREDICATE_IRI, VOCAB
from kg.validate import validate
from tests.kg.records import MAPPINGS, NODES, SOURCES, STATEMENTS

A = "<urn:a>"
B = "https://w3id.org/biolink/vocab"
TYPE = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>"
XSD = "http://www.w3.org/2001/XMLSchema#"
SOME = f"<https://w3id.org/iatros/{STATEMENTS[0].id[7:]}>"
BROKEN = {
    "empty association": f"{A} {TYPE} <{B}/Association>",
    "two licences": f'{SOME} <http://purl.org/dc/terms/license> "second"',
    "frequency above one": f"{A} {TYPE} <{B}/Association> <urn:g> .\n"
    f'{A} <{B}/has_quotient> "1.5"^^<{XSD}double>',
    "frequency not a number": f"{A} {TYPE} <{B}/Association> <urn:g> .\n"
    f'{A} <{B}/has_quotient> "often"',
    "sex unknown to us": f'{A} {TYPE} <{B}/Association> <urn:g> .\n{A} <{B}/sex_qualifier> "x"',
    "publication as text": f'{SOME} <{B}/publications> "PMID:1"',
    "predicate unknown": f"{SOME} <http://www.w3.org/1999/02/22-rdf-syntax-ns#predicate> <urn:p>",
    "source that is none": f"{SOME} <{B}/primary_knowledge_source> <urn:s>",
    "endpoint without type": f"{SOME} <http://www.w3.org/1999/02/22-rdf-syntax-ns#object> <urn:o>",
    "blank node": f"_:b {TYPE} <{B}/Disease>",
    "empty label": f"<urn:d> {TYPE} <{B}/Gene> <urn:g> .\n"
    f'<urn:d> <http://www.w3.org/2000/01/rdf-schema#label> ""',
    "gene with a phenotype": f"<urn:d> {TYPE} <{B}/Gene> <urn:g> .\n"
    f"<urn:d> <{B}/has_phenotype> <urn:e>",
    "bare source": f"<urn:d> {TYPE} <http://rdfs.org/ns/void#Dataset>",
    "bare mapping": f"<urn:m> {TYPE} <http://www.w3.org/2002/07/owl#Axiom>",
    "not a boolean": f'{SOME} <{B}/negated> "true"',
}


@pytest.fixture
def store() -> GraphStore:
    store = GraphStore()
    store.load_text("".join(QuadWriter(SOURCES).lines([*NODES, *STATEMENTS, *MAPPINGS])))
    gene = f"<http://identifiers.org/hgnc/4851> {TYPE} <{B}/Gene> <urn:g> .\n"
    name = '<http://www.w3.org/2000/01/rdf-schema#label> "HTT" <urn:g> .'
    store.load_text(f"{gene}<http://identifiers.org/hgnc/4851> {name}")
    return store


def _by_pyshacl(store: GraphStore) -> set[tuple[str, str, str]]:
    data = rdflib.Graph()
    for quad in store.quads():
        data.parse(data=f"{quad.triple} .", format="nt")
    shapes = rdflib.Graph().parse(shapes_path(), format="turtle")
    _, results, _ = pyshacl.validate(data, shacl_graph=shapes, inference="none")
    found = set()
    for result in results.subjects(RDF.type, SH.ValidationResult):
        severity, path, component = (
            str(results.value(result, term) or "")
            for term in (SH.resultSeverity, SH.resultPath, SH.sourceConstraintComponent)
        )
        kind = component.rpartition("#")[2].removesuffix("ConstraintComponent")
        found.add((severity.rpartition("#")[2], path, kind[0].lower() + kind[1:]))
    return found


def test_good_graph_conforms_by_both(store: GraphStore) -> None:
    report = validate(store)
    assert report.conforms, list(report.lines())
    assert not report.counts
    assert report.checked["Association"] == len(STATEMENTS)
    assert _by_pyshacl(store) == set()


@pytest.mark.parametrize("fault", BROKEN)
def test_faults_are_those_that_pyshacl_finds(store: GraphStore, fault: str) -> None:
    store.load_text(f"{BROKEN[fault]} <urn:g> .")
    report = validate(store)
    found = {(severity, path, kind) for severity, _, path, kind in report.counts}
    assert found == _by_pyshacl(store)
    assert found
    assert len(list(report.lines())) > len(report.checked)


PATIENT_RELATIONS = (
    *("has_variant", "has_condition", "had_condition", "takes_medicine", "has_allergy"),
    "has_measurement",
)


def test_shapes_know_every_class_and_predicate() -> None:
    shapes = {shape.name: shape for shape in read_shapes()}
    targets = {iri for shape in shapes.values() for kind, iri in shape.targets if kind == "class"}
    assert set(CLASS_IRI.values()) <= targets
    allowed = {
        term
        for property_ in shapes["Association"].properties
        if property_.path.endswith("#predicate")
        for constraint in property_.constraints
        for term in constraint.terms
    }
    relations = {f"<{iri}>" for iri in PREDICATE_IRI.values()}
    of_patients = {f"<{VOCAB}{name}>" for name in PATIENT_RELATIONS}
    assert allowed == relations | of_patients


def test_unsupported_shape_is_refused(tmp_path: Path) -> None:
    (tmp_path / "s.ttl").write_text(
        "@prefix sh: <http://www.w3.org/ns/shacl#> . <urn:s> a sh:NodeShape ; sh:closed true ."
    )
    with pytest.raises(ShapesError, match="closed"):
        read_shapes(tmp_path / "s.ttl")
