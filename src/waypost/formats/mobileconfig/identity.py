"""The keys by which a device recognizes a profile or an account."""

import hashlib
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from waypost.core.address import EmailAddress
from waypost.core.document_template import ANY_USER
from waypost.formats.mobileconfig.aliases import mailbox_key

# Never change this: with another one, every device would treat an account as a new one.
_NAMESPACE: Final = UUID("6f1c2f0e-4a0b-5c57-9a4e-0b6f6a8f3d21").bytes
_VARIANT: Final = {f"{digit:x}": f"{digit & 0b0011 | 0b1000:x}" for digit in range(16)}
SUBJECT: Final = "subject"
"""A key that `identify` replaces: what a payload is, as a text that never changes for it."""

Payload = dict[str, Any]


def identify(payload: Payload, address: EmailAddress) -> None:
    """Replace the key `SUBJECT` by the keys that identify a payload.

    They are the same for the same mailbox and service, so that a new profile replaces the old
    one. They differ for others, so that a device can have both accounts.
    """
    identifier, uuid = _Identities(address).of(payload.pop(SUBJECT))
    payload["PayloadIdentifier"] = f"{_reversed(address)}.waypost.{identifier}"
    payload["PayloadUUID"] = uuid
    payload["PayloadVersion"] = 1


def computed_texts(
    subjects: Sequence[str], address: EmailAddress, *, has_any_domain: bool
) -> list[str]:
    """Return the texts of a user's profile that are computed of the address.

    Args:
        subjects: those of all payloads of the profile of `ANY_USER`, or of a user of its name.
        address: of the user.
        has_any_domain: whether the domain is not the same for all users of the profile.
    """
    # The name of a domain may be a part of any other text.
    texts = [_reversed(address)] if has_any_domain else []
    identities = _Identities(address)
    for subject in subjects:
        texts += identities.of(_subject_of(address, subject))
    return texts


def _subject_of(address: EmailAddress, subject: str) -> str:
    """Return the same subject for another user: a URL may contain the address."""
    own = subject.replace(ANY_USER.local_part, address.local_part)
    return own.replace(ANY_USER.domain.ascii, address.domain.ascii)


class _Identities:
    """The UUIDs of the payloads of a mailbox: of version 5, made of its name (RFC 9562 s5.5).

    They are those of `uuid.uuid5`, which takes several times as long.
    """

    def __init__(self, address: EmailAddress) -> None:
        name = f"{mailbox_key(address)}\n"
        self._hash = hashlib.sha1(_NAMESPACE + name.encode(), usedforsecurity=False)

    def of(self, subject: str) -> tuple[str, str]:
        """Return the UUID of a payload as 32 digits, and as `PayloadUUID` has it."""
        digest = self._hash.copy()
        digest.update(subject.encode())
        # RFC 9562 s4.1 and s4.2: two bits are the variant, and four the version.
        digits = digest.hexdigest()
        digits = f"{digits[:12]}5{digits[13:16]}{_VARIANT[digits[16]]}{digits[17:32]}"
        upper = digits.upper()
        return digits, f"{upper[:8]}-{upper[8:12]}-{upper[12:16]}-{upper[16:20]}-{upper[20:]}"


def _reversed(address: EmailAddress) -> str:
    return ".".join(reversed(address.domain.ascii.split(".")))
