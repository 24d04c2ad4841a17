"""Whether a training that is killed at random moments ends as if nobody had touched it.

A toy world is trained once without a break by `iatros train`; then the same command is killed with
SIGKILL at random moments (while it reads and embeds, between steps, while it writes a checkpoint)
and started again with `--resume`. At the end every tensor and every metric must be equal. A life
that ends before it could be killed does not count; the training then begins anew:

    python benchmarks/kill_and_resume.py --kills 20
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from multiprocessing import get_context
from multiprocessing.context import ForkProcess
from pathlib import Path

import numpy as np
import torch
import transformers.models.bert.modeling_bert  # noqa: F401  so that children need not import it
from safetensors.numpy import load_file

import fusion.trainer  # noqa: F401  likewise
from kg.case import ClinicalCase, Observation
from kg.snapshot import GraphSnapshot
from kg.statements import Node, Statement
from kg.vocabulary import NodeType, Predicate
from reasoning.cli import app

_N_DISEASES, _N_SIGNS_EACH = 12, 4
_CONFIG = {
    "model": {"d_model": 16, "n_heads": 2, "d_combiner": 8, "d_treatment": 8, "text_encoder": ""},
    "batch_cases": 32,
    "simulated_cases": 8,
    "n_folds": 3,
    "decoys_per_fold": 1,
    "dev_share": 0.2,
    "evaluate_every": 10,
    "patience": 1000,
    "boosted_diagnoses": False,
    "boosted_treatments": False,
    "device": "cpu",
}


def write_world(folder: Path, rng: np.random.Generator) -> None:
    """Diseases with signs of their own, a drug each, and patients with some of the signs."""
    signs = [f"HP:{1000000 + i:07d}" for i in range(_N_DISEASES * _N_SIGNS_EACH)]
    diseases = [f"OMIM:{100001 + i}" for i in range(_N_DISEASES)]
    drugs = [f"DRUGBANK:DB{i:05d}" for i in range(_N_DISEASES)]
    root = "HP:0000118"
    nodes = [Node(id=root, type=NodeType.PHENOTYPE, label="Phenotypic abnormality")]
    nodes += [Node(id=s, type=NodeType.PHENOTYPE, label=f"sign {i}") for i, s in enumerate(signs)]
    nodes += [
        Node(id=d, type=NodeType.DISEASE, label=f"disease {i}") for i, d in enumerate(diseases)
    ]
    nodes += [Node(id=d, type=NodeType.DRUG, label=f"drug {i}") for i, d in enumerate(drugs)]
    triples: list[tuple[str, Predicate, str]] = [
        (sign, Predicate.SUBCLASS_OF, root) for sign in signs
    ]
    for i, disease in enumerate(diseases):
        own = signs[_N_SIGNS_EACH * i : _N_SIGNS_EACH * (i + 1)]
        triples += [(disease, Predicate.HAS_PHENOTYPE, sign) for sign in own]
        triples.append((drugs[i], Predicate.TREATS, disease))
    statements = [Statement(subject=s, predicate=p, object=o, source="toy") for s, p, o in triples]
    GraphSnapshot.from_records(nodes, statements).save(folder / "snapshot")
    lines = []
    for i in range(20 * _N_DISEASES):
        which = i % _N_DISEASES
        own = signs[_N_SIGNS_EACH * which : _N_SIGNS_EACH * (which + 1)]
        shown = [*rng.permutation(own)[:2].tolist(), signs[int(rng.integers(len(signs)))]]
        case = ClinicalCase(
            case_id=f"case-{i}",
            phenotypes=tuple(Observation(term=term) for term in dict.fromkeys(shown)),
            diagnoses=(diseases[which],),
            publications=(f"PMID:{1000 + i}",),
        )
        lines.append(case.to_json())
    (folder / "cases.jsonl").write_text("\n".join(lines) + "\n")


class Run:
    """One training as a child process, which may be killed.

    Children are forked from a process that has imported everything but trained nothing, because
    importing takes longer than the training of this world.
    """

    def __init__(self, world: Path, config: Path, out: Path) -> None:
        self.out = out
        self._arguments = ["train", str(world), "--config", str(config), "--out", str(out)]

    def start(self, *extra: str) -> ForkProcess:
        """Begins one life."""
        child = get_context("fork").Process(target=_train, args=([*self._arguments, *extra],))
        child.start()
        return child

    def finish(self, child: ForkProcess) -> None:
        """Waits for its end, which must be a good one."""
        child.join()
        if child.exitcode:
            raise SystemExit(f"the training ended with {child.exitcode}")

    def step(self) -> int:
        """Step of the newest checkpoint."""
        folder = self.out / "checkpoints"
        found = [int(path.name.removeprefix("step-")) for path in folder.glob("step-*")]
        return max(found, default=0)


def _train(arguments: list[str]) -> None:
    with Path(os.devnull).open("w") as silence:
        os.dup2(silence.fileno(), 2)
    app(arguments)


def kill_at_random(
    run: Run, rng: np.random.Generator, *, start_seconds: float, steps_a_life: int
) -> str | None:
    """Starts one life, ends it, and says where it was killed; None if it ended by itself."""
    child = run.start("--resume")
    begin = run.step()
    if rng.random() < 0.25:  # before the first step of this life
        moment = time.monotonic() + rng.uniform(0, start_seconds)
        while time.monotonic() < moment and child.is_alive():
            time.sleep(0.002)
    else:
        goal = begin + int(rng.integers(1, max(2 * steps_a_life, 2)))
        while run.step() < goal and child.is_alive():
            time.sleep(0.002)
        if rng.random() < 0.4:  # in the midst of writing
            while not any((run.out / "checkpoints").glob(".*.partial")) and child.is_alive():
                pass
        else:
            time.sleep(rng.uniform(0, 0.05))
    if not child.is_alive():
        run.finish(child)
        return None
    child.kill()
    child.join()
    if child.exitcode != -signal.SIGKILL:
        run.finish(child)
        return None
    partial = any((run.out / "checkpoints").glob(".*.partial"))
    if run.step() == begin and not partial:
        return "before a new checkpoint"
    return "while a checkpoint was written" if partial else "between checkpoints"


def compare(first: Path, second: Path) -> list[str]:
    """What differs between two finished model folders."""
    a, b = load_file(first / "model.safetensors"), load_file(second / "model.safetensors")
    differing = [name for name in sorted(a.keys() | b.keys()) if not _equal(a, b, name)]
    metrics = [
        json.loads((folder / "manifest.json").read_text())["metrics"] for folder in (first, second)
    ]
    return differing + (["metrics"] if metrics[0] != metrics[1] else [])


def _equal(a: dict[str, np.ndarray], b: dict[str, np.ndarray], name: str) -> bool:
    return name in a and name in b and np.array_equal(a[name], b[name])


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--checkpoint-every", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    rng = np.random.default_rng(options.seed)
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as scratch:
        world, config = Path(scratch) / "world", Path(scratch) / "config.json"
        world.mkdir()
        write_world(world, rng)
        sizes = {"max_steps": options.steps, "checkpoint_every": options.checkpoint_every}
        config.write_text(json.dumps(_CONFIG | sizes))
        begin = time.monotonic()
        unbroken = Run(world, config, Path(scratch) / "unbroken")
        child = unbroken.start()
        while unbroken.step() == 0 and child.is_alive():
            time.sleep(0.01)
        start_seconds = time.monotonic() - begin
        unbroken.finish(child)
        print(f"unbroken: {time.monotonic() - begin:.1f} s, {start_seconds:.1f} s to begin")
        broken = Run(world, config, Path(scratch) / "broken")
        where: Counter[str] = Counter()
        differing: list[str] = []
        while (kills_left := options.kills - where.total()) > 0:
            steps_a_life = (options.steps - broken.step()) // (kills_left + 1)
            place = kill_at_random(
                broken, rng, start_seconds=start_seconds, steps_a_life=steps_a_life
            )
            if place is not None:
                where[place] += 1
                continue
            print("one life ended before it was killed: the training begins anew")
            differing += compare(unbroken.out, broken.out)
            shutil.rmtree(broken.out)
        at_last_kill = broken.step()
        broken.finish(broken.start("--resume"))
        differing += compare(unbroken.out, broken.out)
    for place, n in where.most_common():
        print(f"killed {place}: {n}")
    print(f"step of the last checkpoint before the last life: {at_last_kill}")
    print(f"different: {', '.join(differing)}" if differing else "equal: all tensors and metrics")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
