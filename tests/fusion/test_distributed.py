"""Two processes over gloo take the steps of one process with twice the batch."""

import json
import os
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fusion import TrainConfig
from fusion.trainer import prepare_training
from fusion.training_state import Progress
from kg.case import ClinicalCase
from kg.snapshot import GraphSnapshot

_STEPS = 6
_WORKER = """
import json, sys
from pathlib import Path
import numpy as np, torch
from fusion import TrainConfig
from fusion.trainer import prepare_training
from fusion.training_state import Progress
from kg.case import ClinicalCase
from kg.snapshot import GraphSnapshot

folder, steps = Path(sys.argv[1]), int(sys.argv[2])
torch.set_num_threads(1)
config = TrainConfig.from_mapping(json.loads((folder / "config.json").read_text()))
cases = [ClinicalCase.model_validate_json(x) for x in (folder / "cases.jsonl").open()]
loop = prepare_training(
    GraphSnapshot.load(folder / "snapshot"), cases, config, folder / "out",
    node_text=np.load(folder / "text.npy"),
).loop
assert loop.n_processes == 2
losses = [loop.step(Progress(step=i, stage_end=config.max_steps)) for i in range(steps)]
total = sum(float(p.detach().double().sum()) for p in loop.model.parameters())
print(json.dumps({"losses": losses, "total": total}))
"""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_two_processes_are_one_with_twice_the_batch(
    graph: GraphSnapshot,
    cases: list[ClinicalCase],
    node_text: "np.typing.NDArray[np.float32]",
    train_config: TrainConfig,
    tmp_path: Path,
) -> None:
    config = replace(train_config, accumulation=1)
    graph.save(tmp_path / "snapshot")
    np.save(tmp_path / "text.npy", node_text)
    (tmp_path / "cases.jsonl").write_text("".join(case.to_json() + "\n" for case in cases))
    (tmp_path / "config.json").write_text(json.dumps(config.to_mapping()))
    shared = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(_free_port())}
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", _WORKER, str(tmp_path), str(_STEPS)],
            env=os.environ
            | shared
            | {"RANK": str(rank), "LOCAL_RANK": str(rank), "ACCELERATE_USE_CPU": "true"}
            | {"OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    found = []
    for worker in workers:
        out, error = worker.communicate(timeout=300)
        assert worker.returncode == 0, error[-2000:]
        found.append(json.loads(out.splitlines()[-1]))
    twice = replace(config, accumulation=2)
    loop = prepare_training(graph, cases, twice, tmp_path / "one", node_text=node_text).loop
    losses = [loop.step(Progress(step=i, stage_end=config.max_steps)) for i in range(_STEPS)]
    total = sum(float(p.detach().double().sum()) for p in loop.model.parameters())
    for theirs in found:
        for ours, other in zip(losses, theirs["losses"], strict=True):
            assert ours == pytest.approx(other, rel=1e-5)
        # Rounding of gradients near zero is enlarged by AdamW.
        assert theirs["total"] == pytest.approx(total, rel=1e-4)
