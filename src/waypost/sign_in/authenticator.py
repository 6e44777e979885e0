"""What proves who a person is. IMAP does it by a password; OIDC could do it without one."""

from dataclasses import dataclass, field
from typing import Protocol

from waypost.core.errors import WaypostError
from waypost.core.model import HostEndpoint


class SignInUnavailable(WaypostError):
    """It is not known whether a password is right; the message says why, without a secret."""

    code = "sign_in_unavailable"
    temporary = True


class SignInLimited(WaypostError):
    """An address or a network has tried too often.

    Attributes:
        seconds: until the next try.
    """

    code = "sign_in_limited"
    temporary = True

    def __init__(self, seconds: int) -> None:
        """Create the error with the time to wait."""
        super().__init__(f"too many tries; try again in {seconds} s")
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class Login:
    """A login to try.

    Attributes:
        endpoint: the server; with TLS or STARTTLS.
        name: the login name.
    """

    endpoint: HostEndpoint
    name: str
    password: str = field(repr=False)


class Authenticator(Protocol):
    """Tries a login. It may block for some seconds."""

    def accepts(self, login: Login) -> bool:
        """Return whether the server accepts the login.

        Raises:
            SignInUnavailable: the server does not say.
        """
        ...
