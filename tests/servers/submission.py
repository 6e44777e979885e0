"""A mail submission server with TLS (465) and STARTTLS (587), for any user and password.

It accepts any login, because a client that checks an account needs no more, and records the
messages that clients send.
"""

import base64
import binascii
import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import product

from tests.servers.authority import KeyPair
from tests.servers.login import Login
from tests.servers.patience import PATIENCE_SECONDS

TLS_PORT = 465  # RFC 8314 s3.3
STARTTLS_PORT = 587  # RFC 6409 s3.1


@dataclass(frozen=True, slots=True)
class Message:
    """A message from a client.

    Attributes:
        login: the login of the sender.
        sender: the sender in the envelope.
        recipients: the recipients in the envelope.
        text: the message with its header; each line ends with a line feed.
    """

    login: Login
    sender: str
    recipients: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Submission:
    """The logins and messages that a running server received; both lists grow."""

    logins: list[Login] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)


class _Session:
    """One client connection."""

    def __init__(self, connection: socket.socket, port: int, server: "_Server") -> None:
        self._connection = connection
        self._port = port
        self._server = server
        self._host = ""
        self._secure = False
        self._login: Login | None = None
        self._sender = ""
        self._recipients: list[str] = []

    def talk(self) -> None:
        """Answer commands until the client disconnects."""
        if self._port == TLS_PORT:
            self._start_tls()
        self._say("220 mail.example ESMTP")
        while line := self._line():
            verb, _, argument = line.partition(" ")
            if verb.upper() == "QUIT":
                self._say("221 2.0.0 Bye")
                return
            self._answer(verb.upper(), argument)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _answer(self, verb: str, argument: str) -> None:
        match verb:
            case "EHLO":
                # RFC 3207 s4.2, RFC 4954 s3: the server asks for a password only inside TLS.
                offer = "AUTH PLAIN" if self._secure else "STARTTLS"
                self._say("250-mail.example", f"250 {offer}")
            case "STARTTLS" if not self._secure:
                self._say("220 2.0.0 Ready to start TLS")
                self._start_tls()
            case "AUTH" if self._secure:
                self._log_in(argument)
            case "MAIL" if self._login:
                self._sender = _path(argument)
                self._recipients = []
                self._say("250 2.1.0 OK")
            case "RCPT" if self._sender:
                self._recipients.append(_path(argument))
                self._say("250 2.1.5 OK")
            case "DATA" if self._login and self._recipients:
                self._take_message(self._login)
            case "NOOP" | "RSET":
                self._say("250 2.0.0 OK")
            case _:
                self._say("502 5.5.1 Not here")

    def _log_in(self, argument: str) -> None:
        mechanism, _, response = argument.partition(" ")
        if mechanism.upper() != "PLAIN":
            self._say("504 5.5.4 PLAIN only")
            return
        if not response:
            self._say("334 ")
            response = self._line()
        # RFC 4616 s2: message = [authzid] UTF8NUL authcid UTF8NUL passwd
        try:
            _, login_name, _ = base64.b64decode(response, validate=True).decode().split("\0")
        except (binascii.Error, UnicodeDecodeError, ValueError):
            self._say("501 5.5.2 Not a PLAIN response")
            return
        self._login = Login(self._host, self._port, login_name)
        self._server.received.logins.append(self._login)
        self._say("235 2.7.0 Welcome")

    def _take_message(self, login: Login) -> None:
        self._say("354 Go on")
        text = ""
        # RFC 5321 s4.5.2: a line of one dot is the end; a dot in front of others is taken off.
        while (line := self._line(of_message=True)) != ".\n":
            if not line:
                return
            text += line.removeprefix(".")
        message = Message(login, self._sender, tuple(self._recipients), text)
        self._server.received.messages.append(message)
        self._sender = ""
        self._say("250 2.0.0 Taken")

    def _start_tls(self) -> None:
        def remember(_socket: ssl.SSLObject, name: str | None, _context: ssl.SSLContext) -> None:
            self._host = name or ""

        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self._server.pair.certificate, self._server.pair.key)
        context.sni_callback = remember
        self._connection = context.wrap_socket(self._connection, server_side=True)
        self._secure = True

    def _line(self, *, of_message: bool = False) -> str:
        """Read a line, without its end except in messages; empty if the client has disconnected."""
        line = b""
        while not line.endswith(b"\n"):
            one = self._connection.recv(1)
            if not one:
                return ""
            line += one
        text = line.decode("utf-8", "replace").rstrip("\r\n")
        return f"{text}\n" if of_message else text

    def _say(self, *lines: str) -> None:
        self._connection.sendall("".join(f"{line}\r\n" for line in lines).encode())


def _path(argument: str) -> str:
    """Return the address of `FROM:<alice@example.com> BODY=8BITMIME` (RFC 5321 s4.1.2)."""
    return argument.partition("<")[2].partition(">")[0]


class _Handler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        assert isinstance(self.server, _Server)
        self.request.settimeout(PATIENCE_SECONDS)
        session = _Session(self.request, self.server.server_address[1], self.server)
        try:
            session.talk()
        except OSError:  # TLS errors too: a client that leaves, or that does not trust us
            return
        finally:
            session.close()


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, place: tuple[str, int], pair: KeyPair, received: Submission) -> None:
        super().__init__(place, _Handler)
        self.pair = pair
        self.received = received


@contextmanager
def submission(pair: KeyPair, *addresses: str) -> Iterator[Submission]:
    """Run the server on 127.0.0.1 and on more addresses, and yield what it receives."""
    received = Submission()
    with ExitStack() as stack:
        for place in product(("127.0.0.1", *addresses), (TLS_PORT, STARTTLS_PORT)):
            server = stack.enter_context(_Server(place, pair, received))
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
            stack.callback(server.shutdown)
        yield received
