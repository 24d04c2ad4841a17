r"""Sentences of papers, searched by BM25 and by embedding neighbours at once.

Decides how the two rankings become one: by reciprocal ranks (10.1145/1571941.1572114),

.. math:: s(p) = \sum_{way} \frac{1}{60 + r_{way}(p)}

so that no scale needs fitting. BM25 (10.1561/1500000019) comes from `bm25s`, embeddings from a
`TextEncoder`. The index is a local working copy: licences of sentences are kept beside them.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import bm25s
import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from encoders import TextEncoder, embed_texts
from kg.literature.document import Document
from kg.literature.sentences import document_sentences
from kg.wording import in_words

__all__ = ["Hit", "Passage", "PassageError", "PassageIndex", "Way"]

Way = Literal["words", "meaning", "both"]

_DAMPING = 60
_POOL = 1000  # of each way that are merged
_PASSAGES, _VECTORS, _MANIFEST = "passages.jsonl", "vectors.safetensors", "index.json"


class PassageError(ValueError):
    """A folder that holds no index, or an index that cannot answer; names the mend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """One sentence of a paper.

    Attributes:
        document: `Document.id`.
        publication: CURIE of the paper; empty when it has none.
        section: Kind of the section.
        start: First character in the document's text.
        end: Behind the last one.
        text: The sentence.
        licence: Of the paper.
    """

    document: str
    publication: str
    section: str
    start: int
    end: int
    text: str
    licence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A passage that was found; `score` orders the list and means nothing else."""

    passage: Passage
    score: float


class PassageIndex:
    """Passages that can be searched.

    Args:
        passages: Sentences.
        vectors: Unit vectors of them; None when only words are searched.
        encoder: Makes the vector of a question; needed when there are vectors.
    """

    def __init__(
        self,
        passages: Sequence[Passage],
        vectors: Float[np.ndarray, "n_passages d_model"] | None = None,
        encoder: TextEncoder | None = None,
    ) -> None:
        if not passages:
            raise PassageError("no passage to index; give papers with text")
        if vectors is not None and len(vectors) != len(passages):
            raise PassageError(f"vectors: {len(vectors)} for {len(passages)} passages")
        self.passages = tuple(passages)
        self._vectors = vectors
        self._encoder = encoder
        self._words = bm25s.BM25()
        self._words.index(self._tokens([p.text for p in passages]), show_progress=False)

    @classmethod
    def of_documents(
        cls, documents: Iterable[Document], *, encoder: TextEncoder | None = None
    ) -> "PassageIndex":
        """An index of all sentences of documents; without an encoder by words alone."""
        passages = [
            Passage(
                document=document.id,
                publication=document.publication,
                section=document.sections[section].kind,
                start=span.start,
                end=span.end,
                text=document.text[span.start : span.end],
                licence=document.licence,
            )
            for document in documents
            for section, span in document_sentences(document)
        ]
        vectors = None
        if encoder is not None and passages:
            vectors = _unit(embed_texts([p.text for p in passages], encoder))
        return cls(passages, vectors, encoder)

    def save(self, folder: Path) -> None:
        """Writes the index; the word statistics are made anew when it is read."""
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / _PASSAGES).open("w", encoding="utf-8") as sink:
            for passage in self.passages:
                sink.write(json.dumps(asdict(passage)) + "\n")
        if self._vectors is not None:
            save_file({"vectors": self._vectors.astype(np.float16)}, folder / _VECTORS)
        encoder = None if self._encoder is None else self._encoder.name
        (folder / _MANIFEST).write_text(json.dumps({"format": 1, "encoder": encoder}) + "\n")

    @classmethod
    def load(cls, folder: Path, *, encoder: TextEncoder | None = None) -> "PassageIndex":
        """Reads an index.

        Args:
            folder: What `save` wrote.
            encoder: The encoder that made the vectors; None searches by words alone.

        Raises:
            PassageError: There is none, or the encoder is another one.
        """
        try:
            manifest = json.loads((folder / _MANIFEST).read_text("utf-8"))
            with (folder / _PASSAGES).open(encoding="utf-8") as lines:
                passages = [Passage(**json.loads(line)) for line in lines]
        except (OSError, ValueError, TypeError) as error:
            raise PassageError(
                f"{folder}: holds no index of passages ({in_words(error)})"
            ) from error
        if encoder is None or manifest["encoder"] is None:
            return cls(passages)
        if encoder.name != manifest["encoder"]:
            raise PassageError(f"{folder}: was made with {manifest['encoder']}; use that encoder")
        vectors = load_file(folder / _VECTORS)["vectors"].astype(np.float32)
        return cls(passages, vectors, encoder)

    def search(self, question: str, *, top: int = 10, way: Way = "both") -> list[Hit]:
        """Passages for a question, best first.

        Args:
            question: Words, such as the names of a drug and a disease.
            top: Number of passages.
            way: By words, by meaning, or by both.

        Raises:
            PassageError: Meaning was asked for and the index has no vectors.
        """
        if way == "meaning" and self._vectors is None:
            raise PassageError("the index has no vectors; build it with an encoder")
        score: dict[int, float] = {}
        for name, find in (("words", self._by_words), ("meaning", self._by_meaning)):
            if way in (name, "both"):
                for rank, at in enumerate(find(question)):
                    score[at] = score.get(at, 0.0) + 1.0 / (_DAMPING + rank + 1)
        best = sorted(score, key=lambda at: (-score[at], at))[:top]
        return [Hit(passage=self.passages[at], score=score[at]) for at in best]

    def _by_words(self, question: str) -> list[int]:
        if not question.strip():
            return []
        found, scores = self._words.retrieve(
            self._tokens([question]), k=min(_POOL, len(self.passages)), show_progress=False
        )
        return [int(at) for at, s in zip(found[0], scores[0], strict=True) if s > 0.0]

    def _by_meaning(self, question: str) -> list[int]:
        if self._vectors is None or self._encoder is None or not question.strip():
            return []
        asked = _unit(embed_texts([question], self._encoder))[0]
        near: NDArray[np.float32] = self._vectors @ asked
        best: list[int] = np.argsort(-near, kind="stable")[:_POOL].tolist()
        return best

    @staticmethod
    def _tokens(texts: list[str]) -> "bm25s.tokenization.Tokenized":
        return bm25s.tokenize(texts, stopwords="en", show_progress=False)


def _unit(vectors: Float[np.ndarray, "n d_model"]) -> Float[np.ndarray, "n d_model"]:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: Float[np.ndarray, "n d_model"] = (vectors / np.maximum(length, 1e-9)).astype(np.float32)
    return unit
