"""PubTator3: documents with annotated relations, as BioC or PubTator (10.1093/nar/gkae235).

Decides what its relation types mean between which types of things.
"""

from collections.abc import Iterator
from pathlib import Path

from kg.literature.document import EntityType as E
from kg.literature.miner import MinedStatement, sentence_digest
from kg.literature.readers import DocumentError, read_annotated
from kg.literature.sentences import document_sentences
from kg.vocabulary import Predicate

__all__ = ["PubTator3"]

_MEANS = {
    ("treat", E.CHEMICAL, E.DISEASE): Predicate.TREATS,
    ("prevent", E.CHEMICAL, E.DISEASE): Predicate.PREVENTS,
    ("cause", E.CHEMICAL, E.DISEASE): Predicate.HAS_ADVERSE_EVENT,
    ("cid", E.CHEMICAL, E.DISEASE): Predicate.HAS_ADVERSE_EVENT,
    ("positive_correlation", E.CHEMICAL, E.DISEASE): Predicate.HAS_ADVERSE_EVENT,
    ("negative_correlation", E.CHEMICAL, E.DISEASE): Predicate.TREATS,
    ("drug_interact", E.CHEMICAL, E.CHEMICAL): Predicate.INTERACTS_WITH,
    ("interact", E.CHEMICAL, E.GENE): Predicate.AFFECTS,
    ("inhibit", E.CHEMICAL, E.GENE): Predicate.AFFECTS,
    ("stimulate", E.CHEMICAL, E.GENE): Predicate.AFFECTS,
} | {
    (kind, E.GENE, E.DISEASE): Predicate.GENE_ASSOCIATED_WITH
    for kind in ("associate", "association", "positive_correlation", "cause", "stimulate")
}


class PubTator3:
    """Relations of annotated documents, each at the closest pair of its mentions."""

    name, version = "pubtator3", "3"

    def statements(self, path: Path) -> Iterator[MinedStatement | DocumentError]:
        """Statements of a file in any format that carries annotations."""
        for item in read_annotated(path):
            if isinstance(item, DocumentError) or not item.document.publication:
                if isinstance(item, DocumentError):
                    yield item
                continue
            paper, spans = item.document, document_sentences(item.document)
            for relation in item.relations:
                pairs = [
                    (abs(a.start - b.start), a.start, b.start, a, b, predicate)
                    for a in item.mentions
                    for b in item.mentions
                    if {a.ids[:1], b.ids[:1]} == {(relation.subject,), (relation.object,)}
                    and (predicate := _MEANS.get((relation.kind.lower(), a.type, b.type)))
                ]
                if pairs:
                    *_, a, b, predicate = min(pairs, key=lambda p: p[:3])
                    first, last = min(a.start, b.start), max(a.end, b.end)
                    begun = [s for _, s in spans if s.start <= first]
                    ended = [s for _, s in spans if s.end >= last]
                    start = begun[-1].start if begun else first
                    end = ended[0].end if ended else last
                    yield MinedStatement(
                        subject=a.ids[0], predicate=predicate, object=b.ids[0],
                        document=paper.id, publication=paper.publication,
                        section=paper.sections[a.section].kind,
                        evidence=(evidence := type(a.span)(start=start, end=end)),
                        subject_span=a.span, object_span=b.span,
                        sentence_sha256=sentence_digest(paper.text[evidence.start : evidence.end]),
                        confidence=0.75, model=self.name, version=self.version,
                    )  # fmt: skip
