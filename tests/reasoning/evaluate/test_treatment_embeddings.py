"""PyKEEN's embeddings as baselines: they run on what a fold may know, and only on that."""

import importlib.util

import numpy as np
import pytest

from reasoning.evaluate.treatment_embeddings import EmbeddingOptions, EmbeddingScorer
from reasoning.evaluate.treatment_protocol import TreatmentSplit
from reasoning.evaluate.treatment_scorers import TreatmentBatch
from tests.reasoning.evaluate.test_treatment import _TASK, toy_text, toy_world

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("pykeen") is None, reason="extra embeddings"),
    pytest.mark.filterwarnings("ignore"),  # of what PyKEEN imports
]


@pytest.mark.parametrize("model", ["DistMult", "ComplEx"])
def test_both_relations_are_scored_for_every_treatment(model: str) -> None:
    snapshot = toy_world()
    text = toy_text(snapshot)
    text /= np.linalg.norm(text, axis=1, keepdims=True)
    split = TreatmentSplit(snapshot, text, _TASK, n_folds=4)
    fold = split.fold(0)
    options = EmbeddingOptions(model=model, d_model=4, n_epochs=2, batch_edges=32)  # type: ignore[arg-type]
    scorer = EmbeddingScorer(fold, options)
    features = np.zeros((len(fold.tested), len(split.catalogue), 1), dtype=np.float32)
    scores = scorer.score(TreatmentBatch(diseases=fold.tested, features=features))
    assert scores.shape == (len(fold.tested), len(split.catalogue), 2)
    assert np.isfinite(scores).all()
    assert scores.std(axis=1).min() > 0
    assert scorer.name == f"{model} (PyKEEN)"
