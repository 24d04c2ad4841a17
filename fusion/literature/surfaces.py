"""How often a spelling is a name in the training documents, without looking at the document itself.

Decides the statistic that tells the tagger "this spelling was marked in nine of ten other places".
The document at hand is always subtracted, or training would see its own answers.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from kg.literature import EntityType

from .lexicon import Trie
from .name_keys import key_of

__all__ = ["Surfaces"]

Name = tuple[int, int, EntityType]


class Surfaces:
    """Counts of spellings.

    Args:
        marked: By key and type, how often the spelling is marked.
        seen: By key and type, how often it stands in documents where that type is annotated.
    """

    def __init__(
        self,
        marked: dict[tuple[str, EntityType], int],
        seen: dict[tuple[str, EntityType], int],
    ) -> None:
        self.marked = marked
        self.seen = seen
        self.types: dict[str, tuple[EntityType, ...]] = {}
        for key, kind in sorted(marked):
            self.types[key] = (*self.types.get(key, ()), kind)
        self.trie = Trie(self.types)
        self._own: dict[str, tuple[Counter[tuple[str, EntityType]], ...]] = {}

    @classmethod
    def count(
        cls,
        documents: Iterable[tuple[str, Sequence[str], Sequence[Name], Sequence[EntityType]]],
    ) -> "Surfaces":
        """Count documents: id, words, names (ranges of words) and the types annotated in them."""
        documents = list(documents)
        names: dict[str, set[EntityType]] = defaultdict(set)
        for _, words, marks, _ in documents:
            for start, end, kind in marks:
                key = key_of(words[start:end])
                if len(key) > 1:
                    names[key].add(kind)
        trie = Trie(names)
        marked: Counter[tuple[str, EntityType]] = Counter()
        seen: Counter[tuple[str, EntityType]] = Counter()
        own = {}
        for id_, words, marks, annotated in documents:
            here = {(start, end): kind for start, end, kind in marks}
            mine: tuple[Counter[tuple[str, EntityType]], ...] = (Counter(), Counter())
            for start, end, key in _longest(trie.found(words)):
                for kind in names[key] & set(annotated):
                    mine[1][key, kind] += 1
                    mine[0][key, kind] += here.get((start, end)) == kind
            marked.update(mine[0])
            seen.update(mine[1])
            own[id_] = mine
        for key, kinds in names.items():
            for kind in kinds:
                marked.setdefault((key, kind), 0)
        surfaces = cls(dict(marked), dict(seen))
        surfaces._own = own
        return surfaces

    def found(
        self, words: Sequence[str], own: str | None = None
    ) -> Iterator[tuple[int, int, EntityType, float]]:
        """Spellings in the words, with the share of other places where each was marked.

        Args:
            words: The words.
            own: Id of the document, when it is one of those that were counted.
        """
        mine = self._own.get(own) if own is not None else None
        for start, end, key in _longest(self.trie.found(words)):
            for kind in self.types[key]:
                marked, seen = self.marked[key, kind], self.seen.get((key, kind), 0)
                if mine is not None:
                    marked, seen = marked - mine[0][key, kind], seen - mine[1][key, kind]
                if seen > 0:
                    yield start, end, kind, marked / (seen + 0.25)

    def save(self, path: Path) -> None:
        """Write the counts as JSON."""
        rows = [
            [key, kind.value, count, self.seen.get((key, kind), 0)]
            for (key, kind), count in sorted(self.marked.items())
        ]
        path.write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> "Surfaces":
        """Read what `save` wrote; no document is subtracted then."""
        rows = json.loads(path.read_text(encoding="utf-8"))
        return cls(
            {(key, EntityType(kind)): marked for key, kind, marked, _ in rows},
            {(key, EntityType(kind)): seen for key, kind, _, seen in rows},
        )


def _longest(found: Iterator[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """The longest names from left to right, without overlap."""
    kept: list[tuple[int, int, str]] = []
    for start, end, key in sorted(found, key=lambda match: (match[0], -match[1])):
        if not kept or start >= kept[-1][1]:
            kept.append((start, end, key))
    return kept
