"""Ranked diagnoses of a case, with evidence and how sure they are.

Decides how the model's scores become an answer. The scores and probabilities are from
`fusion.predictor`, the evidence from `reasoning.evidence` and `reasoning.similar`, questions,
counterfactuals and genes from the files of these names.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy.special import softmax

from fusion.calibration import Posterior
from fusion.predictor import Predictor
from fusion.symbolic import TermSets
from kg.case import ClinicalCase

from .answer import (
    Answer,
    Certainty,
    Counterfactual,
    Diagnosis,
    Evidence,
    GraphIdentity,
    ModelIdentity,
    NotedFinding,
)
from .coded import with_coded_findings
from .counterfactual import counterfactuals
from .entities import Entities
from .evidence import FindingEvidence, Reasons
from .genes import GENES_USED, GeneRanking
from .inputs import unresolved_inputs
from .loading import load_predictor
from .mined_findings import MinedFindings, mined_findings
from .noted import with_noted_findings
from .questions import NextQuestions
from .similar import SimilarPatients
from .threads import in_threads

__all__ = ["Asked", "Diagnoser"]

_BLOCK = 8
_WITH_PATIENTS = 5  # first diagnoses that similar patients are looked up for

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What an answer is to hold beside the ranking.

    Attributes:
        top: Diagnoses to list.
        evidence: Which findings and published patients speak for each.
        questions: Findings to ask about next.
        counterfactual: What the first would be without each finding; the ranking is made once
            more for each of them.
        genes: Use the genes of the case, and rank them.
        noted: Use the findings that the note states or denies, and show all that it names.
    """

    top: int = 10
    evidence: bool = True
    questions: int = 0
    counterfactual: bool = False
    genes: bool = False
    noted: bool = True


class Diagnoser:
    """Answers the question which diagnoses, in which order, and why.

    Args:
        predictor: A trained model with its graph.
        mined: What papers say that were mined since; None for none.
    """

    def __init__(self, predictor: Predictor, *, mined: MinedFindings | None = None) -> None:
        self.predictor = predictor
        self._mined = mined
        self._entities = Entities(predictor.graph)

    @classmethod
    def load(cls, model: Path, *, graph: Path | None = None) -> Self:
        """A diagnoser from the folder that `iatros train` wrote.

        Raises:
            InputError: The folder holds no model, or the graph is not the model's.
        """
        predictor = load_predictor(model, graph=graph)
        mined = None if graph is None else mined_findings(graph, predictor.graph)
        return cls(predictor, mined=mined)

    @property
    def graph(self) -> GraphIdentity:
        """Identity of the graph that answers rest on."""
        graph = self.predictor.graph
        return GraphIdentity(digest=graph.digest, release=graph.release)

    @property
    def model(self) -> ModelIdentity:
        """Identity of the model."""
        return ModelIdentity(digest=self.predictor.manifest.model_digest)

    @cached_property
    def _evidence(self) -> FindingEvidence:
        symbolic = self.predictor.symbolic
        return FindingEvidence(
            snapshot=self.predictor.graph,
            ontology=symbolic.knowledge.ontology,
            content=symbolic.profiles.content,
            likelihood=symbolic.likelihood,
            entities=self._entities,
        )

    @cached_property
    def _patients(self) -> SimilarPatients:
        return SimilarPatients(self.predictor.symbolic, self._entities)

    @cached_property
    def _questions(self) -> NextQuestions:
        return NextQuestions(self.predictor, self._entities)

    @cached_property
    def _genes(self) -> GeneRanking:
        return GeneRanking(self.predictor, self._entities)

    def answer(
        self, cases: Sequence[ClinicalCase], asked: Asked | None = None, **options: int | bool
    ) -> list[Answer]:
        """One answer for each case, in order.

        Args:
            cases: Cases; gold diagnoses are never looked at.
            asked: What the answers are to hold.
            options: Attributes of `Asked`, instead of it.
        """
        cases = [with_coded_findings(self.predictor.graph, case) for case in cases]
        wanted = asked or Asked(**options)  # type: ignore[arg-type]  # checked by Asked
        noted: list[tuple[NotedFinding, ...]] = []
        if wanted.noted:
            cases, noted = with_noted_findings(self.predictor.graph, cases)
        if wanted.evidence:
            self._evidence, self._patients  # noqa: B018 - made before threads ask for them
        blocks = [cases[at : at + _BLOCK] for at in range(0, len(cases), _BLOCK)]
        answered = in_threads(
            lambda block: self._answer_block(block, wanted), blocks, self.predictor
        )
        answers = [answer for block in answered for answer in block]
        if not any(noted):
            return answers
        return [a.model_copy(update={"noted": n}) for a, n in zip(answers, noted, strict=True)]

    def scores(self, cases: Sequence[ClinicalCase], *, genes: bool = False) -> FloatArray:
        """Scores of every disease for each case, `[n_cases, n_diseases]`."""
        scores = self.predictor.score_diagnoses(cases)
        if genes:
            for row, case in enumerate(cases):
                scores[row] = self._genes.with_genes(scores[row], self._terms(case))
        return scores

    def _terms(self, case: ClinicalCase) -> TermSets:
        return self.predictor.symbolic.knowledge.encoder.encode(case)

    def _answer_block(self, cases: Sequence[ClinicalCase], asked: Asked) -> list[Answer]:
        scores = self.scores(cases, genes=asked.genes)
        posterior = self.predictor.posterior(scores)
        confidence = self.predictor.confidence
        beliefs = self.probabilities(scores) if posterior is None else posterior.probabilities
        sizes = None
        if posterior is not None and confidence is not None:
            sizes = confidence.sets.sizes(posterior.probabilities)
        return [
            self._answer_one(
                case,
                scores[row],
                None if beliefs is None else beliefs[row],
                self._certainty(posterior, sizes, row, asked.top),
                asked,
            )
            for row, case in enumerate(cases)
        ]

    def _certainty(
        self, posterior: Posterior | None, sizes: npt.NDArray[np.int64] | None, row: int, top: int
    ) -> Certainty | None:
        confidence = self.predictor.confidence
        if posterior is None or sizes is None or confidence is None:
            return None
        size = int(sizes[row])
        return Certainty(
            none_of_catalogue=float(posterior.none[row]),
            coverage=confidence.sets.coverage,
            set_size=size,
            set_shown=min(size, top, self.predictor.catalogue.n_diseases),
        )

    def _answer_one(
        self,
        case: ClinicalCase,
        scores: FloatArray,
        belief: npt.NDArray[np.float64] | None,
        certainty: Certainty | None,
        asked: Asked,
    ) -> Answer:
        order = best_first(scores, asked.top)
        diagnoses = self.diagnoses(
            case,
            order,
            scores,
            belief,
            evidence=asked.evidence,
            set_size=None if certainty is None else certainty.set_size,
        )
        terms = self._terms(case)
        unresolved, warnings = unresolved_inputs(self.predictor, case, genes_used=asked.genes)
        if asked.genes:
            warnings = (*warnings, GENES_USED if len(terms.genes) else "no candidate gene is known")
        questions = belief is not None and asked.questions > 0
        return Answer(
            case_id=case.case_id,
            graph=self.graph,
            model=self.model,
            diagnoses=diagnoses,
            certainty=certainty,
            counterfactuals=self._without(case, order, asked) if asked.counterfactual else (),
            next_questions=self._questions.best(case, belief, most=asked.questions)
            if questions and belief is not None
            else (),
            genes=self._genes.rank(terms, scores, belief) if asked.genes else (),
            unresolved_inputs=unresolved,
            warnings=warnings,
        )

    def _without(
        self, case: ClinicalCase, order: npt.NDArray[np.int64], asked: Asked
    ) -> tuple[Counterfactual, ...]:
        return counterfactuals(
            self.predictor,
            self._entities,
            case,
            int(order[0]),
            scores_of=lambda cases: self.scores(cases, genes=asked.genes),
        )

    def diagnoses(
        self,
        case: ClinicalCase,
        order: npt.NDArray[np.int64],
        scores: FloatArray,
        probabilities: npt.NDArray[np.float64] | None,
        *,
        evidence: bool,
        set_size: int | None = None,
    ) -> tuple[Diagnosis, ...]:
        """The diseases at the given catalogue positions as ranked diagnoses."""
        nodes = self.predictor.catalogue.nodes[order].tolist()
        places = list(zip(order.tolist(), nodes, strict=True))
        reasons = self._explain(case, places) if evidence else [None] * len(nodes)
        findings = self._findings(case) if evidence and self._mined is not None else []
        return tuple(
            Diagnosis(
                rank=rank,
                disease=self._entities.of(node),
                score=float(scores[position]),
                probability=None if probabilities is None else float(probabilities[position]),
                in_set=None if set_size is None else rank <= set_size,
                nats_for=None if why is None else why.nats_for,
                nats_against=None if why is None else why.nats_against,
                evidence=() if why is None else why.evidence,
                passages=()
                if self._mined is None or not findings
                else self._mined.passages(node, findings),
            )
            for rank, ((position, node), why) in enumerate(
                zip(places, reasons, strict=True), start=1
            )
        )

    def _findings(self, case: ClinicalCase) -> list[int]:
        """Nodes of the present findings and candidate genes."""
        terms = self._terms(case)
        of_ontology = self.predictor.symbolic.knowledge.ontology.nodes
        return [*of_ontology[terms.present].tolist(), *terms.genes.tolist()]

    def probabilities(self, logits: FloatArray) -> npt.NDArray[np.float64] | None:
        """Calibrated probability of each disease, or None when nothing calibrated the model.

        Args:
            logits: `[n_cases, n_diseases]`.
        """
        posterior = self.predictor.posterior(logits)
        if posterior is not None:
            return posterior.probabilities
        temperature = self.predictor.temperature
        if temperature is None:
            return None
        shares: npt.NDArray[np.float64] = softmax(logits.astype(np.float64) / temperature, axis=1)
        return shares

    def _explain(self, case: ClinicalCase, diseases: list[tuple[int, int]]) -> list[Reasons]:
        terms = self._terms(case)
        found = self._evidence.explain(terms, diseases)
        similarity = self._patients.similarities([terms])[0]
        for at, (position, _) in enumerate(diseases[:_WITH_PATIENTS]):
            patients: tuple[Evidence, ...] = self._patients.explain(terms, similarity, position)
            if patients:
                own = found[at]
                found[at] = Reasons(
                    evidence=(*own.evidence, *patients),
                    nats_for=own.nats_for,
                    nats_against=own.nats_against,
                )
        return found


def best_first(scores: FloatArray, top: int) -> npt.NDArray[np.int64]:
    """Positions of the highest scores, best first; ties by position, so that order is stable."""
    top = min(top, len(scores))
    if top < len(scores):
        cut = np.partition(scores, -top)[-top]
        candidates = np.flatnonzero(scores >= cut)
    else:
        candidates = np.arange(len(scores))
    order = candidates[np.argsort(-scores[candidates], kind="stable")]
    return order[:top].astype(np.int64)
