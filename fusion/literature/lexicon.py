"""Names that are known before training: those of the graph's nodes.

Decides which nodes lend their names, in which groups, which names are too short or too common to
say anything, and how they are found in words. What a match is worth is learnt by the tagger; which
node a name means is decided in `fusion.literature.linker`.
"""

import sys
from array import array
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal, get_args

import pyarrow as pa
from pyarrow import ipc

from kg.literature.mapped_names import MappedName
from kg.snapshot import GraphSnapshot
from kg.vocabulary import NodeType

from .name_keys import spellings, word_key

__all__ = ["GROUPS", "Group", "Lexicon", "Trie"]

Group = Literal["chemical", "disease", "phenotype", "gene", "other"]
GROUPS: tuple[Group, ...] = get_args(Group)

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
_ROWS = 20_000
_Node = tuple[Group, tuple[str, ...]]


class Trie:
    """Keys of names, found in rows of words.

    Args:
        keys: Keys of names as `name_keys` makes them; they are not copied.
    """

    def __init__(self, keys: Collection[str]) -> None:
        self.keys = keys
        # Sorted hashes, an eighth of the memory of a set of strings; an equal hash of something
        # else costs one look at one more word.
        prefixes: set[int] = set()
        for key in self.keys:
            cut = key.find(" ")
            while cut != -1:
                prefixes.add(hash(key[:cut]))
                cut = key.find(" ", cut + 1)
        self._prefixes = array("q", sorted(prefixes))

    def found(self, words: Sequence[str]) -> Iterator[tuple[int, int, str]]:
        """All names in the words: first word, behind the last word, key."""
        keys = self.keys
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
                if not self._begins_one(key):
                    break
                while place < n_words and not folded[place]:
                    place += 1
                if place >= n_words or place - start > 2 * _MAX_NAME_WORDS:
                    break
                key = f"{key} {folded[place]}"
                place += 1

    def _begins_one(self, words: str) -> bool:
        """Whether some key goes on behind these words."""
        code = hash(words)
        at = bisect_left(self._prefixes, code)
        return at < len(self._prefixes) and self._prefixes[at] == code


class Lexicon:
    """Names by key: groups and node ids.

    Args:
        rows: Name as written, group, CURIEs of the node (its id first, then other ids).
        keep_rows: Keep them in `rows` as well, for `save`.

    Attributes:
        rows: What was given, in order; empty where they were not kept.
        nodes: Of each key, the groups and CURIEs of the nodes that bear the name. Equal ones are
            one object: half a million names are held by every worker.
    """

    def __init__(
        self, rows: Iterable[tuple[str, Group, tuple[str, ...]]], *, keep_rows: bool = True
    ) -> None:
        if keep_rows:
            rows = sorted({(name, group, ids) for name, group, ids in rows if name})
        self.rows = rows if isinstance(rows, list) else []
        self.nodes: dict[str, tuple[_Node, ...]] = {}
        self._cased: dict[str, tuple[str, ...]] = {}
        one: dict[_Node, _Node] = {}
        several: dict[tuple[_Node, ...], tuple[_Node, ...]] = {}
        for name, group, ids in rows:
            if _says_nothing(name):
                continue
            node = one.setdefault((group, ids), (group, ids))
            for number, key in enumerate(spellings(name)):
                known = self.nodes.get(key, ())
                if node not in known:
                    longer = (*known, node)
                    self.nodes[key] = several.setdefault(longer, longer)
                if number == 0 and _is_symbol(name):
                    forms = self._cased.get(key, ())
                    if name not in forms:
                        self._cased[key] = (*forms, name)
        self.trie = Trie(self.nodes)

    def __len__(self) -> int:
        """Number of keys."""
        return len(self.nodes)

    def groups_of(self, key: str) -> set[Group]:
        """What a name may speak of; empty when it is not known."""
        return {group for group, _ in self.nodes.get(key, ())}

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
            groups = self.groups_of(key)
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
        return cls(_rows_of(table), keep_rows=False)


def _rows_of(table: pa.Table) -> Iterator[tuple[str, Group, tuple[str, ...]]]:
    """Rows of what `save` wrote, a part at a time; equal CURIEs are one string."""
    for batch in table.to_batches(max_chunksize=_ROWS):
        names, groups, ids = (batch[column].to_pylist() for column in ("name", "group", "ids"))
        for name, group, own in zip(names, groups, ids, strict=True):
            yield name, group, tuple(map(sys.intern, own))


def _is_symbol(name: str) -> bool:
    """A short name in capitals and digits, which in small letters would be another word."""
    return len(name) <= 7 and " " not in name and name.upper() == name


def _says_nothing(name: str) -> bool:
    letters = sum(character.isalpha() for character in name)
    return len(name) < 3 or letters < 2 or len(name) > 120
