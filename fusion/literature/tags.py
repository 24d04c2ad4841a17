"""Names in words: the tag of each word, and back.

Decides the BIOES scheme: O, and for each type B (first word), I (inside), E (last), S (alone).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kg.literature import EntityType

__all__ = ["TagSet"]


class TagSet:
    """The tags of a list of types, numbered.

    Args:
        types: What is tagged.

    Example:
        >>> tags = TagSet((EntityType.DISEASE,))
        >>> codes = tags.encode(4, [(1, 3, EntityType.DISEASE)])
        >>> codes.tolist(), tags.decode(codes)
        ([0, 1, 3, 0], [(1, 3, <EntityType.DISEASE: 'disease'>)])
    """

    def __init__(self, types: Sequence[EntityType]) -> None:
        self.types = tuple(types)
        self._first = {kind: 1 + 4 * number for number, kind in enumerate(self.types)}

    def __len__(self) -> int:
        return 1 + 4 * len(self.types)

    def encode(
        self, n_words: int, names: Sequence[tuple[int, int, EntityType]]
    ) -> NDArray[np.int64]:
        """Tags of a sentence; names of other types and names that overlap an earlier one fall."""
        codes = np.zeros(n_words, dtype=np.int64)
        for start, end, kind in sorted(names, key=lambda name: (name[0], -name[1])):
            first = self._first.get(kind)
            if first is None or codes[start:end].any():
                continue
            if end - start == 1:
                codes[start] = first + 3
            else:
                codes[start] = first
                codes[start + 1 : end - 1] = first + 1
                codes[end - 1] = first + 2
        return codes

    def decode(self, codes: NDArray[np.int64]) -> list[tuple[int, int, EntityType]]:
        """Names of a row of tags that `allowed` permits."""
        names = []
        start = 0
        for place, code in enumerate(codes.tolist()):
            if code == 0:
                continue
            kind, part = self.types[(code - 1) // 4], (code - 1) % 4
            if part in (0, 3):
                start = place
            if part in (2, 3):
                names.append((start, place + 1, kind))
        return names

    def allowed(self) -> NDArray[np.bool_]:
        """Which tag may follow which; the last row is the begin, the last column the end."""
        n_tags = len(self)
        part = np.array([-1, *([0, 1, 2, 3] * len(self.types))])
        kind = np.array([-1, *np.repeat(np.arange(len(self.types)), 4)])
        closed = np.append((part == -1) | (part >= 2), True)  # the begin is closed
        opens = np.append((part == -1) | (part == 0) | (part == 3), True)  # so is the end
        table = np.zeros((n_tags + 1, n_tags + 1), dtype=bool)
        table |= closed[:, None] & opens[None, :]
        inside = (
            ((part == 0) | (part == 1))[:, None]
            & ((part == 1) | (part == 2))[None, :]
            & (kind[:, None] == kind[None, :])
        )
        table[:n_tags, :n_tags] |= inside
        table[n_tags, n_tags] = False
        return table
