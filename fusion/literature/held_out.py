"""How well relations are read from text alone, on training documents that were held out.

A relation model learns from gold names; in new papers it meets names that were found and linked by
machine, some of them wrong. Decides the rehearsal: folds of the training documents, a small tagger
without BERT, names and relations of the other folds; what it gets right in the fold held out
decides the threshold and the belief (`fusion.literature.belief_curve`).
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from kg.literature import AnnotatedDocument, EntityType

from .belief_curve import BeliefCurve
from .corpora import GoldCorpus, word_names
from .gold_names import GoldNames
from .linked import LinkedDocument, linked_document
from .linker import Linker
from .pair_features import PriorKnowledge
from .recognition import NameFinder
from .relations import RelationReader, title_length
from .settings import MinerSettings
from .tagger import MentionTagger, TaggerInput
from .tagger_training import fit_tagger, tagger_inputs, training_sentences
from .tags import TagSet
from .word_features import WordKnowledge
from .words import Words, split_words

__all__ = ["rehearse"]

_FOLDS = 2
_EPOCHS = 3
_LEAST_DOCUMENTS = 30
_LEAST_PAIRS = 100


def rehearse(
    corpus: GoldCorpus,
    others: Sequence[GoldNames],
    knowledge: WordKnowledge,
    namespaces: dict[EntityType, tuple[str, ...]],
    *,
    prior: PriorKnowledge | None,
    settings: MinerSettings,
) -> BeliefCurve | None:
    """Read held-out documents of a corpus; None when it is too small to tell anything.

    Args:
        corpus: Gold with relations.
        others: Names of other corpora.
        knowledge: Known names; a document's own marks are not looked at.
        namespaces: Prefixes of the ids of each type in the corpus.
        prior: What the graph states.
        settings: Options.
    """
    documents = corpus.documents
    if len(documents) < _LEAST_DOCUMENTS:
        return None
    texts = [split_words(document.document.text) for document in documents]
    inputs = [
        tagger_inputs(words, knowledge, None, own=document.document.id)
        for words, document in zip(texts, documents, strict=True)
    ]
    fold_of = np.random.default_rng(settings.seed).permutation(len(documents)) % _FOLDS
    probabilities: list[float] = []
    right: list[bool] = []
    n_gold = 0
    for fold in range(_FOLDS):
        inside, outside = np.flatnonzero(fold_of != fold), np.flatnonzero(fold_of == fold)
        learnt = [documents[n] for n in inside]
        reader = RelationReader.fit(learnt, prior=prior, seed=settings.seed)
        if reader is None:
            return None
        tagger = _small_tagger(
            corpus, [(documents[n], texts[n], inputs[n]) for n in inside], settings
        )
        finder = NameFinder(tagger, tagger.heads, knowledge)
        marked = GoldNames.count(mention for document in learnt for mention in document.mentions)
        linker = Linker(
            knowledge.lexicon,
            [marked, *others],
            threshold=settings.near_threshold,
            namespaces=namespaces,
        )
        names = finder.names([texts[n] for n in outside], given=[inputs[n] for n in outside])
        linked = [
            _linked(documents[n], texts[n], found, linker)
            for n, found in zip(outside, names, strict=True)
        ]
        for n, document, found in zip(outside, linked, reader.read(linked), strict=True):
            gold = {
                (frozenset((r.subject, r.object)), r.kind)
                for r in documents[n].relations
                if r.kind in reader.kinds
            }
            n_gold += len(gold)
            for one in found:
                ends = (document.entities[one.first].id, document.entities[one.second].id)
                probabilities.append(one.probability)
                right.append((frozenset(ends), one.kind) in gold)
    if len(right) < _LEAST_PAIRS or not any(right):
        return None
    return BeliefCurve.fit(
        np.array(probabilities), np.array(right), n_missed=max(n_gold - sum(right), 0)
    )


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
        [(*span, link.ids) for span, link in zip(spans, links, strict=True)],
        title_characters=title_length(document),
    )
