"""For a drug, the diseases that it may be for, and the drugs that it is like.

Decides which diseases are asked about: those that the graph gives the drug for, those whose text is
near to diseases of the drug or of drugs like it, and those of a gene that it acts on. They are then
ranked by the model's score of the pair, as `reasoning.treat` ranks treatments of a disease; what
must not be treated with it stands below, and says so.
"""

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from fusion.predictor import Predictor
from fusion.symbolic.pairs import PairFeatures
from kg.columns import PREDICATE_CODE
from kg.vocabulary import NodeType, Predicate

from .answer import GraphIdentity, ModelIdentity, TreatmentEntity
from .drug_answer import (
    DrugAnswer,
    RankedIndication,
    SharedTrait,
    SimilarTreatment,
    StructuralNeighbour,
)
from .errors import InputError
from .paths import EvidenceGraph, to_entity, to_path
from .structures import StructureIndex
from .treat import known_indications

__all__ = ["IndicationRanker"]

IntArray = npt.NDArray[np.int32]
FloatArray = npt.NDArray[np.float32]

_BY_TEXT = 300
_BY_GENE = 100
_SEEDS = 200  # diseases of the drug and of like drugs that others are compared with
_SHARPNESS = 12.0
_N_SIMILAR = 10
_MOST_TRAITS = 5
_TRAITS = (Predicate.AFFECTS, Predicate.HAS_ROLE, Predicate.HAS_PART)
_MOST_MEMBERS = 200  # a trait of more treatments than this says nothing of two


class IndicationRanker:
    """Answers the question which diseases a treatment may be for.

    Args:
        predictor: A trained model with its graph.
        graph: Which graph answers rest on.
        model: Which model gave the scores.
    """

    def __init__(self, predictor: Predictor, *, graph: GraphIdentity, model: ModelIdentity) -> None:
        self.predictor = predictor
        self._graph, self._model = graph, model
        self._evidence = EvidenceGraph(predictor.graph)
        self._known = known_indications(predictor.graph)
        forbidding = predictor.graph.edges(Predicate.CONTRAINDICATED_IN, negated=False)
        self._forbidden = set(zip(forbidding.head.tolist(), forbidding.tail.tolist(), strict=True))

    def answer(self, drug: str, *, top: int = 10, paths: int = 3) -> DrugAnswer:
        """Diseases for one treatment.

        Args:
            drug: Any id that the graph maps to a drug or a medical action.
            top: Diseases to list.
            paths: Evidence paths for each.

        Raises:
            InputError: No treatment of the graph has this id.
        """
        snapshot, catalogue = self.predictor.graph, self.predictor.treatments
        node = snapshot.index(drug)
        at = -1 if node is None else int(catalogue.positions[node])
        if node is None or at < 0:
            raise InputError(
                drug,
                "is no treatment of this graph",
                "Give a DrugBank, CHEBI, RxNorm, ATC or MAXO id, such as DRUGBANK:DB00945",
            )
        pairs = self.predictor.context.pairs
        if pairs is None:
            raise InputError(
                drug, "cannot be ranked", "Train on a graph that says what treatments are for"
            )
        treated = {disease for disease, drugs in self._known.items() if node in drugs}
        asked = self._candidates(pairs, at, treated)
        score = expit(self.predictor.score_indications(asked)[:, at].astype(np.float64))
        score += np.isin(asked, list(treated))
        stopped = np.asarray([(node, disease) in self._forbidden for disease in asked.tolist()])
        order = np.lexsort([-score, stopped])[:top]
        ranked = tuple(
            self._indication(rank, node, int(asked[row]), float(score[row]), treated, paths)
            for rank, row in enumerate(order.tolist(), start=1)
        )
        return DrugAnswer(
            treatment=self._treatment(at),
            graph=self._graph,
            model=self._model,
            indications=ranked,
            similar=self._similar(pairs, at),
            similar_in_structure=self._alike(node),
            structure_note=self._structures.missing
            or ("" if node in self._structures else "no structure of this treatment is known"),
        )

    def _candidates(self, pairs: PairFeatures, at: int, treated: set[int]) -> IntArray:
        """Diseases worth asking the trees about, by cheap scores."""
        snapshot, knowledge = self.predictor.graph, pairs.knowledge
        carried = pairs.indicated @ knowledge.spread[:, at] + pairs.indicated[:, at]
        carried = carried / np.sqrt(np.maximum(pairs.indicated.sum(axis=1), 1))
        seeds = np.argsort(-carried, kind="stable")[:_SEEDS]
        seeds = seeds[carried[seeds] > 0]
        every = np.union1d(snapshot.nodes_of(NodeType.DISEASE), pairs.labelled).astype(np.int32)
        near = np.zeros(len(every), dtype=np.float32)
        if len(seeds):
            cosine = knowledge.text[every] @ knowledge.text[pairs.labelled[seeds]].T
            near = (np.exp(_SHARPNESS * (cosine - 1.0)) * carried[seeds]).max(axis=1)
        genes = np.asarray(
            (knowledge.diseases["gene"][every] @ knowledge.targets[:, [at]]).todense()
        )
        found = [_best(every, near, _BY_TEXT), _best(every, genes.ravel(), _BY_GENE)]
        joined: IntArray = np.unique(np.concatenate([*found, list(treated)])).astype(np.int32)
        return joined

    def _indication(
        self, rank: int, drug: int, disease: int, score: float, treated: set[int], n_paths: int
    ) -> RankedIndication:
        snapshot = self.predictor.graph
        forbidden = (drug, disease) in self._forbidden
        found = self._evidence.paths(drug, disease, limit=n_paths) if n_paths else []
        return RankedIndication(
            rank=rank,
            disease=to_entity(snapshot, disease),
            score=score,
            status="contraindicated"
            if forbidden
            else "indicated"
            if disease in treated
            else "predicted",
            paths=tuple(to_path(snapshot, path) for path in found),
        )

    def _treatment(self, at: int) -> TreatmentEntity:
        catalogue = self.predictor.treatments
        entity = to_entity(self.predictor.graph, int(catalogue.nodes[at]))
        return TreatmentEntity(
            id=entity.id,
            label=entity.label,
            xrefs=entity.xrefs,
            kind="drug" if catalogue.is_drug[at] else "action",
        )

    def _similar(self, pairs: PairFeatures, at: int) -> tuple[SimilarTreatment, ...]:
        weight = pairs.knowledge.spread[:, at]
        order = np.argsort(-weight, kind="stable")[:_N_SIMILAR]
        nodes = self.predictor.treatments.nodes
        own = self._traits(int(nodes[at]))
        return tuple(
            SimilarTreatment(
                rank=rank,
                treatment=self._treatment(other),
                weight=float(weight[other]),
                shared=self._shared(own, self._traits(int(nodes[other]))),
            )
            for rank, other in enumerate(order[weight[order] > 0].tolist(), start=1)
        )

    @cached_property
    def _structures(self) -> StructureIndex:
        return StructureIndex(self.predictor.graph, self.predictor.treatments.nodes.tolist())

    def _alike(self, node: int) -> tuple[StructuralNeighbour, ...]:
        positions = self.predictor.treatments.positions
        return tuple(
            StructuralNeighbour(
                rank=rank,
                treatment=self._treatment(int(positions[other])),
                tanimoto=round(likeness, 4),
            )
            for rank, (other, likeness) in enumerate(
                self._structures.nearest(node, _N_SIMILAR), start=1
            )
        )

    def _traits(self, drug: int) -> dict[tuple[Predicate, int], int]:
        """Targets, classes and ingredients of a treatment, each with an edge row that says so."""
        snapshot = self.predictor.graph
        rows = snapshot.take(snapshot.incident(drug))
        found: dict[tuple[Predicate, int], int] = {}
        for predicate in _TRAITS:
            code = PREDICATE_CODE[predicate]
            mine = (rows.predicate == code) & (rows.head == drug) & ~rows.negated
            for row, tail in zip(rows.rows[mine].tolist(), rows.tail[mine].tolist(), strict=True):
                found.setdefault((predicate, tail), row)
        return found

    def _shared(
        self,
        own: dict[tuple[Predicate, int], int],
        other: dict[tuple[Predicate, int], int],
    ) -> tuple[SharedTrait, ...]:
        """What both have, the rarest first."""
        snapshot = self.predictor.graph
        common = {key: len(snapshot.incident(key[1])) for key in own.keys() & other.keys()}
        rare = sorted((n, key[0].value, key[1]) for key, n in common.items() if n <= _MOST_MEMBERS)
        shown: Sequence[tuple[int, str, int]] = rare[:_MOST_TRAITS]
        return tuple(
            SharedTrait(
                trait=to_entity(snapshot, node),
                predicate=predicate,
                statements=tuple(
                    snapshot.statement_id(rows[Predicate(predicate), node]) for rows in (own, other)
                ),
            )
            for _, predicate, node in shown
        )


def _best(nodes: IntArray, score: FloatArray, n: int) -> IntArray:
    order = np.argsort(-score, kind="stable")[:n]
    best: IntArray = nodes[order[score[order] > 0]]
    return best
