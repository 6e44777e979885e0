"""App passwords that the operator's own system makes when a link is used."""

from dataclasses import dataclass
from typing import Protocol

from waypost.core.errors import WaypostError


class AppPasswordError(WaypostError):
    """The operator's system gave no app password; the message says why, without a secret."""

    code = "app_password_failed"
    temporary = True


@dataclass(frozen=True, slots=True)
class AppPasswordRequest:
    """A request for the app password of one device.

    Attributes:
        id: the same each time for one use of a link. A second request with this id replaces the
            password of the first one: its answer never reached the device.
        address: of the mailbox.
        device: what the operator calls the device; may be empty.
        display_name: of the person; may be empty.
    """

    id: str
    address: str
    device: str
    display_name: str


class AppPasswordSource(Protocol):
    """The operator's system. Its methods may block for some seconds."""

    def create(self, request: AppPasswordRequest) -> str:
        """Return a new app password, which the mail server accepts from now on.

        Raises:
            AppPasswordError: there is none, and nothing was made; or this is not known, and
                `revoke` must be called.
        """
        ...

    def revoke(self, request: AppPasswordRequest) -> None:
        """Remove the app password of this request, if there is one.

        Raises:
            AppPasswordError: it could not be removed.
        """
        ...
