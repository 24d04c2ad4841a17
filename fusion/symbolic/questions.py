r"""Which finding, if asked now, would tell most: expected information gain.

Decides the value of a question. With belief `p(d)` and the chance `f(d, t)` that a patient with `d`
shows `t`, the answer to "does the patient have `t`?" is worth

.. math:: I(t) = H\Big(\sum_d p(d) f(d, t)\Big) - \sum_d p(d) \, H(f(d, t))

nats about the disease (`H` the entropy of yes and no; Lindley 1956). Beliefs beyond the first
hundred diseases, and the belief that the disease is none of the catalogue, are counted as one that
shows every sign as often as diseases do on average. What has been said already, or follows from it,
is worth nothing: terms implied by a present finding, or under an excluded one.

Among findings of which the answer is known to be on record, what a *yes* would tell chooses better:

.. math:: Y(t) = \ln \frac{\sum_d p(d) f(d, t)}{b(t)} - \ln c(t)

with the share `b(t)` of patients who show `t` and the share `c(t)` of diseases that do: how much
likelier it is here than elsewhere, and how specific.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from kg.ontology import PHENOTYPIC_ABNORMALITY, Ontology

from .patients import TermSets
from .profiles import DiseaseProfiles

__all__ = ["QuestionValue", "entropy"]

IntArray = npt.NDArray[np.int32]
FloatArray = npt.NDArray[np.float64]

_MOST_DISEASES = 100
_LEAST, _MOST = 0.005, 0.98  # nothing is certain: signs are missed, and seen by accident
_NOISE = 0.05  # share of a sign's frequency that is owed to accident


class QuestionValue:
    """Information gain of findings under the profiles of diseases.

    Args:
        ontology: Phenotype hierarchy.
        profiles: How often each disease shows each sign.
    """

    def __init__(self, ontology: Ontology, profiles: DiseaseProfiles) -> None:
        self._ontology = ontology
        self._shares = profiles.family_closed
        self._background = profiles.background.astype(np.float64)
        self._content = profiles.content.astype(np.float64)
        self._askable = ontology.below(PHENOTYPIC_ABNORMALITY)
        root = [at for at, curie in enumerate(ontology.ids) if curie == PHENOTYPIC_ABNORMALITY]
        self._askable[root] = False

    def open_terms(self, case: TermSets) -> npt.NDArray[np.bool_]:
        """True for the terms about which nothing has been said."""
        still_open = self._askable.copy()
        still_open[self._ontology.closure(case.present)] = False
        for term in case.excluded.tolist():
            still_open[self._ontology.descendants_of(term)] = False
        return still_open

    def gains(
        self,
        belief: FloatArray,
        case: TermSets,
        *,
        among: Sequence[int] | IntArray | None = None,
    ) -> tuple[IntArray, FloatArray]:
        """Terms worth asking about and what each is worth in nats.

        Args:
            belief: Probability of each disease of the catalogue; what lacks to 1 is none of them.
            case: What has been said.
            among: Ontology positions to choose from; None for the signs of the likely diseases.
        """
        likely = self._likely(belief)
        still_open = self.open_terms(case)
        rows: Any = self._shares[likely]
        if among is None:
            terms = np.unique(rows.indices)
        else:
            terms = np.unique(np.asarray(among, dtype=np.int64))
        terms = terms[still_open[terms]].astype(np.int32)
        if not len(terms) or not len(likely):
            return terms[:0], np.zeros(0)
        shares, usual = self.chances(likely, terms)
        weight = belief[likely].astype(np.float64)
        rest = max(1.0 - float(weight.sum()), 0.0)
        yes = weight @ shares + rest * usual
        left = weight @ entropy(shares) + rest * entropy(usual)
        gains: FloatArray = np.maximum(entropy(yes) - left, 0.0)
        return terms, gains

    def telling(
        self, belief: FloatArray, case: TermSets, among: Sequence[int] | IntArray
    ) -> tuple[IntArray, FloatArray]:
        """Terms whose answer is on record, and what a yes would tell, in nats.

        Args:
            belief: As in `gains`.
            case: What has been said.
            among: Ontology positions to choose from.
        """
        wanted = np.unique(np.asarray(among, dtype=np.int64))
        terms = wanted[self.open_terms(case)[wanted]].astype(np.int32)
        likely = self._likely(belief)
        shares, usual = self.chances(likely, terms)
        rest = max(1.0 - float(belief[likely].sum()), 0.0)
        yes = belief[likely].astype(np.float64) @ shares + rest * usual
        worth: FloatArray = np.log(yes / usual) + self._content[terms]
        return terms, worth

    def chances(
        self, diseases: npt.NDArray[np.integer[Any]], terms: IntArray
    ) -> tuple[FloatArray, FloatArray]:
        """How likely patients with each disease show each finding, and patients as such.

        Returns:
            `[n_diseases, n_terms]` and `[n_terms]`, never quite 0 or 1.
        """
        usual: FloatArray = np.clip(self._background[terms], _LEAST, _MOST)
        shares = np.asarray(self._shares[diseases][:, terms].todense(), dtype=np.float64)
        return np.clip((1.0 - _NOISE) * shares + _NOISE * usual, _LEAST, _MOST), usual

    @staticmethod
    def _likely(belief: FloatArray) -> npt.NDArray[np.intp]:
        """The first diseases by belief, in no order."""
        n = min(_MOST_DISEASES, len(belief))
        likely = np.argpartition(-belief, n - 1)[:n]
        return likely[belief[likely] > 0]

    def chance_of_yes(self, belief: FloatArray, term: int) -> float:
        """Probability that the patient shows a finding."""
        shares = np.asarray(self._shares[:, [term]].todense()).ravel()
        usual = float(self._background[term])
        rest = max(1.0 - float(belief.sum()), 0.0)
        return float(np.clip(belief @ shares + rest * usual, 0.0, 1.0))


def entropy(chance: FloatArray) -> FloatArray:
    """Entropy of yes and no, in nats.

    >>> bool(np.isclose(entropy(np.array([0.5]))[0], np.log(2)))
    True
    """
    sure = np.clip(chance, 1e-12, 1.0 - 1e-12)
    uncertain: FloatArray = -(sure * np.log(sure) + (1.0 - sure) * np.log1p(-sure))
    return uncertain
