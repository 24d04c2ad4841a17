"""Is the graph encoder the brake? Forward and backward against PyG's RGCNConv, same mathematics.

Prints, for 1 and 2 threads, the seconds of both, their ratio, and the largest difference between
the two results. Run it on an otherwise idle machine: python benchmarks/gnn_speed.py
"""

import argparse
import time
import warnings
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from fusion.adjacency import RelationalAdjacency
from fusion.gnn import relational_mean_product

warnings.filterwarnings("ignore", category=FutureWarning)


def best_seconds(run: Callable[[], object], repeats: int) -> float:
    """Shortest of several runs after one that warms up."""
    run()
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nodes", type=int, default=40_000)
    parser.add_argument("--edges", type=int, default=600_000)
    parser.add_argument("--types", type=int, default=12)
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    options = parser.parse_args()

    from torch_geometric.nn import RGCNConv

    rng = np.random.default_rng(0)
    sources = rng.integers(options.nodes, size=options.edges)
    targets = rng.integers(options.nodes, size=options.edges)
    relations = rng.integers(options.types, size=options.edges)
    adjacency = RelationalAdjacency.from_edges(
        sources=sources,
        targets=targets,
        relations=relations,
        n_nodes=options.nodes,
        n_relations=options.types,
    )
    edge_index = torch.from_numpy(np.stack([sources, targets]))
    edge_type = torch.from_numpy(relations)
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(options.nodes, options.width, generator=generator, requires_grad=True)
    upstream = torch.randn(options.nodes, options.width, generator=generator)
    peer = RGCNConv(options.width, options.width, options.types, aggr="mean")

    def ours() -> Tensor:
        x.grad = None
        peer.zero_grad()
        out: Tensor = x @ peer.root + peer.bias + relational_mean_product(x, peer.weight, adjacency)
        torch.autograd.backward(out, upstream)
        return out.detach()

    def theirs() -> Tensor:
        x.grad = None
        peer.zero_grad()
        out: Tensor = peer(x, edge_index, edge_type)
        torch.autograd.backward(out, upstream)
        return out.detach()

    difference = float((ours() - theirs()).abs().max())
    print(f"largest difference of the outputs: {difference:.1e}")
    print(f"{'threads':>7} {'RGCNConv':>9} {'ours':>7} {'ratio':>6}")
    for threads in options.threads:
        torch.set_num_threads(threads)
        peer_seconds = best_seconds(theirs, options.repeats)
        our_seconds = best_seconds(ours, options.repeats)
        ratio = our_seconds / peer_seconds
        print(f"{threads:>7} {peer_seconds:>8.3f}s {our_seconds:>6.3f}s {ratio:>6.2f}")


if __name__ == "__main__":
    main()
