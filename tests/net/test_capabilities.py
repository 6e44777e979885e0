"""The doctor's checks of good, bad and hostile mail servers."""

import socket
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from waypost.diagnostics.comparison.answers import ParsedService
from waypost.diagnostics.conformance.target import ConformanceTarget
from waypost.diagnostics.doctor.context import DoctorContext
from waypost.diagnostics.doctor.mail_servers import mail_server_findings
from waypost.diagnostics.simulated_clients.dns import no_records
from waypost.diagnostics.transports.http_client import ExchangeLimits, HttpClient
from waypost.diagnostics.transports.resolving_transport import ResolvingTransport
from waypost.net.capabilities import LINE_MAX_BYTES, MailConnection, ProtocolError

Script = Sequence[bytes]
CLEAR = ("password-cleartext",)


@contextmanager
def server(script: Script, *, drips: bool = False) -> Iterator[int]:
    """Send the first line to each client, and the next line after each received command."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        try:
            sock, _ = listening.accept()
            with sock:
                for said in script:
                    sock.sendall(said)
                    if not drips:
                        sock.recv(4096)
                while drips:
                    sock.sendall(b"x")
                    time.sleep(0.05)
                sock.recv(4096)
        except OSError:
            return  # The doctor had enough.

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        listening.close()
        thread.join(10)


def codes(service: ParsedService, *, seconds: float = 5) -> list[tuple[str, str]]:
    http = HttpClient(
        ResolvingTransport(no_records, frozenset()), ExchangeLimits(timeout_seconds=seconds)
    )
    context = DoctorContext(ConformanceTarget(http, "alice", "example.com", "example.org"), [])
    return [(one.code, one.detail) for one in mail_server_findings(context, service)]


IMAP = b"* OK hello\r\n"
IMAP_PLAIN = b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\na3 OK done\r\n"
IMAP_NONE = b"* CAPABILITY IMAP4rev1 LOGINDISABLED AUTH=GSSAPI\r\na3 OK done\r\n"
CASES: list[tuple[str, str, tuple[str, ...], Script, str, str]] = [
    # kind, security, methods of the document, what the server sends, code, detail
    ("imap", "none", CLEAR, [IMAP, IMAP_PLAIN], "", ""),
    ("imap", "none", CLEAR, [IMAP, b"* CAPABILITY IMAP4rev1\r\na3 OK\r\n"], "", ""),
    ("imap", "none", CLEAR, [IMAP, IMAP_NONE], "mail-authentication", "GSSAPI"),
    ("imap", "none", ("OAuth2",), [IMAP, IMAP_PLAIN], "mail-authentication", "OAuth2"),
    ("imap", "none", ("unheard-of",), [IMAP, IMAP_PLAIN], "", ""),
    ("imap", "starttls", CLEAR, [IMAP, b"* CAPABILITY X\r\na1 OK\r\n"], "mail-starttls", "CAPA"),
    (
        *("imap", "starttls", CLEAR),
        [IMAP, b"* CAPABILITY STARTTLS\r\na1 OK\r\n", b"a2 BAD no\r\n"],
        *("mail-starttls", "refuses STARTTLS"),
    ),
    (
        *("imap", "starttls", CLEAR),
        [IMAP, b"* CAPABILITY STARTTLS\r\na1 OK\r\n", b"a2 OK\r\n* OK more\r\n"],
        *("mail-protocol", "without TLS"),
    ),
    (
        *("imap", "starttls", CLEAR),
        [IMAP, b"* CAPABILITY STARTTLS\r\na1 OK\r\n", b"a2 OK\r\n", b"no TLS at all\r\n"],
        *("mail-tls", "127.0.0.1"),
    ),
    ("imap", "tls", CLEAR, [IMAP], "mail-tls", "127.0.0.1"),
    ("imap", "none", CLEAR, [b"220 smtp\r\n"], "mail-protocol", "220 smtp"),
    ("imap", "none", CLEAR, [b"x" * (LINE_MAX_BYTES + 9)], "mail-protocol", "bytes"),
    ("imap", "none", CLEAR, [IMAP, b"* x\r\n" * 200], "mail-protocol", "lines"),
    ("pop3", "none", CLEAR, [b"+OK\r\n", b"+OK\r\nUSER\r\n.\r\n"], "", ""),
    ("pop3", "none", CLEAR, [b"+OK\r\n", b"+OK\r\nSASL PLAIN\r\n.\r\n"], "", ""),
    (
        *("pop3", "none", ("password-encrypted",)),
        [b"+OK <1@x>\r\n", b"+OK\r\n.\r\n"],
        *("", ""),
    ),
    (
        *("pop3", "none", CLEAR),
        [b"+OK\r\n", b"+OK\r\nSASL GSSAPI\r\n.\r\n"],
        *("mail-authentication", "GSSAPI"),
    ),
    ("pop3", "starttls", CLEAR, [b"+OK\r\n", b"-ERR\r\n"], "mail-starttls", "STLS"),
    ("pop3", "none", CLEAR, [b"-ERR busy\r\n"], "mail-protocol", "busy"),
    ("smtp", "none", CLEAR, [b"220-a\r\n220 b\r\n", b"250-x\r\n250 AUTH=LOGIN\r\n"], "", ""),
    ("smtp", "none", CLEAR, [b"220 b\r\n", b"250 x\r\n"], "mail-authentication", "nothing"),
    (
        *("smtp", "none", ("password-encrypted",)),
        [b"220 b\r\n", b"250 AUTH SCRAM-SHA-256\r\n"],
        *("", ""),
    ),
    ("smtp", "starttls", CLEAR, [b"220 b\r\n", b"250 x\r\n"], "mail-starttls", "EHLO"),
    ("smtp", "none", CLEAR, [b"554 no\r\n"], "mail-protocol", "554 no"),
    ("managesieve", "none", CLEAR, [b'"SASL" "PLAIN"\r\nOK\r\n'], "", ""),
    ("managesieve", "none", CLEAR, [b'"SASL" ""\r\nOK\r\n'], "mail-authentication", "nothing"),
    ("managesieve", "starttls", CLEAR, [b'"SASL" ""\r\nOK\r\n'], "mail-starttls", "greeting"),
    ("managesieve", "none", CLEAR, [b"* OK imap\r\n"], "mail-protocol", "IMAP"),
]


@pytest.mark.parametrize(("kind", "security", "methods", "script", "code", "detail"), CASES)
def test_what_a_server_says(
    kind: str, security: str, methods: tuple[str, ...], script: Script, code: str, detail: str
) -> None:
    """Each server is found to be good, or its fault is reported by its code."""
    with server(script) as port:
        found = codes(ParsedService(kind, "127.0.0.1", port, security, methods))

    assert [one for one, _ in found] == ([code] if code else []), found
    assert detail in "".join(seen for _, seen in found)


@pytest.mark.parametrize("security", ["none", "tls"])
def test_a_server_that_says_nothing(security: str) -> None:
    """A server that sends nothing, or single bytes slowly, is a finding within the time limit."""
    for drips in (False, True):
        with server([b""], drips=drips) as port:
            found = codes(ParsedService("imap", "127.0.0.1", port, security), seconds=0.2)
        assert [code for code, _ in found] in (["mail-silent"], ["mail-tls"])


def test_a_server_that_leaves() -> None:
    """A closed connection is reported as closed."""
    with server([]) as port:
        sock = socket.create_connection(("127.0.0.1", port), 60)
        listener = MailConnection(sock, "localhost", ssl.create_default_context(), 5)
        with listener as talk:
            talk.sock.shutdown(socket.SHUT_WR)
            with pytest.raises(ProtocolError, match="closes the connection"):
                talk.read_line()


def test_closed_port() -> None:
    """A closed port is reported."""
    with socket.socket() as held:  # so that no other process listens there either
        held.bind(("127.0.0.1", 0))
        found = codes(ParsedService("imap", "127.0.0.1", held.getsockname()[1], "tls"))
    assert [code for code, _ in found] == ["mail-silent"]


LONG = b"* CAPABILITY " + b" ".join(b"AUTH=X%d" % number for number in range(600)) + b"\r\n"
GREEDY = [
    ("imap", [IMAP, LONG * 90 + b"a3 OK LOGINDISABLED\r\n"]),
    ("pop3", [b"+OK\r\n", b"+OK\r\n" + b"SASL %s\r\n" % (b"A" * 8000) + b".\r\n"]),
    ("smtp", [b"220 b\r\n", b"250-AUTH %s\r\n" % (b"B " * 4000) * 90 + b"250 x\r\n"]),
    ("managesieve", [b'"SASL" "%s"\r\nOK\r\n' % (b"C" * 8000)]),
]


@pytest.mark.parametrize(("kind", "script"), GREEDY)
def test_long_list_is_cut(kind: str, script: Script) -> None:
    """If a server lists very many login methods, a report shows the first ones."""
    with server(script) as port:
        found = codes(ParsedService(kind, "127.0.0.1", port, "none", ("GSSAPI",)))
    assert [code for code, _ in found] == ["mail-authentication"]
    assert len(found[0][1]) < 400
