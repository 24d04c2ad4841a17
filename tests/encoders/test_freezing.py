"""Which parameters are trained at each level, and that frozen parts keep still."""

import pytest
import timm
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from transformers import BertConfig, BertModel

from encoders import apply_freeze_level, parse_freeze_level
from encoders.freezing import hold_frozen_parts_still


def make_network(kind: str) -> nn.Module:
    if kind == "bert":
        config = BertConfig(
            vocab_size=9,
            hidden_size=8,
            num_hidden_layers=3,
            num_attention_heads=2,
            intermediate_size=8,
            hidden_dropout_prob=0.5,
        )
        return BertModel(config, add_pooling_layer=False)
    return timm.create_model(kind, num_classes=0)


@pytest.mark.parametrize("kind", ["bert", "test_vit", "test_efficientnet", "test_convnext"])
def test_frozen_and_all_are_the_ends(kind: str) -> None:
    network = make_network(kind)
    assert apply_freeze_level(network, "frozen") == ()
    assert apply_freeze_level(network, 0) == ()
    names = tuple(name for name, _ in network.named_parameters())
    assert apply_freeze_level(network, "all") == names
    assert all(parameter.requires_grad for parameter in network.parameters())


def test_last_layer_of_bert() -> None:
    network = make_network("bert")
    trained = apply_freeze_level(network, 1)
    assert trained
    assert {name.split(".")[2] for name in trained} == {"2"}
    assert trained == tuple(n for n, p in network.named_parameters() if p.requires_grad)


def test_last_blocks_of_vit_and_what_follows_them() -> None:
    network = make_network("test_vit")
    trained = apply_freeze_level(network, 2)
    assert {n.split(".")[1] for n in trained if n.startswith("blocks.")} == {"4", "5"}
    assert {n for n in trained if not n.startswith("blocks.")} == {"norm.weight", "norm.bias"}


@given(st.integers(1, 6))
def test_levels_are_nested(n_layers: int) -> None:
    network = make_network("test_vit")
    fewer = set(apply_freeze_level(network, n_layers - 1))
    assert fewer < set(apply_freeze_level(network, n_layers))


def test_a_step_moves_exactly_the_trained_parameters() -> None:
    torch.manual_seed(0)
    network = make_network("bert")
    trained = set(apply_freeze_level(network, 1))
    before = {name: p.detach().clone() for name, p in network.named_parameters()}
    optimiser = torch.optim.SGD([p for p in network.parameters() if p.requires_grad], lr=1.0)
    out = network(torch.tensor([[1, 2, 3]]))[0]
    (out * torch.randn_like(out)).sum().backward()
    optimiser.step()
    moved = {name for name, p in network.named_parameters() if not torch.equal(p, before[name])}
    # The bias of keys shifts all attention logits alike, so its gradient is zero but for rounding.
    assert moved <= trained
    assert {n for n in trained if not n.endswith("key.bias")} <= moved


def test_frozen_dropout_is_off_in_training() -> None:
    network = make_network("bert")
    apply_freeze_level(network, 1)
    network.train()
    hold_frozen_parts_still(network)
    assert not network.get_submodule("embeddings").training
    assert not network.get_submodule("encoder.layer.1.output.dropout").training
    assert network.get_submodule("encoder.layer.2.output.dropout").training


def test_frozen_batch_statistics_keep_still() -> None:
    network = make_network("test_efficientnet")
    apply_freeze_level(network, "frozen")
    network.train()
    hold_frozen_parts_still(network)
    before = {name: b.clone() for name, b in network.named_buffers()}
    network(torch.rand(2, 3, 64, 64))
    assert all(torch.equal(b, before[name]) for name, b in network.named_buffers())


def test_errors_name_the_value_and_the_rule() -> None:
    with pytest.raises(ValueError, match="9 layers asked of a stack of 6"):
        apply_freeze_level(make_network("test_vit"), 9)
    with pytest.raises(ValueError, match="no stack of layers found in Linear"):
        apply_freeze_level(nn.Linear(2, 2), 1)
    for wrong in ("half", "-1", -1, "1.5"):
        with pytest.raises(ValueError, match="needs 'frozen', 'all' or the number"):
            parse_freeze_level(wrong)
