"""Codes that lead to nodes without merging: kept through RDF and files, never merged, looked up."""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from kg.case import CodedItem
from kg.compile import compile_snapshot
from kg.harmonise import leading_codes
from kg.identity import IdentityMap
from kg.lookup import CodeLookup
from kg.snapshot import GraphSnapshot
from kg.statements import Mapping, Node, Statement
from kg.store import GraphStore
from kg.vocabulary import NodeType, Predicate


def drug(id_: str, label: str, *synonyms: str) -> Node:
    return Node(id=id_, type=NodeType.DRUG, label=label, synonyms=synonyms)


def disease(id_: str, label: str) -> Node:
    return Node(id=id_, type=NodeType.DISEASE, label=label)


def match(subject: str, object_: str, predicate: str) -> Mapping:
    return Mapping(subject=subject, object=object_, source="x", predicate=predicate)


NODES = (
    drug("DRUGBANK:DB00722", "Lisinopril"),
    drug("DRUGBANK:DB00999", "Hydrochlorothiazide", "HCTZ"),
    drug("DRUGBANK:DB01175", "Escitalopram"),
    disease("MONDO:0005148", "type 2 diabetes mellitus"),
    disease("MONDO:0005405", "childhood asthma"),
    disease("ICD10CM:E11.6", "Type 2 diabetes mellitus with other complications"),
    disease("ICD10CM:E11.65", "Type 2 diabetes mellitus with hyperglycemia"),
    Node(id="ATC:C09AA", type=NodeType.DRUG_CLASS, label="ACE inhibitors, plain"),
)
STATEMENTS = tuple(
    Statement(subject=child, predicate=Predicate.SUBCLASS_OF, object=parent, source="x")
    for child, parent in (
        ("ICD10CM:E11.65", "ICD10CM:E11.6"),
        ("ICD10CM:E11.6", "MONDO:0005148"),
    )
)
MAPPINGS = (
    match("MONDO:0005148", "ICD10CM:E11", "exactMatch"),
    match("DRUGBANK:DB00722", "RXNORM:314076", "narrowMatch"),
    match("RXNORM:823938", "DRUGBANK:DB00722", "broadMatch"),
    match("DRUGBANK:DB00999", "RXNORM:823938", "narrowMatch"),
    match("MONDO:0005148", "SNOMEDCT:73211009", "broadMatch"),
    match("ICD9CM:250.00", "ICD10CM:E11.65", "closeMatch"),
    match("ATC:C09AA", "GSN:000391", "narrowMatch"),
)
GRAPH = GraphSnapshot.from_records(NODES, STATEMENTS, MAPPINGS)
LOOKUP = CodeLookup(GRAPH)


def ids(nodes: tuple[int, ...]) -> list[str]:
    return [GRAPH.node_ids[node] for node in nodes]


def test_a_product_leads_to_its_ingredients_and_is_no_id_of_them() -> None:
    assert GRAPH.index("RXNORM:314076") is None
    (found,) = GRAPH.matches("RXNORM:314076")
    assert (GRAPH.node_ids[found.node], found.relation) == ("DRUGBANK:DB00722", "narrower")
    assert GRAPH.resolve("RXCUI:314076") == found, "any usual spelling will do"
    both = GRAPH.matches("RXNORM:823938")
    assert ids(tuple(m.node for m in both)) == ["DRUGBANK:DB00722", "DRUGBANK:DB00999"]
    assert GRAPH.resolve("RXNORM:823938") is None, "two ingredients are no one node"


def test_a_broader_code_leads_nowhere() -> None:
    assert GRAPH.matches("SNOMEDCT:73211009") == ()


def test_codes_survive_a_file_and_rdf(tmp_path: Path) -> None:
    GRAPH.save(tmp_path / "graph")
    again = GraphSnapshot.load(tmp_path / "graph")
    assert again.digest == again.compute_digest() == GRAPH.digest
    assert again.matches("RXNORM:823938") == GRAPH.matches("RXNORM:823938")
    GRAPH.to_nquads(tmp_path / "graph.nq")
    store = GraphStore()
    store.bulk_load([tmp_path / "graph.nq"])
    compiled = compile_snapshot(store)
    assert compiled.digest == GRAPH.digest
    assert list(compiled.links()) == list(GRAPH.links())


def test_a_graph_saved_before_there_were_codes_is_read(tmp_path: Path) -> None:
    plain = GraphSnapshot.from_records(NODES, STATEMENTS)
    plain.save(tmp_path / "graph")
    (tmp_path / "graph" / "codes.arrow").unlink()
    again = GraphSnapshot.load(tmp_path / "graph")
    assert again.digest == again.compute_digest() == plain.digest
    assert again.matches("RXNORM:314076") == ()


def test_codes_are_part_of_the_digest() -> None:
    assert GRAPH.digest != GraphSnapshot.from_records(NODES, STATEMENTS, MAPPINGS[:1]).digest


@settings(max_examples=50)
@given(st.permutations(MAPPINGS))
def test_order_of_mappings_changes_nothing(mappings: list[Mapping]) -> None:
    assert GraphSnapshot.from_records(NODES, STATEMENTS, mappings).digest == GRAPH.digest


def test_build_keeps_matches_between_nodes_and_codes_alone() -> None:
    mappings = [
        match("MONDO:1", "OMIM:5", "exactMatch"),
        match("OMIM:5", "DOID:7", "narrowMatch"),  # told of an id that another names
        match("DOID:8", "MONDO:1", "broadMatch"),
        match("MONDO:2", "DOID:9", "closeMatch"),  # no node of the graph
        match("MONDO:1", "OMIM:5", "closeMatch"),  # the same node at both ends
        match("DOID:3", "MONDO:1", "narrowMatch"),  # a broader code
        Mapping(subject="MONDO:1", object="OMIM:6", source="y", confidence=0.1),  # cut
    ]
    identity = IdentityMap.from_mappings(mappings)
    kept = leading_codes(mappings, identity, {"MONDO:1": NodeType.DISEASE})
    assert {(m.subject, m.predicate, m.object) for m in kept} == {
        ("MONDO:1", "narrowMatch", "DOID:7"),
        ("MONDO:1", "narrowMatch", "DOID:8"),
        ("MONDO:1", "closeMatch", "OMIM:6"),
    }


def test_medicines_are_found_by_code_then_by_name_then_by_ingredient() -> None:
    def medicine(id_: str, label: str = "", *same: str) -> tuple[list[str], str] | None:
        item = CodedItem(id=id_, label=label or None, same_as=same)
        found = LOOKUP.medicine(item)
        return None if found is None else (ids(found.nodes), found.how)

    lisinopril, thiazide = "DRUGBANK:DB00722", "DRUGBANK:DB00999"
    assert medicine("DRUGBANK:DB00722") == ([lisinopril], "exact")
    assert medicine("RXNORM:823938") == ([lisinopril, thiazide], "narrower")
    assert medicine("NDC:1", "x", "RXNORM:314076") == ([lisinopril], "narrower")
    assert medicine("NDC:1", "hctz") == ([thiazide], "name")
    assert medicine("RXNORM:1", "Lisinopril 10 MG Oral Tablet") == ([lisinopril], "ingredient")
    label = "24 HR Hydrochlorothiazide 12.5 MG / lisinopril 10 MG Oral Tablet [Zestoretic]"
    assert medicine("RXNORM:1", label) == ([thiazide, lisinopril], "ingredient")
    assert medicine("GSN:000391", "Lisinopril (Prinivil)") == ([lisinopril], "ingredient")
    assert medicine("GSN:000391", "no drug") == (["ATC:C09AA"], "narrower"), "a class comes last"
    label = "Hydrochlorothiazide / Unknownium"
    assert medicine("RXNORM:1", label) is None, "half of a combination is another medicine"
    assert medicine("RXNORM:1") is None


def test_billing_codes_lead_to_the_disease_above_them() -> None:
    def condition(id_: str, label: str = "") -> tuple[list[str], str, str] | None:
        found = LOOKUP.condition(CodedItem(id=id_, label=label or None))
        return None if found is None else (ids(found.nodes), found.how, found.via)

    diabetes = "MONDO:0005148"
    own = "ICD10CM:E11.65"
    assert condition(own) == ([own, diabetes], "exact", own)
    assert condition("ICD9CM:250.00") == ([own, diabetes], "close", "ICD9CM:250.00")
    assert condition("ICD10CM:E11.9") == ([diabetes], "narrower", "ICD10CM:E11")
    label = "Type 2 diabetes mellitus (disorder)"
    assert condition("SNOMEDCT:1", label) == ([diabetes], "name", "Type 2 diabetes mellitus")
    assert condition("SNOMEDCT:73211009", "Diabetes") is None
    assert condition("SNOMEDCT:1", "Diabetes") is None, "part of a name is no name"


def test_a_name_that_two_things_bear_finds_nothing() -> None:
    twins = [disease("MONDO:1", "scurvy"), disease("MONDO:2", "Scurvy")]
    lookup = CodeLookup(GraphSnapshot.from_records(twins, []))
    assert lookup.condition(CodedItem(id="X:1", label="scurvy")) is None
    beside = [disease("MONDO:1", "scurvy"), disease("ICD10CM:E54", "Scurvy")]
    graph = GraphSnapshot.from_records(beside, [])
    found = CodeLookup(graph).condition(CodedItem(id="X:1", label="scurvy"))
    assert found is not None
    assert graph.node_ids[found.nodes[0]] == "MONDO:1", "a disease before a billing code"
