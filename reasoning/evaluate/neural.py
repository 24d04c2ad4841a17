"""The neural model as a ranker of the benchmark, trained anew for each setting.

Decides that the model learns from the setting's training cases on a graph without what the setting
excludes, and that its catalogue is lined up with the benchmark's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fusion.config import TrainConfig
from fusion.predictor import Predictor
from fusion.trainer import train
from kg.case import ClinicalCase

from .protocols import Setting
from .scorers import CaseBatch

__all__ = ["ModelScorer", "TrainedModel"]

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ModelScorer:
    """A trained model, scoring in the order of the benchmark's catalogue.

    Attributes:
        name: Name in result tables.
        predictor: The model.
        cases: Cases by id, with their notes and images.
        columns: Position in the model's catalogue of each benchmark disease, -1 for none.
        neural_only: Leave the symbolic features out (an ablation).
    """

    name: str
    predictor: Predictor
    cases: Mapping[str, ClinicalCase]
    columns: npt.NDArray[np.int64]
    neural_only: bool = False

    @classmethod
    def of(
        cls,
        predictor: Predictor,
        setting: Setting,
        cases: Mapping[str, ClinicalCase],
        *,
        name: str = "iatros",
        neural_only: bool = False,
    ) -> "ModelScorer":
        """Lines the model up with the catalogue of a setting."""
        position = {id_: at for at, id_ in enumerate(predictor.catalogue.ids)}
        wanted = setting.knowledge.catalogue.ids
        columns = np.asarray([position.get(id_, -1) for id_ in wanted], dtype=np.int64)
        return cls(
            name=name, predictor=predictor, cases=cases, columns=columns, neural_only=neural_only
        )

    def score(self, batch: CaseBatch) -> FloatArray:
        """Logit of every disease; diseases that the model does not know come last."""
        cases = [self.cases[case_id] for case_id in batch.case_ids]
        score = (
            self.predictor.score_diagnoses_neural
            if self.neural_only
            else self.predictor.score_diagnoses
        )
        logits = score(cases)
        lowest = logits.min() - 1.0 if logits.size else 0.0
        scores: FloatArray = np.where(self.columns >= 0, logits[:, self.columns], lowest)
        return scores.astype(np.float32)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrainedModel:
    """Makes a `ModelScorer` for a setting by training on it.

    Attributes:
        cases: All cases by id.
        config: How to train.
        out: Folder for the models, one a protocol.
        node_text: Embedding of every node of the graph.
        resume: Go on from checkpoints of an earlier run.
    """

    cases: Mapping[str, ClinicalCase]
    config: TrainConfig
    out: Path
    node_text: npt.NDArray[np.floating] | None = None
    resume: bool = True

    def __call__(self, setting: Setting) -> ModelScorer:
        """The scorer of a setting."""
        snapshot = setting.knowledge.snapshot
        graph = snapshot.subset(~snapshot.without_publications(setting.excluded))
        training = [self.cases[case_id] for case_id in setting.training.case_ids]
        folder = self.out / setting.protocol
        # Trees that rank treatments take minutes and say nothing about a diagnosis.
        config = replace(self.config, boosted_treatments=False)
        train(graph, training, config, folder, resume=self.resume, node_text=self.node_text)
        return ModelScorer.of(Predictor.load(folder), setting, self.cases)
