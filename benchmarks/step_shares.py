"""Where the time of a training step goes, on a graph of realistic size made of random numbers.

Prints the seconds and the share of each part: graph forward, patients, heads and losses, backward,
optimizer. The graph is encoded once for the whole batch, so the cost per case falls with the batch;
the last lines show that. Run it on an otherwise idle machine: python benchmarks/step_shares.py

With `--encoders` every case has a note and an image too, both encoders of the offline defaults are
trained whole, and the step is compared with what these encoders take for their own forward and
backward pass over the same notes and images, in CPU seconds; peak memory stands beside it. With
`--accumulation` several batches make one step and share one pass of the graph network:
python benchmarks/step_shares.py --encoders --cases 8 16 32 --accumulation 1 4 --threads 1
"""

import argparse
import resource
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import torch

from fusion.adjacency import RelationalAdjacency
from fusion.batches import CaseBatch
from fusion.config import ModelConfig, TrainConfig
from fusion.graph import GraphTensors, Relation
from fusion.losses import listwise_loss
from fusion.model import FusionModel, open_encoders
from fusion.optimizer import new_optimizer
from fusion.shared_graph import SharedGraph

warnings.filterwarnings("ignore", category=FutureWarning)

_N_TYPES, _D_TEXT = 12, 384


def random_graph(n_nodes: int, n_edges: int, rng: np.random.Generator) -> GraphTensors:
    """A graph of `n_edges` messages over 12 relations, six and their inverses."""
    half = n_edges // 2
    head, tail = rng.integers(n_nodes, size=(2, half))
    relation = rng.integers(_N_TYPES // 2, size=half)
    names = [
        Relation(head_type="A", predicate=str(i), tail_type="B", inverse=inverse)
        for inverse in (False, True)
        for i in range(_N_TYPES // 2)
    ]
    return GraphTensors(
        digest="random",
        text=torch.from_numpy(rng.normal(size=(n_nodes, _D_TEXT)).astype(np.float16)),
        node_types=torch.zeros(n_nodes, dtype=torch.int8),
        relations=tuple(names),
        adjacency=RelationalAdjacency.from_edges(
            sources=np.concatenate([head, tail]),
            targets=np.concatenate([tail, head]),
            relations=np.concatenate([relation, relation + _N_TYPES // 2]),
            n_nodes=n_nodes,
            n_relations=_N_TYPES,
        ),
        triples=np.stack([relation, head, tail]),
        rows=np.arange(half),
        row_triples=np.arange(half),
    )


def random_cases(
    n_cases: int, n_nodes: int, n_diseases: int, rng: np.random.Generator
) -> CaseBatch:
    """Cases of 16 findings each."""
    gold = torch.zeros(n_cases, n_diseases, dtype=torch.bool)
    gold[torch.arange(n_cases), torch.from_numpy(rng.integers(n_diseases, size=n_cases))] = True
    return CaseBatch(
        nodes=torch.from_numpy(rng.integers(n_nodes, size=(n_cases, 16))),
        roles=torch.from_numpy(rng.integers(1, 3, size=(n_cases, 16))),
        demographics=torch.ones(n_cases, 6),
        notes=(None,) * n_cases,
        images=torch.zeros(0, 3, 8, 8),
        case_of_image=torch.zeros(0, dtype=torch.long),
        gold=gold,
    )


class Stopwatch:
    """Seconds by name, added up."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self.seconds: dict[str, float] = {}
        self._clock = clock

    @contextmanager
    def time(self, name: str) -> Iterator[None]:
        """Adds the seconds of a block."""
        start = self._clock()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + self._clock() - start


def one_step(
    model: FusionModel,
    graph: GraphTensors,
    batches: Sequence[CaseBatch],
    optimizer: torch.optim.Optimizer,
    watch: Stopwatch,
) -> None:
    rng = torch.Generator().manual_seed(0)
    optimizer.zero_grad(set_to_none=True)
    with watch.time("graph, forward"):
        vectors = model.encode_graph(graph, rng=rng)
        shared = SharedGraph(replace(vectors, catalogue=model.project_catalogue(vectors)))
    for number, cases in enumerate(batches):
        vectors = shared.vectors(last=number == len(batches) - 1)
        with watch.time("patients, forward"):
            patients = model.encode_patients(cases, vectors, rng=rng)
        with watch.time("catalogue and loss"):
            loss = listwise_loss(model.neural_scores(patients, vectors).sum(dim=-1), cases.gold)
        with watch.time("backward"):
            torch.autograd.backward(loss / len(batches))
    with watch.time("optimizer"):
        optimizer.step()


def toy_network(options: argparse.Namespace, config: ModelConfig, **encoders: Any) -> FusionModel:
    """A network over the generated graph."""
    return FusionModel(
        config,
        n_nodes=options.nodes,
        n_relations=_N_TYPES,
        d_text=_D_TEXT,
        disease_nodes=np.arange(options.diseases),
        treatment_nodes=np.arange(10),
        feature_names=("a",),
        **encoders,
    ).train()


def with_encoders(
    options: argparse.Namespace, graph: GraphTensors, rng: np.random.Generator
) -> None:
    """Compares whole steps with the encoders' own passes."""
    config = ModelConfig(
        d_model=options.width, text_freeze="all", image_encoder="tf_efficientnet_lite0"
    )
    text, image = open_encoders(config)
    assert text is not None and image is not None  # noqa: PT018  both are named
    model = toy_network(options, config, text_encoder=text, image_encoder=image)
    parts = [sum(p.numel() for p in part.parameters()) / 1e6 for part in (model, text, image)]
    print(f"{parts[0]:.1f} M parameters, text {parts[1]:.1f} M, image {parts[2]:.1f} M")
    optimizer = new_optimizer(model, TrainConfig())
    words = [
        "fever",
        "cough",
        "rash",
        "pain",
        "in",
        "the",
        "left",
        "leg",
        "since",
        "two",
        "days",
        "without",
        "loss",
        "of",
        "weight",
    ]
    print(
        f"{'cases':>6} {'batches':>8} {'encoders':>9} {'step':>8} {'ratio':>6} {'graph':>8} "
        f"{'peak MB':>8}"
    )
    for n_cases in sorted(options.cases):
        batches = [
            replace(
                random_cases(n_cases, options.nodes, options.diseases, rng),
                notes=tuple(" ".join(rng.choice(words, 90)) + "." for _ in range(n_cases)),
                images=torch.rand(n_cases, 3, config.image_size, config.image_size),
                case_of_image=torch.arange(n_cases),
            )
            for _ in range(max(options.accumulation))
        ]
        for n_batches in sorted(options.accumulation):
            # One after the other, so that what else runs on the machine meets both.
            steps, alone = [], []
            for repeat in range(options.repeats + 1):
                ours, theirs = Stopwatch(time.process_time), Stopwatch(time.process_time)
                one_step(model, graph, batches[:n_batches], optimizer, ours)
                optimizer.zero_grad(set_to_none=True)
                with theirs.time("encoders"):
                    for cases in batches[:n_batches]:
                        encoders_alone(model, cases)
                if repeat:
                    steps.append((sum(ours.seconds.values()), ours.seconds["graph, forward"]))
                    alone.append(theirs.seconds["encoders"])
            own, graph_seconds = np.median(steps, axis=0)
            encoders = float(np.median(alone))
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(
                f"{n_cases:>6} {n_batches:>8} {encoders:>8.2f}s {own:>7.2f}s "
                f"{own / encoders:>6.2f} {graph_seconds:>7.2f}s {peak:>8,.0f}",
                flush=True,
            )


def encoders_alone(model: FusionModel, cases: CaseBatch) -> None:
    """Forward and backward pass of both encoders, and nothing else."""
    seen = model.read_patients(cases)
    assert seen.notes is not None and seen.images is not None  # noqa: PT018  both are given
    torch.autograd.backward(seen.notes.values.sum() + seen.images.values.sum())


def measure(run: Callable[[Stopwatch], None], repeats: int) -> dict[str, float]:
    run(Stopwatch())
    watch = Stopwatch()
    for _ in range(repeats):
        run(watch)
    return {name: seconds / repeats for name, seconds in watch.seconds.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nodes", type=int, default=40_000)
    parser.add_argument("--edges", type=int, default=600_000)
    parser.add_argument("--diseases", type=int, default=15_000)
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--cases", type=int, nargs="+", default=[128, 1, 32, 512])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--accumulation", type=int, nargs="+", default=[1], help="batches a step")
    parser.add_argument("--encoders", action="store_true", help="train text and images too")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)

    rng = np.random.default_rng(0)
    graph = random_graph(options.nodes, options.edges, rng)
    torch.manual_seed(0)
    if options.encoders:
        with_encoders(options, graph, rng)
        return
    model = toy_network(options, ModelConfig(d_model=options.width, text_encoder=""))
    optimizer = new_optimizer(model, TrainConfig())
    totals: dict[int, float] = {}
    for n_cases in options.cases:
        cases = random_cases(n_cases, options.nodes, options.diseases, rng)
        parts = measure(
            partial(one_step, model, graph, [cases], optimizer),
            options.repeats,
        )
        totals[n_cases] = sum(parts.values())
        if n_cases == options.cases[0]:
            print(f"one step, {n_cases} cases, {options.threads} threads")
            for name, seconds in parts.items():
                share = seconds / totals[n_cases]
                print(f"  {name:<20} {seconds:7.3f}s {share:6.1%}")
    print(f"{'cases':>6} {'step':>8} {'per case':>9}")
    for n_cases, seconds in sorted(totals.items()):
        print(f"{n_cases:>6} {seconds:>7.3f}s {1000 * seconds / n_cases:>7.1f}ms")


if __name__ == "__main__":
    main()
