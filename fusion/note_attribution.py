"""Which words of a note a score rests on.

Decides the attribution: what the score loses when the word alone is taken out (occlusion). Gradient
times input at the word embeddings was tried first and failed the deletion test
(docs/results-multimodal.md): behind a normalising layer the length of an embedding says nothing.
What is scored is the caller's decision; how words are shown is decided in `reasoning`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from encoders import ModalityTokens, TextEncoder

__all__ = ["WordWeight", "attribute_words", "without_words"]

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True, kw_only=True)
class WordWeight:
    """A word with what it adds to a score.

    Attributes:
        start: First character in the note.
        end: Behind the last one.
        weight: What the score loses without it.
    """

    start: int
    end: int
    weight: float


@torch.no_grad()
def attribute_words(
    encoder: TextEncoder,
    score: Callable[[ModalityTokens], Float[Tensor, " n_cases"]],
    sentences: Sequence[tuple[int, str]],
) -> tuple[WordWeight, ...]:
    """Weights of all words of one note, from left to right.

    Args:
        encoder: Reads each sentence as one token.
        score: From the tokens of some notes to one number each.
        sentences: Where each sentence begins in the note, and its text.
    """
    words = [
        (number, match.start(), match.end())
        for number, (_, text) in enumerate(sentences)
        for match in _WORD.finditer(text)
    ]
    if not words:
        return ()
    texts = [text for _, text in sentences]
    lacking = [texts[number][:start] + texts[number][end:] for number, start, end in words]
    encoder.eval()
    vectors = encoder.embed_windows(encoder.first_windows([*texts, *lacking])).float()
    whole, changed = vectors[: len(texts)], vectors[len(texts) :]
    values = whole.repeat(len(words) + 1, 1, 1)
    for row, (number, _, _) in enumerate(words):
        values[row + 1, number] = changed[row]
    present = torch.ones(values.shape[:2], dtype=torch.bool, device=values.device)
    scores = score(ModalityTokens(values=values, present=present))
    losses = (scores[0] - scores[1:]).tolist()
    return tuple(
        WordWeight(start=sentences[number][0] + start, end=sentences[number][0] + end, weight=loss)
        for (number, start, end), loss in zip(words, losses, strict=True)
    )


def without_words(note: str, words: Sequence[WordWeight]) -> str:
    """The note with some words taken out, blanks left as they are."""
    kept, at = [], 0
    for word in sorted(words, key=lambda w: w.start):
        kept.append(note[at : word.start])
        at = word.end
    return "".join((*kept, note[at:]))
