"""One vector per word of a sentence, from any BERT of transformers.

Decides how words become pieces and how the pieces' states become one vector: their mean. What is
done with the vectors is decided in `fusion.literature`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from .precision import autocast, fastest_dtype
from .text_source import open_text_network

__all__ = ["WordPieces", "WordStates"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WordPieces:
    """A sentence as the network reads it.

    Attributes:
        ids: Pieces, special tokens included.
        words: For each piece its word; -1 for special tokens.
        n_words: How many words the sentence has; words behind the last position have no piece.
    """

    ids: tuple[int, ...]
    words: tuple[int, ...]
    n_words: int


class WordStates(nn.Module):
    """A BERT that gives one vector per word.

    Args:
        name: Local folder or hub name of a BERT; None is the packaged all-MiniLM-L6-v2.
        load_weights: False leaves random weights, for a checkpoint to fill.

    Attributes:
        d_model: Width of the vectors.
        name: What was really opened.
    """

    def __init__(self, name: str | Path | None = None, *, load_weights: bool = True) -> None:
        super().__init__()
        source = open_text_network(name, load_weights=load_weights)
        self.name = source.name
        self.network = source.network
        self.tokenizer: Any = source.tokenizer
        config: Any = source.network.config
        self.d_model = int(config.hidden_size)
        self.n_frozen = 0
        self.max_pieces = min(int(getattr(config, "max_position_embeddings", 512)), 512)
        # Fused attention is slower than plain products on a CPU when sentences are short: its
        # backward pass alone was 30% of a training step of 24 sentences.
        cast(Any, self.network).set_attn_implementation("eager")
        for module in self.network.modules():
            # Random numbers for attention cost as much as attention itself on a CPU.
            if type(module).__name__.endswith("SelfAttention") and hasattr(module, "dropout"):
                cast(nn.Dropout, module.dropout).p = 0.0

    def pieces(self, sentences: Sequence[Sequence[str]]) -> list[WordPieces]:
        """Cut words into pieces; what does not fit into the network's positions is left out."""
        if not sentences:
            return []
        encoded = self.tokenizer(
            [list(words) for words in sentences],
            is_split_into_words=True,
            truncation=True,
            max_length=self.max_pieces,
            return_attention_mask=False,
            return_token_type_ids=False,
        )
        return [
            WordPieces(
                ids=tuple(ids),
                words=tuple(-1 if word is None else word for word in encoded.word_ids(number)),
                n_words=len(sentences[number]),
            )
            for number, ids in enumerate(encoded["input_ids"])
        ]

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.network.parameters()).device

    def freeze(self, n_layers: int) -> None:
        """Hold the embeddings and the first layers still; `lower` then need be computed once."""
        stack = self._stack()
        if not 0 <= n_layers < len(stack):
            raise ValueError(f"n_layers: {n_layers}; {self.name} has {len(stack)} layers")
        self.n_frozen = n_layers
        if n_layers:
            for part in (self.network.embeddings, *stack[:n_layers]):
                for parameter in cast(nn.Module, part).parameters():
                    parameter.requires_grad_(False)

    def hold_for_reading(self) -> None:
        """Keep the weights as they are multiplied: faster to read with, not fit for training."""
        self.network.to(fastest_dtype(self.device))

    @torch.no_grad()
    def lower(self, sentences: Sequence[WordPieces]) -> list[Float[Tensor, "n_tokens d_model"]]:
        """States of the pieces above the frozen layers, in 16 bits; for `forward`."""
        training = self.network.training
        self.network.eval()
        ids, mask = self._padded(sentences)
        with autocast(self.device, fastest_dtype(self.device)):
            states = cast(nn.Module, self.network.embeddings)(input_ids=ids)
            states = self._through(states, mask, self._stack()[: self.n_frozen])
        self.network.train(training)
        return [
            states[row, : len(sentence.ids)].to(torch.bfloat16)
            for row, sentence in enumerate(sentences)
        ]

    def forward(
        self,
        sentences: Sequence[WordPieces],
        lower: Sequence[Float[Tensor, "n_tokens d_model"]] | None = None,
    ) -> Float[Tensor, "n_cases n_words d_model"]:
        """Vectors of the words, zeros where a sentence has none.

        Args:
            sentences: What is read.
            lower: What `lower` gave for them; None computes all layers.
        """
        n_words = max(sentence.n_words for sentence in sentences)
        ids, mask = self._padded(sentences)
        # Special tokens and padding go to a place behind the words that is cut off again.
        place = torch.full(ids.shape, len(sentences) * n_words)
        for row, sentence in enumerate(sentences):
            words = torch.tensor(sentence.words)
            place[row, : len(words)] = torch.where(
                words < 0, len(sentences) * n_words, words + row * n_words
            )
        with autocast(self.device, fastest_dtype(self.device)):
            if lower is None:
                given = None if bool(mask.all()) else mask.long()
                states = cast(Tensor, self.network(input_ids=ids, attention_mask=given)[0])
            else:
                begin = nn.utils.rnn.pad_sequence([rows.float() for rows in lower], True)
                states = self._through(begin.to(self.device), mask, self._stack()[self.n_frozen :])
        return _mean_by_place(states.float().flatten(0, 1), place.flatten().to(ids.device), n_words)

    def _padded(self, sentences: Sequence[WordPieces]) -> tuple[Tensor, Tensor]:
        longest = max(len(sentence.ids) for sentence in sentences)
        ids = torch.full((len(sentences), longest), self.tokenizer.pad_token_id or 0)
        mask = torch.zeros(len(sentences), longest, dtype=torch.bool)
        for row, sentence in enumerate(sentences):
            ids[row, : len(sentence.ids)] = torch.tensor(sentence.ids)
            mask[row, : len(sentence.ids)] = True
        return ids.to(self.device), mask.to(self.device)

    def _stack(self) -> nn.ModuleList:
        try:
            return cast(nn.ModuleList, self.network.get_submodule("encoder.layer"))
        except AttributeError as error:
            raise ValueError(f"{self.name}: has no encoder.layer; do not freeze it") from error

    @staticmethod
    def _through(states: Tensor, mask: Tensor, layers: nn.ModuleList) -> Tensor:
        given = None
        if not bool(mask.all()):
            given = torch.zeros(mask.shape, dtype=states.dtype, device=states.device)
            given = given.masked_fill(~mask, torch.finfo(states.dtype).min)[:, None, None, :]
        for layer in layers:
            found = layer(states, given)
            states = found[0] if isinstance(found, tuple) else found
        return states

    def save_definition(self, folder: Path) -> None:
        """Write configuration and tokenizer, without weights."""
        folder.mkdir(parents=True, exist_ok=True)
        config: Any = self.network.config
        config.save_pretrained(folder)
        self.tokenizer.save_pretrained(folder)


def _mean_by_place(
    states: Float[Tensor, "n_tokens d_model"], place: Int[Tensor, "n_tokens"], n_words: int
) -> Float[Tensor, "n_cases n_words d_model"]:
    size = int(place.max()) + 1
    size += -(size - 1) % n_words
    total = states.new_zeros(size, states.shape[1]).index_add(0, place, states)
    count = states.new_zeros(size).index_add(0, place, torch.ones_like(place, dtype=states.dtype))
    mean = total / count.clamp(min=1.0).unsqueeze(1)
    return mean[: size - 1].reshape(-1, n_words, states.shape[1])
