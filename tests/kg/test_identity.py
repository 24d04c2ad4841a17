"""Laws of identity: groups, conflicts, kinds, retired ids."""

import random

import networkx as nx
from hypothesis import given
from hypothesis import strategies as st

from kg.identity import IdentityMap
from kg.statements import Mapping
from kg.vocabulary import NodeType

CURIES = [f"{p}:{n}" for p in ("MONDO", "OMIM", "ORPHA", "DOID", "GARD", "UMLS") for n in range(5)]
PAIRS = st.lists(
    st.tuples(
        st.sampled_from(CURIES), st.sampled_from(CURIES), st.sampled_from((None, 0.5, 0.8, 0.95))
    ).filter(lambda t: t[0].split(":")[0] != t[1].split(":")[0]),
    max_size=25,
)


def exact(subject: str, target: str, confidence: float | None = None, source: str = "s") -> Mapping:
    return Mapping(subject=subject, object=target, source=source, confidence=confidence)


def mappings(pairs: list[tuple[str, str, float | None]]) -> list[Mapping]:
    return [exact(a, b, c) for a, b, c in pairs]


@given(PAIRS)
def test_a_group_holds_one_id_of_each_single_vocabulary(
    pairs: list[tuple[str, str, float | None]],
) -> None:
    same = IdentityMap.from_mappings(mappings(pairs))
    for curie in CURIES:
        members = same.members(curie)
        for prefix in ("MONDO", "OMIM", "ORPHA", "DOID"):
            assert sum(m.startswith(prefix + ":") for m in members) <= 1


@given(PAIRS, st.randoms(use_true_random=False))
def test_order_of_mappings_does_not_matter(
    pairs: list[tuple[str, str, float | None]], rng: random.Random
) -> None:
    before = IdentityMap.from_mappings(mappings(pairs))
    shuffled = pairs.copy()
    rng.shuffle(shuffled)
    after = IdentityMap.from_mappings(mappings(shuffled))
    assert [before.members(c) for c in CURIES] == [after.members(c) for c in CURIES]


@given(PAIRS)
def test_without_conflicts_groups_are_connected_components(
    pairs: list[tuple[str, str, float | None]],
) -> None:
    same = IdentityMap.from_mappings(mappings(pairs))
    if same.conflicts:
        return
    graph = nx.Graph()
    graph.add_edges_from((a, b) for a, b, _ in pairs)
    for component in nx.connected_components(graph):
        for curie in component:
            assert set(same.members(curie)) == component


@given(PAIRS)
def test_canonical_is_a_fixed_point_and_links_lead_from_it(
    pairs: list[tuple[str, str, float | None]],
) -> None:
    same = IdentityMap.from_mappings(mappings(pairs))
    linked = {(m.subject, m.object) for m in same.links()}
    for curie in CURIES:
        canonical = same.canonical(curie)
        assert same.canonical(canonical) == canonical
        assert canonical == same.members(curie)[0]
        if canonical != curie:
            assert (canonical, curie) in linked


def test_disease_is_named_by_mondo_then_omim() -> None:
    same = IdentityMap.from_mappings([exact("ORPHA:1", "OMIM:2"), exact("DOID:4", "ORPHA:1")])
    assert same.members("DOID:4") == ("OMIM:2", "ORPHA:1", "DOID:4")


def test_weaker_bridge_is_cut_and_the_id_goes_below_the_term() -> None:
    same = IdentityMap.from_mappings(
        [exact("MONDO:1", "OMIM:1", 0.9), exact("MONDO:1", "OMIM:2", 0.95, "t")]
    )
    assert same.canonical("OMIM:2") == "MONDO:1"
    assert same.canonical("OMIM:1") == "OMIM:1"
    (conflict,) = same.conflicts
    assert conflict.clash == ("OMIM:1", "OMIM:2")
    ((child, parent, mapping),) = same.demoted()
    assert (child, parent, mapping.source) == ("OMIM:1", "MONDO:1", "s")


def test_between_equal_confidences_more_sources_then_trust_decide() -> None:
    rivals = [exact("MONDO:1", "OMIM:1", 0.9, "b"), exact("MONDO:1", "OMIM:2", 0.9, "a")]
    assert IdentityMap.from_mappings(rivals, trust=("b", "a")).canonical("OMIM:1") == "MONDO:1"
    assert IdentityMap.from_mappings(rivals, trust=("a", "b")).canonical("OMIM:2") == "MONDO:1"
    two = [*rivals, exact("OMIM:2", "MONDO:1", 0.9, "c")]
    assert IdentityMap.from_mappings(two, trust=("b", "a")).canonical("OMIM:2") == "MONDO:1"


def test_bad_bridge_through_a_third_vocabulary_does_not_merge_two_diseases() -> None:
    same = IdentityMap.from_mappings(
        [
            exact("MONDO:1", "UMLS:C1", 0.9),
            exact("MONDO:2", "UMLS:C2", 0.9),
            exact("DOID:5", "UMLS:C1", 0.6),
            exact("DOID:5", "UMLS:C2", 0.5),
        ]
    )
    assert same.canonical("UMLS:C1", NodeType.DISEASE) == "MONDO:1"
    assert same.canonical("UMLS:C2", NodeType.DISEASE) == "MONDO:2"
    assert same.canonical("DOID:5") == "MONDO:1"


def test_kinds_do_not_mix_through_a_shared_vocabulary() -> None:
    same = IdentityMap.from_mappings([exact("HP:1", "UMLS:C1"), exact("MONDO:1", "UMLS:C1")])
    assert same.canonical("UMLS:C1", NodeType.PHENOTYPE) == "HP:1"
    assert same.canonical("UMLS:C1", NodeType.ADVERSE_EVENT) == "HP:1"
    assert same.canonical("UMLS:C1") == "MONDO:1"
    assert [m.subject for m in same.links() if m.object == "UMLS:C1"] == ["MONDO:1"]


def test_mapping_between_kinds_is_a_conflict() -> None:
    same = IdentityMap.from_mappings([exact("HP:1", "MONDO:1")])
    assert same.conflicts[0].kind == "kinds differ"
    assert same.canonical("HP:1") == "HP:1"


def test_retired_ids_lead_to_the_current_one() -> None:
    same = IdentityMap.from_mappings(
        [exact("HP:1", "HP:2", 1.0), exact("HP:2", "HP:3", 1.0), exact("HP:1", "UMLS:C1", 0.8)]
    )
    assert same.canonical("HP:1") == same.canonical("HP:2") == "HP:3"
    assert same.members("HP:3") == ("HP:3", "UMLS:C1", "HP:1", "HP:2")
    assert same.report().n_replaced == 2


def test_replacement_cycle_and_second_replacement_are_conflicts() -> None:
    same = IdentityMap.from_mappings(
        [exact("HP:1", "HP:2", 1.0), exact("HP:2", "HP:1", 1.0), exact("HP:1", "HP:3", 0.9)]
    )
    assert {c.kind for c in same.conflicts} == {"replacement cycle", "replaced twice"}
    assert same.canonical("HP:1") == "HP:2"


def test_only_exact_matches_merge() -> None:
    close = Mapping(subject="MONDO:1", object="OMIM:1", source="s", predicate="closeMatch")
    assert IdentityMap.from_mappings([close]).canonical("OMIM:1") == "OMIM:1"


def test_a_ring_of_mappings_is_one_group_and_is_cut_where_two_terms_would_meet() -> None:
    ring = [exact("MONDO:1", "DOID:5"), exact("DOID:5", "UMLS:C1"), exact("UMLS:C1", "MONDO:1")]
    assert IdentityMap.from_mappings(ring).members("UMLS:C1") == ("MONDO:1", "DOID:5", "UMLS:C1")
    weak = exact("GARD:7", "MONDO:1", 0.3)
    wider = [*ring, exact("MONDO:2", "GARD:7", 0.9), weak]
    same = IdentityMap.from_mappings(wider)
    assert [c.mapping for c in same.conflicts] == [weak]
    assert same.conflicts[0].clash == ("MONDO:1", "MONDO:2")
    assert same.members("MONDO:2") == ("MONDO:2", "GARD:7")
