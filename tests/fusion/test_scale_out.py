"""Two workers of Ray give what one process at home gives; slow to start, so only when asked.

Run it with IATROS_TEST_RAY=1.
"""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from fusion import Predictor
from fusion.scale_out import score_on_ray, train_on_ray
from tests.fusion.conftest import ToyWorld

pytestmark = [
    pytest.mark.skipif(not os.environ.get("IATROS_TEST_RAY"), reason="starts a Ray cluster"),
    pytest.mark.filterwarnings("ignore"),  # of Ray's own parts
]


def test_two_workers_give_what_one_process_gives(
    world: ToyWorld,
    tmp_path: Path,
) -> None:
    pytest.importorskip("ray")
    config = replace(
        world.config, max_steps=6, boosted_diagnoses=False, boosted_treatments=False, patience=100
    )
    world.graph.save(tmp_path / "snapshot")
    np.save(tmp_path / "text.npy", world.node_text)
    train_on_ray(
        tmp_path / "snapshot",
        world.cases,
        config,
        tmp_path / "two",
        n_workers=2,
        node_text=tmp_path / "text.npy",
    )
    replace(world, config=config).train(tmp_path / "one", accumulation=2)
    ours = load_file(tmp_path / "one" / "model.safetensors")
    theirs = load_file(tmp_path / "two" / "model.safetensors")
    assert ours.keys() == theirs.keys()
    for name in ours:
        np.testing.assert_allclose(theirs[name], ours[name], rtol=1e-4, atol=1e-5)
    scores = score_on_ray(tmp_path / "two", world.cases, n_workers=2, cases_at_once=16)
    np.testing.assert_allclose(
        scores, Predictor.load(tmp_path / "two").score_diagnoses(world.cases), rtol=1e-5, atol=1e-5
    )
