"""What a word looks like: the spelling of a drug, a disease, a gene, or none of them.

Decides how a word that nobody has listed ("ximelagatran") is still told apart: logistic regression
over runs of 2 to 5 letters, learnt from the graph's own names against the words of its definitions.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from jaxtyping import Float
from numpy import ndarray as Array

from .words import word_strings

__all__ = ["SHAPE_CLASSES", "NameShapes"]

SHAPE_CLASSES = ("chemical", "disease", "gene", "other")
_CLASS_OF = {"chemical": 0, "disease": 1, "phenotype": 1, "gene": 2, "other": 3}
_BUCKETS = 1 << 16
_MOST_KNOWN = 200_000  # words kept


class NameShapes:
    """A linear classifier of words.

    Args:
        weights: One column per class over hashed runs of letters, and a last row of intercepts.
    """

    def __init__(self, weights: Float[Array, "n_terms n_types"]) -> None:
        # In rows: safetensors writes the bytes of columns as if they were rows.
        self.weights = np.ascontiguousarray(weights, dtype=np.float32)
        self._known: dict[str, Float[Array, "n_types"]] = {}

    @classmethod
    def fit(
        cls, names: Iterable[tuple[str, str]], prose: Iterable[str], *, seed: int = 0
    ) -> "NameShapes":
        """Learn from names with their groups and from running text."""
        from sklearn.linear_model import SGDClassifier

        counts: Counter[tuple[str, int]] = Counter()
        for name, group in names:
            for word in _words(name):
                counts[word, _CLASS_OF[group]] += 1
        for text in prose:
            for word in _words(text):
                counts[word, 3] += 1
        if len({label for _, label in counts}) < len(SHAPE_CLASSES):
            return cls(np.zeros((_BUCKETS + 1, len(SHAPE_CLASSES)), dtype=np.float32))
        items = sorted(counts)
        labels = np.array([label for _, label in items])
        weight = np.sqrt([counts[item] for item in items])
        for label in range(len(SHAPE_CLASSES)):
            weight[labels == label] /= weight[labels == label].sum()
        model = SGDClassifier(
            loss="log_loss", alpha=2e-6, max_iter=12, tol=None, random_state=seed, average=True
        )
        model.fit(_hashed([word for word, _ in items]), labels, sample_weight=weight * len(items))
        return cls(np.vstack([model.coef_.T, model.intercept_[None]]))

    def scores(self, words: Sequence[str]) -> Float[Array, "n_words n_types"]:
        """Log odds of each class, squeezed to about [-1, 1]; zeros for what has no letters."""
        if len(self._known) > _MOST_KNOWN:
            self._known.clear()
        new = sorted({word for word in words if word not in self._known})
        if new:
            values = np.asarray(_hashed(new) @ self.weights[:-1]) + self.weights[-1]
            for word, row in zip(new, np.tanh(values / 4.0), strict=True):
                says = word.isalpha() and len(word) > 2
                self._known[word] = row if says else np.zeros_like(row)
        return self._rows(words)

    def _rows(self, words: Sequence[str]) -> Float[Array, "n_words n_types"]:
        if not words:
            return np.zeros((0, len(SHAPE_CLASSES)), dtype=np.float32)
        return np.stack([self._known[word] for word in words]).astype(np.float32)


def _words(text: str) -> list[str]:
    return [w for w in word_strings(text) if w.isalpha() and len(w) > 2]


def _hashed(words: Sequence[str]):  # type: ignore[no-untyped-def]  # a scipy matrix
    from sklearn.feature_extraction.text import HashingVectorizer

    hasher = HashingVectorizer(
        analyzer="char_wb", ngram_range=(2, 5), n_features=_BUCKETS, alternate_sign=False
    )
    return hasher.transform(words)
