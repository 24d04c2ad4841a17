r"""Ranked treatments of a patient, or of a disease alone, with paths and safety alerts.

Decides how the model's pair scores are combined over the diagnoses and how known indications and
safety alerts order the list. For a patient,

.. math:: s(t) = \sum_d p(d) \, (\sigma(f(d, t)) + [\text{the graph says } t \text{ treats } d])

over the most probable diagnoses `d`, with `f` the model's score. A stopped treatment goes below all
that are not stopped and stays visible with the reason.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from fusion.predictor import Predictor
from fusion.symbolic.treatments import TREATING
from kg.case import ClinicalCase
from kg.columns import NODE_TYPE_CODE
from kg.snapshot import GraphSnapshot
from kg.vocabulary import NodeType

from .answer import Alert, Answer, Diagnosis, Passage, RankedTreatment, TreatmentEntity
from .coded import lookup_of, with_coded_findings
from .diagnose import Diagnoser, best_first
from .errors import InputError
from .inputs import unresolved_inputs
from .loading import load_predictor
from .mined import MinedSupport, mined_support
from .noted import with_noted_findings
from .paths import EvidenceGraph, EvidencePath, to_entity, to_path
from .safety import PatientContext, SafetyCheck, patient_context, select

__all__ = ["TreatmentRanker", "known_indications"]

_MAX_DIAGNOSES = 5
_MIN_PROBABILITY = 0.02
_MAX_KNOWN = 8
_REMEMBERED = 64  # diseases of which it is known what their scores rest on
_EXPLAINED = 25  # ranks with paths: a list of thousands is read by programs

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """Diseases to treat, their weights, and the patient they are in."""

    diseases: tuple[int, ...]
    weights: tuple[float, ...]
    patient: PatientContext


class TreatmentRanker:
    """Answers the question which treatments, in which order, why, and which are dangerous.

    Args:
        predictor: A trained model with its graph.
        mined: What papers say that were mined since; None for none.
    """

    def __init__(self, predictor: Predictor, *, mined: MinedSupport | None = None) -> None:
        self.predictor = predictor
        self._mined = mined
        self._diagnoser = Diagnoser(predictor)
        snapshot = predictor.graph
        self._evidence = EvidenceGraph(snapshot)
        self._safety = SafetyCheck(snapshot)
        self._known = known_indications(snapshot)
        self._read: dict[int, npt.NDArray[np.float32] | None] = {}

    @classmethod
    def load(cls, model: Path, *, graph: Path | None = None) -> Self:
        """A ranker from the folder that `iatros train` wrote.

        Raises:
            InputError: The folder holds no model, or the graph is not the model's.
        """
        predictor = load_predictor(model, graph=graph)
        mined = None if graph is None else mined_support(graph, predictor.graph)
        return cls(predictor, mined=mined)

    def answer_disease(self, disease: str, *, top: int = 10, paths: int = 3) -> Answer:
        """Treatments for a disease alone, without a patient.

        Args:
            disease: Any id that the graph maps to a disease (or a phenotype that is treated).
            top: Treatments to list; stopped ones that outrank the last of them follow.
            paths: Evidence paths for each.

        Raises:
            InputError: No disease or phenotype of the graph has this id.
        """
        snapshot = self.predictor.graph
        node = snapshot.index(disease)
        kinds = (NodeType.DISEASE, NodeType.PHENOTYPE)
        if node is None or snapshot.node(node).type not in kinds:
            raise InputError(
                disease,
                "is no disease of this graph",
                "Give a MONDO, OMIM, ORPHA, DOID, MESH or UMLS id, such as OMIM:219800",
            )
        context = PatientContext(conditions=(node,))
        question = _Question(diseases=(node,), weights=(1.0,), patient=context)
        return Answer(
            disease=to_entity(snapshot, node),
            graph=self._diagnoser.graph,
            model=self._diagnoser.model,
            treatments=self._rank(question, top, paths),
        )

    def answer_cases(
        self,
        cases: Sequence[ClinicalCase],
        *,
        top: int = 10,
        paths: int = 3,
        given: Iterable[str] = (),
    ) -> list[Answer]:
        """Treatments for each patient over the probable diagnoses, or over given ones.

        Args:
            cases: Cases; their gold diagnoses are never looked at.
            top: Treatments to list for each.
            paths: Evidence paths for each treatment.
            given: Diagnoses that hold for all cases, instead of the ranked ones.

        Raises:
            InputError: A given diagnosis is no disease of the graph.
        """
        known = [self._disease(name) for name in given]
        cases = [with_coded_findings(self.predictor.graph, case) for case in cases]
        cases, noted = with_noted_findings(self.predictor.graph, cases)
        logits = self.predictor.score_diagnoses(cases)
        probabilities = self._diagnoser.probabilities(logits)
        answers = []
        for row, case in enumerate(cases):
            order = best_first(logits[row], _MAX_DIAGNOSES)
            diagnoses = self._diagnoser.diagnoses(
                case,
                order,
                logits[row],
                None if probabilities is None else probabilities[row],
                evidence=True,
            )
            answer = self._answer_case(case, diagnoses, known, top, paths)
            answers.append(answer.model_copy(update={"noted": noted[row]}))
        return answers

    def _disease(self, name: str) -> int:
        node = self.predictor.graph.index(name)
        if node is None:
            raise InputError(name, "is no disease of this graph", "Give a MONDO, OMIM or ORPHA id")
        return node

    def _answer_case(
        self,
        case: ClinicalCase,
        diagnoses: tuple[Diagnosis, ...],
        given: list[int],
        top: int,
        paths: int,
    ) -> Answer:
        snapshot = self.predictor.graph
        unresolved, warnings = unresolved_inputs(self.predictor, case)
        context = patient_context(snapshot, lookup_of(snapshot), case).patient
        chosen = given or self._to_treat(case, context)
        if chosen:
            diseases, weights = tuple(chosen), tuple([1.0 / len(chosen)] * len(chosen))
            if not given:
                warnings = (*warnings, "treatments are ranked for the known conditions")
        else:
            likely = [d for d in diagnoses if (d.probability or 0.0) >= _MIN_PROBABILITY]
            likely = likely or list(diagnoses[:1])
            total = sum(d.probability or 1.0 for d in likely)
            weights = tuple((d.probability or 1.0) / total for d in likely)
            nodes = [snapshot.index(d.disease.id) for d in likely]
            diseases = tuple(n for n in nodes if n is not None)
        patient = replace(
            context, conditions=tuple(dict.fromkeys((*diseases, *context.conditions)))
        )
        if gaps := self._safety.unknown(patient):
            warnings = (
                *warnings,
                f"safety was not checked for what is not known: {', '.join(gaps)}",
            )
        question = _Question(diseases=diseases, weights=weights, patient=patient)
        return Answer(
            case_id=case.case_id,
            graph=self._diagnoser.graph,
            model=self._diagnoser.model,
            diagnoses=diagnoses,
            treatments=self._rank(question, top, paths),
            unresolved_inputs=unresolved,
            warnings=warnings,
        )

    def _to_treat(self, case: ClinicalCase, patient: PatientContext) -> list[int]:
        """Known diseases of a patient of whom nothing is there that a diagnosis could rest on."""
        if case.phenotypes or case.images or (case.note and case.note.strip()):
            return []
        kinds = self.predictor.graph.node_types[list(patient.conditions)]
        is_disease = (kinds == NODE_TYPE_CODE[NodeType.DISEASE]).tolist()
        known = [n for n, disease in zip(patient.conditions, is_disease, strict=True) if disease]
        treated = [node for node in known if node in self._known]
        return (treated or known)[:_MAX_KNOWN]

    def _rank(self, question: _Question, top: int, paths: int) -> tuple[RankedTreatment, ...]:
        diseases = np.asarray(question.diseases, dtype=np.int32)
        pair: FloatArray = expit(self.predictor.score_indications(diseases).astype(np.float64))
        catalogue = self.predictor.treatments
        for row, disease in enumerate(question.diseases):
            for treatment in self._known.get(disease, ()):
                at = catalogue.positions[treatment]
                if at >= 0:
                    pair[row, at] += 1.0
            for treatment, belief in self._believed(disease).items():
                at = catalogue.positions[treatment]
                if at >= 0 and treatment not in self._known.get(disease, ()):
                    pair[row, at] += belief
        parts = pair * np.asarray(question.weights)[:, None]
        total = parts.sum(axis=0)
        shown = self._select(total, question.patient, top)
        ranked = []
        for rank, (position, alerts) in enumerate(shown, start=1):
            main = question.diseases[int(np.argmax(parts[:, position]))]
            ranked.append(
                self._treatment(
                    rank, position, main, float(total[position]), alerts, paths, question
                )
            )
        return tuple(ranked)

    def _believed(self, disease: int) -> dict[int, float]:
        """Belief that mined papers give to treatments of a disease."""
        return {} if self._mined is None else self._mined.of_disease(disease)

    def _paths(self, treatment: int, disease: int, limit: int) -> list[EvidencePath]:
        """The paths to show; what the score of the disease rests on is looked up once."""
        if disease not in self._read:
            if len(self._read) >= _REMEMBERED:
                self._read.clear()
            self._read[disease] = self.predictor.attended(disease)
        return self._evidence.paths(treatment, disease, limit=limit, read=self._read[disease])

    def _select(
        self, total: FloatArray, patient: PatientContext, top: int
    ) -> list[tuple[int, tuple[Alert, ...]]]:
        """Positions to show; see `reasoning.safety.select`."""
        catalogue = self.predictor.treatments
        ranked = map(int, catalogue.nodes[np.argsort(-total, kind="stable")])
        shown = select(ranked, self._safety, patient, top=top)
        return [(int(catalogue.positions[node]), alerts) for node, alerts in shown]

    def _treatment(
        self,
        rank: int,
        position: int,
        disease: int,
        score: float,
        alerts: tuple[Alert, ...],
        n_paths: int,
        question: _Question,
    ) -> RankedTreatment:
        snapshot, catalogue = self.predictor.graph, self.predictor.treatments
        node = int(catalogue.nodes[position])
        entity = to_entity(snapshot, node)
        forbidden = any(a.severity == "stop" and a.kind == "contraindication" for a in alerts)
        known = any(node in self._known.get(d, ()) for d in question.diseases)
        wanted = n_paths if rank <= _EXPLAINED else 0
        found = self._paths(node, disease, wanted) if wanted else []
        shown = [to_path(snapshot, path) for path in found]
        passages: tuple[Passage, ...] = ()
        if self._mined is not None and wanted:
            shown = [*self._mined.paths(node, disease, limit=1), *shown][:wanted]
            passages = self._mined.passages(node, disease)
        return RankedTreatment(
            rank=rank,
            treatment=TreatmentEntity(
                id=entity.id,
                label=entity.label,
                xrefs=entity.xrefs,
                kind="drug" if catalogue.is_drug[position] else "action",
            ),
            for_disease=to_entity(snapshot, disease),
            score=score,
            status="contraindicated" if forbidden else "indicated" if known else "predicted",
            alerts=alerts,
            no_data=self._safety.no_data(node),
            paths=tuple(shown),
            passages=passages,
        )


def known_indications(snapshot: GraphSnapshot) -> dict[int, frozenset[int]]:
    """Treatments that some statement of the graph gives for each disease node itself."""
    known: dict[int, set[int]] = defaultdict(set)
    for predicate in TREATING:
        edges = snapshot.edges(predicate, negated=False)
        for head, tail in zip(edges.head.tolist(), edges.tail.tolist(), strict=True):
            known[tail].add(head)
    return {disease: frozenset(treatments) for disease, treatments in known.items()}
