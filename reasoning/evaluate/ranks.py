"""The rank of the right answer, told for ties in three ways.

Decides what a rank is: 1 is best; among equal scores the optimistic rank puts the right answer
first, the pessimistic rank last, the realistic rank in the middle. A ranker that gives every
disease the same score has an optimistic rank of 1 and knows nothing: results use the realistic
rank.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

__all__ = ["GoldRanks"]

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GoldRanks:
    """Ranks of the right answer of each case.

    Attributes:
        optimistic: Ties are broken for the right answer.
        pessimistic: Ties are broken against it.
    """

    optimistic: FloatArray
    pessimistic: FloatArray

    @classmethod
    def of(cls, scores: npt.ArrayLike, gold: npt.ArrayLike) -> Self:
        """Ranks from scores.

        Args:
            scores: `[n_cases, n_diseases]`, higher is better; NaN counts as the worst score.
            gold: Position of the right answer of each case.

        >>> ranks = GoldRanks.of([[3.0, 2.0, 2.0, 1.0]], [2])
        >>> ranks.optimistic.tolist(), ranks.realistic.tolist(), ranks.pessimistic.tolist()
        ([2.0], [2.5], [3.0])
        """
        table = np.nan_to_num(np.asarray(scores), nan=-np.inf, posinf=np.inf, neginf=-np.inf)
        right = np.asarray(gold, dtype=np.int64)
        own = table[np.arange(len(table)), right][:, None]
        better = (table > own).sum(axis=1).astype(np.float64)
        equal = (table == own).sum(axis=1).astype(np.float64)
        return cls(optimistic=better + 1.0, pessimistic=better + equal)

    @classmethod
    def join(cls, parts: list[Self]) -> Self:
        """Ranks of several batches, one after the other."""
        return cls(
            optimistic=np.concatenate([part.optimistic for part in parts]),
            pessimistic=np.concatenate([part.pessimistic for part in parts]),
        )

    @property
    def realistic(self) -> FloatArray:
        """Mean of the optimistic and the pessimistic rank."""
        middle: FloatArray = (self.optimistic + self.pessimistic) / 2.0
        return middle

    def __len__(self) -> int:
        return len(self.optimistic)
