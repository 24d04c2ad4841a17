"""From a text to names with types: the tagger, then the document as a whole.

Decides batching for speed, which corpus's layer speaks for which type, and two rules over the
document: a short form is what its long form is, and a longer name that is found once is found
wherever it stands.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from kg.literature import EntityType
from kg.literature.abbreviations import abbreviations

from .name_keys import key_of
from .tagger import MentionTagger, TaggerInput
from .tagger_training import tagger_inputs
from .tags import TagSet
from .word_features import WordKnowledge
from .words import Words

__all__ = ["Name", "NameFinder"]

Name = tuple[int, int, EntityType]
"""First word, behind the last word, type."""

_LEAST_LETTERS = 5


class NameFinder:
    """Finds names.

    Args:
        tagger: Trained.
        tag_sets: Tags of each of its heads.
        knowledge: What is known of words.
    """

    def __init__(
        self, tagger: MentionTagger, tag_sets: Sequence[TagSet], knowledge: WordKnowledge
    ) -> None:
        self.tagger = tagger.eval()
        self.tag_sets = tuple(tag_sets)
        self.knowledge = knowledge
        self._speaks: dict[EntityType, int] = {}
        for number, tags in enumerate(self.tag_sets):
            for kind in tags.types:
                self._speaks.setdefault(kind, number)

    def names(
        self,
        texts: Sequence[Words],
        *,
        head: int | None = None,
        given: Sequence[Sequence[TaggerInput]] | None = None,
    ) -> list[list[Name]]:
        """Names of each text, from left to right, without overlap.

        Args:
            texts: Cut texts.
            head: Corpus whose guidelines are asked; None asks, for each type, the first corpus
                that has it.
            given: Sentences of each text as the tagger reads them; None makes them.
        """
        sentences: list[tuple[int, int, TaggerInput]] = []
        for number, words in enumerate(texts):
            inputs = (
                given[number]
                if given is not None
                else tagger_inputs(words, self.knowledge, self.tagger.states)
            )
            for one, (first, _) in zip(inputs, words.passages(), strict=True):
                sentences.append((number, first, replace(one, text=number)))
        heads = sorted(set(self._speaks.values())) if head is None else [head]
        found: list[list[Name]] = [[] for _ in texts]
        tags = self.tagger.tag([one for _, _, one in sentences], heads) if sentences else []
        for head_number, rows in zip(heads, tags, strict=bool(sentences)):
            self._gather(found, [place[:2] for place in sentences], head_number, rows, head)
        return [whole_document(words, names) for words, names in zip(texts, found, strict=True)]

    def _gather(
        self,
        found: list[list[Name]],
        places: Sequence[tuple[int, int]],
        number: int,
        rows: Sequence[np.ndarray],
        asked: int | None,
    ) -> None:
        for (text, first), codes in zip(places, rows, strict=True):
            for start, end, kind in self.tag_sets[number].decode(codes):
                if asked is not None or self._speaks[kind] == number:
                    found[text].append((start + first, end + first, kind))


def whole_document(words: Words, names: Sequence[Name]) -> list[Name]:
    """Add names that the document itself explains, and leave out overlaps."""
    strings = words.strings()
    taken = np.zeros(len(strings), dtype=bool)
    kept: list[Name] = []
    for start, end, kind in sorted(names, key=lambda name: (name[0], -name[1])):
        if not taken[start:end].any():
            taken[start:end] = True
            kept.append((start, end, kind))
    known: dict[tuple[str, ...], EntityType] = {}
    for start, end, kind in kept:
        key = tuple(word.lower() for word in strings[start:end])
        if sum(map(len, key)) >= _LEAST_LETTERS:
            known.setdefault(key, kind)
    long_forms = {key_of(strings[start:end]): kind for start, end, kind in kept}
    for short in abbreviations(words.text):
        kind_of = long_forms.get(key_of(short.long.replace("-", " ").split()))
        if kind_of is not None:
            parts = _cut(words, short.short_span.start, short.short_span.end)
            known[tuple(word.lower() for word in parts)] = kind_of
    firsts: dict[str, list[tuple[tuple[str, ...], EntityType]]] = {}
    for key, kind in known.items():
        if key:
            firsts.setdefault(key[0], []).append((key, kind))
    low = [word.lower() for word in strings]
    for place, word in enumerate(low):
        for key, kind in sorted(firsts.get(word, ()), key=lambda item: -len(item[0])):
            end = place + len(key)
            if tuple(low[place:end]) == key and not taken[place:end].any():
                taken[place:end] = True
                kept.append((place, end, kind))
                break
    return sorted(kept, key=lambda name: name[:2])


def _cut(words: Words, start: int, end: int) -> list[str]:
    return [
        words.text[a:b]
        for a, b in zip(words.starts, words.ends, strict=True)
        if start <= a and b <= end
    ]
