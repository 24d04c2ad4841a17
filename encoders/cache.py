"""A cache of embeddings on disk, addressed by content, without a word of the text in it.

Decides the file: fixed rows of key, checksum and vector, appended and never rewritten. Keys are
SHA-256 over the encoder's recipe and the text; what a recipe is decides the encoder. A vector can
betray a text to someone who has the encoder, so catalogue names belong here and patient notes do
not; with a key in the environment keys and vectors are encrypted too (`encoders.sealing`).
"""

import fcntl
import hashlib
import os
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt
from jaxtyping import Float

from .sealing import Seal, default_seal

__all__ = ["EmbeddingCache", "default_cache", "default_cache_folder", "embedding_key"]

_MAGIC = b"iatros-embeddings-1\n"
_HEADER_BYTES = 64


def default_cache(d_model: int) -> "EmbeddingCache | None":
    """The cache in the default folder; None where `$IATROS_CACHE` is `off`.

    Raises:
        EncoderError: If `$IATROS_CACHE_KEY` holds no key.
    """
    if os.environ.get("IATROS_CACHE") == "off":
        return None
    return EmbeddingCache(default_cache_folder(), d_model=d_model, seal=default_seal())


def default_cache_folder() -> Path:
    """`$IATROS_CACHE/embeddings`, else `embeddings` in the user's cache folder."""
    given = os.environ.get("IATROS_CACHE")
    if given:
        return Path(given) / "embeddings"
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "iatros" / "embeddings"


def embedding_key(recipe: str, text: str) -> bytes:
    """SHA-256 of what decides an embedding; 32 bytes."""
    return hashlib.sha256(f"{recipe}\n{text}".encode("utf-8", "surrogatepass")).digest()


class EmbeddingCache:
    """Embeddings of one width in one append-only file.

    The file is read with numpy from fixed rows, so nothing in it can run code. A row that was torn
    by a crash or damaged later is ignored and written anew. Several processes may share the file:
    appends hold a lock and are whole rows.

    Args:
        folder: Where the file lies; made when the first row is written.
        d_model: Width of the embeddings.
        seal: Encrypts the rows, in a file of their own; None for a plain file. What another key has
            sealed is as if it were not there.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     cache = EmbeddingCache(Path(folder), d_model=2)
        ...     cache.add([embedding_key("r", "fever")], np.ones((1, 2), np.float32))
        ...     cache.find([embedding_key("r", "fever"), embedding_key("r", "rash")])[0].tolist()
        [True, False]
    """

    def __init__(self, folder: Path, *, d_model: int, seal: Seal | None = None) -> None:
        if d_model < 1:
            raise ValueError(f"d_model: {d_model}; needs at least 1")
        self.d_model, self._seal = d_model, seal
        self.path = folder / f"embeddings-{d_model}.{'sealed' if seal else 'bin'}"
        n_bytes = 4 * d_model + (seal.overhead if seal else 0)
        self._row = np.dtype([("key", "V32"), ("check", "<u4"), ("value", f"V{n_bytes}")])
        self._rows = np.empty(0, self._row)
        self._where: dict[bytes, int] = {}
        self._read()

    def __len__(self) -> int:
        return len(self._where)

    def find(
        self, keys: Sequence[bytes]
    ) -> tuple[npt.NDArray[np.bool_], Float[np.ndarray, "n_keys d_model"]]:
        """Look keys up.

        Returns:
            Which keys are there, and their vectors; zeros for those that are not.
        """
        found = np.zeros(len(keys), dtype=np.bool_)
        vectors = np.zeros((len(keys), self.d_model), dtype=np.float32)
        for i, key in enumerate(map(self._name, keys)):
            place = self._where.get(key)
            if place is None:
                continue
            row = self._rows[place]
            stored = row["value"].tobytes()
            if _checksum(key, stored) != row["check"]:
                continue
            value = self._seal.open(stored, name=key) if self._seal else stored
            if value is not None:
                found[i] = True
                vectors[i] = np.frombuffer(value, "<f4")
        return found, vectors

    def add(self, keys: Sequence[bytes], vectors: Float[np.ndarray, "n_keys d_model"]) -> None:
        """Append vectors under their keys and have them on disk before returning.

        Raises:
            ValueError: If the shape is wrong or a vector is not finite.
        """
        if vectors.shape != (len(keys), self.d_model):
            raise ValueError(f"vectors: shape {vectors.shape}; needs {(len(keys), self.d_model)}")
        if not np.isfinite(vectors).all():
            raise ValueError("vectors: not finite; a broken embedding must not be kept")
        rows = np.empty(len(keys), self._row)
        for i, key in enumerate(map(self._name, keys)):
            value = vectors[i].astype("<f4").tobytes()
            if self._seal is not None:
                value = self._seal.seal(value, name=key)
            rows[i] = (np.void(key), _checksum(key, value), np.void(value))
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._locked_file() as descriptor:
            size = os.fstat(descriptor).st_size
            if not self._has_header(descriptor):
                os.ftruncate(descriptor, 0)
                _write_all(descriptor, self._header(), at=0)
                size = _HEADER_BYTES
            whole = (size - _HEADER_BYTES) // self._row.itemsize * self._row.itemsize
            os.ftruncate(descriptor, _HEADER_BYTES + whole)  # drops a torn last row
            _write_all(descriptor, rows.tobytes(), at=_HEADER_BYTES + whole)
            os.fsync(descriptor)
        self._read()

    def _read(self) -> None:
        """Map the whole rows of the file; an absent or foreign file is an empty cache."""
        n_rows = 0
        if self.path.is_file():
            with self.path.open("rb") as file:
                if self._has_header(file.fileno()):
                    size = os.fstat(file.fileno()).st_size
                    n_rows = (size - _HEADER_BYTES) // self._row.itemsize
        n_known = len(self._rows)
        if n_rows < 1 or n_rows < n_known:
            self._where, n_known = {}, 0
            self._rows = np.empty(0, self._row)
        if n_rows < 1:
            return
        self._rows = np.memmap(
            self.path, dtype=self._row, mode="r", offset=_HEADER_BYTES, shape=(n_rows,)
        )
        keys = self._rows["key"][n_known:].tobytes()
        # A later row wins: it was written because the earlier one was damaged.
        for i in range(n_rows - n_known):
            self._where[keys[32 * i : 32 * i + 32]] = n_known + i

    def _name(self, key: bytes) -> bytes:
        return self._seal.name(key) if self._seal else key

    def _header(self) -> bytes:
        sealed = "sealed " if self._seal else ""
        return (_MAGIC + f"{sealed}d_model={self.d_model}\n".encode()).ljust(_HEADER_BYTES, b"\0")

    def _has_header(self, descriptor: int) -> bool:
        return os.pread(descriptor, _HEADER_BYTES, 0) == self._header()

    @contextmanager
    def _locked_file(self) -> Iterator[int]:
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield descriptor
        finally:
            os.close(descriptor)  # also lets the lock go


def _checksum(key: bytes, value: bytes) -> int:
    return zlib.crc32(value, zlib.crc32(key))


def _write_all(descriptor: int, data: bytes, *, at: int) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(descriptor, view, at)
        view, at = view[written:], at + written
