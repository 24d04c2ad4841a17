"""Training documents as a machine reads them that has not seen them.

A relation model that learns from gold names alone meets names in new papers that were found and
linked by machine, some of them wrong. Decides the rehearsal: folds of the training documents, a
small tagger without BERT, names and ids of the other folds. What is learnt from these readings, and
how belief and threshold come from them, is decided in `fusion.literature.relations`.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from kg.literature import AnnotatedDocument, EntityType

from .corpora import GoldCorpus, word_names
from .gold_names import GoldNames
from .linked import LinkedDocument, linked_document
from .linker import Linker
from .recognition import NameFinder
from .relations import title_length
from .settings import MinerSettings
from .tagger import MentionTagger, TaggerInput
from .tagger_training import fit_tagger, tagger_inputs, training_sentences
from .tags import TagSet
from .word_features import WordKnowledge
from .words import Words, split_words

__all__ = ["rehearse"]

_FOLDS = 3
_EPOCHS = 3
_LEAST_DOCUMENTS = 30


def rehearse(
    corpus: GoldCorpus,
    others: Sequence[GoldNames],
    knowledge: WordKnowledge,
    namespaces: dict[EntityType, tuple[str, ...]],
    *,
    settings: MinerSettings,
) -> list[LinkedDocument]:
    """Read each document of a corpus as if it were new; none when there are too few to learn from.

    Args:
        corpus: Gold with relations.
        others: Names of other corpora.
        knowledge: Known names; a document's own marks are not looked at.
        namespaces: Prefixes of the ids of each type in the corpus.
        settings: Options.
    """
    documents = corpus.documents
    if len(documents) < _LEAST_DOCUMENTS:
        return []
    texts = [split_words(document.document.text) for document in documents]
    inputs = [
        tagger_inputs(words, knowledge, None, own=document.document.id, text=number)
        for number, (words, document) in enumerate(zip(texts, documents, strict=True))
    ]
    fold_of = np.random.default_rng(settings.seed).permutation(len(documents)) % _FOLDS
    read: dict[int, LinkedDocument] = {}
    for fold in range(_FOLDS):
        inside, outside = np.flatnonzero(fold_of != fold), np.flatnonzero(fold_of == fold)
        tagger = _small_tagger(
            corpus, [(documents[n], texts[n], inputs[n]) for n in inside], settings
        )
        finder = NameFinder(tagger, tagger.heads, knowledge)
        linker = Linker(
            knowledge.lexicon,
            [GoldNames.count(m for n in inside for m in documents[n].mentions), *others],
            threshold=settings.near_threshold,
            namespaces=namespaces,
        )
        names = finder.names([texts[n] for n in outside], given=[inputs[n] for n in outside])
        for n, found in zip(outside.tolist(), names, strict=True):
            read[n] = _linked(documents[n], texts[n], found, linker)
    return [read[n] for n in range(len(documents))]


def _small_tagger(
    corpus: GoldCorpus,
    learnt: Sequence[tuple[AnnotatedDocument, Words, list[TaggerInput]]],
    settings: MinerSettings,
) -> MentionTagger:
    torch.manual_seed(settings.seed)
    tags = TagSet(corpus.types)
    tagger = MentionTagger(None, [tags], dropout=settings.dropout)
    sentences = [
        sentence
        for document, words, inputs in learnt
        for sentence in training_sentences(0, tags, inputs, words, word_names(document, words))
    ]
    small = replace(settings, encoder="none", epochs_without_encoder=_EPOCHS)
    fit_tagger(tagger, sentences, small, checkpoints=None, fingerprint="")
    return tagger


def _linked(
    document: AnnotatedDocument,
    words: Words,
    names: Sequence[tuple[int, int, EntityType]],
    linker: Linker,
) -> LinkedDocument:
    spans = [(words.starts[a], words.ends[b - 1], kind) for a, b, kind in names]
    links = linker.links(words.text, spans)
    return linked_document(
        document.document.id,
        words,
        [(*span, link.ids, link.score) for span, link in zip(spans, links, strict=True)],
        title_characters=title_length(document),
    )
