"""Literature: papers in, cited statements out.

Decides what a document, a mention and a mined statement are, reads the usual formats, recognises
the graph's own names, and writes what miners say as RDF with provenance. No neural network is in
here: trained miners are in `fusion.literature`.
"""

from .document import (
    AnnotatedDocument,
    Document,
    EntityType,
    Mention,
    Relation,
    Section,
    Span,
)
from .miner import Direction, MinedStatement, Miner, StudyType, sentence_digest

__all__ = [
    "AnnotatedDocument",
    "Direction",
    "Document",
    "EntityType",
    "Mention",
    "MinedStatement",
    "Miner",
    "Relation",
    "Section",
    "Span",
    "StudyType",
    "sentence_digest",
]
