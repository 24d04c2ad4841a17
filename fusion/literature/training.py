"""Training of a miner from gold corpora and a graph, from end to end.

Decides the order: read gold, gather what is known of words, train the tagger (finished epochs
survive a stop), learn relations, write the folder. Nothing of an excluded document is looked at.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree

import torch

from encoders.word_states import WordStates
from kg.identifiers import prefix_of
from kg.literature import EntityType
from kg.literature.mapped_names import MappedName
from kg.snapshot import GraphSnapshot

from .corpora import GoldCorpus, counted_words, document_keys, read_gold, word_names
from .gold_names import GoldNames
from .held_out import rehearse
from .lexicon import Lexicon
from .miner_folder import save_miner
from .name_shapes import NameShapes
from .prior import GraphPrior
from .relations import RelationReader
from .settings import MinerSettings
from .surfaces import Surfaces
from .tagger import MentionTagger
from .tagger_training import TaggedSentence, fit_tagger, tagger_inputs, training_sentences
from .tags import TagSet
from .word_features import WordKnowledge
from .words import split_words

__all__ = ["MinerTraining", "train_miner"]

_LEAST_SHARE = 0.02
# A trained tagger is taken up again when only options of linking or relations were changed.
_OF_TAGGER = (
    "encoder", "frozen_layers", "epochs", "epochs_without_encoder", "further_epochs",
    "batch_words", "encoder_rate", "head_rate", "dropout", "hidden_names", "seed",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class MinerTraining:
    """What a training did.

    Attributes:
        version: Digest of the miner.
        corpora: Name and number of documents of each corpus.
        n_left_out: Documents that were in an earlier file or excluded.
        n_names: Names of the graph that were known.
        relations: Kinds that each relation model reads, and its threshold.
    """

    version: str
    corpora: tuple[tuple[str, int], ...]
    n_left_out: int
    n_names: int
    relations: tuple[tuple[tuple[str, ...], float], ...]


def train_miner(
    papers: Sequence[Path],
    out: Path,
    *,
    graph: GraphSnapshot | None = None,
    mapped: Iterable[MappedName] = (),
    settings: MinerSettings | None = None,
    without: Collection[str] = (),
    say: Callable[[str], None] = lambda _line: None,
    progress: Callable[[int, int, float], None] = lambda _done, _total, _loss: None,
) -> MinerTraining:
    """Train a miner and write its folder; run again after a stop, it goes on.

    Args:
        papers: Gold files; a document that several have counts in the first.
        out: Folder of the miner.
        graph: Its names are known, and its statements with `settings.graph_prior`.
        mapped: More names of MeSH ids (`kg.literature.mapped_names`), known with a graph.
        settings: Options.
        without: Keys of documents that must not be learnt from (`document_keys`).
        say: Told what is being done, and what cannot be read.
        progress: Told steps done, steps in all and the loss of the tagger.

    Raises:
        GoldError: There is nothing to learn from.
    """
    chosen = settings or MinerSettings()
    corpora, n_left_out = read_gold(papers, without=without, warn=say)
    for corpus in corpora:
        say(f"{len(corpus.documents):,} documents with {corpus.name}")
    knowledge = _knowledge(corpora, graph, mapped, chosen)
    say(f"{len(knowledge.lexicon):,} names are known")
    tagger = _trained_tagger(corpora, knowledge, chosen, out, progress)
    prior = GraphPrior(graph) if graph is not None and chosen.graph_prior else None
    gold = [GoldNames.count(m for d in c.documents for m in d.mentions) for c in corpora]
    readers = []
    for number, corpus in enumerate(corpora):
        if corpus.kinds:
            say(f"learning relations: {', '.join(corpus.kinds)}")
            others = [*gold[:number], *gold[number + 1 :]]
            reader = RelationReader.fit(
                corpus.documents,
                prior=prior,
                as_read=rehearse(corpus, others, knowledge, _namespaces([corpus]), settings=chosen),
                seed=chosen.seed,
            )
            if reader is not None:
                readers.append(reader)
    documents = [document for corpus in corpora for document in corpus.documents]
    version = save_miner(
        out,
        tagger=tagger,
        knowledge=knowledge,
        gold=gold,
        readers=readers,
        settings=chosen,
        graph=graph.digest if graph is not None else "",
        trained_on=sorted({key for document in documents for key in document_keys(document)}),
        namespaces=_namespaces(corpora),
        n_documents=[len(corpus.documents) for corpus in corpora],
    )
    rmtree(out / "checkpoints", ignore_errors=True)
    return MinerTraining(
        version=version,
        corpora=tuple((corpus.name, len(corpus.documents)) for corpus in corpora),
        n_left_out=n_left_out,
        n_names=len(knowledge.lexicon),
        relations=tuple((reader.kinds, reader.threshold) for reader in readers),
    )


def _knowledge(
    corpora: Sequence[GoldCorpus],
    graph: GraphSnapshot | None,
    mapped: Iterable[MappedName],
    settings: MinerSettings,
) -> WordKnowledge:
    lexicon = Lexicon.of_graph(graph, mapped) if graph is not None else Lexicon([])
    prose = (node.definition for node in graph.nodes() if node.definition) if graph else ()
    return WordKnowledge(
        lexicon=lexicon,
        surfaces=Surfaces.count(counted_words(corpora)),
        shapes=NameShapes.fit(
            ((name, group) for name, group, _ in lexicon.rows), prose, seed=settings.seed
        ),
    )


def _trained_tagger(
    corpora: Sequence[GoldCorpus],
    knowledge: WordKnowledge,
    settings: MinerSettings,
    out: Path,
    progress: Callable[[int, int, float], None],
) -> MentionTagger:
    torch.manual_seed(settings.seed)
    states = None if settings.encoder == "none" else WordStates(settings.encoder)
    if states is not None:
        states.freeze(settings.frozen_layers)
    heads = [TagSet(corpus.types) for corpus in corpora]
    tagger = MentionTagger(states, heads, dropout=settings.dropout)
    sentences: list[TaggedSentence] = []
    for number, corpus in enumerate(corpora):
        for place, document in enumerate(corpus.documents):
            words = split_words(document.document.text)
            inputs = tagger_inputs(words, knowledge, states, own=document.document.id, text=place)
            names = word_names(document, words)
            sentences.extend(training_sentences(number, heads[number], inputs, words, names))
    fit_tagger(
        tagger,
        sentences,
        settings,
        checkpoints=out / "checkpoints",
        fingerprint=_fingerprint(corpora, settings, len(knowledge.lexicon)),
        progress=progress,
    )
    return tagger


def _fingerprint(corpora: Sequence[GoldCorpus], settings: MinerSettings, n_names: int) -> str:
    seen = [sorted(d.document.id for d in corpus.documents) for corpus in corpora]
    chosen = {name: value for name, value in settings.to_mapping().items() if name in _OF_TAGGER}
    text = json.dumps([chosen, seen, n_names], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _namespaces(corpora: Sequence[GoldCorpus]) -> dict[EntityType, tuple[str, ...]]:
    """Prefixes of gold ids by type, the most frequent first; rare ones are slips."""
    counts: dict[EntityType, Counter[str]] = {}
    for corpus in corpora:
        for document in corpus.documents:
            for mention in document.mentions:
                counts.setdefault(mention.type, Counter()).update(map(prefix_of, mention.ids))
    return {
        kind: tuple(
            prefix
            for prefix, count in found.most_common()
            if count >= _LEAST_SHARE * sum(found.values())
        )
        for kind, found in sorted(counts.items())
    }
