"""A loaded model that answers: diagnosis scores for cases, treatment scores for diseases.

Decides what is computed once per model (node vectors, symbolic profiles) and what per batch. How
scores become ranked, explained and checked answers is decided in `reasoning`.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Int

from kg.case import ClinicalCase
from kg.snapshot import GraphSnapshot

from .batches import CaseArrays, CaseBatch, ImageCache, collate
from .calibration import Posterior
from .checkpoint import LoadedModel, ModelManifest, load_model
from .context import GraphContext
from .model import NodeVectors
from .symbolic import DiseaseCatalogue, SymbolicFeatures
from .symbolic.boosted_treatments import BoostedTreatments
from .symbolic.pairs import PairFeatures
from .symbolic.treatments import TreatmentCatalogue
from .treatment_decoder import CONTRAINDICATION, INDICATION
from .treatment_scores import combine_treatments

__all__ = ["Predictor"]

_CASES_AT_ONCE = 32
_FEATURES_AT_ONCE = 8
_DISEASES_AT_ONCE = 16
_REMEMBERED_DISEASES = 256


class Predictor:
    """Scores with one model.

    Args:
        loaded: The model with its graph and reference cases.
        exclude_publications: What cites any of these is not known to the symbolic scorers.

    Attributes:
        graph: The snapshot that answers rest on.
        catalogue: Diseases, in the order of the diagnosis scores.
        treatments: Treatments, in the order of the treatment scores.
        manifest: What the model says of itself.
        symbolic: Symbolic features with all reference cases.
        references: The reference cases.
        groups: What is known of each disease: 2 published patients, 1 annotated only, 0 neither.
        confidence: Calibration and conformal sets; None when nothing calibrated the model.
    """

    def __init__(
        self, loaded: LoadedModel, *, exclude_publications: frozenset[str] = frozenset()
    ) -> None:
        self._loaded = loaded
        self._model = loaded.model.eval()
        self._context = loaded.context
        self.manifest: ModelManifest = loaded.manifest
        self.references = loaded.references
        self.graph: GraphSnapshot = loaded.context.graph
        self.catalogue: DiseaseCatalogue = loaded.context.knowledge.catalogue
        self.treatments: TreatmentCatalogue = loaded.context.treatments
        knowledge = loaded.context.knowledge
        self.symbolic = SymbolicFeatures(
            knowledge,
            knowledge.references(loaded.references),
            exclude_publications=exclude_publications,
            names=self._model.feature_names,
        )
        self.groups = self.symbolic.groups
        self.confidence = loaded.confidence
        self._offsets = (
            None
            if loaded.confidence is None
            else loaded.confidence.calibration.offsets(self.groups)
        )
        reads_images = self._model.image_encoder is not None
        self._images = (
            ImageCache(size=loaded.model.config.image_size, most=64) if reads_images else None
        )
        self._head = loaded.head
        self._boosted = loaded.boosted
        self._neural_treatments = float(self.manifest.training.get("neural_treatments", 0.0))
        self._vectors: NodeVectors | None = None
        self._projected: tuple[torch.Tensor, torch.Tensor] | None = None
        self._treatment_scores: OrderedDict[
            tuple[int, tuple[int, ...]], Float[np.ndarray, "n_drugs n_kinds"]
        ] = OrderedDict()

    @classmethod
    def load(
        cls, folder: Path, *, graph: GraphSnapshot | None = None, device: str = "auto"
    ) -> Predictor:
        """Reads a model folder.

        Args:
            folder: What `iatros train` wrote.
            graph: Another snapshot; its digest must be that of the training.
            device: `auto`, `cpu` or `cuda`.

        Raises:
            ModelError: If the model cannot be read or belongs to another graph.
        """
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        return cls(load_model(folder, graph=graph, device=device))

    @property
    def context(self) -> GraphContext:
        """The graph with everything derived from it."""
        return self._context

    @property
    def treatment_trees(self) -> BoostedTreatments | None:
        """The trees that rank treatments; None where the decoder alone does."""
        return self._boosted

    @property
    def on_accelerator(self) -> bool:
        """Whether the model is anywhere but on the processor."""
        return self._model.device.type != "cpu"

    @property
    def temperature(self) -> float | None:
        """Divides diagnosis logits before the softmax; None when nothing calibrated it."""
        if self.confidence is not None:
            return self.confidence.calibration.temperature
        return self.manifest.temperature

    def posterior(self, scores: Float[np.ndarray, "n_cases n_diseases"]) -> Posterior | None:
        """Calibrated probabilities of scores, or None when nothing calibrated the model."""
        return None if self.confidence is None else self.confidence.posterior(scores)

    def diagnoses_of(self, case: ClinicalCase) -> tuple[int, ...]:
        """Catalogue positions of the diagnoses that a case states; empty when it has none."""
        return self._context.indexer.encode(case).gold

    def blind_to(self, cases: Sequence[ClinicalCase], *, also: Iterable[str] = ()) -> Predictor:
        """The same weights, knowing nothing of some cases: for calibration and evaluation.

        Annotations, edges and reference patients that cite a publication of the cases fall, and so
        do the cases themselves.

        Args:
            cases: Cases that must not be known.
            also: Further publications that must not be known (decoys).
        """
        excluded = frozenset(also).union(*(case.publications for case in cases))
        hidden = self.graph.without_publications(set(excluded))
        loaded = replace(
            self._without_patients(cases, excluded),
            context=replace(self._context, tensors=self._context.tensors.without_rows(hidden)),
        )
        return Predictor(loaded, exclude_publications=excluded)

    def without_patients_of(self, cases: Sequence[ClinicalCase]) -> Predictor:
        """The same weights without the published patients of some papers.

        Annotations that rest on these papers stay: for the as-published protocol.

        Args:
            cases: Cases whose patients and papers' patients must not be known.
        """
        papers = frozenset[str]().union(*(case.publications for case in cases))
        return Predictor(self._without_patients(cases, papers))

    def _without_patients(
        self, cases: Sequence[ClinicalCase], publications: frozenset[str]
    ) -> LoadedModel:
        own = {case.case_id for case in cases}
        kept = (
            case
            for case in self.references
            if case.case_id not in own and publications.isdisjoint(case.publications)
        )
        return replace(self._loaded, references=tuple(kept))

    @property
    def vectors(self) -> NodeVectors:
        """Vectors of all nodes, computed at the first use."""
        if self._vectors is None:
            with torch.no_grad():
                self._vectors = self._model.encode_graph(
                    self._context.tensors.to(self._model.device)
                )
        return self._vectors

    def problems(self, cases: Sequence[ClinicalCase]) -> tuple[str, ...]:
        """Inputs that cannot be read, one line each; their cases are answered without them."""
        return self._collate(self._encode(cases)).problems if self._images is not None else ()

    @torch.no_grad()
    def score_diagnoses(
        self, cases: Sequence[ClinicalCase], *, head: bool = True
    ) -> Float[np.ndarray, "n_cases n_diseases"]:
        """Logits of every disease of the catalogue for each case.

        The same case gets the same scores whatever stands beside it, up to rounding.

        Args:
            cases: The patients.
            head: False leaves trees and listwise network out (an ablation).
        """
        rows = []
        for start in range(0, len(cases), _CASES_AT_ONCE):
            arrays = self._encode(cases[start : start + _CASES_AT_ONCE])
            neural = self._neural(arrays)
            for at in range(0, len(arrays), _FEATURES_AT_ONCE):
                some = slice(at, at + _FEATURES_AT_ONCE)
                symbolic = self.symbolic.compute([case.terms for case in arrays[some]])
                features = torch.from_numpy(symbolic).to(neural.device)
                logits = self._model.combine(features, neural[some])
                own = logits.float().cpu().numpy()
                if head and self._head is not None:
                    own = self._head.rerank(own, symbolic, self.symbolic.names)
                if self._offsets is not None:
                    own = own + self._offsets
                rows.append(own)
        if not rows:
            return np.zeros((0, self.catalogue.n_diseases), dtype=np.float32)
        return np.concatenate(rows).astype(np.float32, copy=False)

    @torch.no_grad()
    def score_diagnoses_neural(
        self, cases: Sequence[ClinicalCase]
    ) -> Float[np.ndarray, "n_cases n_diseases"]:
        """Neural logits alone, for ablations."""
        rows = [
            self._neural(self._encode(cases[start : start + _CASES_AT_ONCE]))
            .sum(dim=-1)
            .cpu()
            .numpy()
            for start in range(0, len(cases), _CASES_AT_ONCE)
        ]
        empty = np.zeros((0, self.catalogue.n_diseases), dtype=np.float32)
        return np.concatenate(rows or [empty]).astype(np.float32, copy=False)

    @torch.no_grad()
    def score_treatments(
        self, diseases: Sequence[int] | Int[np.ndarray, " n_diseases"]
    ) -> Float[np.ndarray, "n_diseases n_drugs 2"]:
        """Indication and contraindication scores of every treatment.

        Log-odds of the boosted trees, see `fusion.treatment_scores`; those of the neural decoder
        where the model has no trees.

        Args:
            diseases: Snapshot indices; phenotypes are answered too.
        """
        return self._score_treatments(diseases, (INDICATION, CONTRAINDICATION))

    def score_indications(
        self, diseases: Sequence[int] | Int[np.ndarray, " n_diseases"]
    ) -> Float[np.ndarray, "n_diseases n_drugs"]:
        """The first half of `score_treatments`, in half the time."""
        return self._score_treatments(diseases, (INDICATION,))[:, :, 0]

    def attended(self, disease: int) -> Float[np.ndarray, " n_nodes"] | None:
        """How much the score of a disease rests on the treatments of each node.

        Weights of the learnt attention, see `PairFeatures.attended`; None where there is none.
        """
        pairs = self._context.pairs
        attention = None if self._boosted is None else self._boosted.attention
        if pairs is None or attention is None:
            return None
        return pairs.attended(disease, attention)

    @torch.no_grad()
    def _score_treatments(
        self, diseases: Sequence[int] | Int[np.ndarray, " n_diseases"], relations: tuple[int, ...]
    ) -> Float[np.ndarray, "n_diseases n_drugs n_kinds"]:
        nodes = np.asarray(diseases, dtype=np.int32)
        found = {node: self._known_scores(node, relations) for node in nodes.tolist()}
        missing = [node for node, scores in found.items() if scores is None]
        for start in range(0, len(missing), _DISEASES_AT_ONCE):
            some = np.asarray(missing[start : start + _DISEASES_AT_ONCE], dtype=np.int32)
            fresh = self._fresh_treatments(some, relations)
            for node, scores in zip(some.tolist(), fresh, strict=True):
                found[node] = self._treatment_scores[node, relations] = scores
        result = np.zeros((len(nodes), len(self.treatments), len(relations)), dtype=np.float32)
        for row, node in enumerate(nodes.tolist()):
            result[row] = found[node]
        while len(self._treatment_scores) > _REMEMBERED_DISEASES:
            self._treatment_scores.popitem(last=False)
        return result

    def _known_scores(
        self, node: int, relations: tuple[int, ...]
    ) -> Float[np.ndarray, "n_drugs n_kinds"] | None:
        """Scores that were asked for before, or made ahead."""
        ahead = None if self._boosted is None else self._boosted.ahead
        if ahead is not None and relations == (INDICATION,) and not self._neural_treatments:
            scores = ahead.of(node)
            if scores is not None:
                return scores[:, None]
        return self._treatment_scores.get((node, relations))

    def _fresh_treatments(
        self, nodes: Int[np.ndarray, " n_diseases"], relations: tuple[int, ...]
    ) -> Float[np.ndarray, "n_diseases n_drugs n_kinds"]:
        """Trees first; without them the decoder alone."""
        pairs, device = self._context.pairs, self._model.device
        attention = None if self._boosted is None else self._boosted.attention
        features = None if pairs is None else pairs.compute(nodes, attention)
        boosted = None
        if self._boosted is not None and features is not None:
            boosted = self._boosted.score_features(features, relations)
            if not self._neural_treatments:
                return boosted
        known = None
        if features is not None:  # the decoder was trained on the features without attention
            own = np.ascontiguousarray(features[:, :, : len(PairFeatures.names)])
            known = torch.from_numpy(own).to(device)
        indices = torch.from_numpy(nodes.astype(np.int64)).to(device)
        scores = self._model.treatment_scores(indices, self.vectors, known).cpu().numpy()
        neural = np.asarray(scores, dtype=np.float32)[:, :, list(relations)]
        if boosted is None:
            return neural
        return combine_treatments(boosted, neural, self._neural_treatments)

    def _encode(self, cases: Sequence[ClinicalCase]) -> list[CaseArrays]:
        return [self._context.indexer.encode(case) for case in cases]

    def _collate(self, arrays: Sequence[CaseArrays]) -> CaseBatch:
        return collate(
            arrays,
            n_diseases=self.catalogue.n_diseases,
            images=self._images,
            images_per_case=self._model.config.images_per_case,
        )

    def _neural(self, arrays: Sequence[CaseArrays]) -> torch.Tensor:
        patients = self._model.encode_patients(self._collate(arrays), self.vectors)
        if self._projected is None:
            self._projected = self._model.project_catalogue(self.vectors)
        scores: torch.Tensor = self._model.similarity(patients, *self._projected)
        return scores.float()
