"""A connection to a mail server that reads its capabilities and never logs in.

RFC 9051 and RFC 3501 (IMAP), RFC 1939, RFC 2449 and RFC 2595 (POP3), RFC 5321, RFC 3207 and
RFC 4954 (SMTP), RFC 5804 (ManageSieve). No command sends a name or a password.
"""

import socket
import ssl
from collections.abc import Iterator
from typing import Final, Self

from waypost.net.deadline import Deadline

LINE_MAX_BYTES: Final = 8192
LINES_MAX: Final = 100
# The name of a client that has no host name (RFC 2606 s2).
_EHLO_NAME: Final = "waypost-doctor.invalid"
# The commands of IMAP and POP3 that send a password without SASL.
LOGIN_COMMAND: Final = "(LOGIN)"
USER_COMMAND: Final = "(USER)"


class ProtocolError(ValueError):
    """A server does not follow the standard of its protocol."""


class NoStartTls(ValueError):
    """A server does not offer STARTTLS, or refuses it now."""


class MailConnection:
    """A connection that reads lines within a time limit."""

    def __init__(
        self, sock: socket.socket, host: str, context: ssl.SSLContext, seconds: float
    ) -> None:
        """Initialize with an open connection to a mail server, which `__exit__` closes.

        Args:
            sock: the connection.
            host: the name that the certificate must contain.
            context: of TLS.
            seconds: the time limit for all that follows.
        """
        self._deadline = Deadline(seconds)
        self._host = host
        self._context = context
        self._unread = b""
        self._lines = 0
        self.sock = sock

    def __enter__(self) -> Self:
        """Return the connection."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connection; no command was sent that needs a farewell."""
        self.sock.close()

    def limit(self, seconds: float) -> None:
        """Begin another time limit, for all that follows."""
        self._deadline = Deadline(seconds)

    def start_tls(self) -> None:
        """Start TLS, and check the certificate.

        Raises:
            ProtocolError: the server sent data that was not requested.
            OSError: TLS fails.
        """
        if self._unread:
            # RFC 3207 s4.2 and its like: data from before TLS must be discarded.
            raise ProtocolError("it sends unrequested data without TLS")
        self._set_timeout()
        tls_socket = self._context.wrap_socket(
            self.sock, server_hostname=self._host, do_handshake_on_connect=False
        )
        self.sock = tls_socket
        tls_socket.do_handshake()

    def send_line(self, line: str) -> None:
        """Send a line."""
        self._set_timeout()
        self.sock.sendall(f"{line}\r\n".encode("ascii"))

    def read_line(self) -> str:
        """Read a line.

        Raises:
            ProtocolError: the connection ended, or the server sends too much.
            OSError: the connection breaks, or the time is over.
        """
        self._lines += 1
        if self._lines > LINES_MAX:
            raise ProtocolError(f"it sends more than {LINES_MAX} lines")
        while b"\n" not in self._unread:
            if len(self._unread) > LINE_MAX_BYTES:
                raise ProtocolError(f"it sends a line of more than {LINE_MAX_BYTES} bytes")
            self._set_timeout()
            data = self.sock.recv(4096)
            if not data:
                raise ProtocolError("it closes the connection")
            self._unread += data
        line, _, self._unread = self._unread.partition(b"\n")
        return line.decode("utf-8", "replace").rstrip("\r")

    def _set_timeout(self) -> None:
        """Set the socket timeout to the time that is left.

        A server may send single bytes slowly, so this is called before each read.

        Raises:
            TimeoutError: no time is left.
        """
        self.sock.settimeout(self._deadline.wait())


def methods_of_imap(connection: MailConnection, *, upgrades: bool) -> set[str]:
    """Return the login methods that an IMAP server offers, after STARTTLS if `upgrades`."""
    greeting = connection.read_line()
    if not greeting.upper().startswith(("* OK", "* PREAUTH")):
        raise ProtocolError(f"it greets with {greeting[:60]!r}")
    if upgrades:
        if "STARTTLS" not in _imap(connection, "a1 CAPABILITY"):
            raise NoStartTls("CAPABILITY does not name STARTTLS")
        _require_success(_imap(connection, "a2 STARTTLS"), "a2 STARTTLS")
        connection.start_tls()
    capabilities = _imap(connection, "a3 CAPABILITY")
    methods = {word.removeprefix("AUTH=") for word in capabilities if word.startswith("AUTH=")}
    # RFC 9051 s6.2.3: the server has LOGIN unless it says LOGINDISABLED.
    return methods if "LOGINDISABLED" in capabilities else methods | {LOGIN_COMMAND}


def _imap(connection: MailConnection, command: str) -> set[str]:
    """Return all words of an answer; none if the server refuses the command."""
    connection.send_line(command)
    words: set[str] = set()
    tag = command.partition(" ")[0].upper()
    while True:
        line = connection.read_line().upper()
        if line.startswith(f"{tag} "):
            return words | {tag} if line.startswith(f"{tag} OK") else set()
        words |= set(line.split())


def _require_success(words: set[str], command: str) -> None:
    if not words:
        raise NoStartTls(f"it refuses {command.partition(' ')[2]}")


def methods_of_pop3(connection: MailConnection, *, upgrades: bool) -> set[str]:
    """Return the login methods that a POP3 server offers, after STLS if `upgrades`."""
    greeting = connection.read_line()
    if not greeting.startswith("+OK"):
        raise ProtocolError(f"it greets with {greeting[:60]!r}")
    if upgrades:
        if not any(line == "STLS" for line in _pop3(connection)):
            raise NoStartTls("CAPA does not name STLS")
        connection.send_line("STLS")
        if not connection.read_line().startswith("+OK"):
            raise NoStartTls("it refuses STLS")
        connection.start_tls()
    methods = {"APOP"} if "<" in greeting and "@" in greeting else set()
    for line in _pop3(connection):
        word, *arguments = line.split() or [""]
        methods |= set(arguments) if word == "SASL" else {USER_COMMAND} if word == "USER" else set()
    return methods


def _pop3(connection: MailConnection) -> Iterator[str]:
    connection.send_line("CAPA")
    if not connection.read_line().startswith("+OK"):
        return
    while (line := connection.read_line()) != ".":
        yield line.upper()


def methods_of_smtp(connection: MailConnection, *, upgrades: bool) -> set[str]:
    """Return the login methods that an SMTP server offers, after STARTTLS if `upgrades`."""
    _smtp(connection, "220")
    if upgrades:
        if not any(line == "STARTTLS" for line in _ehlo(connection)):
            raise NoStartTls("EHLO does not name STARTTLS")
        connection.send_line("STARTTLS")
        if not connection.read_line().startswith("220"):
            raise NoStartTls("it refuses STARTTLS")
        connection.start_tls()
    methods: set[str] = set()
    for line in _ehlo(connection):
        # AUTH=… is older than the standard, and some servers still send both.
        word, *arguments = line.replace("AUTH=", "AUTH ").split() or [""]
        methods |= set(arguments) if word == "AUTH" else set()
    return methods


def _ehlo(connection: MailConnection) -> list[str]:
    connection.send_line(f"EHLO {_EHLO_NAME}")
    return _smtp(connection, "250")


def _smtp(connection: MailConnection, code: str) -> list[str]:
    """Read a reply of any number of lines (RFC 5321 s4.2.1)."""
    lines = []
    while True:
        line = connection.read_line()
        if not line.startswith(code) or line[3:4] not in {"-", " ", ""}:
            raise ProtocolError(f"it sends {line[:60]!r} instead of {code}")
        lines.append(line[4:].strip().upper())
        if line[3:4] != "-":
            return lines


def methods_of_sieve(connection: MailConnection, *, upgrades: bool) -> set[str]:
    """Return the login methods that a ManageSieve server offers, after STARTTLS if `upgrades`.

    The server sends its capabilities without a command.
    """
    capabilities = _sieve(connection)
    if upgrades:
        if "STARTTLS" not in capabilities:
            raise NoStartTls("its greeting does not name STARTTLS")
        connection.send_line("STARTTLS")
        if not connection.read_line().upper().startswith("OK"):
            raise NoStartTls("it refuses STARTTLS")
        connection.start_tls()
        capabilities = _sieve(connection)
    return set(capabilities.get("SASL", "").split())


def _sieve(connection: MailConnection) -> dict[str, str]:
    capabilities = {}
    while not (line := connection.read_line().upper()).startswith("OK"):
        if not line.startswith('"'):
            raise ProtocolError(f"it greets with {line[:60]!r}")
        name, _, value = line[1:].partition('"')
        capabilities[name] = value.strip().strip('"')
    return capabilities
