"""Text to tokens: any BERT of transformers, over the windows of a note of any length.

Decides tokenising, windows, pooling of a window and merging of windows. Which network is opened is
decided in `encoders.text_source`; the embedding of whole catalogues in `encoders.text_embedding`.
"""

import hashlib
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from kg.notes import section_starts

from .chunking import Chunking, sentence_starts, window_spans
from .freezing import FreezeLevel, apply_freeze_level, hold_frozen_parts_still
from .text_source import open_text_network
from .tokens import ModalityTokens
from .weights import weights_digest

__all__ = ["TextEncoder"]


class TextEncoder(nn.Module):
    """A BERT whose windows over a note become the tokens of the text modality.

    Args:
        name: Local folder or hub name of a BERT; None is the packaged all-MiniLM-L6-v2.
        freeze: `"frozen"`, number of last layers to train, or `"all"`.
        chunking: How long notes are cut; None is windows of 256 tokens, or fewer if the network
            has fewer positions.
        pooling: A window is the mean over its tokens or the vector of the first one.
        merging: How `pool` makes one vector of the windows: their mean, or attention with a
            learned query (trained whatever the freeze level).
        load_weights: False leaves random weights, for a checkpoint to fill.
        fallback: Use the packaged encoder, with a warning, where the hub cannot be reached.
        batch_tokens: Most tokens, padding included, that go through the network at once; None
            suits the device: what stays in the caches of a CPU, or fills a GPU.

    Attributes:
        name: What was really opened, which the fallback makes differ from what was asked.
        d_model: Width of the embeddings.
        trained_parameters: Names of the trained parameters of `network`.

    Raises:
        EncoderError: If the network cannot be opened.
        ValueError: If an option is out of its range.
    """

    modality: ClassVar[str] = "text"
    query: nn.Parameter | None

    def __init__(
        self,
        name: str | Path | None = None,
        *,
        freeze: FreezeLevel = "frozen",
        chunking: Chunking | None = None,
        pooling: Literal["mean", "first"] = "mean",
        merging: Literal["mean", "attention"] = "mean",
        load_weights: bool = True,
        fallback: bool = True,
        batch_tokens: int | None = None,
    ) -> None:
        super().__init__()
        if pooling not in ("mean", "first"):
            raise ValueError(f"pooling: {pooling!r}; needs 'mean' or 'first'")
        if merging not in ("mean", "attention"):
            raise ValueError(f"merging: {merging!r}; needs 'mean' or 'attention'")
        source = open_text_network(name, load_weights=load_weights, fallback=fallback)
        self.name = source.name
        self.is_fallback = source.is_fallback
        self.network = source.network
        self.tokenizer: Any = source.tokenizer
        config: Any = source.network.config
        self.d_model = int(config.hidden_size)
        positions = int(getattr(config, "max_position_embeddings", 512))
        if chunking is None:
            window = min(Chunking().window_tokens, positions)
            chunking = Chunking(window_tokens=window, overlap_tokens=window // 8)
        if chunking.window_tokens > positions:
            raise ValueError(
                f"window_tokens: {chunking.window_tokens}; {self.name} has {positions} positions"
            )
        self._said_shortened = False
        self.chunking = chunking
        self.pooling = pooling
        self.merging = merging
        self.batch_tokens = batch_tokens
        self._prefix, self._suffix = _special_tokens(self.tokenizer)
        if merging == "attention":
            self.query = nn.Parameter(torch.zeros(self.d_model))
        else:
            self.register_parameter("query", None)
        self.trained_parameters = apply_freeze_level(self.network, freeze)
        self.train(self.training)

    def train(self, mode: bool = True) -> "TextEncoder":
        """Training mode for the trained layers; frozen ones keep still."""
        super().train(mode)
        if mode:
            hold_frozen_parts_still(self.network)
        return self

    @property
    def device(self) -> torch.device:
        """Where the weights are, and so where the tokens will be."""
        return next(self.network.parameters()).device

    def forward(self, texts: Sequence[str | None]) -> ModalityTokens:
        """Embed one note per case; None and blank notes are absent.

        Returns:
            One token per window, as many places as the longest note has windows.
        """
        windows: list[list[int]] = []
        places: list[tuple[int, int]] = []
        for case, cuts in enumerate(self.windows(texts)):
            places += [(case, number) for number in range(len(cuts))]
            windows += cuts
        n_tokens = max((number for _, number in places), default=0) + 1
        values = torch.zeros(len(texts), n_tokens, self.d_model, device=self.device)
        present = torch.zeros(len(texts), n_tokens, dtype=torch.bool, device=self.device)
        if windows:
            cases, numbers = torch.tensor(places, device=self.device).unbind(1)
            values = values.index_put((cases, numbers), self.embed_windows(windows))
            present[cases, numbers] = True
        return ModalityTokens(values=values, present=present)

    def pool(self, tokens: ModalityTokens) -> Float[Tensor, "n_cases d_model"]:
        """One vector per case from its windows; zeros where there is no note."""
        if self.query is None:
            return tokens.pooled()
        logits = tokens.values @ self.query / self.d_model**0.5
        logits = logits.masked_fill(~tokens.present, torch.finfo(logits.dtype).min)
        weights = logits.softmax(dim=1) * tokens.present
        return torch.einsum("nt,ntd->nd", weights, tokens.values)

    def windows(self, texts: Sequence[str | None]) -> list[list[list[int]]]:
        """Token ids of the windows of each text, special tokens included; none for a blank one."""
        cut = self.chunking.max_characters
        kept = [(i, text[:cut]) for i, text in enumerate(texts) if text and not text.isspace()]
        found: list[list[list[int]]] = [[] for _ in texts]
        if not kept:
            return found
        size = self.chunking.window_tokens - len(self._prefix) - len(self._suffix)
        encoded = self._tokenize([text for _, text in kept], offsets=True)
        n_shortened = 0
        for (row, text), ids, offsets in zip(
            kept, encoded["input_ids"], encoded["offset_mapping"], strict=True
        ):
            if not ids:
                continue
            if len(ids) <= size:
                spans = [(0, len(ids))]
            else:
                spans = window_spans(
                    len(ids),
                    _first_tokens(sentence_starts(text), offsets),
                    sections=_first_tokens(section_starts(text), offsets),
                    size=size,
                    overlap=self.chunking.overlap_tokens,
                )
            n_shortened += len(spans) > self.chunking.max_windows or len(texts[row] or "") > cut
            found[row] = [
                [*self._prefix, *ids[start:end], *self._suffix]
                for start, end in spans[: self.chunking.max_windows]
            ]
        if n_shortened and not self._said_shortened:
            # Once, or training says it each step; how many and never which words: no notes in logs.
            self._said_shortened = True
            warnings.warn(
                f"{n_shortened} notes are longer than {self.chunking.max_windows} windows of "
                f"{self.chunking.window_tokens} tokens; the rest was not read (raise max_windows)",
                stacklevel=2,
            )
        return found

    def first_windows(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of the beginning of each text, one window each; quicker than `windows`."""
        size = self.chunking.window_tokens - len(self._prefix) - len(self._suffix)
        cut = self.chunking.window_tokens * 16
        encoded = self._tokenize([text[:cut] for text in texts], offsets=False)
        return [[*self._prefix, *ids[:size], *self._suffix] for ids in encoded["input_ids"]]

    def embed_windows(self, windows: Sequence[Sequence[int]]) -> Float[Tensor, "n_tokens d_model"]:
        """Embed windows of token ids, sorted by length inside so that little is padding."""
        # Measured on two CPU cores: 1,024 tokens at once run 1.8 times as fast as 16,384.
        most = self.batch_tokens or (1024 if self.device.type == "cpu" else 65536)
        order = sorted(range(len(windows)), key=lambda i: len(windows[i]))
        parts: list[Tensor] = []
        begin = 0
        while begin < len(order):
            end = begin + 1
            while end < len(order) and len(windows[order[end]]) * (end + 1 - begin) <= most:
                end += 1
            parts.append(self._embed_batch([windows[i] for i in order[begin:end]]))
            begin = end
        position = torch.empty(len(order), dtype=torch.long)
        position[torch.tensor(order, dtype=torch.long)] = torch.arange(len(order))
        return torch.cat(parts)[position.to(self.device)]

    def recipe(self) -> str:
        """Digest of everything but the text that decides an embedding of `first_windows`."""
        parts = (
            weights_digest(self.network),
            hashlib.sha256(self.tokenizer.backend_tokenizer.to_str().encode()).hexdigest(),
            self.pooling,
            str(self.chunking.window_tokens),
        )
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def save_definition(self, folder: Path) -> None:
        """Write configuration and tokenizer, without weights.

        `TextEncoder(folder, load_weights=False)` then makes the same architecture again, so that a
        trained model needs neither the hub nor the package.
        """
        folder.mkdir(parents=True, exist_ok=True)
        config: Any = self.network.config
        config.save_pretrained(folder)
        self.tokenizer.save_pretrained(folder)

    def _tokenize(self, texts: list[str], *, offsets: bool) -> Any:
        return self.tokenizer(
            texts,
            add_special_tokens=False,
            return_attention_mask=False,
            return_token_type_ids=False,
            return_offsets_mapping=offsets,
            verbose=False,
        )

    def _embed_batch(self, windows: list[Sequence[int]]) -> Float[Tensor, "n_tokens d_model"]:
        lengths = [len(window) for window in windows]
        longest = max(lengths)
        padding = self.tokenizer.pad_token_id or 0
        ids = torch.tensor([[*w, *[padding] * (longest - len(w))] for w in windows])
        mask = torch.arange(longest) < torch.tensor(lengths).unsqueeze(1)
        ids, mask = ids.to(self.device), mask.to(self.device)
        # Without padding no mask is given: attention is faster without one.
        given = None if min(lengths) == longest else mask.long()
        states: Tensor = self.network(input_ids=ids, attention_mask=given)[0].float()
        if self.pooling == "first":
            return states[:, 0]
        weight = mask.unsqueeze(-1).to(states.dtype)
        return (states * weight).sum(dim=1) / weight.sum(dim=1)


def _special_tokens(tokenizer: Any) -> tuple[list[int], list[int]]:
    """What the tokenizer puts before and after a text, read off an example."""
    bare = tokenizer("a", add_special_tokens=False)["input_ids"]
    full = tokenizer("a")["input_ids"]
    start = next(i for i in range(len(full)) if full[i : i + len(bare)] == bare)
    return list(full[:start]), list(full[start + len(bare) :])


def _first_tokens(places: Sequence[int], offsets: Sequence[tuple[int, int]]) -> list[int]:
    """Positions of the tokens that stand first at or behind some places of the text."""
    borders: list[int] = []
    token = 0
    for start in places:
        while token < len(offsets) and offsets[token][0] < start:
            token += 1
        if token < len(offsets) and (not borders or borders[-1] < token):
            borders.append(token)
    return borders
