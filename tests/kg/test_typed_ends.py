"""What no source describes has the kind that the snapshot gives it, in the RDF too."""

from hypothesis import given, settings
from hypothesis import strategies as st

from kg.harmonise import MergedNode, typed_ends
from kg.snapshot import GraphSnapshot
from kg.statements import Node, Statement
from kg.vocabulary import NodeType, Predicate

KNOWN = Node(id="MONDO:1", type=NodeType.DISEASE, label="a disease")

statements = st.builds(
    Statement,
    subject=st.sampled_from(["MAXO:2", "DOID:3", "CHEBI:5", "iatros:x"]),
    predicate=st.sampled_from([Predicate.DIAGNOSES, Predicate.TREATS, Predicate.HAS_ROLE]),
    object=st.sampled_from(["MONDO:1", "HP:4", "ATC:C02KN", "UMLS:C1"]),
    source=st.just("maxo"),
)


@settings(deadline=None, max_examples=50)
@given(st.lists(statements, max_size=8))
def test_kinds_are_those_of_the_snapshot(found: list[Statement]) -> None:
    merged = [MergedNode(node=KNOWN, source="mondo")]
    loose = typed_ends(merged, found)
    ends = {end for s in found for end in (s.subject, s.object)}
    assert {item.node.id for item in loose} == ends - {"MONDO:1"}
    bare = GraphSnapshot.from_records([KNOWN], found)
    described = GraphSnapshot.from_records([KNOWN, *(item.node for item in loose)], found)
    assert described.digest == bare.digest
