"""Names that are known before training: those of the graph's nodes.

Decides which nodes lend their names, in which groups, which names are too short or too common to
say anything, and how they are found in words. What a match is worth is learnt by the tagger; which
node a name means is decided in `fusion.literature.linker`.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal

import pyarrow as pa
from pyarrow import ipc

from kg.literature.mapped_names import MappedName
from kg.snapshot import GraphSnapshot
from kg.vocabulary import NodeType

from .name_keys import spellings, word_key

__all__ = ["GROUPS", "Group", "Lexicon", "Trie"]

Group = Literal["chemical", "disease", "phenotype", "gene", "other"]
GROUPS: tuple[Group, ...] = ("chemical", "disease", "phenotype", "gene", "other")

_GROUP_OF: dict[NodeType, Group] = {
    NodeType.DRUG: "chemical",
    NodeType.CHEMICAL: "chemical",
    NodeType.DRUG_CLASS: "chemical",
    NodeType.DISEASE: "disease",
    NodeType.PHENOTYPE: "phenotype",
    NodeType.ADVERSE_EVENT: "phenotype",
    NodeType.GENE: "gene",
    NodeType.PROTEIN: "gene",
    NodeType.PROCESS: "other",
    NodeType.ANATOMY: "other",
    NodeType.TAXON: "other",
    NodeType.ACTION: "other",
}
_MAX_NAME_WORDS = 12


class Trie:
    """Keys of names, found in rows of words.

    Args:
        keys: Keys as `name_keys` makes them, with what each stands for.
    """

    def __init__(self, keys: Iterable[str]) -> None:
        self.keys = frozenset(keys)
        prefixes: set[str] = set()
        for key in self.keys:
            cut = key.find(" ")
            while cut != -1:
                prefixes.add(key[:cut])
                cut = key.find(" ", cut + 1)
        self._prefixes = frozenset(prefixes)

    def found(self, words: Sequence[str]) -> Iterator[tuple[int, int, str]]:
        """All names in the words: first word, behind the last word, key."""
        keys, prefixes = self.keys, self._prefixes
        folded = [word_key(word) for word in words]
        n_words = len(folded)
        for start, first in enumerate(folded):
            if not first:
                continue
            key = first
            place = start + 1
            while True:
                if key in keys:
                    yield start, place, key
                if key not in prefixes:
                    break
                while place < n_words and not folded[place]:
                    place += 1
                if place >= n_words or place - start > 2 * _MAX_NAME_WORDS:
                    break
                key = f"{key} {folded[place]}"
                place += 1


class Lexicon:
    """Names by key: groups and node ids.

    Args:
        rows: Name as written, group, CURIEs of the node (its id first, then other ids).
    """

    def __init__(self, rows: Iterable[tuple[str, Group, tuple[str, ...]]]) -> None:
        self.rows = sorted({(name, group, ids) for name, group, ids in rows if name})
        self.groups: dict[str, set[Group]] = {}
        self.nodes: dict[str, list[tuple[Group, tuple[str, ...]]]] = {}
        self._cased: dict[str, set[str]] = {}
        for name, group, ids in self.rows:
            if _says_nothing(name):
                continue
            for number, key in enumerate(spellings(name)):
                self.groups.setdefault(key, set()).add(group)
                if (group, ids) not in self.nodes.setdefault(key, []):
                    self.nodes[key].append((group, ids))
                if number == 0 and _is_symbol(name):
                    self._cased.setdefault(key, set()).add(name)
        self.trie = Trie(self.groups)

    @classmethod
    def of_graph(cls, snapshot: GraphSnapshot, mapped: Iterable[MappedName] = ()) -> "Lexicon":
        """The names and synonyms of a graph's nodes, and names that mapping files add."""
        rows: list[tuple[str, Group, tuple[str, ...]]] = [
            (one.name, "other" if one.kind is None else _GROUP_OF[one.kind], (one.id,))
            for one in mapped
        ]
        for node in snapshot.nodes():
            group = _GROUP_OF.get(node.type)
            if group is None:
                continue
            ids = (node.id, *node.xrefs)
            rows.extend((name, group, ids) for name in (node.label, *node.synonyms) if name)
        return cls(rows)

    def found(self, words: Sequence[str]) -> Iterator[tuple[int, int, str, set[Group]]]:
        """Names in the words with their groups; symbols such as CAT only in their own case."""
        for start, end, key in self.trie.found(words):
            forms = self._cased.get(key)
            groups = self.groups[key]
            if forms and "".join(words[start:end]) not in forms:
                groups = groups - {"gene", "other"}
                if len(key) <= 3:
                    continue
            if groups:
                yield start, end, key, groups

    def save(self, path: Path) -> None:
        """Write the names as an Arrow file."""
        table = pa.table(
            {
                "name": [name for name, _, _ in self.rows],
                "group": pa.array([group for _, group, _ in self.rows]).dictionary_encode(),
                "ids": pa.array([list(ids) for _, _, ids in self.rows], pa.list_(pa.string())),
            }
        )
        options = ipc.IpcWriteOptions(compression="zstd")
        with (
            pa.OSFile(str(path), "wb") as sink,
            ipc.new_file(sink, table.schema, options=options) as out,
        ):
            out.write_table(table)

    @classmethod
    def load(cls, path: Path) -> "Lexicon":
        """Read what `save` wrote."""
        with pa.memory_map(str(path)) as source:
            table = ipc.open_file(source).read_all()
        return cls(
            (name, group, tuple(ids))
            for name, group, ids in zip(
                table["name"].to_pylist(),
                table["group"].to_pylist(),
                table["ids"].to_pylist(),
                strict=True,
            )
        )


def _is_symbol(name: str) -> bool:
    """A short name in capitals and digits, which in small letters would be another word."""
    return len(name) <= 7 and " " not in name and name.upper() == name


def _says_nothing(name: str) -> bool:
    letters = sum(character.isalpha() for character in name)
    return len(name) < 3 or letters < 2 or len(name) > 120
