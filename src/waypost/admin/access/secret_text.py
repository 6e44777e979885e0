"""Random secrets that are given out once, and the digests that are stored instead.

A secret has a prefix that secret scanners can search for, and a checksum, so that they
recognize a secret without a question to the server.
"""

import binascii
import hashlib
import re
import secrets
from typing import Final

TOKEN_PREFIX: Final = "waypost_"  # noqa: S105 -- the same for all tokens
LINK_PREFIX: Final = "waypostlink_"
SESSION_PREFIX: Final = "waypostsession_"
_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_RANDOM_CHARS: Final = 43
"""62**43 is more than 2**256."""
_CHECKSUM_CHARS: Final = 6
"""62**6 is more than 2**32."""
_FORM: Final = re.compile(
    rf"[a-z]+_[0-9A-Za-z]{{{_RANDOM_CHARS + _CHECKSUM_CHARS}}}", flags=re.ASCII
)
_ID_ALPHABET: Final = "abcdefghijkmnpqrstuvwxyz23456789"
_ID_CHARS: Final = 12


def new_secret(prefix: str) -> str:
    """Return a new secret: the prefix, 256 random bits and a checksum of both."""
    body = prefix + "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM_CHARS))
    return body + _checksum(body)


def new_id() -> str:
    """Return a random id for a list, which is no secret."""
    return "".join(secrets.choice(_ID_ALPHABET) for _ in range(_ID_CHARS))


def is_well_formed(text: str, prefix: str) -> bool:
    """Return whether a text has the prefix, the length and the checksum of a secret."""
    if not text.startswith(prefix) or _FORM.fullmatch(text) is None:
        return False
    return secrets.compare_digest(_checksum(text[:-_CHECKSUM_CHARS]), text[-_CHECKSUM_CHARS:])


def digest(secret: str) -> str:
    """Return what is stored: SHA-256 in hexadecimal digits.

    A secret of 256 random bits needs no slow hash: guessing is hopeless.
    """
    return hashlib.sha256(secret.encode()).hexdigest()


def _checksum(body: str) -> str:
    number = binascii.crc32(body.encode())
    digits = []
    for _ in range(_CHECKSUM_CHARS):
        number, rest = divmod(number, len(_ALPHABET))
        digits.append(_ALPHABET[rest])
    return "".join(reversed(digits))
