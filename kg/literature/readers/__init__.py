"""Readers of papers: PubMed and JATS XML, BioC, PubTator, JSON lines, plain text.

Decides what a file of papers becomes: documents with their annotations, and one line for each thing
that is wrong. Everything streams, and no input stops the others.
"""

from .corpus import FORMATS, corpus_files, read_annotated, read_documents, read_stream
from .jsonlines import document_to_json
from .problem import DocumentError, ProblemKind

__all__ = [
    "FORMATS",
    "DocumentError",
    "ProblemKind",
    "corpus_files",
    "document_to_json",
    "read_annotated",
    "read_documents",
    "read_stream",
]
