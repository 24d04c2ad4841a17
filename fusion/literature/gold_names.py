"""Names of training documents with the ids that people gave them.

Decides what is counted, and what ids of a corpus look like.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from kg.identifiers import prefix_of
from kg.literature import EntityType, Mention

from .name_keys import key_of
from .words import word_strings

__all__ = ["GoldNames", "id_form", "load_gold_names", "save_gold_names"]

_LEAST_SHARE = 0.002  # of a form of ids; what is rarer is a slip


class GoldNames:
    """Names of training documents with the ids that people gave them.

    Args:
        counts: By key and type, how often each ids were given.
    """

    def __init__(
        self, counts: Mapping[tuple[str, EntityType], Mapping[tuple[str, ...], int]]
    ) -> None:
        self.counts = counts

    @classmethod
    def count(cls, mentions: Iterable[Mention]) -> "GoldNames":
        """Count gold mentions; those without an id teach nothing."""
        counts: dict[tuple[str, EntityType], Counter[tuple[str, ...]]] = defaultdict(Counter)
        for mention in mentions:
            key = key_of(word_strings(mention.text))
            if key and mention.ids:
                counts[key, mention.type][mention.ids] += 1
        return cls(counts)

    def ids(self, key: str, kind: EntityType) -> tuple[str, ...]:
        """The ids given most often; none when the name is unknown."""
        found = self.counts.get((key, kind))
        return max(sorted(found), key=lambda ids: found[ids]) if found else ()

    def forms(self) -> dict[EntityType, dict[str, float]]:
        """Forms of the ids (`id_form`) by type, with their share."""
        counts: dict[EntityType, Counter[str]] = defaultdict(Counter)
        for (_, kind), found in self.counts.items():
            for ids, count in found.items():
                for curie in ids:
                    counts[kind][id_form(curie)] += count
        return {
            kind: {
                form: count / of.total()
                for form, count in of.items()
                if count >= _LEAST_SHARE * of.total()
            }
            for kind, of in counts.items()
        }


def id_form(curie: str) -> str:
    """What an id looks like: its prefix; for MeSH its letter and number of digits too.

    >>> id_form("MESH:D003409"), id_form("MESH:D000077208"), id_form("OMIM:154700")
    ('MESH:D6', 'MESH:D9', 'OMIM')
    """
    prefix, _, local = curie.partition(":")
    return f"MESH:{local[:1]}{len(local) - 1}" if prefix == "MESH" else prefix_of(curie)


def save_gold_names(corpora: Iterable[GoldNames], path: Path) -> None:
    """Write as JSON, a list for each corpus."""
    rows = [
        [
            [key, kind.value, list(ids), count]
            for (key, kind), found in sorted(names.counts.items())
            for ids, count in sorted(found.items())
        ]
        for names in corpora
    ]
    path.write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")


def load_gold_names(path: Path) -> tuple[GoldNames, ...]:
    """Read what `save_gold_names` wrote."""
    corpora = []
    for rows in json.loads(path.read_text(encoding="utf-8")):
        counts: dict[tuple[str, EntityType], Counter[tuple[str, ...]]] = defaultdict(Counter)
        for key, kind, ids, count in rows:
            counts[key, EntityType(kind)][tuple(ids)] = count
        corpora.append(GoldNames(counts))
    return tuple(corpora)
