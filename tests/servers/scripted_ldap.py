"""A scripted LDAP server: it hangs, closes connections, or answers as Active Directory."""

import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

from tests.servers.authority import KeyPair

# RFC 4511 s4: the tags of the protocol's operations.
BIND, UNBIND, SEARCH, EXTENDED = 0x60, 0x42, 0x63, 0x77
BIND_ANSWER, ENTRY, DONE, REFERENCE, EXTENDED_ANSWER = 0x61, 0x64, 0x65, 0x73, 0x78
Answer = bytes | None
"""One message without its number; None closes the connection."""


class Script:
    """The answers of the server, and the requests.

    Attributes:
        bind: the answers to a bind; an empty list lets the client wait.
        search: the same for a search.
        extended: the same for StartTLS.
        asked: the tag and the bytes of each request.
        connections: the number of connections.
    """

    def __init__(
        self,
        *,
        bind: Sequence[Answer] | None = None,
        search: Sequence[Answer] = (),
        extended: Sequence[Answer] = (),
    ) -> None:
        self.bind = list(bind) if bind is not None else [result(BIND_ANSWER, 0)]
        self.search = list(search)
        self.extended = list(extended)
        self.asked: list[tuple[int, bytes]] = []
        self.connections = 0
        self.port = 0
        self.pair: KeyPair | None = None

    @property
    def url(self) -> str:
        """Return its URL, without TLS."""
        return f"ldap://localhost:{self.port}"

    def answers(self, tag: int) -> Sequence[Answer]:
        """Return the answers to one kind of request."""
        return {BIND: self.bind, SEARCH: self.search, EXTENDED: self.extended}.get(tag, [])


def result(tag: int, code: int, text: str = "") -> bytes:
    """Return an LDAPResult (RFC 4511 s4.1.9)."""
    return element(tag, element(0x0A, bytes([code])) + element(4, b"") + element(4, text.encode()))


def entry(dn: str, **attributes: str) -> bytes:
    """Return a SearchResultEntry (RFC 4511 s4.5.2)."""
    found = b"".join(
        element(
            0x30,
            element(4, name.encode()) + element(0x31, element(4, value.encode())),
        )
        for name, value in attributes.items()
    )
    return element(ENTRY, element(4, dn.encode()) + element(0x30, found))


def reference(url: str) -> bytes:
    """Return a SearchResultReference (RFC 4511 s4.5.3)."""
    return element(REFERENCE, element(4, url.encode()))


def element(tag: int, data: bytes) -> bytes:
    """Return one element in BER with a definite length (X.690 s8.1)."""
    length = len(data)
    if length < 128:
        return bytes([tag, length]) + data
    return bytes([tag, 0x82]) + length.to_bytes(2, "big") + data


class _Handler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        assert isinstance(self.server, _Server)
        script = self.server.script
        script.connections += 1
        self.request.settimeout(30)
        with suppress(OSError):
            while message := self._message():
                number, tag, data = message
                script.asked.append((tag, data))
                for answer in script.answers(tag):
                    if answer is None:
                        return
                    self.request.sendall(element(0x30, element(2, number) + answer))
                if tag == EXTENDED and script.extended and script.pair is not None:
                    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
                    context.load_cert_chain(script.pair.certificate, script.pair.key)
                    self.request = context.wrap_socket(self.request, server_side=True)

    def _message(self) -> tuple[bytes, int, bytes] | None:
        head = self._exactly(2)
        if head[:1] != b"\x30":
            # The end, or the first bytes of TLS: this server does not answer them.
            silent(self.request)
            return None
        length = head[1]
        if length & 0x80:
            length = int.from_bytes(self._exactly(length & 0x7F), "big")
        data = self._exactly(length)
        size = data[1]
        return data[2 : 2 + size], data[2 + size], data[3 + size :]

    def _exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count and (more := self.request.recv(count - len(data))):
            data += more
        return data


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, script: Script) -> None:
        super().__init__(("127.0.0.1", script.port), _Handler)
        self.script = script


@contextmanager
def scripted_ldap(script: Script) -> Iterator[Script]:
    """Run a server that follows a script; its port is in the script."""
    with _Server(script) as server:
        script.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield script
        finally:
            server.shutdown()
            thread.join()


Talk = Callable[[socket.socket], None]


@contextmanager
def raw_server(talk: Talk) -> Iterator[int]:
    """Run a server that calls a function for each connection, and yield its port."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):
                talk(self.request)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def silent(connection: socket.socket) -> None:
    """Read everything, and send nothing."""
    connection.settimeout(30)
    while connection.recv(4096):
        pass


def wordy(connection: socket.socket) -> None:
    """Speak, but not LDAP."""
    connection.sendall(b"220 mail.example.com ESMTP\r\n")
    silent(connection)


def serving_tls(pair: KeyPair, *, certificate_wanted: bool = False) -> Talk:
    """Return a TLS server, which may require a client certificate."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pair.certificate, pair.key)
    # In TLS 1.3, a client would get the error about its missing certificate only later.
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    if certificate_wanted:
        context.verify_mode = ssl.CERT_REQUIRED

    def talk(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secure:
            silent(secure)

    return talk


def rude(connection: socket.socket) -> None:
    """Close the connection after the first bytes."""
    connection.recv(1)


@contextmanager
def cutting_proxy(port: int, data: int) -> Iterator[int]:
    """Forward to a server, and close after a number of bytes of its answers; yield the port."""

    def talk(client: socket.socket) -> None:
        left = data
        with socket.create_connection(("127.0.0.1", port), timeout=30) as server:
            threading.Thread(target=_pump, args=(client, server), daemon=True).start()
            while left > 0 and (some := server.recv(min(left, 512))):
                client.sendall(some)
                left -= len(some)

    with raw_server(talk) as own:
        yield own


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while some := source.recv(4096):
            target.sendall(some)
