"""AdaLoRA ends at the rank asked for, keeps the directions that matter, and a break is no trace."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

pytest.importorskip("peft")

from fusion.adapters import add_adapters
from fusion.rank_budget import allocate_ranks, orthogonality

RANK, STEPS = 2, 60


class Attention(nn.Module):
    """Two layers; the task asks something of the first alone."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.query = nn.Linear(8, 8)
        self.value = nn.Linear(8, 8)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self.query(x), self.value(x)


def adapted() -> tuple[nn.Module, torch.optim.Optimizer]:
    network = Attention()
    torch.manual_seed(1)
    add_adapters(network, "adalora", rank=RANK)
    learnt = [p for p in network.parameters() if p.requires_grad]
    return network, torch.optim.AdamW(learnt, lr=2e-2)


def learn(network: nn.Module, optimizer: torch.optim.Optimizer, steps: range) -> None:
    goal = torch.randn(8, 8, generator=torch.Generator().manual_seed(2))
    for step in steps:
        x = torch.randn(16, 8, generator=torch.Generator().manual_seed(100 + step))
        asked, idle = network(x)
        loss = (asked - x @ goal).square().mean() + 1e-3 * idle.square().mean()
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        allocate_ranks(network, step + 1, rank=RANK, total_steps=STEPS)


def singular(network: Any) -> dict[str, Tensor]:
    return {part: getattr(network, part).lora_E["default"][:, 0] for part in ("query", "value")}


def test_the_rank_asked_for_stands_where_it_is_needed() -> None:
    network, optimizer = adapted()
    assert sum(len(values) for values in singular(network).values()) == 2 * 2 * RANK
    learn(network, optimizer, range(STEPS))
    kept = {part: int((values != 0).sum()) for part, values in singular(network).items()}
    assert sum(kept.values()) == 2 * RANK
    assert kept["query"] > kept["value"]


def test_a_break_leaves_no_trace() -> None:
    whole, optimizer = adapted()
    learn(whole, optimizer, range(STEPS))
    for broken_at in (20, 45):
        first, optimizer = adapted()
        learn(first, optimizer, range(broken_at))
        state, moments = first.state_dict(), optimizer.state_dict()
        second, optimizer = adapted()
        second.load_state_dict(state)
        optimizer.load_state_dict(moments)
        learn(second, optimizer, range(broken_at, STEPS))
        for name, value in whole.state_dict().items():
            assert torch.equal(value, second.state_dict()[name]), name


def test_a_stage_that_ends_early_still_ends_at_the_rank_asked_for() -> None:
    network, optimizer = adapted()
    learn(network, optimizer, range(8))
    learn(network, optimizer, range(STEPS, STEPS + 3))
    assert sum(int((values != 0).sum()) for values in singular(network).values()) == 2 * RANK


def test_a_batch_that_does_not_reach_the_encoder_is_no_error() -> None:
    network, optimizer = adapted()
    optimizer.zero_grad(set_to_none=True)
    allocate_ranks(network, 1, rank=RANK, total_steps=STEPS)
    allocate_ranks(Attention(), 1, rank=RANK, total_steps=STEPS)  # nothing to do


def test_crooked_directions_are_charged() -> None:
    network, _ = adapted()
    assert orthogonality(Attention()) is None
    begin = orthogonality(network)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if "lora_A" in name or "lora_B" in name:
                nn.init.orthogonal_(parameter)
    straight = orthogonality(network)
    assert begin is not None
    assert straight is not None
    assert float(straight.detach()) < 1e-5 < float(begin.detach())
