"""What proves who a person is: a login by a password (IMAP), or an OpenID provider."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from waypost.core.errors import WaypostError
from waypost.core.model import HostEndpoint
from waypost.setup_links.link import LinkTarget

CALLBACK_PATH: Final = "/sign-in/oidc/callback"
"""The path that an OpenID provider sends people back to."""


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


class Refusal(enum.StrEnum):
    """What a person can do after a sign-in at an OpenID provider that failed."""

    ENDED = "ended"
    """Sign in again: the answer belongs to no sign-in of this browser, or was used before."""
    DENIED = "denied"
    """Nothing: the person, or a rule of the provider, has refused."""
    NO_ADDRESS = "no_address"
    """Ask the operator: the provider names no verified mail address."""
    UNAVAILABLE = "unavailable"
    """Try later: the provider is away, or its answer or the configuration is wrong."""


class SignInRefused(WaypostError):
    """A sign-in at an OpenID provider failed. The message is for the log, without a secret.

    Attributes:
        refusal: for the page.
        reason_code: for the log.
    """

    code = "sign_in_refused"

    def __init__(self, refusal: Refusal, reason_code: str, message: str) -> None:
        """Create the error with its reason."""
        super().__init__(message)
        self.refusal = refusal
        self.reason_code = reason_code


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


class PersonProvider(Protocol):
    """An OpenID provider. Its methods may be called in several threads, and block for seconds."""

    def begin(self, redirect_uri: str, *, asks_for_account: bool) -> tuple[str, str]:
        """Return the URL where a person signs in, and the secrets for the cookie of the browser.

        Args:
            redirect_uri: the URL of the callback.
            asks_for_account: whether the provider asks which account to use, also if the person is
                signed in there.

        Raises:
            SignInRefused: the provider cannot be used now.
        """
        ...

    def is_answer(self, query: Mapping[str, str], secrets: str) -> bool:
        """Return whether a callback belongs to the sign-in with these secrets. Never blocks."""
        ...

    def finish(self, query: Mapping[str, str], secrets: str, redirect_uri: str) -> LinkTarget:
        """Return the person whom the provider has sent back.

        Args:
            query: the parameters of the callback.
            secrets: of the cookie; empty without one.
            redirect_uri: as for `begin`.

        Raises:
            SignInRefused: there is no proof who the person is.
        """
        ...
