"""Training of the mention tagger.

Decides batches, learning rates, and what a stopped run takes up again: every finished epoch. What
is learnt from is decided in `fusion.literature.training`.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from encoders.word_states import WordPieces, WordStates
from fusion.training_state import Progress, load_training, save_training
from kg.literature import EntityType

from .crf import ChainField
from .settings import MinerSettings
from .tagger import MentionTagger, TaggerInput, word_mask
from .tags import TagSet
from .word_features import KNOWN_WIDTH, WordKnowledge
from .words import Words

__all__ = ["TaggedSentence", "fit_tagger", "tagger_inputs", "training_sentences"]

_WARM_UP = 0.1
_LOWER_BATCH = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class TaggedSentence:
    """A sentence with its gold tags.

    Attributes:
        head: Number of the corpus.
        input: The sentence.
        tags: Gold tags in that corpus's tag set.
    """

    head: int
    input: TaggerInput
    tags: NDArray[np.int64]


def tagger_inputs(
    words: Words,
    knowledge: WordKnowledge,
    states: WordStates | None,
    *,
    own: str | None = None,
    text: int = 0,
) -> list[TaggerInput]:
    """The sentences of a text as the tagger reads them; `text` tells texts apart."""
    strings = words.strings()
    passages = words.passages()
    features = knowledge.features(words, own=own)
    parts = [strings[first:last] for first, last in passages]
    pieces = (
        states.pieces(parts)
        if states is not None
        else [WordPieces(ids=(), words=(), n_words=len(part)) for part in parts]
    )
    return [
        TaggerInput(words=tuple(part), pieces=piece, features=features[first:last], text=text)
        for part, piece, (first, last) in zip(parts, pieces, passages, strict=True)
    ]


def training_sentences(
    head: int,
    tags: TagSet,
    inputs: Sequence[TaggerInput],
    words: Words,
    names: Sequence[tuple[int, int, EntityType]],
) -> list[TaggedSentence]:
    """Sentences of a gold document; a name that crosses the end of a sentence is left out."""
    return [
        TaggedSentence(
            head=head,
            input=one,
            tags=tags.encode(
                last - first,
                [(a - first, b - first, k) for a, b, k in names if first <= a and b <= last],
            ),
        )
        for one, (first, last) in zip(inputs, words.passages(), strict=True)
    ]


def fit_tagger(
    tagger: MentionTagger,
    sentences: Sequence[TaggedSentence],
    settings: MinerSettings,
    *,
    checkpoints: Path | None,
    fingerprint: str,
    progress: Callable[[int, int, float], None] = lambda _done, _total, _loss: None,
) -> None:
    """Train in place.

    Args:
        tagger: Freshly made.
        sentences: Gold.
        settings: Options.
        checkpoints: Folder where finished epochs are kept; the newest is taken up. None keeps none.
        fingerprint: Of everything that the run depends on.
        progress: Told steps done, steps in all and the mean loss since it was last told.
    """
    epochs = settings.epochs if tagger.states is not None else settings.epochs_without_encoder
    n_further = settings.further_epochs
    batches = [_batches(sentences, settings, epoch, n_further) for epoch in range(epochs)]
    total = sum(map(len, batches))
    optimizer = _optimizer(tagger, settings)
    peaks = [group["lr"] for group in optimizer.param_groups]
    begin = 0
    if checkpoints is not None:
        found = load_training(
            checkpoints, fingerprint=fingerprint, model=tagger, optimizer=optimizer
        )
        begin = found[0].step if found is not None else 0
    if begin < epochs:
        sentences = _with_lower_states(tagger.states, sentences)
    step = sum(map(len, batches[:begin]))
    for epoch in range(begin, epochs):
        tagger.train()
        torch.manual_seed(settings.seed * 1000 + epoch)  # dropout: a resumed run drops the same
        losses: list[float] = []
        for batch in batches[epoch]:
            share = min((step + 1) / (_WARM_UP * total), (total - step) / ((1 - _WARM_UP) * total))
            for group, peak in zip(optimizer.param_groups, peaks, strict=True):
                group["lr"] = peak * share
            shown = _with_hidden_names([sentences[n] for n in batch], settings.hidden_names)
            loss = _loss(tagger, shown)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(tagger.parameters(), 5.0)
            optimizer.step()
            losses.append(float(loss.detach()))
            step += 1
            if step % 20 == 0 or step == total:
                progress(step, total, float(np.mean(losses)))
                losses.clear()
        if checkpoints is not None:
            save_training(
                checkpoints,
                progress=Progress(stage="learn", step=epoch + 1, stage_end=epochs),
                fingerprint=fingerprint,
                model=tagger,
                optimizer=optimizer,
                best=None,
                keep=1,
            )
    tagger.eval()


def _batches(
    sentences: Sequence[TaggedSentence], settings: MinerSettings, epoch: int, n_further: int
) -> list[list[int]]:
    """Whole documents of one corpus together, in an order that the epoch decides.

    The first corpus is what the miner is for, so the last passes are its own.
    """
    rng = random.Random(f"{settings.seed} {epoch}")  # noqa: S311  # no secret
    texts: dict[tuple[int, int], list[int]] = {}
    for number, one in enumerate(sentences):
        if one.head == 0 or epoch < n_further:
            texts.setdefault((one.head, one.input.text), []).append(number)
    order = sorted(texts, key=lambda text: (text[0], rng.random()))
    found: list[list[int]] = []
    for text in order:
        last = found[-1] if found else []
        full = sum(len(sentences[n].input.words) for n in last) >= settings.batch_words
        if not last or full or sentences[last[0]].head != text[0]:
            found.append(list(texts[text]))
        else:
            last.extend(texts[text])
    rng.shuffle(found)
    return found


def _optimizer(tagger: MentionTagger, settings: MinerSettings) -> torch.optim.Optimizer:
    inner: list[nn.Parameter] = []
    outer: list[nn.Parameter] = []
    for name, parameter in tagger.named_parameters():
        if parameter.requires_grad:
            (inner if name.startswith("states.") else outer).append(parameter)
    groups = [{"params": outer, "lr": settings.head_rate}]
    if inner:
        groups.append({"params": inner, "lr": settings.encoder_rate})
    return torch.optim.AdamW(groups, weight_decay=0.01, fused=True)


def _with_lower_states(
    states: WordStates | None, sentences: Sequence[TaggedSentence]
) -> Sequence[TaggedSentence]:
    """What frozen layers say never changes, so that it is computed once."""
    if states is None or not states.n_frozen:
        return sentences
    found = list(sentences)
    order = sorted(range(len(found)), key=lambda n: len(found[n].input.pieces.ids))
    for begin in range(0, len(order), _LOWER_BATCH):
        part = order[begin : begin + _LOWER_BATCH]
        rows = states.lower([found[number].input.pieces for number in part])
        for number, row in zip(part, rows, strict=True):
            one = found[number]
            found[number] = replace(one, input=replace(one.input, lower=row.clone()))
    return found


def _with_hidden_names(batch: Sequence[TaggedSentence], share: float) -> list[TaggedSentence]:
    """The batch with some words of each text shown as if no list held them.

    Lists know nearly every name of the training documents and fewer of a new paper; a tagger that
    can always rely on them does not learn to read.
    """
    numbers: dict[tuple[int, str], int] = {}
    codes = [
        [
            numbers.setdefault((one.input.text, word.lower()), len(numbers))
            for word in one.input.words
        ]
        for one in batch
    ]
    hidden = (torch.rand(len(numbers)) < share).numpy()
    found = []
    for one, own in zip(batch, codes, strict=True):
        rows = hidden[own]
        if rows.any():
            features = one.input.features.copy()
            features[rows, :KNOWN_WIDTH] = 0.0
            one = replace(one, input=replace(one.input, features=features))
        found.append(one)
    return found


def _loss(tagger: MentionTagger, batch: Sequence[TaggedSentence]) -> Tensor:
    head = batch[0].head
    chain = cast(ChainField, tagger.chains[head])
    losses = []
    for part, scores in tagger([sentence.input for sentence in batch], head):
        present = word_mask([batch[number].input for number in part])
        tags = torch.zeros(present.shape, dtype=torch.long)
        for row, number in enumerate(part):
            tags[row, : len(batch[number].tags)] = torch.from_numpy(batch[number].tags)
        losses.append(chain.loss(scores, tags, present))
    return torch.cat(losses).mean()
