"""The relational convolution: the same mathematics as PyG's, and the laws of graphs."""

import warnings

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fusion.adjacency import RelationalAdjacency
from fusion.gnn import GraphEncoder, RelationalConv, relational_mean_product

Edges = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]
"""Sources, targets and relations."""


def random_edges(
    rng: np.random.Generator, n_nodes: int = 20, n_edges: int = 60, n_relations: int = 4
) -> Edges:
    return (
        rng.integers(n_nodes, size=n_edges),
        rng.integers(n_nodes, size=n_edges),
        rng.integers(n_relations, size=n_edges),
    )


def lay_out(edges: Edges, n_nodes: int = 20, n_relations: int = 4) -> RelationalAdjacency:
    sources, targets, relations = edges
    return RelationalAdjacency.from_edges(
        sources=sources,
        targets=targets,
        relations=relations,
        n_nodes=n_nodes,
        n_relations=n_relations,
    )


@pytest.mark.parametrize("seed", range(3))
def test_equals_rgcn_of_pyg_forward_and_backward(seed: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from torch_geometric.nn import RGCNConv

    edges = random_edges(np.random.default_rng(seed))
    torch.manual_seed(seed)
    peer = RGCNConv(5, 7, 4, aggr="mean")
    ours = RelationalConv(5, 7, 4)
    with torch.no_grad():
        ours.weight.copy_(peer.weight)
        ours.root.weight.copy_(peer.root.t())
        ours.root.bias.copy_(peer.bias)
    x = torch.randn(20, 5, requires_grad=True)
    y = x.detach().clone().requires_grad_()
    upstream = torch.randn(20, 7)
    edge_index = torch.from_numpy(np.stack(edges[:2]))
    expected = peer(x, edge_index, torch.from_numpy(edges[2]))
    found = ours(y, lay_out(edges))
    torch.testing.assert_close(found, expected)
    expected.backward(upstream)
    found.backward(upstream)
    torch.testing.assert_close(y.grad, x.grad)
    torch.testing.assert_close(ours.weight.grad, peer.weight.grad)
    torch.testing.assert_close(ours.root.weight.grad, peer.root.grad.t())


def test_gradient_is_that_of_finite_differences() -> None:
    adjacency = lay_out(random_edges(np.random.default_rng(1), 6, 15, 3), 6, 3)
    x = torch.randn(6, 3, requires_grad=True, dtype=torch.float64)
    weight = torch.randn(3, 3, 2, requires_grad=True, dtype=torch.float64)
    assert torch.autograd.gradcheck(
        lambda x, w: relational_mean_product(x, w, adjacency), (x, weight)
    )


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_relabelled_nodes_give_relabelled_states(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sources, targets, relations = random_edges(rng)
    new_name = rng.permutation(20)
    torch.manual_seed(0)
    encoder = GraphEncoder(6, 4, dropout=0.0)
    x = torch.randn(20, 6)
    renamed = torch.empty_like(x)
    renamed[new_name] = x
    with torch.no_grad():
        plain = encoder(x, lay_out((sources, targets, relations)))
        moved = encoder(renamed, lay_out((new_name[sources], new_name[targets], relations)))
    torch.testing.assert_close(moved[new_name], plain, atol=1e-5, rtol=1e-4)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_order_of_edges_changes_nothing_to_the_bit(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sources, targets, relations = random_edges(rng)
    order = rng.permutation(len(sources))
    shuffled = (sources[order], targets[order], relations[order])
    layer = RelationalConv(6, 6, 4, n_bases=2)
    x = torch.randn(20, 6)
    with torch.no_grad():
        assert torch.equal(
            layer(x, lay_out((sources, targets, relations))), layer(x, lay_out(shuffled))
        )


def test_a_graph_without_edges_is_a_linear_layer() -> None:
    nothing = np.empty(0, dtype=np.int64)
    layer = RelationalConv(6, 3, 4)
    x = torch.randn(20, 6, requires_grad=True)
    out = layer(x, lay_out((nothing, nothing, nothing)))
    torch.testing.assert_close(out, layer.root(x))
    out.sum().backward()
    assert layer.weight.grad is not None
    assert torch.equal(layer.weight.grad, torch.zeros_like(layer.weight))


def test_nodes_outside_the_graph_are_refused() -> None:
    with pytest.raises(ValueError, match=r"targets: an index is outside 0\.\.19"):
        lay_out((np.array([0]), np.array([20]), np.array([0])))
