"""Patients that nobody published: drawn from the annotations of the graph, or told worse.

Decides how a patient is drawn for a disease that nobody published a case of: each sign with its
frequency, some signs named one step too vaguely, some that belong to nothing. Annotations that rest
on a paper of any case at hand are never drawn from: the case would otherwise be known before it is
seen. Drawn patients train the neural part only; for symbolic scores they would be a lookup in the
table that they were drawn from. What a worse account of a published patient leaves out is decided
in `fusion.symbolic.damage`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from .batches import CaseArrays
from .patient import EXCLUDED, N_DEMOGRAPHICS, PRESENT
from .symbolic import SymbolicKnowledge, TermSets
from .symbolic.damage import PatientDamage, direct_parents

__all__ = ["PatientSimulator", "worse_account"]

_LEAST_SIGNS = 2  # a disease with fewer annotated signs makes no patient
_MOST_SIGNS = 14
_VAGUE_SHARE = 0.15
_NOISE_SHARE = 0.15


class PatientSimulator:
    """Draws patients of random diseases, each annotated disease as often as any other.

    Args:
        knowledge: The graph as arrays.
        exclude_publications: Annotations that rest on any of these are not drawn from.
    """

    def __init__(
        self, knowledge: SymbolicKnowledge, *, exclude_publications: Iterable[str] = ()
    ) -> None:
        annotations = knowledge.annotations.without(exclude_publications)
        rows = np.flatnonzero(~annotations.negated)
        rows = rows[np.argsort(annotations.disease[rows], kind="stable")]
        disease, first, count = np.unique(
            annotations.disease[rows], return_index=True, return_counts=True
        )
        enough = count >= _LEAST_SIGNS
        self._disease = disease[enough]
        self._first, self._count = first[enough], count[enough]
        self._term = annotations.term[rows]
        self._share = annotations.share[rows]
        self._nodes = knowledge.ontology.nodes
        self._parents = direct_parents(knowledge)

    @property
    def n_diseases(self) -> int:
        """Diseases that patients are drawn from."""
        return len(self._disease)

    def draw(self, n_cases: int, rng: np.random.Generator) -> list[CaseArrays]:
        """Patients; the same generator state draws the same ones."""
        if not self.n_diseases:
            return []
        chosen = rng.integers(self.n_diseases, size=n_cases)
        return [self._one(int(at), number, rng) for number, at in enumerate(chosen)]

    def _one(self, at: int, number: int, rng: np.random.Generator) -> CaseArrays:
        rows = slice(self._first[at], self._first[at] + self._count[at])
        terms, share = self._term[rows], self._share[rows]
        # The least likely draw counts first, so that no patient is without a sign.
        luck = rng.random(len(terms)) / np.maximum(share, 1e-3)
        order = np.argsort(luck, kind="stable")
        n_seen = int(np.clip((luck < 1.0).sum(), min(_LEAST_SIGNS, len(terms)), _MOST_SIGNS))
        signs = terms[order[:n_seen]].astype(np.int64)
        vague = rng.random(len(signs)) < _VAGUE_SHARE
        signs = np.array(
            [self._vaguer(int(t), rng) if v else int(t) for t, v in zip(signs, vague, strict=True)],
            dtype=np.int64,
        )
        n_noise = int(rng.binomial(max(len(signs), 1), _NOISE_SHARE))
        noise = self._term[rng.integers(len(self._term), size=n_noise)]
        present = np.unique(np.concatenate([signs, noise]))
        nodes = np.sort(self._nodes[present].astype(np.int64))
        return CaseArrays(
            case_id=f"simulated {number}",
            nodes=nodes,
            roles=np.full(len(nodes), PRESENT, dtype=np.int64),
            demographics=np.zeros(N_DEMOGRAPHICS, dtype=np.float32),
            terms=TermSets(present=present.astype(np.int32)),
            note=None,
            image_paths=(),
            gold=(int(self._disease[at]),),
        )

    def _vaguer(self, term: int, rng: np.random.Generator) -> int:
        """A direct parent, or the term itself where there is none."""
        parents = self._parents.get(term, ())
        return int(rng.choice(parents)) if parents else term


def worse_account(case: CaseArrays, damage: PatientDamage, rng: np.random.Generator) -> CaseArrays:
    """The same patient with fewer, vaguer and stray findings; all else is kept."""
    terms = damage.damage(case.terms, rng)
    kept = ~np.isin(case.roles, (PRESENT, EXCLUDED))
    roles = dict(zip(case.nodes[kept].tolist(), case.roles[kept].tolist(), strict=True))
    for role, positions in ((EXCLUDED, terms.excluded), (PRESENT, terms.present)):
        roles |= dict.fromkeys(damage.nodes[positions].tolist(), role)
    nodes = np.array(sorted(roles), dtype=np.int64)
    return replace(
        case,
        nodes=nodes,
        roles=np.array([roles[node] for node in nodes.tolist()], dtype=np.int64),
        terms=terms,
    )
