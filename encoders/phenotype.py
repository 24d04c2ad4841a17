"""A set of phenotype terms, present and excluded, to patient tokens by attention.

Decides how much an excluded term may say and that a set is a set: order and repetition of terms
change nothing. Where the vectors of terms are from is decided in `fusion` (text and graph).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from .tokens import ModalityTokens

__all__ = ["PhenotypeSetEncoder", "TermBatch"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TermBatch:
    """Terms of a batch of cases as positions in a matrix of term vectors.

    Attributes:
        index: Positions; whatever stands at places that are not `given` is not read.
        excluded: True where the term was looked for and not found.
        given: True where there is a term; padding elsewhere.

    Raises:
        ValueError: If the shapes disagree.

    Example:
        >>> TermBatch.from_lists([[4, 2], []], [[7], []]).index.tolist()
        [[4, 2, 7], [0, 0, 0]]
    """

    index: Int[Tensor, "n_cases n_terms"]
    excluded: Bool[Tensor, "n_cases n_terms"]
    given: Bool[Tensor, "n_cases n_terms"]

    def __post_init__(self) -> None:
        shapes = {tuple(part.shape) for part in (self.index, self.excluded, self.given)}
        if len(shapes) != 1 or self.index.dim() != 2:
            raise ValueError(
                f"index, excluded, given: shapes {shapes}; need one [n_cases, n_terms]"
            )

    @classmethod
    def from_lists(
        cls, present: Sequence[Sequence[int]], excluded: Sequence[Sequence[int]]
    ) -> "TermBatch":
        """Pad lists of positions, one list per case in each argument."""
        if len(present) != len(excluded):
            raise ValueError(f"excluded: {len(excluded)} cases beside {len(present)} of present")
        longest = max((len(p) + len(e) for p, e in zip(present, excluded, strict=True)), default=0)
        index = torch.zeros(len(present), longest, dtype=torch.long)
        is_excluded = torch.zeros(len(present), longest, dtype=torch.bool)
        given = torch.zeros(len(present), longest, dtype=torch.bool)
        for case, (found, missing) in enumerate(zip(present, excluded, strict=True)):
            n_found, n_given = len(found), len(found) + len(missing)
            index[case, :n_given] = torch.tensor([*found, *missing], dtype=torch.long)
            is_excluded[case, n_found:n_given] = True
            given[case, :n_given] = True
        return cls(index=index, excluded=is_excluded, given=given)

    def distinct(self) -> "TermBatch":
        """Each term once, in rising order; a term both present and excluded counts as present.

        Equal sets give equal tensors, which makes the encoder's answer equal to the bit.
        """
        last = torch.iinfo(torch.long).max
        key = (self.index.long() * 2 + self.excluded.long()).masked_fill(~self.given, last)
        key = key.sort(dim=1).values
        given = key != last
        # Present sorts before excluded of the same term, so the first of equals is kept.
        given[:, 1:] &= key[:, 1:] // 2 != key[:, :-1] // 2
        key = key.masked_fill(~given, last).sort(dim=1).values
        given = key != last
        longest = int(given.sum(dim=1).max()) if given.numel() else 0
        key, given = key[:, :longest], given[:, :longest]
        key = key.masked_fill(~given, 0)
        return TermBatch(index=key // 2, excluded=(key % 2).bool(), given=given)

    def to(self, device: torch.device) -> "TermBatch":
        """The same terms on another device."""
        return TermBatch(
            index=self.index.to(device),
            excluded=self.excluded.to(device),
            given=self.given.to(device),
        )


class PhenotypeSetEncoder(nn.Module):
    """Attention pooling with learned queries over the terms of a case (arXiv:1810.00825).

    Each term is its vector plus a learned embedding of its status. Excluded terms enter gently:
    their vector is scaled by a learned gate that starts at 0.1, and their attention logit by a
    learned bias that starts at log 0.3, so that a long list of negative findings does not drown
    the positive ones.

    Args:
        d_term: Width of the term vectors.
        d_model: Width of the tokens.
        n_queries: Tokens per case.
        n_heads: Attention heads; divides `d_model`.
        dropout: Share of the attention dropped in training.

    Attributes:
        d_model: Width of the tokens.
    """

    modality: ClassVar[str] = "phenotypes"

    def __init__(
        self,
        d_term: int,
        d_model: int | None = None,
        *,
        n_queries: int = 1,
        n_heads: int = 4,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.d_model = d_term if d_model is None else d_model
        if self.d_model % n_heads:
            raise ValueError(f"n_heads: {n_heads}; must divide d_model, {self.d_model}")
        self.n_heads = n_heads
        self.n_queries = n_queries
        self.norm = nn.LayerNorm(d_term)
        self.project = nn.Linear(d_term, self.d_model)
        self.status = nn.Parameter(torch.randn(2, self.d_model) * 0.02)
        self.excluded_gate = nn.Parameter(torch.logit(torch.tensor(0.1)))
        self.excluded_bias = nn.Parameter(torch.log(torch.tensor(0.3)))
        self.queries = nn.Parameter(torch.randn(n_queries, self.d_model) * self.d_model**-0.5)
        self.to_key = nn.Linear(self.d_model, self.d_model, bias=False)
        self.to_value = nn.Linear(self.d_model, self.d_model)
        self.mix = nn.Sequential(
            nn.LayerNorm(self.d_model),
            nn.Linear(self.d_model, 2 * self.d_model),
            nn.GELU(),
            nn.Linear(2 * self.d_model, self.d_model),
        )
        self.dropout = nn.Dropout(dropout)
        self.absent = nn.Parameter(torch.randn(n_queries, self.d_model) * 0.02)

    def forward(
        self,
        term_vectors: Float[Tensor, "n_nodes d_term"],
        terms: TermBatch,
        *,
        prior: Float[Tensor, " n_nodes"] | None = None,
    ) -> ModalityTokens:
        """Pool the terms of each case.

        Args:
            term_vectors: One row per term, or per node of the graph.
            terms: Which rows each case has.
            prior: Added to the attention logits, such as the log of the information content.

        Returns:
            `n_queries` tokens per case; a learned vector, not present, for a case without terms.
        """
        terms = terms.to(term_vectors.device).distinct()
        n_cases = terms.index.shape[0]
        absent = self.absent.expand(n_cases, -1, -1)
        known = terms.given.any(dim=1)
        if terms.index.shape[1] == 0:
            pooled = absent
        else:
            tokens = self.term_tokens(term_vectors, terms).values
            weights = self.dropout(self._weights(tokens, terms, prior))
            values = self._by_head(self.to_value(tokens))
            pooled = torch.einsum("cqht,cthd->cqhd", weights, values).flatten(2)
            pooled = pooled + self.mix(pooled)
            pooled = torch.where(known[:, None, None], pooled, absent)
        return ModalityTokens(
            values=pooled, present=known.unsqueeze(1).expand(-1, self.n_queries).contiguous()
        )

    def term_tokens(
        self, term_vectors: Float[Tensor, "n_nodes d_term"], terms: TermBatch
    ) -> ModalityTokens:
        """One token per place of `terms`, with its status; for attention across modalities."""
        index = terms.index.masked_fill(~terms.given, 0)
        vectors = self.project(self.norm(term_vectors[index]))
        gate = torch.where(terms.excluded, self.excluded_gate.sigmoid(), 1.0).unsqueeze(-1)
        tokens = vectors * gate + self.status[terms.excluded.long()]
        return ModalityTokens(
            values=tokens * terms.given.unsqueeze(-1).to(tokens.dtype), present=terms.given
        )

    def attention(
        self,
        term_vectors: Float[Tensor, "n_nodes d_term"],
        terms: TermBatch,
        *,
        prior: Float[Tensor, " n_nodes"] | None = None,
    ) -> tuple[TermBatch, Float[Tensor, "n_cases n_terms"]]:
        """How much each distinct term weighs, averaged over queries and heads; sums to one."""
        terms = terms.to(term_vectors.device).distinct()
        if terms.index.shape[1] == 0:
            return terms, term_vectors.new_zeros(terms.index.shape)
        tokens = self.term_tokens(term_vectors, terms).values
        return terms, self._weights(tokens, terms, prior).mean(dim=(1, 2))

    def _weights(
        self,
        tokens: Float[Tensor, "n_cases n_terms d_model"],
        terms: TermBatch,
        prior: Float[Tensor, " n_nodes"] | None,
    ) -> Float[Tensor, "n_cases n_tokens n_heads n_terms"]:
        keys = self._by_head(self.to_key(tokens))
        queries = self._by_head(self.queries)
        logits = torch.einsum("qhd,cthd->cqht", queries, keys) / queries.shape[-1] ** 0.5
        bias = torch.where(terms.excluded, self.excluded_bias, 0.0)
        if prior is not None:
            bias = bias + prior[terms.index]
        logits = logits + bias[:, None, None, :]
        given = terms.given[:, None, None, :]
        logits = logits.masked_fill(~given, torch.finfo(logits.dtype).min)
        weights: Tensor = logits.softmax(dim=-1) * given
        return weights

    def _by_head(self, x: Tensor) -> Tensor:
        return x.reshape(*x.shape[:-1], self.n_heads, self.d_model // self.n_heads)
