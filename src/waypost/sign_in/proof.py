"""The proof who a person is, which the browser keeps in a cookie between two pages.

Any worker and any machine with the same `link_key` can read it, and nothing is stored. It is
encrypted, so that no client can change it, and a copy of the cookie shows no address.
"""

import hashlib
import time
from collections.abc import Callable
from typing import Final

from waypost.core.errors import LinkInvalid
from waypost.setup_links.keys import LinkKeys
from waypost.setup_links.link import LinkTarget
from waypost.setup_links.token import (
    TokenContent,
    decode,
    encode,
    read_content,
    write_content,
)

PROOF_SECONDS: Final = 600
_PURPOSE: Final = b"waypost sign-in: person"


class Proofs:
    """Writes and reads proofs."""

    def __init__(self, keys: LinkKeys, clock: Callable[[], float] = time.time) -> None:
        """Initialize with the keys.

        Args:
            keys: of the option `link_key`.
            clock: seconds since 1970.
        """
        self._keys = keys
        self._clock = clock

    def write(self, person: LinkTarget) -> str:
        """Return a proof that is valid for some minutes."""
        content = TokenContent(person, int(self._clock()) + PROOF_SECONDS)
        return encode(self._keys.encrypt(_PURPOSE, write_content(content)))

    def read(self, proof: str) -> LinkTarget | None:
        """Return the person of a proof; None if it is forged, of another key, or has expired."""
        try:
            content = read_content(self._keys.decrypt(_PURPOSE, decode(proof)))
        except LinkInvalid:
            return None
        return content.target if content.expires_at > self._clock() else None


def form_key(proof: str) -> str:
    """Return what a form must contain that belongs to a proof.

    Another site does not know it (CSRF), and a page of an earlier sign-in has another one.
    """
    return hashlib.sha256(f"form {proof}".encode()).hexdigest()[:32]
