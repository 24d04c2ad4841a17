"""Encryption of what is kept on disk: AES-256-GCM with a key that only the environment holds.

Decides the form of a sealed value: twelve random bytes, the ciphertext, sixteen bytes that prove it
whole and in its place. Names are replaced by their HMAC, so that nobody without the key can try out
texts against them. What is sealed is decided by `encoders.cache`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os

from .weights import EncoderError

__all__ = ["SEAL_VARIABLE", "Seal", "default_seal"]

SEAL_VARIABLE = "IATROS_CACHE_KEY"
_NONCE_BYTES, _PROOF_BYTES, _KEY_BYTES = 12, 16, 32


class Seal:
    """Seals and opens bytes.

    Args:
        key: 32 bytes.

    Raises:
        EncoderError: If the key has another length or `cryptography` is not installed.
    """

    overhead = _NONCE_BYTES + _PROOF_BYTES

    def __init__(self, key: bytes) -> None:
        if len(key) != _KEY_BYTES:
            raise EncoderError(f"cache key: {len(key)} bytes; needs {_KEY_BYTES}")
        try:
            from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        except ImportError as error:
            raise EncoderError(
                "an encrypted cache needs cryptography; pip install 'iatros[encryption]'"
            ) from error
        # One key a purpose: names and values never share one.
        self._cipher = AESGCM(hmac.digest(key, b"values", hashlib.sha256))
        self._naming = hmac.digest(key, b"names", hashlib.sha256)

    def name(self, plain: bytes) -> bytes:
        """What stands on disk for a name; 32 bytes."""
        return hmac.digest(self._naming, plain, hashlib.sha256)

    def seal(self, value: bytes, *, name: bytes) -> bytes:
        """A value, bound to its name; `overhead` bytes longer and new each time."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, value, name)

    def open(self, sealed: bytes, *, name: bytes) -> bytes | None:
        """The value, or None if it was sealed with another key, for another name, or damaged."""
        from cryptography.exceptions import InvalidTag

        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], name)
        except InvalidTag:
            return None


def default_seal() -> Seal | None:
    """Of the key in `$IATROS_CACHE_KEY` (32 bytes in base64); None where it is not set.

    Raises:
        EncoderError: If the key is not of that form.
    """
    given = os.environ.get(SEAL_VARIABLE)
    if not given:
        return None
    try:
        key = base64.urlsafe_b64decode(given)
    except (binascii.Error, ValueError) as error:
        raise EncoderError(f"{SEAL_VARIABLE}: not base64; give 32 bytes in base64") from error
    return Seal(key)
