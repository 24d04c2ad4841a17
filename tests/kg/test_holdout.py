"""What a control removes is gone, and what it must not remove stays."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kg.holdout import (
    choose_decoys,
    normalised_name,
    treatment_family,
    without_publications,
    without_treatments,
)
from kg.statements import Node, Statement
from kg.vocabulary import NodeType, Predicate


def shows(disease: str, term: str, *papers: str) -> Statement:
    return Statement(
        subject=disease,
        predicate=Predicate.HAS_PHENOTYPE,
        object=term,
        source="s",
        publications=papers,
    )


def is_a(child: str, parent: str) -> Statement:
    return Statement(subject=child, predicate=Predicate.SUBCLASS_OF, object=parent, source="s")


def treats(drug: str, disease: str, **more: object) -> Statement:
    fields = {"predicate": Predicate.TREATS, "source": "s", **more}
    return Statement(subject=drug, object=disease, **fields)  # type: ignore[arg-type]


def disease(curie: str, label: str, *synonyms: str) -> Node:
    return Node(id=curie, type=NodeType.DISEASE, label=label, synonyms=synonyms)


PAPERS = [f"PMID:{n}" for n in range(8)]


@given(st.lists(st.sets(st.sampled_from(PAPERS))), st.sets(st.sampled_from(PAPERS)))
def test_a_statement_falls_when_any_of_its_publications_is_excluded(
    cited: list[set[str]], excluded: set[str]
) -> None:
    statements = [shows(f"MONDO:{n}", "HP:1", *papers) for n, papers in enumerate(cited)]
    kept, fallen = without_publications(statements, excluded)
    assert len(kept) + fallen == len(statements)
    assert all(excluded.isdisjoint(s.publications) for s in kept)
    assert [s for s in statements if excluded.isdisjoint(s.publications)] == kept


def test_decoys_are_untouched_diseases_and_the_seed_decides() -> None:
    statements = [shows(f"MONDO:{n}", "HP:1", f"PMID:{n}") for n in range(50)]
    excluded = {"PMID:0", "PMID:1"}
    decoys, papers = choose_decoys(statements, excluded, count=10, rng=np.random.default_rng(3))
    again, _ = choose_decoys(statements, excluded, count=10, rng=np.random.default_rng(3))
    assert decoys == again
    assert len(decoys) == len(papers) == 10
    assert {"MONDO:0", "MONDO:1"}.isdisjoint(decoys)
    all_of_them, _ = choose_decoys(statements, excluded, count=99, rng=np.random.default_rng(3))
    assert len(all_of_them) == 48


def test_names_are_compared_without_form() -> None:
    assert normalised_name("Fabry disease") == normalised_name("FABRY DISEASE")
    assert normalised_name("Gaucher disease, type III") == normalised_name("gaucher disease 3")
    assert normalised_name("Gaucher disease, type 1") != normalised_name("Gaucher disease, type 2")


NODES = [
    disease("MONDO:1", "Fabry disease"),
    disease("MONDO:2", "lysosomal storage disease"),
    disease("MONDO:3", "Gaucher disease"),
    disease("MONDO:4", "Fabry disease, cardiac variant"),
    disease("OMIM:9", "fabry's disease", "Anderson-Fabry disease"),
    disease("MONDO:8", "measles"),
]
HIERARCHY = [is_a("MONDO:1", "MONDO:2"), is_a("MONDO:3", "MONDO:2"), is_a("MONDO:4", "MONDO:1")]


def test_family_is_parents_children_siblings_and_namesakes() -> None:
    nodes = [*NODES, disease("OMIM:10", "Fabry Disease")]
    held = treatment_family({"OMIM:301500": "MONDO:1", "X:1": "X:1"}, nodes, HIERARCHY)
    assert held.asked == {"MONDO:1"}
    assert held.relatives == {"MONDO:2", "MONDO:3", "MONDO:4"}
    assert "OMIM:10" in held.namesakes
    assert "MONDO:8" not in held.all
    assert held.unknown == ("X:1",)


def test_a_phenotype_that_labels_treat_is_held_out_with_its_family() -> None:
    signs = [
        Node(id=f"HP:{n}", type=NodeType.PHENOTYPE, label=label)
        for n, label in enumerate(("pain", "back pain", "neck pain", "cough"))
    ]
    hierarchy = [is_a("HP:1", "HP:0"), is_a("HP:2", "HP:0")]
    held = treatment_family({"HP:1": "HP:1"}, [*NODES, *signs], hierarchy)
    assert held.all == {"HP:0", "HP:1", "HP:2"}
    assert held.unknown == ()


def test_treatments_fall_in_every_form_with_their_mechanism_paths() -> None:
    step = {"predicate": Predicate.RELATED_TO, "qualifiers": (("pathway", "DB1_MESH_D1_1"),)}
    shared = (("pathway", "DB1_MESH_D0_1"), ("pathway", "DB1_MESH_D1_1"))
    statements = [
        treats("DRUGBANK:1", "MONDO:1"),
        treats("DRUGBANK:2", "MONDO:1", negated=True),
        treats("MAXO:1", "MONDO:1", predicate=Predicate.PREVENTS),
        treats("DRUGBANK:3", "MONDO:1", predicate=Predicate.CONTRAINDICATED_IN),
        treats("DRUGBANK:1", "UNIPROT:P1", **step),
        treats("DRUGBANK:1", "UNIPROT:P2", predicate=Predicate.RELATED_TO, qualifiers=shared),
        treats("UNIPROT:P1", "MONDO:1", **step),
        treats("DRUGBANK:1", "MONDO:8"),
        shows("MONDO:1", "HP:1"),
    ]
    kept, fallen = without_treatments(statements, {"MONDO:1"})
    assert fallen == 7
    assert kept == statements[-2:]
