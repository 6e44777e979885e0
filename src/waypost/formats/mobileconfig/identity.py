"""The keys by which a device recognizes a profile or an account."""

from functools import partial
from typing import Any, Final
from uuid import UUID, uuid5

from waypost.core.address import EmailAddress
from waypost.core.document_template import ANY_USER, Value
from waypost.formats.mobileconfig.aliases import mailbox_key

# Never change this: with another one, every device would treat an account as a new one.
_NAMESPACE: Final = UUID("6f1c2f0e-4a0b-5c57-9a4e-0b6f6a8f3d21")
SUBJECT: Final = "subject"
"""A key that `identify` replaces: what a payload is, as a text that never changes for it."""

Payload = dict[str, Any]


def identify(payload: Payload, address: EmailAddress) -> None:
    """Replace the key `SUBJECT` by the keys that identify a payload.

    They are the same for the same mailbox and service, so that a new profile replaces the old
    one. They differ for others, so that a device can have both accounts.
    """
    uuid = _uuid(address, payload.pop(SUBJECT))
    payload["PayloadIdentifier"] = f"{_reversed(address)}.waypost.{uuid.hex}"
    payload["PayloadUUID"] = str(uuid).upper()
    payload["PayloadVersion"] = 1


def computed_texts(user: EmailAddress, subjects: list[str]) -> dict[str, Value]:
    """Return which texts of a user's profile are computed of the address.

    Args:
        user: the user of a template; the local part is that of `ANY_USER`.
        subjects: those of all payloads of the profile.
    """
    texts: dict[str, Value] = {}
    if user.domain == ANY_USER.domain:
        texts[_reversed(user)] = _reversed
    for subject in subjects:
        uuid = _uuid(user, subject)
        texts[uuid.hex] = partial(_hex, subject)
        texts[str(uuid).upper()] = partial(_upper, subject)
    return texts


def _hex(subject: str, address: EmailAddress) -> str:
    return _uuid(address, _subject_of(address, subject)).hex


def _upper(subject: str, address: EmailAddress) -> str:
    return str(_uuid(address, _subject_of(address, subject))).upper()


def _subject_of(address: EmailAddress, subject: str) -> str:
    """Return the same subject for another user: a URL may contain the address."""
    own = subject.replace(ANY_USER.local_part, address.local_part)
    return own.replace(ANY_USER.domain.ascii, address.domain.ascii)


def _uuid(address: EmailAddress, subject: str) -> UUID:
    return uuid5(_NAMESPACE, f"{mailbox_key(address)}\n{subject}")


def _reversed(address: EmailAddress) -> str:
    return ".".join(reversed(address.domain.ascii.split(".")))
