"""The trained miner: documents in, linked names and cited statements out.

Decides the order of work (find, link, relate, cite) and which sentence is the evidence. Its parts
are decided in their own files; the folder it is kept in, in `fusion.literature.miner_folder`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import torch

from kg.literature import (
    AnnotatedDocument,
    Document,
    EntityType,
    Mention,
    MinedStatement,
    Relation,
    Span,
    sentence_digest,
)
from kg.literature.cues import is_hedged, is_negated
from kg.literature.licences import may_quote
from kg.literature.study import species_of, study_type_of

from .linked import LinkedDocument, Place, linked_document
from .linker import Linker
from .meaning import Meaning, meaning_of
from .recognition import NameFinder
from .relations import FoundRelation, RelationReader
from .words import Words, split_words

__all__ = ["ReadDocument", "TrainedMiner"]

_BATCH = 32
_HEDGED_SHARE = 0.8  # of the confidence that remains when the paper is not sure


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadDocument:
    """What was read in one document.

    Attributes:
        document: The document.
        linked: Its words and entities.
        mentions: Names that were found.
        relations: All pairs that each reader was asked about.
    """

    document: Document
    linked: LinkedDocument
    mentions: tuple[Mention, ...]
    relations: tuple[tuple[FoundRelation, ...], ...]

    def annotated(self) -> AnnotatedDocument:
        """Names, ids and stated relations, in the form of a gold corpus."""
        entities = self.linked.entities
        return AnnotatedDocument(
            document=self.document,
            mentions=self.mentions,
            relations=tuple(
                Relation(
                    kind=found.kind,
                    subject=entities[found.first].id,
                    object=entities[found.second].id,
                )
                for of_reader in self.relations
                for found in of_reader
                if found.is_stated
            ),
        )


class TrainedMiner:
    """Finds names, links and relates them.

    Args:
        finder: Finds names.
        linker: Gives them ids.
        readers: One for each corpus of relations.
        version: Digest of everything that was learnt.
    """

    name = "iatros-miner"

    def __init__(
        self,
        *,
        finder: NameFinder,
        linker: Linker,
        readers: Sequence[RelationReader],
        version: str,
    ) -> None:
        self.finder = finder
        self.linker = linker
        self.readers = tuple(readers)
        self.version = version

    def mine(self, documents: Iterable[Document]) -> Iterator[MinedStatement]:
        """Statements of documents that have a PMID, PMCID or DOI, in their order."""
        for read in self._read(documents, self.linker, head=None):
            if read.document.publication:
                yield from self._statements(read)

    def read(
        self,
        documents: Iterable[Document],
        *,
        namespaces: Mapping[EntityType, tuple[str, ...]] | None = None,
        head: int | None = None,
    ) -> Iterator[ReadDocument]:
        """Everything that is read in documents, stated or not.

        Args:
            documents: What is read.
            namespaces: Prefixes of the ids that are given out; None takes any node of the graph.
            head: Number of the corpus whose guidelines are followed; None mixes all.
        """
        yield from self._read(documents, self._linker(namespaces, head), head=head)

    def annotate(
        self,
        documents: Iterable[Document],
        *,
        namespaces: Mapping[EntityType, tuple[str, ...]] | None = None,
        head: int | None = None,
    ) -> Iterator[AnnotatedDocument]:
        """What `read` gives, in the form of a gold corpus."""
        for one in self.read(documents, namespaces=namespaces, head=head):
            yield one.annotated()

    def link_gold(
        self,
        documents: Iterable[AnnotatedDocument],
        *,
        namespaces: Mapping[EntityType, tuple[str, ...]] | None = None,
        head: int | None = None,
    ) -> Iterator[AnnotatedDocument]:
        """The same documents with their names as they are and the miner's ids."""
        linker = self._linker(namespaces, head)
        for document in documents:
            spans = [(m.start, m.end, m.type) for m in document.mentions]
            links = linker.links(document.document.text, spans)
            yield AnnotatedDocument(
                document=document.document,
                mentions=tuple(
                    replace(mention, ids=link.ids)
                    for mention, link in zip(document.mentions, links, strict=True)
                ),
            )

    def _linker(
        self, namespaces: Mapping[EntityType, tuple[str, ...]] | None, head: int | None
    ) -> Linker:
        return self.linker if namespaces is None else self.linker.following(namespaces, head)

    def relate(self, documents: Sequence[LinkedDocument]) -> list[list[list[FoundRelation]]]:
        """Relations of documents whose names were found: readers, documents, relations."""
        return [reader.read(documents, on_text=True) for reader in self.readers]

    def _read(
        self, documents: Iterable[Document], linker: Linker, *, head: int | None
    ) -> Iterator[ReadDocument]:
        batch: list[Document] = []
        for document in documents:
            batch.append(document)
            if len(batch) == _BATCH:
                yield from self._read_batch(batch, linker, head)
                batch = []
        if batch:
            yield from self._read_batch(batch, linker, head)

    def _read_batch(
        self, batch: Sequence[Document], linker: Linker, head: int | None
    ) -> Iterator[ReadDocument]:
        texts = [split_words(document.text) for document in batch]
        with torch.inference_mode():
            names = self.finder.names(texts, head=head)
        linked, mentions = [], []
        for document, words, found in zip(batch, texts, names, strict=True):
            spans = [(words.starts[a], words.ends[b - 1], kind) for a, b, kind in found]
            links = linker.links(words.text, spans)
            here = [
                Mention(
                    start=start,
                    end=end,
                    text=words.text[start:end],
                    type=kind,
                    ids=link.ids,
                    section=document.section_at(start),
                )
                for (start, end, kind), link in zip(spans, links, strict=True)
            ]
            mentions.append(tuple(here))
            linked.append(
                linked_document(
                    document.id,
                    words,
                    [
                        (*span, link.ids, link.score)
                        for span, link in zip(spans, links, strict=True)
                    ],
                    title_characters=len(document.sections[0].text) if document.sections else 0,
                )
            )
        related = self.relate(linked)
        for number, document in enumerate(batch):
            yield ReadDocument(
                document=document,
                linked=linked[number],
                mentions=mentions[number],
                relations=tuple(tuple(reader[number]) for reader in related),
            )

    def _statements(self, read: ReadDocument) -> Iterator[MinedStatement]:
        best: dict[tuple[int, int, str], tuple[FoundRelation, Meaning]] = {}
        entities = read.linked.entities
        for of_reader in read.relations:
            for found in of_reader:
                if not found.is_stated:
                    continue
                meaning = meaning_of(
                    found.kind, entities[found.first].type, entities[found.second].type
                )
                if meaning is None:
                    continue
                ends = (found.first, found.second)
                first, second = ends[::-1] if meaning.swapped else ends
                key = (first, second, meaning.predicate.value)
                if key not in best or best[key][0].belief < found.belief:
                    best[key] = (found, meaning)
        if not best:
            return
        species, study = species_of(read.document), study_type_of(read.document)
        quoted = may_quote(read.document.licence)
        for (first, second, _), (found, meaning) in sorted(best.items()):
            one, other, evidence = _evidence(read.linked, first, second)
            subject, object_ = _span(read.linked.words, one), _span(read.linked.words, other)
            sentence = read.document.text[evidence.start : evidence.end]
            low, high = sorted((subject, object_), key=lambda span: span.start)
            hedged = is_hedged(sentence)
            section = read.document.section_at(evidence.start)
            yield MinedStatement(
                subject=entities[first].id,
                predicate=meaning.predicate,
                object=entities[second].id,
                document=read.document.id,
                publication=read.document.publication,
                section=read.document.sections[section].kind,
                evidence=evidence,
                subject_span=subject,
                object_span=object_,
                sentence_sha256=sentence_digest(sentence),
                sentence=sentence if quoted else None,
                confidence=round(found.belief * (_HEDGED_SHARE if hedged else 1.0), 4),
                negated=is_negated(sentence, low.start - evidence.start, high.end - evidence.start),
                hedged=hedged,
                direction=meaning.direction,
                species=species,
                study_type=study,
                model=self.name,
                version=self.version,
            )


def _evidence(document: LinkedDocument, first: int, second: int) -> tuple[Place, Place, Span]:
    """The two nearest mentions, and the sentences from one to the other."""
    places = [
        (abs(a.sentence - b.sentence), abs(a.start - b.start), a.start, a, b)
        for a in document.entities[first].places
        for b in document.entities[second].places
    ]
    _, _, _, one, other = min(places, key=lambda place: place[:3])
    low, high = sorted((one.sentence, other.sentence))
    words = document.words
    begin, end = words.sentences[low][0], words.sentences[high][1]
    return one, other, Span(start=words.starts[begin], end=words.ends[end - 1])


def _span(words: Words, place: Place) -> Span:
    return Span(start=words.starts[place.start], end=words.ends[place.end - 1])
