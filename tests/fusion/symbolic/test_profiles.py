"""Profiles and relatives, checked by hand on the toy world."""

import numpy as np
import pytest

from fusion.symbolic import (
    DiseaseProfiles,
    ProfileOptions,
    ReferenceCases,
    Relatives,
    SymbolicKnowledge,
)


def _build(
    knowledge: SymbolicKnowledge, references: ReferenceCases, options: ProfileOptions | None = None
) -> DiseaseProfiles:
    return DiseaseProfiles.build(
        ontology=knowledge.ontology,
        n_diseases=knowledge.catalogue.n_diseases,
        annotations=knowledge.annotations,
        references=references,
        relatives=(knowledge.by_gene, knowledge.by_parent),
        named=knowledge.named,
        options=options,
    )


def _at(knowledge: SymbolicKnowledge, letter: str, curie: str) -> tuple[int, int]:
    return knowledge.catalogue.labels.index(letter), knowledge.ontology.ids.index(curie)


def test_annotation_and_patients_are_merged_as_a_posterior_mean(
    knowledge: SymbolicKnowledge, references: ReferenceCases
) -> None:
    options = ProfileOptions(annotation_weight=3.0, doubt=1.0)
    profiles = _build(knowledge, references, options)
    disease, term = _at(knowledge, "A", "HP:0000011")
    stated = (1.0 * 5.0 + 0.5) / (5.0 + 1.0)  # a share of 1 without a count speaks for five
    assert profiles.annotated[disease, term] == pytest.approx(stated)
    # both published patients of A have the term
    assert profiles.merged[disease, term] == pytest.approx((3 * stated + 2) / (3 + 2 + 1))
    parent = knowledge.ontology.ids.index("HP:0000010")
    assert profiles.merged_closed[disease, parent] == pytest.approx((3 * stated + 2) / 6)
    assert profiles.merged[disease, parent] == 0
    assert profiles.n_cases[disease] == 2
    assert profiles.n_annotations[disease] == 2


def test_closed_profiles_never_fall_towards_the_root(
    knowledge: SymbolicKnowledge, references: ReferenceCases
) -> None:
    profiles = _build(knowledge, references)
    for closed in (profiles.annotated_closed, profiles.merged_closed, profiles.family_closed):
        table = closed.toarray()
        assert table.min() >= 0
        assert table.max() <= 1
        for term in range(knowledge.ontology.n_terms):
            for above in knowledge.ontology.ancestors_of(term):
                assert (table[:, above] >= table[:, term] - 1e-6).all()


def test_a_disease_without_anything_takes_after_its_relatives(
    knowledge: SymbolicKnowledge, references: ReferenceCases
) -> None:
    profiles = _build(knowledge, references)
    disease, term = _at(knowledge, "E", "HP:0000011")
    assert profiles.merged_closed[disease].nnz == 0
    assert profiles.family_closed[disease, term] > 0


def test_without_relatives_the_family_is_the_disease(
    knowledge: SymbolicKnowledge, references: ReferenceCases
) -> None:
    alone = _build(knowledge, references, ProfileOptions(family_weight=0.0))
    assert (alone.family_closed != alone.merged_closed).nnz == 0


def test_impossible_weights_are_refused() -> None:
    with pytest.raises(ValueError, match="above 0"):
        ProfileOptions(annotation_weight=0.0)


def test_relatives_carry_the_mean_and_the_maximum() -> None:
    groups = np.array([[1, 1, 1, 0], [0, 0, 1, 1]], dtype=bool)
    related = Relatives.from_groups(groups, largest=3)
    assert np.diag(related.weights.toarray()).tolist() == [0.0] * 4
    scores = np.array([[1.0, 2.0, 3.0, 4.0]], dtype=np.float32)
    assert related.maximum(scores)[0].tolist() == [3.0, 3.0, 4.0, 3.0]
    # Disease 2: from its group of three 1/3 each, from its group of two 1/2, made to sum to 1.
    expected = (1.0 / 3 + 2.0 / 3 + 4.0 / 2) / (1.0 / 3 + 1.0 / 3 + 1.0 / 2)
    assert related.mean(scores)[0, 2] == pytest.approx(expected)
    small = Relatives.from_groups(groups, largest=2)
    assert small.maximum(scores, default=-9.0)[0].tolist() == [-9.0, -9.0, 4.0, 3.0]
