"""The mention tagger: BERT states of words beside what is known of the words, then a chain.

Decides the network. Each corpus has its own last layer and chain, because guidelines differ ("is a
drug class a chemical?"); everything below is shared. Training is decided in
`fusion.literature.tagger_training`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from numpy import ndarray as Array
from torch import Tensor, nn

from encoders.word_states import WordPieces, WordStates

from .crf import ChainField
from .tags import TagSet
from .word_features import FEATURE_WIDTH, LETTER_BUCKETS, letter_runs

__all__ = ["MentionTagger", "TaggerInput", "word_mask"]

_PART_WORDS = 800  # pieces, padding included; more fall out of the processor's cache


@dataclass(frozen=True, slots=True, kw_only=True)
class TaggerInput:
    """One sentence.

    Attributes:
        words: Its words.
        pieces: The same as the network reads them.
        features: Columns of `WordKnowledge.features`.
        lower: States above the BERT's frozen layers, when they were computed before.
        text: Number of the text it stands in; sentences of one text tell each other of their words.
    """

    words: tuple[str, ...]
    pieces: WordPieces
    features: Float[Array, "n_words n_features"]
    lower: Tensor | None = None
    text: int = 0


class MentionTagger(nn.Module):
    """Scores of tags for words.

    Args:
        states: The BERT; None leaves it out (what the names alone can do).
        heads: Tags of each corpus.
        width: Width of the layer that joins both sides.
        dropout: Share of the joined values that is dropped in training.
    """

    def __init__(
        self,
        states: WordStates | None,
        heads: Sequence[TagSet],
        *,
        width: int = 256,
        dropout: float = 0.2,
    ) -> None:
        super().__init__()
        self.states = states
        self.heads = tuple(heads)
        self.letters = nn.EmbeddingBag(LETTER_BUCKETS, 64, mode="mean")
        nn.init.normal_(self.letters.weight, std=0.3)
        self.known = nn.Sequential(nn.Linear(64 + FEATURE_WIDTH, 128), nn.GELU())
        self.near = nn.Conv1d(128, 128, kernel_size=5, padding=2)
        d_states = states.d_model if states is not None else 0
        self.join = nn.Linear(d_states + 256, width)
        self.elsewhere = nn.Linear(width, width, bias=False)
        nn.init.zeros_(self.elsewhere.weight)
        self.dropout = nn.Dropout(dropout)
        self.scores = nn.ModuleList(nn.Linear(width, len(tags)) for tags in heads)
        self.chains = nn.ModuleList(ChainField(tags.allowed()) for tags in heads)

    def joined(self, batch: Sequence[TaggerInput]) -> Float[Tensor, "n_cases n_words d_model"]:
        """Vectors of the words in their sentences."""
        n_words = max(len(sentence.words) for sentence in batch)
        known = self.known(torch.cat([self._letters(batch, n_words), _features(batch, n_words)], 2))
        known = self.dropout(known)
        near = nn.functional.gelu(self.near(known.transpose(1, 2))).transpose(1, 2)
        parts = [known, near]
        if self.states is not None:
            lower = [sentence.lower for sentence in batch if sentence.lower is not None]
            states = self.states(
                [sentence.pieces for sentence in batch],
                lower if len(lower) == len(batch) else None,
            )
            parts.append(self.dropout(states[:, :n_words]))
        joined: Tensor = self.dropout(nn.functional.gelu(self.join(torch.cat(parts, dim=2))))
        return joined

    def forward(
        self, batch: Sequence[TaggerInput], head: int
    ) -> list[tuple[list[int], Float[Tensor, "n_cases n_words n_tags"]]]:
        """Scores of the tags of one corpus, in parts of sentences of like length.

        Args:
            batch: All sentences of some texts.
            head: Number of the corpus.

        Returns:
            Numbers of the sentences of each part, and their scores, padded.
        """
        parts = _like_lengths(batch)
        return self._padded(batch, parts, self.scores[head](self._in_texts(batch, parts)))

    @torch.inference_mode()
    def tag(self, batch: Sequence[TaggerInput], heads: Sequence[int]) -> list[list[Array]]:
        """Best tags by each head for each sentence; sentences of a text belong together."""
        parts = _like_lengths(batch)
        vectors = self._in_texts(batch, parts)
        found: list[list[Array]] = []
        for head in heads:
            of_head: dict[int, Array] = {}
            for part, scores in self._padded(batch, parts, self.scores[head](vectors)):
                present = word_mask([batch[number] for number in part])
                best = self.chains[head].best(scores, present)  # type: ignore[operator]
                of_head.update(zip(part, best, strict=True))
            found.append([of_head[number] for number in range(len(batch))])
        return found

    def _in_texts(
        self, batch: Sequence[TaggerInput], parts: Sequence[Sequence[int]]
    ) -> Float[Tensor, "n_words d_model"]:
        """Vectors of all words, part by part, with what the same word is elsewhere in its text."""
        groups: dict[tuple[int, str], int] = {}
        rows, codes = [], []
        for part in parts:
            sentences = [batch[number] for number in part]
            rows.append(self.joined(sentences)[word_mask(sentences)])
            codes += [
                groups.setdefault((sentence.text, word.lower()), len(groups))
                for sentence in sentences
                for word in sentence.words
            ]
        own, group = torch.cat(rows), torch.tensor(codes)
        total = own.new_zeros(len(groups), own.shape[1]).index_add(0, group, own)
        others = torch.bincount(group, minlength=len(groups))[group].unsqueeze(1) - 1
        mean = (total[group] - own) / others.clamp(min=1)
        vectors: Tensor = own + self.elsewhere(torch.where(others > 0, mean, 0.0))
        return vectors

    @staticmethod
    def _padded(
        batch: Sequence[TaggerInput], parts: Sequence[list[int]], flat: Tensor
    ) -> list[tuple[list[int], Tensor]]:
        found, begin = [], 0
        for part in parts:
            present = word_mask([batch[number] for number in part])
            end = begin + int(present.sum())
            rows = flat.new_zeros(*present.shape, flat.shape[1])
            rows[present] = flat[begin:end]
            found.append((part, rows))
            begin = end
        return found

    def _letters(self, batch: Sequence[TaggerInput], n_words: int) -> Tensor:
        """Vectors of spellings, each different word once."""
        numbers: dict[str, int] = {"": 0}
        rows = torch.zeros(len(batch), n_words, dtype=torch.long)
        for row, sentence in enumerate(batch):
            codes = [numbers.setdefault(word, len(numbers)) for word in sentence.words]
            rows[row, : len(codes)] = torch.tensor(codes)
        runs = [letter_runs(word) if word else (0,) for word in numbers]
        flat = torch.tensor([run for row in runs for run in row])
        begins = torch.tensor(np.cumsum([0, *map(len, runs[:-1])]))
        vectors: Tensor = self.letters(flat, begins)
        return vectors[rows]


def _like_lengths(batch: Sequence[TaggerInput]) -> list[list[int]]:
    """Numbers of the sentences in parts of like length: padding is the main cost of short ones."""
    cost = [max(len(one.pieces.ids), len(one.words)) for one in batch]
    parts: list[list[int]] = []
    for number in sorted(range(len(batch)), key=lambda n: (cost[n], len(batch[n].words), n)):
        if parts and cost[number] * (len(parts[-1]) + 1) <= _PART_WORDS:
            parts[-1].append(number)
        else:
            parts.append([number])
    return parts


def word_mask(batch: Sequence[TaggerInput]) -> Tensor:
    """True where a sentence has a word."""
    lengths = torch.tensor([len(sentence.words) for sentence in batch])
    return torch.arange(int(lengths.max())) < lengths.unsqueeze(1)


def _features(batch: Sequence[TaggerInput], n_words: int) -> Tensor:
    table = np.zeros((len(batch), n_words, FEATURE_WIDTH), dtype=np.float32)
    for row, sentence in enumerate(batch):
        table[row, : len(sentence.words)] = sentence.features
    return torch.from_numpy(table)
