"""The neural model as a ranker of the benchmark, trained anew for each setting.

Decides that the model learns from the setting's training cases on a graph without what the setting
excludes, and that its catalogue is lined up with the benchmark's.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

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
ModelPart = Literal["all", "combiner", "neural"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ModelScorer:
    """A trained model, scoring in the order of the benchmark's catalogue.

    Attributes:
        name: Name in result tables.
        predictor: The model.
        cases: Cases by id, with their notes and images.
        columns: Position in the model's catalogue of each benchmark disease, -1 for none.
        part: `all`; `combiner` for the model without trees and listwise network, `neural` for the
            neural scores alone (ablations).
    """

    name: str
    predictor: Predictor
    cases: Mapping[str, ClinicalCase]
    columns: npt.NDArray[np.int64]
    part: ModelPart = "all"

    @classmethod
    def of(
        cls,
        predictor: Predictor,
        setting: Setting,
        cases: Mapping[str, ClinicalCase],
        *,
        name: str = "iatros",
    ) -> "ModelScorer":
        """Lines the model up with the catalogue of a setting."""
        position = {id_: at for at, id_ in enumerate(predictor.catalogue.ids)}
        wanted = setting.knowledge.catalogue.ids
        columns = np.asarray([position.get(id_, -1) for id_ in wanted], dtype=np.int64)
        return cls(name=name, predictor=predictor, cases=cases, columns=columns)

    def score(self, batch: CaseBatch) -> FloatArray:
        """Logit of every disease; diseases that the model does not know come last."""
        cases = [self.cases[case_id] for case_id in batch.case_ids]
        if self.part == "neural":
            logits = self.predictor.score_diagnoses_neural(cases)
        else:
            logits = self.predictor.score_diagnoses(cases, head=self.part == "all")
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
    made: dict[str, ModelScorer] = field(default_factory=dict, init=False, repr=False)

    def __call__(self, setting: Setting) -> ModelScorer:
        """The scorer of a setting."""
        snapshot = setting.knowledge.snapshot
        graph = snapshot.subset(~snapshot.without_publications(setting.excluded))
        training = [self.cases[case_id] for case_id in setting.training.case_ids]
        folder = self.out / setting.protocol
        config = replace(
            self.config,
            keep_annotations=setting.protocol
            == "as-published",  # as the baselines of that protocol
            boosted_treatments=False,  # they take minutes and say nothing about a diagnosis
        )
        train(graph, training, config, folder, resume=self.resume, node_text=self.node_text)
        scorer = ModelScorer.of(Predictor.load(folder), setting, self.cases)
        self.made[setting.protocol] = scorer
        return scorer

    def ablation(self, name: str, part: ModelPart) -> Callable[[Setting], ModelScorer]:
        """Makes the scorer of a part of the model that was made for the same setting before."""
        return lambda setting: replace(self.made[setting.protocol], name=name, part=part)
