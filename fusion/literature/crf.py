"""Linear-chain conditional random field over tags.

Decides the likelihood of a row of tags given scores of each word (Lafferty et al. 2001), the best
row (Viterbi), and that rows which the scheme forbids never happen.
"""

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from numpy.typing import NDArray
from torch import Tensor, nn

__all__ = ["ChainField"]

_NEVER = -1e4


class ChainField(nn.Module):
    """Transitions between tags, and what follows from them.

    Args:
        allowed: Which tag may follow which; last row begin, last column end (`TagSet.allowed`).
    """

    forbidden: Tensor

    def __init__(self, allowed: NDArray[np.bool_]) -> None:
        super().__init__()
        table = torch.from_numpy(allowed)
        self.register_buffer("forbidden", ~table, persistent=False)
        self.transitions = nn.Parameter(torch.zeros(table.shape))

    def _table(self) -> Tensor:
        return self.transitions.float().masked_fill(self.forbidden, _NEVER)

    def loss(
        self,
        scores: Float[Tensor, "n_cases n_words n_tags"],
        tags: Int[Tensor, "n_cases n_words"],
        present: Bool[Tensor, "n_cases n_words"],
    ) -> Float[Tensor, "n_cases"]:
        """Minus the logarithm of the likelihood of `tags`; the first word is always present."""
        table = self._table()
        n_tags = scores.shape[-1]
        inner, begin, end = table[:n_tags, :n_tags], table[n_tags, :n_tags], table[:n_tags, n_tags]
        scores = scores.float()
        rows = torch.arange(len(tags), device=tags.device)
        gold = begin[tags[:, 0]] + scores[rows, 0, tags[:, 0]]
        total = begin + scores[:, 0]
        for place in range(1, tags.shape[1]):
            here = present[:, place]
            step = inner[tags[:, place - 1], tags[:, place]] + scores[rows, place, tags[:, place]]
            gold = gold + step * here
            moved = torch.logsumexp(total.unsqueeze(2) + inner, dim=1) + scores[:, place]
            total = torch.where(here.unsqueeze(1), moved, total)
        last = tags[rows, present.sum(dim=1) - 1]
        return torch.logsumexp(total + end, dim=1) - gold - end[last]

    @torch.no_grad()
    def best(
        self,
        scores: Float[Tensor, "n_cases n_words n_tags"],
        present: Bool[Tensor, "n_cases n_words"],
    ) -> list[NDArray[np.int64]]:
        """The most likely row of tags of each sentence."""
        table = self._table().cpu().numpy()
        n_tags = scores.shape[-1]
        inner, begin, end = table[:n_tags, :n_tags], table[n_tags, :n_tags], table[:n_tags, n_tags]
        values = scores.float().cpu().numpy()
        lengths = present.sum(dim=1).cpu().numpy()
        total = begin + values[:, 0]
        back = np.zeros(values.shape, dtype=np.int64)
        totals = [total]
        for place in range(1, values.shape[1]):
            reach = total[:, :, None] + inner
            back[:, place] = reach.argmax(axis=1)
            total = reach.max(axis=1) + values[:, place]
            totals.append(total)
        rows = []
        for case, length in enumerate(lengths):
            tag = int((totals[length - 1][case] + end).argmax())
            row = np.empty(length, dtype=np.int64)
            for place in range(length - 1, -1, -1):
                row[place] = tag
                tag = int(back[case, place, tag])
            rows.append(row)
        return rows
