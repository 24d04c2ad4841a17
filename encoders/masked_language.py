r"""Domain-adaptive pretraining: a BERT learns to fill in hidden words of local text.

Decides the task (15% of the pieces hidden as in BERT, 10.18653/v1/N19-1423), the schedule and what
is reported: the loss on held-out text before and after. A network without a head for words gets one
that starts from its own word embeddings; it learns with the network and is not kept. What may be
read is the caller's decision: notes of patients should not be, since weights can remember words.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .precision import autocast, fastest_dtype
from .text_source import open_text_network

__all__ = ["MaskedLanguageOptions", "MaskedLanguageResult", "pretrain_text"]

_IGNORED = -100
_HIDDEN, _KEPT_MASK, _RANDOM = 0.15, 0.8, 0.1
_LEAST_TEXTS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskedLanguageOptions:
    """How a network is pretrained.

    Attributes:
        steps: Steps of the optimiser.
        batch_texts: Texts in a step.
        max_tokens: Longer texts are cut.
        learning_rate: Peak rate; the head learns ten times as fast.
        held_out: Share of the texts that the loss is measured on.
        seed: Where masks and order come from.
    """

    steps: int = 200
    batch_texts: int = 16
    max_tokens: int = 96
    learning_rate: float = 5e-5
    held_out: float = 0.1
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskedLanguageResult:
    """What came of it.

    Attributes:
        before: Loss on held-out text when only the new head was fitted, in nats a hidden piece.
        after: The same at the end.
        n_texts: Texts that were learnt from.
    """

    before: float
    after: float
    n_texts: int


class _WithHead(nn.Module):
    """The network with a head for words, tied to its word embeddings."""

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network
        words: Tensor = network.get_input_embeddings().weight
        self.change = nn.Linear(words.shape[1], words.shape[1])
        nn.init.eye_(self.change.weight)
        nn.init.zeros_(self.change.bias)
        self.norm = nn.LayerNorm(words.shape[1])
        self.bias = nn.Parameter(torch.zeros(len(words)))

    def head_parameters(self) -> list[nn.Parameter]:
        return [*self.change.parameters(), *self.norm.parameters(), self.bias]

    def forward(self, ids: Tensor, mask: Tensor, labels: Tensor) -> Tensor:
        states = self.network(input_ids=ids, attention_mask=mask)[0][labels != _IGNORED]
        # Only hidden places are scored: the whole vocabulary at every place would cost most of all.
        found = self.norm(F.gelu(self.change(states.float())))
        logits = found @ self.network.get_input_embeddings().weight.t() + self.bias
        return F.cross_entropy(logits, labels[labels != _IGNORED])


def pretrain_text(
    texts: Sequence[str],
    out: Path,
    *,
    encoder: str | Path | None = None,
    options: MaskedLanguageOptions | None = None,
    progress: Callable[[str], None],
) -> MaskedLanguageResult:
    """Pretrains an encoder on texts and writes it to a folder that `TextEncoder` opens.

    Args:
        texts: What is read.
        out: Folder of the encoder.
        encoder: Where to start; None is the packaged MiniLM.
        options: How.
        progress: Told the loss.

    Raises:
        ValueError: There are too few texts to hold some out.
    """
    options = options or MaskedLanguageOptions()
    distinct = list(dict.fromkeys(text.strip() for text in texts if text.strip()))
    if len(distinct) < _LEAST_TEXTS:
        raise ValueError(f"{len(distinct)} texts; give at least {_LEAST_TEXTS}")
    source = open_text_network(encoder)
    rng = np.random.default_rng(options.seed)
    order = rng.permutation(len(distinct))
    n_held = min(200, max(5, round(options.held_out * len(distinct))))
    ids = source.tokenizer(
        distinct, truncation=True, max_length=options.max_tokens, return_attention_mask=False
    )["input_ids"]
    held = [ids[i] for i in order[:n_held]]
    learnt = [ids[i] for i in order[n_held:]]
    torch.manual_seed(options.seed)
    model = _WithHead(source.network)
    fill = _Masker(source.tokenizer)
    head = model.head_parameters()
    # A head alone first: what the network gains is then not what a new head gains.
    _fit(model, head, learnt, fill, options, rng, steps=max(20, options.steps // 4), head_only=True)
    before = _loss(model, held, fill, options)
    progress(f"held-out loss {before:.3f} with a fitted head")
    _fit(model, head, learnt, fill, options, rng, steps=options.steps, head_only=False)
    after = _loss(model, held, fill, options)
    progress(f"held-out loss {after:.3f} after {options.steps} steps")
    out.mkdir(parents=True, exist_ok=True)
    network: Any = source.network
    network.save_pretrained(out, safe_serialization=True)
    source.tokenizer.save_pretrained(out)
    return MaskedLanguageResult(before=before, after=after, n_texts=len(learnt))


def _fit(
    model: _WithHead,
    head: list[nn.Parameter],
    texts: Sequence[Sequence[int]],
    fill: _Masker,
    options: MaskedLanguageOptions,
    rng: np.random.Generator,
    *,
    steps: int,
    head_only: bool,
) -> None:
    groups: list[dict[str, Any]] = [{"params": head, "lr": 10 * options.learning_rate}]
    if head_only:
        groups[0]["lr"] = 1e-3
    else:
        groups.append({"params": list(model.network.parameters()), "lr": options.learning_rate})
    optimizer = torch.optim.AdamW(groups, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1.0, (step + 1) / (0.1 * steps)) * (1.0 - step / steps)
    )
    device = next(model.parameters()).device
    model.train()
    for parameter in model.network.parameters():
        parameter.requires_grad_(not head_only)
    for _ in range(steps):
        batch = [texts[i] for i in rng.integers(0, len(texts), options.batch_texts)]
        with autocast(device, fastest_dtype(device)):
            loss = model(*fill(batch, rng))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
    for parameter in model.network.parameters():
        parameter.requires_grad_(True)


@torch.no_grad()
def _loss(
    model: _WithHead,
    texts: Sequence[Sequence[int]],
    fill: _Masker,
    options: MaskedLanguageOptions,
) -> float:
    """Mean loss with the same masks whenever it is asked."""
    rng = np.random.default_rng(options.seed + 1)
    model.eval()
    losses, counts = [], []
    for at in range(0, len(texts), options.batch_texts):
        ids, mask, labels = fill(texts[at : at + options.batch_texts], rng)
        count = int((labels != _IGNORED).sum())
        if count:
            losses.append(float(model(ids, mask, labels)) * count)
            counts.append(count)
    return math.fsum(losses) / max(sum(counts), 1)


class _Masker:
    """Hides pieces: most become the mask, some a random piece, some stay."""

    def __init__(self, tokenizer: Any) -> None:
        self.special = set(tokenizer.all_special_ids)
        self.mask, self.pad = int(tokenizer.mask_token_id), int(tokenizer.pad_token_id or 0)
        self.n_pieces = len(tokenizer)

    def __call__(
        self, texts: Sequence[Sequence[int]], rng: np.random.Generator
    ) -> tuple[Tensor, Tensor, Tensor]:
        longest = max(len(text) for text in texts)
        ids = np.full((len(texts), longest), self.pad, dtype=np.int64)
        for row, text in enumerate(texts):
            ids[row, : len(text)] = text
        there = ids != self.pad
        may = there & ~np.isin(ids, sorted(self.special))
        hidden = may & (rng.random(ids.shape) < _HIDDEN)
        labels = np.where(hidden, ids, _IGNORED)
        draw = rng.random(ids.shape)
        ids = np.where(hidden & (draw < _KEPT_MASK), self.mask, ids)
        other = rng.integers(0, self.n_pieces, ids.shape)
        ids = np.where(hidden & (draw >= _KEPT_MASK) & (draw < _KEPT_MASK + _RANDOM), other, ids)
        return torch.from_numpy(ids), torch.from_numpy(there), torch.from_numpy(labels)
