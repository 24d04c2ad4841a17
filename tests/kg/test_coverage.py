"""What a build says of the share of identifiers and indications that it reaches."""

from kg.coverage import alone, indication_coverage, vocabulary_coverage
from kg.identity import IdentityMap
from kg.snapshot import GraphSnapshot
from kg.statements import Mapping, Node, Statement
from kg.vocabulary import NodeType, Predicate


def match(subject: str, object_: str, predicate: str = "exactMatch") -> Mapping:
    return Mapping(subject=subject, object=object_, source="x", predicate=predicate)


def test_vocabularies_are_counted_by_what_their_ids_reach() -> None:
    nodes = [
        Node(id="MONDO:1", type=NodeType.DISEASE),
        Node(id="OMIM:1", type=NodeType.DISEASE),
        Node(id="OMIM:2", type=NodeType.DISEASE),
    ]
    mappings = [
        match("MONDO:1", "OMIM:1"),
        match("MONDO:1", "SNOMEDCT:7"),
        match("MONDO:1", "SNOMEDCT:8", "narrowMatch"),
        match("MONDO:9", "SNOMEDCT:9"),  # no node of the graph
    ]
    identity = IdentityMap.from_mappings(mappings)
    present = {"MONDO:1": NodeType.DISEASE, "OMIM:2": NodeType.DISEASE}
    found = vocabulary_coverage(nodes, mappings, identity, present, mappings)
    omim, snomed = found["OMIM"], found["SNOMEDCT"]
    assert (omim.ids, omim.nodes, omim.joined, omim.leads) == (2, 2, 1, 0)
    assert (snomed.ids, snomed.nodes, snomed.joined, snomed.leads) == (3, 1, 1, 1)
    assert set(found) == {"MONDO", "OMIM", "SNOMEDCT"}
    lonely = list(alone([nodes[0], nodes[2]], ["a", "b"], identity))
    assert lonely == [("OMIM:2", "Disease", "", "b")]


def test_an_indication_counts_when_its_drug_or_an_ingredient_is_known() -> None:
    nodes = [
        Node(id="DRUGBANK:1", type=NodeType.DRUG, definition="a text"),
        *(Node(id=f"DRUGBANK:{n}", type=NodeType.DRUG) for n in (2, 3, 4)),
    ]

    def says(subject: str, predicate: Predicate, object_: str, source: str = "e") -> Statement:
        return Statement(subject=subject, predicate=predicate, object=object_, source=source)

    statements = [
        *(says(f"DRUGBANK:{n}", Predicate.TREATS, "MONDO:1") for n in (1, 2, 3, 4)),
        says("DRUGBANK:4", Predicate.TREATS, "MONDO:2", source="other"),
        says("DRUGBANK:2", Predicate.AFFECTS, "HGNC:1"),
        says("DRUGBANK:3", Predicate.HAS_PART, "DRUGBANK:2"),
        says("DRUGBANK:5", Predicate.HAS_PART, "DRUGBANK:4"),  # a combination, no form of 4
        says("DRUGBANK:5", Predicate.AFFECTS, "HGNC:1"),
    ]
    found = indication_coverage(GraphSnapshot.from_records(nodes, statements), "e")
    assert found is not None
    assert (found.statements, found.with_targets, found.with_text) == (4, 2, 1)
    assert found.with_either == 3
    salt = Statement(
        subject="DRUGBANK:5",
        predicate=Predicate.HAS_PART,
        object="DRUGBANK:4",
        source="names",
        qualifiers=(("kind", "form"),),
    )
    found = indication_coverage(GraphSnapshot.from_records(nodes, [*statements, salt]), "e")
    assert found is not None
    assert found.with_either == 4
    assert indication_coverage(GraphSnapshot.from_records(nodes, statements)) is None
