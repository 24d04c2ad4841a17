"""Gold corpora for training: read, and freed of documents that count twice or must not be seen.

Decides which files make one corpus (those that annotate the same types, so that they share
guidelines more or less), and that each document counts once, in the first file that has it. The
ids of all documents seen are kept, so that an evaluation can leave them out.
"""

import hashlib
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kg.literature import AnnotatedDocument, EntityType
from kg.literature.readers import read_annotated

from .words import Words, split_words

__all__ = [
    "GoldCorpus",
    "GoldError",
    "counted_words",
    "document_keys",
    "gold_documents",
    "read_gold",
    "word_names",
]

_LEAST_SHARE = 0.001  # a type with fewer mentions is a slip of the pen


class GoldError(ValueError):
    """Gold that nothing can be learnt from; one line with the mend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldCorpus:
    """Documents that are annotated with the same types.

    Attributes:
        name: The types, joined.
        types: What is annotated.
        documents: Each once.
        kinds: Kinds of relations, by name.
    """

    name: str
    types: tuple[EntityType, ...]
    documents: tuple[AnnotatedDocument, ...]
    kinds: tuple[str, ...] = field(default=())


def document_keys(document: AnnotatedDocument) -> set[str]:
    """What a document is known by: its PMID, and its text without regard to case and spaces."""
    words = " ".join(document.document.text.lower().split())
    keys = {hashlib.sha256(words.encode("utf-8", "replace")).hexdigest()}
    if document.document.pmid:
        keys.add(document.document.pmid)
    return keys


def gold_documents(
    path: Path, warn: Callable[[str], None] = lambda _line: None
) -> list[AnnotatedDocument]:
    """Documents of a file, folder or archive; what is wrong with others is told.

    Raises:
        GoldError: There is none.
    """
    found = []
    for item in read_annotated(path):
        if isinstance(item, AnnotatedDocument):
            found.append(item)
        else:
            warn(str(item))
    if not any(document.mentions for document in found):
        raise GoldError(
            f"{path}: has no annotated document; give PubTator or BioC files with mentions"
        )
    return found


def read_gold(
    paths: Sequence[Path],
    *,
    without: Collection[str] = (),
    warn: Callable[[str], None] = lambda _line: None,
) -> tuple[list[GoldCorpus], int]:
    """Corpora of the files, in their order.

    Args:
        paths: Gold files; a document that several have counts in the first.
        without: Keys of documents (`document_keys`) that must not be learnt from.
        warn: Told of what cannot be read.

    Returns:
        The corpora, and how many documents were left out.
    """
    seen = set(without)
    n_left_out = 0
    gathered: dict[tuple[EntityType, ...], list[AnnotatedDocument]] = {}
    for path in paths:
        documents = gold_documents(path, warn)
        types = _annotated_types(documents)
        for document in documents:
            keys = document_keys(document)
            if keys & seen:
                n_left_out += 1
                continue
            seen |= keys
            gathered.setdefault(types, []).append(document)
    corpora = [
        GoldCorpus(
            name="+".join(kind.value.replace(" ", "-") for kind in types),
            types=types,
            documents=tuple(documents),
            kinds=tuple(sorted({r.kind for d in documents for r in d.relations})),
        )
        for types, documents in gathered.items()
    ]
    if not corpora:
        raise GoldError("gold: every document is left out; give others or exclude fewer")
    return corpora, n_left_out


def word_names(document: AnnotatedDocument, words: Words) -> list[tuple[int, int, EntityType]]:
    """Mentions as ranges of words; those that begin or end inside a word are left out."""
    begins = {start: number for number, start in enumerate(words.starts)}
    ends = {end: number + 1 for number, end in enumerate(words.ends)}
    return [
        (begins[m.start], ends[m.end], m.type)
        for m in document.mentions
        if m.start in begins and m.end in ends and begins[m.start] < ends[m.end]
    ]


def counted_words(
    corpora: Iterable[GoldCorpus],
) -> list[tuple[str, list[str], list[tuple[int, int, EntityType]], tuple[EntityType, ...]]]:
    """Documents as `Surfaces.count` takes them."""
    found = []
    for corpus in corpora:
        for document in corpus.documents:
            words = split_words(document.document.text)
            names = word_names(document, words)
            found.append((document.document.id, words.strings(), names, corpus.types))
    return found


def _annotated_types(documents: Sequence[AnnotatedDocument]) -> tuple[EntityType, ...]:
    counts = dict.fromkeys(EntityType, 0)
    for document in documents:
        for mention in document.mentions:
            counts[mention.type] += 1
    least = _LEAST_SHARE * sum(counts.values())
    return tuple(kind for kind, count in counts.items() if count > least)
