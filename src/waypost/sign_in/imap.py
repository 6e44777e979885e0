"""A login at an IMAP server over TLS, whose certificate is verified: RFC 9051 s6.2, RFC 4616."""

import base64
import ssl
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Final

from waypost.core.model import HostEndpoint, Security
from waypost.net.capabilities import MailConnection, ProtocolError
from waypost.net.deadline import Deadline
from waypost.net.failures import failure_reason
from waypost.net.name_lookup import look_up
from waypost.net.tcp import connect_first
from waypost.sign_in.authenticator import Login, SignInUnavailable

SECONDS: Final = 8.0
_FAILURES: Final = (OSError, ValueError)
# RFC 5530 s3: not the password is wrong, but the server has a problem, or the account a limit.
_NOT_NOW: Final = ("[UNAVAILABLE]", "[INUSE]", "[LIMIT]", "[SERVERBUG]", "[CONTACTADMIN]")


@dataclass(frozen=True, slots=True)
class ImapAuthenticator:
    """Logs in at the server of the domain, and out again. Implements `Authenticator`.

    Attributes:
        seconds: the time limit of a login.
        context: of TLS.
    """

    seconds: float = SECONDS
    context: ssl.SSLContext = field(default_factory=ssl.create_default_context, repr=False)

    def accepts(self, login: Login) -> bool:
        """Return whether the server accepts the login.

        Raises:
            SignInUnavailable: the server does not say. The password is not sent without TLS.
        """
        endpoint = login.endpoint
        if endpoint.security is Security.NONE:
            raise SignInUnavailable("the IMAP server of the domain has no TLS")
        if "\0" in login.name + login.password:
            # RFC 4616 s2: NUL separates the parts, so another name could follow.
            raise SignInUnavailable("the login name or the password contains NUL")
        deadline = Deadline(self.seconds)
        try:
            with self._connect(endpoint, deadline) as connection:
                return _send_password(connection, login)
        except _FAILURES as error:
            raise SignInUnavailable(f"{endpoint.host}: {_reason(error)}") from error

    def _connect(self, endpoint: HostEndpoint, deadline: Deadline) -> MailConnection:
        """Return a connection to the first address where the server waits for a password.

        The password is sent once, so no other address is tried after that.

        Raises:
            SignInUnavailable: there is none; the message has the reason of each address.
            OSError, ValueError: the host has no address.
        """
        addresses = look_up(endpoint.host, endpoint.port, deadline)
        reasons: list[str] = []
        for tried, address in enumerate(addresses):
            # An address that never answers must leave time for the others.
            share = Deadline(deadline.left() / (len(addresses) - tried))
            try:
                sock = connect_first([address], share)
                connection = MailConnection(sock, endpoint.host, self.context, share.left())
                with ExitStack() as on_failure:
                    on_failure.enter_context(connection)
                    _prepare(connection, endpoint.security)
                    connection.limit(deadline.left())
                    on_failure.pop_all()
            except _FAILURES as error:
                reasons.append(_reason(error))
            else:
                return connection
        raise SignInUnavailable(f"{endpoint.host}: {'; '.join(dict.fromkeys(reasons))}")


def _reason(error: Exception) -> str:
    return f"{error}" if isinstance(error, ProtocolError) else failure_reason(error)


def _prepare(connection: MailConnection, security: Security) -> None:
    """Do all that comes before the password: TLS, and the command that announces it."""
    if security is Security.TLS:
        connection.start_tls()
    _check_greeting(connection.read_line())
    if security is Security.STARTTLS:
        connection.send_line("a1 STARTTLS")
        if not _status(connection, "a1").startswith("OK"):
            raise ProtocolError("it refuses STARTTLS")
        connection.start_tls()
    connection.send_line("a2 AUTHENTICATE PLAIN")
    if not (line := connection.read_line()).startswith("+"):
        while not line.lower().startswith("a2 "):
            line = connection.read_line()
        raise ProtocolError("it refuses AUTHENTICATE PLAIN")


def _send_password(connection: MailConnection, login: Login) -> bool:
    # RFC 4616 s2: UTF-8, separated by NUL, which a password of a form cannot contain.
    message = f"\0{login.name}\0{login.password}".encode()
    connection.send_line(base64.b64encode(message).decode("ascii"))
    status = _status(connection, "a2")
    if status.startswith("OK"):
        connection.send_line("a3 LOGOUT")
        return True
    if status.startswith("NO") and not any(code in status for code in _NOT_NOW):
        return False
    raise ProtocolError("it cannot check the password now")


def _check_greeting(greeting: str) -> None:
    # PREAUTH would accept any password.
    if not greeting.upper().startswith("* OK"):
        raise ProtocolError("its greeting is not OK")


def _status(connection: MailConnection, tag: str) -> str:
    """Return the status of a command, in capitals."""
    while not (line := connection.read_line().upper()).startswith(f"{tag.upper()} "):
        if line.startswith("* BYE"):
            raise ProtocolError("it closes the connection")
    return line.partition(" ")[2]
