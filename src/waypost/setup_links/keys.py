"""The operator's keys: they encrypt app passwords at rest, and sign tokens that have no database.

AES-256-GCM (NIST SP 800-38D) with a random nonce of 96 bits, under a key that HKDF (RFC 5869)
derives for each purpose. The first key encrypts; each of them decrypts, so that a key can be
replaced.
"""

import os
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from waypost.core.errors import LinkInvalid, SettingsError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_MIN_CHARS: Final = 32
"""A shorter text cannot have 128 random bits in the usual alphabets."""
SECRET: Final = b"waypost setup link: app password"
TOKEN: Final = b"waypost setup link: token"
_NONCE_BYTES: Final = 12
_KEY_BYTES: Final = 32


class LinkKeys:
    """The keys, the newest first. Their repr shows nothing."""

    def __init__(self, texts: Iterable[str]) -> None:
        """Initialize with the texts of the keys.

        Raises:
            SettingsError: there is none, or one is too short. The message shows none.
        """
        self._texts = tuple(texts)
        if not self._texts or any(len(text) < KEY_MIN_CHARS for text in self._texts):
            message = f"link_key: each key must have at least {KEY_MIN_CHARS} characters"
            raise SettingsError([f"{message}; `openssl rand -base64 32` prints one"])

    def encrypt(self, purpose: bytes, data: bytes, bound_to: bytes = b"") -> bytes:
        """Encrypt data with the newest key.

        Args:
            purpose: `SECRET` or `TOKEN`; data for one cannot be read for the other.
            data: what to encrypt.
            bound_to: must be the same for the decryption, such as the row of the data.
        """
        nonce = os.urandom(_NONCE_BYTES)
        cipher = next(self._ciphers(purpose))
        return nonce + cipher.encrypt(nonce, data, bound_to)

    def decrypt(self, purpose: bytes, data: bytes, bound_to: bytes = b"") -> bytes:
        """Decrypt data with the key that it was encrypted with.

        Raises:
            LinkInvalid: no key fits, or the data was changed.
        """
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415 -- cryptography needs 19 MB

        nonce, encrypted = data[:_NONCE_BYTES], data[_NONCE_BYTES:]
        if len(nonce) == _NONCE_BYTES:
            for cipher in self._ciphers(purpose):
                try:
                    return cipher.decrypt(nonce, encrypted, bound_to)
                except InvalidTag:
                    continue
        raise LinkInvalid("no key of link_key fits")

    def _ciphers(self, purpose: bytes) -> "Iterator[AESGCM]":
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 -- cryptography needs 19 MB
        from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415 -- the same
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF  # noqa: PLC0415 -- the same

        for text in self._texts:
            derivation = HKDF(SHA256(), _KEY_BYTES, salt=None, info=purpose)
            yield AESGCM(derivation.derive(text.encode()))
