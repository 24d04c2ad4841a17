"""Candidate genes of a case: used for the ranking of diseases, and ranked themselves.

Decides that genes are looked at only when asked for, and how they stand in an answer. Their weight
is decided in `fusion.symbolic.candidate_genes`.
"""

import numpy as np
import numpy.typing as npt

from fusion.predictor import Predictor
from fusion.symbolic import TermSets
from fusion.symbolic.candidate_genes import CandidateGenes

from .answer import RankedGene
from .entities import Entities

__all__ = ["GENES_USED", "GeneRanking"]

GENES_USED = (
    "candidate genes of the case were used; genes of a published case were found together with its "
    "diagnosis, so on such cases the ranking is no measure of what findings alone say"
)
_DISEASES = 3


class GeneRanking:
    """Genes beside diseases.

    Args:
        predictor: A trained model with its graph.
        entities: Nodes in words.
    """

    def __init__(self, predictor: Predictor, entities: Entities) -> None:
        self._predictor = predictor
        self._entities = entities
        self._genes = CandidateGenes.from_snapshot(predictor.graph, predictor.catalogue)

    def with_genes(
        self, scores: npt.NDArray[np.float32], case: TermSets
    ) -> npt.NDArray[np.float32]:
        """Scores of one case with what its candidate genes add."""
        added = self._genes.log_ratio(case.genes) * (self._predictor.temperature or 1.0)
        return (scores + added).astype(np.float32)

    def rank(
        self,
        case: TermSets,
        scores: npt.NDArray[np.float32],
        belief: npt.NDArray[np.float64] | None,
    ) -> tuple[RankedGene, ...]:
        """The candidate genes of a case, best first.

        Args:
            case: Term sets with genes.
            scores: Of every disease.
            belief: Calibrated probabilities of the same diseases, or None.
        """
        weight = _soft(scores) if belief is None else belief
        shares = self._genes.shares(weight, case.genes)
        ranked = []
        for rank, at in enumerate(np.argsort(-shares, kind="stable").tolist(), start=1):
            gene = int(case.genes[at])
            diseases = self._genes.diseases_of(gene)
            best = diseases[np.argsort(-weight[diseases], kind="stable")[:_DISEASES]]
            nodes = self._predictor.catalogue.nodes[best].tolist()
            ranked.append(
                RankedGene(
                    rank=rank,
                    gene=self._entities.of(gene),
                    probability=None if belief is None else float(shares[at]),
                    score=float(np.log(max(shares[at], 1e-30))),
                    diseases=tuple(self._entities.of(node) for node in nodes),
                )
            )
        return tuple(ranked)


def _soft(scores: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    shifted = np.exp(scores.astype(np.float64) - float(scores.max()))
    result: npt.NDArray[np.float64] = shifted / shifted.sum()
    return result
