"""Scorers against brute force written from their definitions."""

from types import ModuleType
from typing import Literal

import numpy as np
import pytest

from fusion.symbolic import (
    BestMatch,
    DiseaseProfiles,
    LikelihoodOptions,
    LikelihoodRatio,
    NearestPatients,
    ReferenceCases,
    SymbolicKnowledge,
    TermSets,
)


@pytest.fixture(scope="module")
def profiles(knowledge: SymbolicKnowledge, references: ReferenceCases) -> DiseaseProfiles:
    return DiseaseProfiles.build(
        ontology=knowledge.ontology,
        n_diseases=knowledge.catalogue.n_diseases,
        annotations=knowledge.annotations,
        references=references,
    )


def _mica(knowledge: SymbolicKnowledge, content: np.ndarray, a: int, b: int) -> float:
    ontology = knowledge.ontology
    common = np.intersect1d(ontology.ancestors_of(a), ontology.ancestors_of(b))
    return float(content[common].max())


@pytest.mark.parametrize("measure", ["resnik", "lin"])
def test_best_match_average_is_that_of_the_definition(
    measure: Literal["resnik", "lin"],
    knowledge: SymbolicKnowledge,
    references: ReferenceCases,
    profiles: DiseaseProfiles,
) -> None:
    content = profiles.content
    scorer = BestMatch(
        ontology=knowledge.ontology, signs=profiles.merged, content=content, measure=measure
    )
    scores = scorer.score(references.patients)
    for row, patient in zip(scores, references.patients, strict=True):
        for disease in range(knowledge.catalogue.n_diseases):
            signs = profiles.merged[disease]
            if not signs.nnz:
                assert row[disease] == 0
                continue

            def similarity(a: int, b: int) -> float:
                shared = _mica(knowledge, content, a, b)
                return shared if measure == "resnik" else 2 * shared / (content[a] + content[b])

            table = np.array([[similarity(q, t) for t in signs.indices] for q in patient.present])
            forward = table.max(axis=1).mean()
            backward = np.average(table.max(axis=0), weights=signs.data)
            assert row[disease] == pytest.approx((forward + backward) / 2, abs=2e-3)


def test_likelihood_ratio_is_that_of_the_definition(
    knowledge: SymbolicKnowledge, references: ReferenceCases, profiles: DiseaseProfiles
) -> None:
    options = LikelihoodOptions()
    scorer = LikelihoodRatio(
        ontology=knowledge.ontology,
        frequency=profiles.merged_closed,
        background=profiles.background,
        content=profiles.content,
        options=options,
    )
    frequency, content = profiles.merged_closed.toarray(), profiles.content
    scores = scorer.score(references.patients)
    for row, patient in zip(scores, references.patients, strict=True):
        for disease in range(knowledge.catalogue.n_diseases):
            expected = 0.0
            for term in patient.present:
                ratios = [
                    frequency[disease, above]
                    / profiles.background[above]
                    * np.exp(-options.vagueness * (content[term] - content[above]))
                    for above in knowledge.ontology.ancestors_of(term)
                ]
                expected += np.log(max(options.noise, *ratios))
            for term in patient.excluded:
                absent = max(1 - frequency[disease, term], options.excluded_floor)
                expected += options.excluded_weight * np.log(
                    absent / max(1 - profiles.background[term], 0.05)
                )
            assert row[disease] == pytest.approx(expected, abs=5e-3)


def test_nearest_patients_are_those_of_brute_force(
    knowledge: SymbolicKnowledge, references: ReferenceCases, profiles: DiseaseProfiles
) -> None:
    scorer = NearestPatients(
        ontology=knowledge.ontology,
        references=references,
        content=profiles.content,
        n_diseases=knowledge.catalogue.n_diseases,
    )

    def vector(patient: TermSets) -> np.ndarray:
        out = np.zeros(knowledge.ontology.n_terms)
        closed = knowledge.ontology.closure(patient.present)
        out[closed] = profiles.content[closed]
        return out / np.linalg.norm(out)

    vectors = np.stack([vector(patient) for patient in references.patients])
    cosine = vectors @ vectors.T
    similarity = scorer.similarity(references.patients)
    np.testing.assert_allclose(similarity, cosine[:, scorer.order], atol=1e-5)
    for disease in range(knowledge.catalogue.n_diseases):
        own = np.sort(cosine[:, references.disease == disease], axis=1)[:, ::-1]
        closest = scorer.closest(similarity)[:, disease]
        two = scorer.mean_closest(similarity, k=2)[:, disease]
        three = scorer.mean_closest(similarity, k=3)[:, disease]
        if own.shape[1]:
            np.testing.assert_allclose(closest, own[:, 0], atol=1e-5)
            np.testing.assert_allclose(two, own[:, :2].mean(axis=1), atol=1e-5)
            np.testing.assert_allclose(three, own[:, :3].mean(axis=1), atol=1e-5)
        else:
            assert not closest.any()
            assert not two.any()


def test_without_references_nearest_patients_say_nothing(
    knowledge: SymbolicKnowledge, references: ReferenceCases, profiles: DiseaseProfiles
) -> None:
    scorer = NearestPatients(
        ontology=knowledge.ontology,
        references=ReferenceCases.empty(),
        content=profiles.content,
        n_diseases=knowledge.catalogue.n_diseases,
    )
    assert not scorer.score(references.patients).any()
    empty = scorer.similarity(references.patients)
    assert not scorer.mean_closest(empty, k=3).any()


def test_the_trap_that_has_every_sign_rarely_does_not_win(
    toy: ModuleType, knowledge: SymbolicKnowledge, profiles: DiseaseProfiles
) -> None:
    scorer = LikelihoodRatio(
        ontology=knowledge.ontology,
        frequency=profiles.annotated_closed,
        background=profiles.annotated_background,
        content=profiles.content,
    )
    patient = knowledge.encoder.encode(toy.case("x", (12, 23)))
    labels = knowledge.catalogue.labels
    assert labels[int(scorer.score([patient])[0].argmax())] == "B"


def test_an_excluded_sign_speaks_against_the_disease_that_has_it(
    toy: ModuleType, knowledge: SymbolicKnowledge, profiles: DiseaseProfiles
) -> None:
    scorer = LikelihoodRatio(
        ontology=knowledge.ontology,
        frequency=profiles.merged_closed,
        background=profiles.background,
        content=profiles.content,
    )
    cases = [
        knowledge.encoder.encode(toy.case("x", (30,))),
        knowledge.encoder.encode(toy.case("y", (30,), excluded=(23,))),
    ]
    scores = scorer.score(cases)
    c = knowledge.catalogue.labels.index("C")
    a = knowledge.catalogue.labels.index("A")
    assert scores[1, c] < scores[0, c]
    assert scores[1, a] >= scores[0, a]


def test_impossible_options_are_refused() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        LikelihoodOptions(noise=0)
    with pytest.raises(ValueError, match="at least 0"):
        LikelihoodOptions(vagueness=-1)
