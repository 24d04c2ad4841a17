"""Ranking candidate genes: the causal one among random others.

Decides the task: of each case with one known gene, that gene and nineteen random genes that cause
some disease are the candidates. It measures what findings say of genes, through diseases; the
causal gene itself is always listed, as in no real exome.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fusion.predictor import Predictor
from fusion.ranks import realistic_rank
from fusion.symbolic.candidate_genes import CandidateGenes
from fusion.symbolic.relatives import gene_disease_pairs
from kg.case import ClinicalCase
from kg.cases.split import publication_components

from .certainty import cluster_weights, resampled
from .metrics import Interval

__all__ = ["GeneResult", "measure_genes"]

_CANDIDATES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneResult:
    """Shares of cases, with intervals over publications.

    Attributes:
        n_cases: Cases with one known gene that causes a disease of the catalogue.
        gene_first: The causal gene stands first of twenty.
        disease_first: The diagnosis stands first by findings alone.
        disease_first_with_genes: The same with the twenty candidates given.
    """

    n_cases: int
    gene_first: Interval
    disease_first: Interval
    disease_first_with_genes: Interval

    def as_json(self) -> dict[str, Any]:
        """Plain numbers."""
        return {
            name: {"value": v.value, "low": v.low, "high": v.high} if isinstance(v, Interval) else v
            for name in self.__slots__
            for v in [getattr(self, name)]
        }

    def markdown(self) -> list[str]:
        """A table."""

        def cell(interval: Interval) -> str:
            return f"{interval.value:.3f} ({interval.low:.3f}–{interval.high:.3f})"

        return [
            f"## Candidate genes: the causal one and {_CANDIDATES - 1} random ones "
            f"({self.n_cases} cases)",
            "",
            "| measure | share of cases |",
            "|---|---|",
            f"| the causal gene stands first | {cell(self.gene_first)} |",
            f"| the diagnosis stands first, findings alone | {cell(self.disease_first)} |",
            "| the diagnosis stands first, candidates given | "
            f"{cell(self.disease_first_with_genes)} |",
        ]


def measure_genes(
    predictor: Predictor,
    cases: Sequence[ClinicalCase],
    scores: npt.NDArray[np.float32],
    *,
    n_samples: int = 1000,
    seed: int = 0,
) -> GeneResult | None:
    """Ranks of genes and diagnoses; None when no case has a usable gene."""
    rng = np.random.default_rng([seed, 19])
    genes = CandidateGenes.from_snapshot(predictor.graph, predictor.catalogue)
    pool = np.unique(gene_disease_pairs(predictor.graph, predictor.catalogue)[0]).astype(np.int32)
    temperature = predictor.temperature or 1.0
    rows, first, alone, given = [], [], [], []
    posterior = predictor.posterior(scores)
    if posterior is None:
        return None
    for row, case in enumerate(cases):
        own = predictor.symbolic.knowledge.encoder.encode(case).genes
        gold = predictor.diagnoses_of(case)
        if len(own) != 1 or own[0] not in pool or not gold:
            continue
        others = rng.choice(pool[pool != own[0]], min(_CANDIDATES, len(pool)) - 1, replace=False)
        suspects = np.r_[own, others].astype(np.int32)
        shares = genes.shares(posterior.probabilities[row], suspects)
        rows.append(row)
        first.append(realistic_rank(shares, [0]) <= 1)
        alone.append(realistic_rank(scores[row], gold) <= 1)
        with_genes = scores[row] + temperature * genes.log_ratio(suspects)
        given.append(realistic_rank(with_genes, gold) <= 1)
    if not rows:
        return None
    clusters = publication_components([cases[row] for row in rows])
    weights = cluster_weights(clusters, n_samples=n_samples)

    def share(held: list[bool]) -> Interval:
        values = np.asarray(held, dtype=np.float64)
        return resampled(weights, lambda w: float(w @ values / w.sum()))

    return GeneResult(
        n_cases=len(rows),
        gene_first=share(first),
        disease_first=share(alone),
        disease_first_with_genes=share(given),
    )
