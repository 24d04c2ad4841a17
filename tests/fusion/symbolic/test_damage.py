"""A damaged patient keeps its diagnosis and the invariants of term sets."""

import numpy as np

from fusion.symbolic import SymbolicKnowledge, TermSets
from fusion.symbolic.damage import DamageOptions, PatientDamage


def _patient(knowledge: SymbolicKnowledge, rng: np.random.Generator) -> TermSets:
    signs = np.unique(knowledge.annotations.term)
    chosen = rng.choice(signs, size=min(8, len(signs)), replace=False)
    present = np.sort(chosen[::2]).astype(np.int32)
    implied = knowledge.ontology.closure(present)
    excluded = np.setdiff1d(chosen[1::2], implied).astype(np.int32)
    return TermSets(present=present, excluded=excluded)


def test_findings_fall_and_stray_ones_come(knowledge: SymbolicKnowledge) -> None:
    rng = np.random.default_rng(0)
    damage = PatientDamage(knowledge, DamageOptions(dropped=(0.5, 0.5), vague=0, most_stray=0))
    for _ in range(20):
        patient = _patient(knowledge, rng)
        worse = damage.damage(patient, rng)
        assert set(worse.present.tolist()) <= set(patient.present.tolist())
        assert len(worse.present) == max(1, round(0.5 * len(patient.present)))


def test_no_excluded_finding_is_implied_by_a_present_one(
    knowledge: SymbolicKnowledge,
) -> None:
    rng = np.random.default_rng(1)
    damage = PatientDamage(knowledge, DamageOptions(vague=1.0, most_stray=4))
    for worse in damage.damage_all([_patient(knowledge, rng) for _ in range(50)], rng):
        implied = knowledge.ontology.closure(worse.present)
        assert not np.isin(worse.excluded, implied).any()
        assert (np.diff(worse.present) > 0).all()


def test_a_patient_without_findings_stays(knowledge: SymbolicKnowledge) -> None:
    nothing = TermSets(present=np.zeros(0, dtype=np.int32))
    assert PatientDamage(knowledge).damage(nothing, np.random.default_rng(0)) is nothing
