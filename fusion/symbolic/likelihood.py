"""Likelihood ratio: how much more likely are these findings in the disease than in any disease?

Decides the generative model of a patient. A finding `t` is reported

- as a sign of the disease, stated at `t` or, less precisely, at an ancestor `a` of `t`: with
  frequency `f(d, a)`, times the share of `a`-patients that are `t`-patients, `b(t) / b(a)`, damped
  by `exp(-vagueness * (IC(t) - IC(a)))` because most precise findings under a vague sign do not
  belong;
- or as noise, unrelated to the disease, with `noise * b(t)`.

So `LR(t, d) = max(noise, max_a f(d, a) / b(a) * exp(-vagueness * (IC(t) - IC(a))))`, and the score
is the sum of its logarithms in nats. Excluded findings add a gentle `ln((1 - f) / (1 - b))`:
authors list only some of what they did not find. After Robinson et al. 2020,
doi:10.1016/j.ajhg.2020.06.021.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from kg.ontology import Ontology

from .patients import TermSets
from .rows import TermRows

__all__ = ["LikelihoodOptions", "LikelihoodRatio"]

IntArray = npt.NDArray[np.int32]
FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class LikelihoodOptions:
    """The noise model.

    Attributes:
        noise: Floor of the ratio of one finding, in (0, 1).
        vagueness: Damping per nat of lost precision, at least 0.
        excluded_weight: Weight of excluded findings, at least 0; 0 ignores them.
        excluded_floor: Smallest believed chance that a sign of the disease is absent, in (0, 1).
    """

    noise: float = 0.02
    vagueness: float = 1.5
    excluded_weight: float = 0.5
    excluded_floor: float = 0.2

    def __post_init__(self) -> None:
        if not (0 < self.noise < 1 and 0 < self.excluded_floor < 1):
            raise ValueError("noise and excluded_floor must lie between 0 and 1")
        if self.vagueness < 0 or self.excluded_weight < 0:
            raise ValueError("vagueness and excluded_weight must be at least 0")


class LikelihoodRatio:
    """Scores in nats; 0 means that the findings say nothing either way."""

    def __init__(
        self,
        *,
        ontology: Ontology,
        frequency: Any,
        background: FloatArray,
        content: FloatArray,
        options: LikelihoodOptions | None = None,
        name: str = "likelihood ratio",
    ) -> None:
        """Prepares the columns.

        Args:
            ontology: Phenotype hierarchy.
            frequency: CSR `[n_diseases, n_terms]`, closed upwards.
            background: Share of each term over all diseases, in (0, 1].
            content: Information content of each term, in nats.
            options: Noise model.
            name: Name in result tables.
        """
        self.name = name
        self._ontology = ontology
        self._options = options or LikelihoodOptions()
        self._content = content
        columns = frequency.tocsc()
        self._indptr, self._indices = columns.indptr, columns.indices
        of_column = np.repeat(np.arange(columns.shape[1]), np.diff(columns.indptr))
        share = np.maximum(columns.data, np.float32(1e-6))
        self._log_ratio = np.log(share / background[of_column]).astype(np.float32)
        self._best_of_term = np.full(columns.shape[1], -np.inf, dtype=np.float32)
        np.maximum.at(self._best_of_term, of_column, self._log_ratio)
        present = np.maximum(1.0 - share, self._options.excluded_floor)
        self._log_absent = np.log(present).astype(np.float32)
        self._log_background_absent = np.log(np.maximum(1.0 - background, 0.05))
        n_diseases, n_terms = frequency.shape
        self.n_diseases = int(n_diseases)
        self._present = TermRows(self._present_rows, n_terms=n_terms, width=n_diseases)

    def rows(self, terms: IntArray) -> FloatArray:
        """Log ratio of each present term under each disease, `[len(terms), n_diseases]`, nats."""
        return self._present.rows(terms)

    def extremes(self, terms: IntArray, *into: FloatArray) -> None:
        """Sum, number above zero, maximum and minimum of the rows; see `TermRows.extremes`."""
        self._present.extremes(terms, *into)

    def ratios(self, terms: IntArray, diseases: npt.NDArray[np.integer[Any]]) -> FloatArray:
        """Log ratio of each term under some diseases, `[len(terms), len(diseases)]`, nats."""
        return self._present.at(terms, diseases)

    def absent_ratios(self, terms: IntArray, diseases: npt.NDArray[np.integer[Any]]) -> FloatArray:
        """What each excluded term adds to the score of some diseases, weighted, nats.

        Args:
            terms: Excluded terms.
            diseases: Catalogue positions.

        Returns:
            `[len(terms), len(diseases)]`.
        """
        out = np.zeros((len(terms), len(diseases)), dtype=np.float32)
        for row, term in zip(out, np.asarray(terms).tolist(), strict=True):
            at = slice(self._indptr[term], self._indptr[term + 1])
            own, values = self._indices[at], self._log_absent[at]
            place = np.minimum(np.searchsorted(own, diseases), max(len(own) - 1, 0))
            if len(own):
                row[:] = np.where(own[place] == diseases, values[place], np.float32(0.0))
            row -= np.float32(self._log_background_absent[term])
        out *= np.float32(self._options.excluded_weight)
        return out

    def present(self, cases: Sequence[TermSets]) -> FloatArray:
        """Part of the score that present findings make, `[n_cases, n_diseases]`."""
        out = np.empty((len(cases), self.n_diseases), dtype=np.float32)
        for row, case in zip(out, cases, strict=True):
            self._present.sum(case.present, row)
        return out

    def excluded(self, cases: Sequence[TermSets]) -> FloatArray:
        """Part of the score that excluded findings make, unweighted, `[n_cases, n_diseases]`."""
        out = np.zeros((len(cases), self.n_diseases), dtype=np.float32)
        for row, case in zip(out, cases, strict=True):
            for term in case.excluded:
                at = slice(self._indptr[term], self._indptr[term + 1])
                row[self._indices[at]] += self._log_absent[at]
                row -= self._log_background_absent[term]
        return out

    def score(self, cases: Sequence[TermSets]) -> FloatArray:
        """Log likelihood ratio of each disease, `[n_cases, n_diseases]`, nats."""
        scores = self.present(cases)
        if self._options.excluded_weight:
            scores += np.float32(self._options.excluded_weight) * self.excluded(cases)
        return scores

    def _present_rows(self, terms: IntArray) -> FloatArray:
        floor = np.float32(np.log(self._options.noise))
        out = np.full((len(terms), self.n_diseases), floor, dtype=np.float32)
        for row, term in zip(out, terms, strict=True):
            for ancestor in self._ontology.ancestors_of(int(term)):
                lost = max(0.0, float(self._content[term] - self._content[ancestor]))
                if self._best_of_term[ancestor] - self._options.vagueness * lost <= floor:
                    continue  # too vague to lift any disease; these are the longest columns
                at = slice(self._indptr[ancestor], self._indptr[ancestor + 1])
                diseases = self._indices[at]
                damped = self._log_ratio[at] - np.float32(self._options.vagueness * lost)
                row[diseases] = np.maximum(row[diseases], damped)
        return out
