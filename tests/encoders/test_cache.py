"""The cache gives back what was put in, survives a torn file, and holds no word of the text."""

import base64
import tempfile
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from encoders import EmbeddingCache, EncoderError, default_cache_folder
from encoders.cache import default_cache, embedding_key
from encoders.sealing import SEAL_VARIABLE, Seal

KEYS = [embedding_key("recipe", str(i)) for i in range(5)]
VECTORS = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)


def filled(folder: Path) -> EmbeddingCache:
    cache = EmbeddingCache(folder, d_model=3)
    cache.add(KEYS[:2], VECTORS[:2])
    cache.add(KEYS[2:], VECTORS[2:])
    return cache


def test_what_was_added_is_found_now_and_later(tmp_path: Path) -> None:
    for cache in (filled(tmp_path), EmbeddingCache(tmp_path, d_model=3)):
        found, vectors = cache.find([*KEYS, embedding_key("recipe", "new")])
        assert found.tolist() == [True] * 5 + [False]
        assert np.array_equal(vectors[:5], VECTORS)
        assert not vectors[5].any()
        assert len(cache) == 5


@settings(max_examples=40)
@given(st.integers(0, 400))
def test_a_file_torn_anywhere_gives_only_true_vectors_and_takes_more(length: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = filled(folder).path
        data = path.read_bytes()
        path.write_bytes(data[: min(length, len(data))])
        cache = EmbeddingCache(folder, d_model=3)
        found, vectors = cache.find(KEYS)
        assert np.array_equal(vectors[found], VECTORS[found])
        cache.add([k for k, f in zip(KEYS, found, strict=True) if not f], VECTORS[~found])
        found, vectors = EmbeddingCache(folder, d_model=3).find(KEYS)
        assert found.all()
        assert np.array_equal(vectors, VECTORS)


@settings(max_examples=40)
@given(st.integers(64, 64 + 5 * 48 - 1))
def test_a_damaged_byte_is_never_believed(place: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = filled(folder).path
        data = bytearray(path.read_bytes())
        data[place] ^= 0xFF
        path.write_bytes(data)
        cache = EmbeddingCache(folder, d_model=3)
        found, vectors = cache.find(KEYS)
        assert found.sum() == 4
        assert np.array_equal(vectors[found], VECTORS[found])
        cache.add([KEYS[i] for i in np.flatnonzero(~found)], VECTORS[~found])
        assert cache.find(KEYS)[0].all()


def test_a_foreign_file_is_an_empty_cache(tmp_path: Path) -> None:
    cache = EmbeddingCache(tmp_path, d_model=3)
    cache.path.write_bytes(b"something else entirely" * 30)
    cache = EmbeddingCache(tmp_path, d_model=3)
    assert len(cache) == 0
    cache.add(KEYS, VECTORS)
    assert EmbeddingCache(tmp_path, d_model=3).find(KEYS)[0].all()


def test_writers_share_a_file(tmp_path: Path) -> None:
    def add_many(worker: int) -> None:
        cache = EmbeddingCache(tmp_path, d_model=3)
        for i in range(20):
            cache.add([embedding_key(str(worker), str(i))], np.full((1, 3), i, np.float32))

    # The lock belongs to the open file, so two threads exclude each other as two processes do.
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(add_many, range(2)))
    cache = EmbeddingCache(tmp_path, d_model=3)
    keys = [embedding_key(str(w), str(i)) for w in range(2) for i in range(20)]
    found, vectors = cache.find(keys)
    assert found.all()
    assert vectors[:, 0].tolist() == [*range(20), *range(20)]


def test_bad_vectors_are_refused(tmp_path: Path) -> None:
    cache = EmbeddingCache(tmp_path, d_model=3)
    with pytest.raises(ValueError, match="not finite"):
        cache.add(KEYS[:1], np.full((1, 3), np.nan, np.float32))
    with pytest.raises(ValueError, match="shape"):
        cache.add(KEYS[:1], np.zeros((1, 4), np.float32))
    with pytest.raises(ValueError, match="d_model: 0"):
        EmbeddingCache(tmp_path, d_model=0)


def test_the_folder_follows_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IATROS_CACHE", "/somewhere")
    assert default_cache_folder() == Path("/somewhere/embeddings")
    monkeypatch.delenv("IATROS_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/else")
    assert default_cache_folder() == Path("/else/iatros/embeddings")


def test_a_sealed_file_gives_back_what_was_put_in_to_its_key_alone(tmp_path: Path) -> None:
    pytest.importorskip("cryptography")
    ours, theirs = Seal(b"a" * 32), Seal(b"b" * 32)
    cache = EmbeddingCache(tmp_path, d_model=3, seal=ours)
    cache.add(KEYS, VECTORS)
    data = cache.path.read_bytes()
    for key, vector in zip(KEYS, VECTORS, strict=True):
        assert key not in data
        assert vector.tobytes() not in data
    found, vectors = EmbeddingCache(tmp_path, d_model=3, seal=ours).find(KEYS)
    assert found.all()
    assert np.array_equal(vectors, VECTORS)
    assert not EmbeddingCache(tmp_path, d_model=3, seal=theirs).find(KEYS)[0].any()
    assert not EmbeddingCache(tmp_path, d_model=3).find(KEYS)[0].any()
    other = EmbeddingCache(tmp_path, d_model=3, seal=theirs)
    other.add(KEYS[:1], VECTORS[1:2])  # two keys may share the file
    assert np.array_equal(other.find(KEYS[:1])[1], VECTORS[1:2])
    assert EmbeddingCache(tmp_path, d_model=3, seal=ours).find(KEYS)[0].all()


def test_a_sealed_row_put_in_the_place_of_another_is_not_believed(tmp_path: Path) -> None:
    pytest.importorskip("cryptography")
    seal = Seal(b"a" * 32)
    cache = EmbeddingCache(tmp_path, d_model=3, seal=seal)
    cache.add(KEYS[:2], VECTORS[:2])
    data = bytearray(cache.path.read_bytes())
    row = 32 + 4 + 12 + seal.overhead
    first, second = data[64 : 64 + row], data[64 + row : 64 + 2 * row]
    forged = second[36:]
    check = zlib.crc32(bytes(forged), zlib.crc32(bytes(first[:32])))
    data[64 : 64 + row] = first[:32] + check.to_bytes(4, "little") + forged
    cache.path.write_bytes(data)
    assert EmbeddingCache(tmp_path, d_model=3, seal=seal).find(KEYS[:2])[0].tolist() == [
        False,
        True,
    ]


def test_the_key_stands_in_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("cryptography")
    monkeypatch.setenv("IATROS_CACHE", str(tmp_path))
    monkeypatch.setenv(SEAL_VARIABLE, base64.urlsafe_b64encode(b"k" * 32).decode())
    cache = default_cache(3)
    assert cache is not None
    assert cache.path.name == "embeddings-3.sealed"
    for bad, said in (("c2hvcnQ=", "5 bytes; needs 32"), ("x", "not base64")):
        monkeypatch.setenv(SEAL_VARIABLE, bad)
        with pytest.raises(EncoderError, match=said):
            default_cache(3)
    monkeypatch.delenv(SEAL_VARIABLE)
    cache = default_cache(3)
    assert cache is not None
    assert cache.path.name == "embeddings-3.bin"
