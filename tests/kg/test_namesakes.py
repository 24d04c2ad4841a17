"""A code that several diseases share is the one that bears its name, and no other."""

from kg.identity import IdentityMap
from kg.namesakes import namesakes
from kg.statements import Mapping, Node
from kg.vocabulary import NodeType

NAMES = {
    "ICD10CM:J45": "Asthma",
    "DOID:2841": "asthma",
    "DOID:9498": "allergic asthma",
    "ICD10CM:Q87.8": "Other specified congenital malformation syndromes",
    "DOID:1": "3MC syndrome",
    "ICD10CM:L70": "Acne",
    "DOID:2": "acne",
    "DOID:3": "Acne",
}
NODES = [("toy", Node(id=id_, type=NodeType.DISEASE, label=name)) for id_, name in NAMES.items()]


def close(disease: str, code: str) -> Mapping:
    return Mapping(subject=disease, object=code, source="toy", predicate="closeMatch")


def test_the_namesake_joins_and_the_subtype_does_not() -> None:
    mappings = [close("DOID:2841", "ICD10CM:J45"), close("DOID:9498", "ICD10CM:J45")]
    identity = IdentityMap.from_mappings([*mappings, *namesakes(NODES, mappings)])
    assert identity.canonical("ICD10CM:J45") == "DOID:2841"
    assert identity.canonical("DOID:9498") == "DOID:9498"


def test_other_names_two_namesakes_and_names_without_a_mapping_join_nothing() -> None:
    other = [close("DOID:1", "ICD10CM:Q87.8")]
    two = [close("DOID:2", "ICD10CM:L70"), close("DOID:3", "ICD10CM:L70")]
    for mappings in (other, two, []):
        assert not list(namesakes(NODES, mappings))
