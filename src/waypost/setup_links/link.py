"""The values of one-time links, and the rules for what an operator may write into one."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Protocol

from waypost.core.address import EmailAddress
from waypost.core.errors import AddressError, LinkError
from waypost.core.text_rules import is_never_text

NAME_MAX_CHARS: Final = 128
DEVICE_MAX_CHARS: Final = 64
PASSWORD_MAX_CHARS: Final = 256
USES_MAX: Final = 100
ALIASES_MAX: Final = 20
SECONDS_MAX: Final = 90 * 86400
LEASE_SECONDS: Final = 30
"""How long one device has a link for itself. A process that ends in between keeps it so long."""


@dataclass(frozen=True, slots=True)
class LinkTarget:
    """The person and the device of a link.

    Attributes:
        address: the main address of the mailbox.
        display_name: the person's name; empty if there is none.
        aliases: other addresses of the mailbox.
        device: what the operator calls the device, such as `phone`; may be empty.
    """

    address: EmailAddress
    display_name: str = ""
    aliases: tuple[EmailAddress, ...] = ()
    device: str = ""


@dataclass(frozen=True, slots=True)
class LinkTerms:
    """How long and how often a link can be used.

    Attributes:
        seconds: from its creation until it expires.
        uses: how many devices can use it.
        app_password: is in the answer; None if there is none. Its repr is not shown.
    """

    seconds: int
    uses: int = 1
    app_password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class OpenedLink:
    """A link that can be used now.

    Attributes:
        has_password: whether a password is stored with it.
        is_reusable: whether any number of devices can use it until it expires.
        expires_at: in seconds since the epoch.
    """

    target: LinkTarget
    has_password: bool
    is_reusable: bool
    expires_at: int


@dataclass(frozen=True, slots=True)
class NewRow:
    """A link to store. Only the hash of its token is stored.

    Attributes:
        token_hash: in hexadecimal.
        secret: the encrypted password.
    """

    token_hash: str
    target: LinkTarget
    secret: str | None
    uses: int
    seconds: int


@dataclass(frozen=True, slots=True)
class LinkRow:
    """A stored link.

    Attributes:
        secret: the encrypted password; None if there is none, or if it is gone.
        created_at, expires_at, used_at: seconds since the epoch, by the clock of the database.
        is_expired: by the same clock.
        used_at: the last use; None if there was none.
    """

    id: int
    token_hash: str
    target: LinkTarget
    secret: str | None = field(repr=False)
    uses_left: int
    created_at: int
    expires_at: int
    used_at: int | None
    is_expired: bool


class LinkRows(Protocol):
    """The storage of links for all machines. Each method may raise StoreUnavailable, StoreError."""

    def add(self, row: NewRow) -> LinkRow:
        """Store a link."""
        ...

    def find(self, token_hash: str) -> LinkRow | None:
        """Return a link that can still be used, or None."""
        ...

    def lease(self, token_hash: str, lease: str, seconds: int) -> LinkRow | None:
        """Give a usable link to one device for some seconds; None if another one has it.

        Args:
            token_hash: of the link.
            lease: a random name of this use.
            seconds: after which the link is free again, if the use is neither ended nor released.
        """
        ...

    def complete(self, row: LinkRow, lease: str) -> bool:
        """End a use; return False, without a change, if the lease has ended before."""
        ...

    def release(self, row: LinkRow, lease: str) -> None:
        """Give up a lease without a use."""
        ...

    def all(self, before: int | None = None, limit: int | None = None) -> list[LinkRow]:
        """Return links, newest first, used and expired ones included."""
        ...

    def find_id(self, link_id: int) -> LinkRow | None:
        """Return a link, used and expired ones included, or None."""
        ...

    def revoke(self, link_id: int) -> bool:
        """Remove a link; return False if there is none."""
        ...


def checked_target(
    address: EmailAddress, display_name: str, aliases: Iterable[str], device: str
) -> LinkTarget:
    """Check what an operator wrote, and return it.

    Raises:
        LinkError: names the part and its rule.
    """
    aliases = [*aliases]
    if len(aliases) > ALIASES_MAX:
        raise LinkError(f"alias: more than {ALIASES_MAX}")
    try:
        addresses = tuple(EmailAddress.parse(alias) for alias in aliases)
    except AddressError as error:
        raise LinkError(f"alias: {error}") from error
    return LinkTarget(
        address,
        _checked_text("name", display_name, NAME_MAX_CHARS),
        addresses,
        _checked_text("device", device, DEVICE_MAX_CHARS),
    )


def checked_terms(seconds: int, uses: int, app_password: str | None) -> LinkTerms:
    """Check the terms of a link.

    Raises:
        LinkError: names the part and its rule, and never shows the password.
    """
    if not 1 <= seconds <= SECONDS_MAX:
        raise LinkError(f"expires: must be from 1 second to {SECONDS_MAX // 86400} days")
    if not 1 <= uses <= USES_MAX:
        raise LinkError(f"uses: must be from 1 to {USES_MAX}")
    if app_password is not None:
        app_password = checked_password(app_password)
    return LinkTerms(seconds, uses, app_password)


def checked_password(text: str) -> str:
    """Check an app password, and return it.

    Raises:
        LinkError: names the rule, and never shows the password.
    """
    if not text:
        raise LinkError("app password: is empty")
    return _checked_text("app password", text, PASSWORD_MAX_CHARS, strips=False)


def _checked_text(part: str, text: str, max_chars: int, *, strips: bool = True) -> str:
    text = text.strip() if strips else text
    if len(text) > max_chars:
        raise LinkError(f"{part}: longer than {max_chars} characters")
    if any(is_never_text(char) for char in text):
        raise LinkError(f"{part}: contains a control character")
    return text
