"""The miner that needs no training: names of the graph, and words between them.

Decides which pairs of a sentence become statements: their types fit a relation, and a cue for it
stands between the two or, weaker, around them. It is the baseline that every trained miner must
beat, and what `iatros mine` uses when no model is given.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import permutations
from typing import cast

from kg.vocabulary import Predicate

from .cues import Cue, cues_of, direction_of, is_hedged, is_negated
from .dictionary import Dictionary
from .document import Document, EntityType, Mention, Span
from .licences import may_quote
from .miner import Direction, MinedStatement, StudyType, sentence_digest
from .recognition import Recogniser
from .sentences import document_sentences
from .study import species_of, study_type_of

__all__ = ["RULES_VERSION", "CueMiner"]

RULES_VERSION = "2"
"""Raised whenever the rules say something else than before."""

_HEDGED_SHARE = 0.8  # of the confidence that remains when the paper is not sure
_MAX_MENTIONS = 24  # of one sentence; a longer list is a table, not a statement
_FAR = 160  # characters between two names, beyond which a cue rarely joins them


class CueMiner:
    """Dictionary, sentences and cues.

    Example:
        >>> from kg.literature.dictionary import Name
        >>> from kg.literature.document import EntityType
        >>> book = Dictionary([
        ...     Name(text="lithium", type=EntityType.CHEMICAL, id="DRUGBANK:DB01356"),
        ...     Name(text="tremor", type=EntityType.PHENOTYPE, id="HP:0001337")])
        >>> paper = Document.of_abstract("1", title="Lithium-induced tremor.", pmid="PMID:1")
        >>> [(s.subject, s.predicate.value, s.object) for s in CueMiner(book).mine([paper])]
        [('DRUGBANK:DB01356', 'has_adverse_event', 'HP:0001337')]
    """

    name = "iatros-cues"
    version = RULES_VERSION

    def __init__(self, dictionary: Dictionary) -> None:
        self._recogniser = Recogniser(dictionary)

    def mine(self, documents: Iterable[Document]) -> Iterator[MinedStatement]:
        """Statements of documents that have a PMID, PMCID or DOI."""
        for document in documents:
            if document.publication:
                yield from self._document(document)

    def _document(self, document: Document) -> Iterator[MinedStatement]:
        mentions = [m for m in self._recogniser.mentions(document) if m.ids]
        if len(mentions) < 2:
            return
        quoted = may_quote(document.licence)
        about: tuple[str | None, StudyType | None] | None = None  # worked out when first needed
        at = 0
        for section, span in document_sentences(document):
            inside = []
            while at < len(mentions) and mentions[at].start < span.end:
                if mentions[at].start >= span.start and mentions[at].end <= span.end:
                    inside.append(mentions[at])
                at += 1
            if not 2 <= len(inside) <= _MAX_MENTIONS:
                continue
            sentence = document.text[span.start : span.end]
            for subject, object_, cue, confidence in _pairs(sentence, span, inside):
                about = about or (species_of(document), study_type_of(document))
                tail = self._tail(cue, object_)
                if tail in ("", subject.ids[0]):
                    continue
                first, second = sorted((subject, object_), key=lambda m: m.start)
                hedged = is_hedged(sentence)
                yield MinedStatement(
                    subject=subject.ids[0],
                    predicate=cue.predicate,
                    object=tail,
                    document=document.id,
                    publication=document.publication,
                    section=document.sections[section].kind,
                    evidence=span,
                    subject_span=subject.span,
                    object_span=object_.span,
                    sentence_sha256=sentence_digest(sentence),
                    sentence=sentence if quoted else None,
                    confidence=round(confidence * (_HEDGED_SHARE if hedged else 1.0), 4),
                    negated=is_negated(sentence, first.start - span.start, second.end - span.start),
                    hedged=hedged,
                    direction=cast(
                        "Direction | None", direction_of(document.text[first.end : second.start])
                    ),
                    species=about[0],
                    study_type=about[1],
                    model=self.name,
                    version=self.version,
                )

    def _tail(self, cue: Cue, object_: Mention) -> str:
        """Id of the object; of the finding where a disease shows it; empty without any."""
        if cue.predicate is not Predicate.HAS_PHENOTYPE or object_.type is EntityType.PHENOTYPE:
            return object_.ids[0]
        found = self._recogniser.dictionary.lookup(object_.text, EntityType.PHENOTYPE)
        return found[0] if found else ""


def _pairs(
    sentence: str, span: Span, mentions: Sequence[Mention]
) -> Iterator[tuple[Mention, Mention, Cue, float]]:
    """Pairs of a sentence with the cue that joins them best, once for two things and a relation."""
    best: dict[tuple[str, str], tuple[float, int, Mention, Mention, Cue]] = {}
    for subject, object_ in permutations(mentions, 2):
        if subject.ids == object_.ids:
            continue
        first, second = sorted((subject, object_), key=lambda m: m.start)
        between = sentence[first.end - span.start : second.start - span.start]
        for rank, cue in enumerate(cues_of(subject.type, object_.type)):
            if subject.type is object_.type and subject.start > object_.start:
                continue  # a relation without direction is told once
            confidence = 0.0
            if len(between) <= _FAR and cue.between.search(between):
                confidence = cue.strong
            elif cue.around is not None and cue.around.search(sentence):
                confidence = cue.weak
            if confidence > 0:
                key = (subject.ids[0], object_.ids[0])
                offer = (confidence, -rank, subject, object_, cue)
                if key not in best or offer[:2] > best[key][:2]:
                    best[key] = offer
    for confidence, _, subject, object_, cue in best.values():
        yield subject, object_, cue, confidence
