"""Two workers of Ray give what one process at home gives; slow to start, so only when asked.

Run it with IATROS_TEST_RAY=1.
"""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from safetensors.numpy import load_file

from fusion import Predictor, TrainConfig, train
from fusion.scale_out import score_on_ray, train_on_ray
from kg.case import ClinicalCase
from kg.snapshot import GraphSnapshot

pytestmark = [
    pytest.mark.skipif(not os.environ.get("IATROS_TEST_RAY"), reason="starts a Ray cluster"),
    pytest.mark.filterwarnings("ignore"),  # of Ray's own parts
]


def test_two_workers_give_what_one_process_gives(
    graph: GraphSnapshot,
    cases: list[ClinicalCase],
    node_text: npt.NDArray[np.float32],
    train_config: TrainConfig,
    tmp_path: Path,
) -> None:
    pytest.importorskip("ray")
    config = replace(
        train_config, max_steps=6, boosted_diagnoses=False, boosted_treatments=False, patience=100
    )
    graph.save(tmp_path / "snapshot")
    np.save(tmp_path / "text.npy", node_text)
    train_on_ray(
        tmp_path / "snapshot",
        cases,
        config,
        tmp_path / "two",
        n_workers=2,
        node_text=tmp_path / "text.npy",
    )
    train(graph, cases, replace(config, accumulation=2), tmp_path / "one", node_text=node_text)
    ours = load_file(tmp_path / "one" / "model.safetensors")
    theirs = load_file(tmp_path / "two" / "model.safetensors")
    assert ours.keys() == theirs.keys()
    for name in ours:
        np.testing.assert_allclose(theirs[name], ours[name], rtol=1e-4, atol=1e-5)
    scores = score_on_ray(tmp_path / "two", cases, n_workers=2, cases_at_once=16)
    np.testing.assert_allclose(
        scores, Predictor.load(tmp_path / "two").score_diagnoses(cases), rtol=1e-5, atol=1e-5
    )
