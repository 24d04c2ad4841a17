"""Ranked diagnoses of a case, with evidence.

Decides how the model's scores become an answer. The scores are from `fusion.predictor`, the
evidence from `reasoning.evidence`.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy.special import softmax

from fusion.predictor import Predictor
from kg.case import ClinicalCase

from .answer import Answer, Diagnosis, Evidence, GraphIdentity, ModelIdentity
from .entities import Entities
from .evidence import FindingEvidence
from .inputs import unresolved_inputs
from .loading import load_predictor
from .threads import in_threads

__all__ = ["Diagnoser"]

_BLOCK = 8


class Diagnoser:
    """Answers the question which diagnoses, in which order, and why.

    Args:
        predictor: A trained model with its graph.
    """

    def __init__(self, predictor: Predictor) -> None:
        self.predictor = predictor
        self._evidence: FindingEvidence | None = None
        self._entities = Entities(predictor.graph)

    @classmethod
    def load(cls, model: Path, *, graph: Path | None = None) -> Self:
        """A diagnoser from the folder that `iatros train` wrote.

        Raises:
            InputError: The folder holds no model, or the graph is not the model's.
        """
        return cls(load_predictor(model, graph=graph))

    @property
    def graph(self) -> GraphIdentity:
        """Identity of the graph that answers rest on."""
        graph = self.predictor.graph
        return GraphIdentity(digest=graph.digest, release=graph.release)

    @property
    def model(self) -> ModelIdentity:
        """Identity of the model."""
        return ModelIdentity(digest=self.predictor.manifest.model_digest)

    def answer(
        self, cases: Sequence[ClinicalCase], *, top: int = 10, evidence: bool = True
    ) -> list[Answer]:
        """One answer for each case, in order.

        Args:
            cases: Cases; gold diagnoses are never looked at.
            top: Diagnoses to list.
            evidence: Say which findings speak for each.
        """
        blocks = [cases[at : at + _BLOCK] for at in range(0, len(cases), _BLOCK)]
        answered = in_threads(
            lambda block: self._answer_block(block, top, evidence), blocks, self.predictor
        )
        return [answer for block in answered for answer in block]

    def _answer_block(
        self, cases: Sequence[ClinicalCase], top: int, evidence: bool
    ) -> list[Answer]:
        logits = self.predictor.score_diagnoses(cases)
        probabilities = self.probabilities(logits)
        return [
            self._answer_one(
                case,
                logits[row],
                None if probabilities is None else probabilities[row],
                top,
                evidence,
            )
            for row, case in enumerate(cases)
        ]

    def _answer_one(
        self,
        case: ClinicalCase,
        scores: npt.NDArray[np.float32],
        probabilities: npt.NDArray[np.float64] | None,
        top: int,
        evidence: bool,
    ) -> Answer:
        order = best_first(scores, top)
        diagnoses = self.diagnoses(case, order, scores, probabilities, evidence=evidence)
        unresolved, warnings = unresolved_inputs(self.predictor, case)
        return Answer(
            case_id=case.case_id,
            graph=self.graph,
            model=self.model,
            diagnoses=diagnoses,
            unresolved_inputs=unresolved,
            warnings=warnings,
        )

    def diagnoses(
        self,
        case: ClinicalCase,
        order: npt.NDArray[np.int64],
        scores: npt.NDArray[np.float32],
        probabilities: npt.NDArray[np.float64] | None,
        *,
        evidence: bool,
    ) -> tuple[Diagnosis, ...]:
        """The diseases at the given catalogue positions as ranked diagnoses."""
        nodes = self.predictor.catalogue.nodes[order].tolist()
        reasons = (
            self._explain(case, list(zip(order.tolist(), nodes, strict=True)))
            if evidence
            else [()] * len(nodes)
        )
        return tuple(
            Diagnosis(
                rank=rank,
                disease=self._entities.of(node),
                score=float(scores[position]),
                probability=None if probabilities is None else float(probabilities[position]),
                evidence=why,
            )
            for rank, (position, node, why) in enumerate(
                zip(order.tolist(), nodes, reasons, strict=True), start=1
            )
        )

    def probabilities(self, logits: npt.NDArray[np.float32]) -> npt.NDArray[np.float64] | None:
        """Calibrated share of belief in each disease, or None when nothing calibrated the model.

        Args:
            logits: `[n_cases, n_diseases]`.
        """
        temperature = self.predictor.temperature
        if temperature is None:
            return None
        shares: npt.NDArray[np.float64] = softmax(logits.astype(np.float64) / temperature, axis=1)
        return shares

    def _explain(
        self, case: ClinicalCase, diseases: list[tuple[int, int]]
    ) -> list[tuple[Evidence, ...]]:
        symbolic = self.predictor.symbolic
        if self._evidence is None:
            self._evidence = FindingEvidence(
                snapshot=self.predictor.graph,
                ontology=symbolic.knowledge.ontology,
                content=symbolic.profiles.content,
                likelihood=symbolic.likelihood,
                entities=self._entities,
            )
        return self._evidence.explain(symbolic.knowledge.encoder.encode(case), diseases)


def best_first(scores: npt.NDArray[np.float32], top: int) -> npt.NDArray[np.int64]:
    """Positions of the highest scores, best first; ties by position, so that order is stable."""
    top = min(top, len(scores))
    if top < len(scores):
        cut = np.partition(scores, -top)[-top]
        candidates = np.flatnonzero(scores >= cut)
    else:
        candidates = np.arange(len(scores))
    order = candidates[np.argsort(-scores[candidates], kind="stable")]
    return order[:top].astype(np.int64)
