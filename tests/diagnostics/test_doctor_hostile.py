"""Name servers and certificates that are made to break a check."""

import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from dns.message import Message, from_wire, make_response
from dns.rrset import from_text

from tests.diagnostics.resolvers import name_server
from tests.net.test_capabilities import CLEAR, IMAP, IMAP_PLAIN
from tests.servers.authority import Authority
from waypost.core.errors import NamesUnavailable
from waypost.diagnostics.comparison.answers import ParsedService
from waypost.diagnostics.conformance.target import ConformanceTarget
from waypost.diagnostics.doctor.context import DoctorContext
from waypost.diagnostics.doctor.mail_servers import mail_server_findings
from waypost.diagnostics.simulated_clients.dns import DnsAnswer, DnsLookup, RecordType, no_records
from waypost.diagnostics.transports.dns import RECORDS_MAX, CachingResolver
from waypost.diagnostics.transports.http_client import ExchangeLimits, HttpClient
from waypost.diagnostics.transports.resolving_transport import ResolvingTransport

Fill = Callable[[Message, str], bytes]


def hostile(fill: Fill) -> AbstractContextManager[int]:
    """Return a name server that answers each query by a function."""

    def reply_to(target: bytes) -> bytes:
        reply = make_response(from_wire(target))
        return fill(reply, f"{reply.question[0].name}")

    return name_server(reply_to)


def records(kind: str, *values: str) -> Fill:
    """Answer with records of the name that is asked for."""

    def fill(reply: Message, name: str) -> bytes:
        reply.answer.append(from_text(name, 60, "IN", kind, *values))
        return reply.to_wire(max_size=65535)

    return fill


def _loop(reply: Message, name: str) -> bytes:
    reply.answer.append(from_text(name, 60, "IN", "CNAME", name))
    return reply.to_wire()


def _chain(reply: Message, name: str) -> bytes:
    for number in range(60):
        target = f"c{number}.example."
        reply.answer.append(from_text(name, 60, "IN", "CNAME", target))
        name = target
    return reply.to_wire()


def _counts(reply: Message, _name: str) -> bytes:
    return reply.to_wire()[:4] + b"\xff" * 8 + reply.to_wire()[12:]


def _pointer(reply: Message, _name: str) -> bytes:
    # RFC 1035 s4.1.4: a name that points to itself.
    wire = bytearray(
        reply.to_wire() + b"\xc0\x00\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\x7f\x00\x00\x01"
    )
    wire[7] = 1
    wire[-16:-14] = bytes([0xC0, len(wire) - 16])
    return bytes(wire)


HOSTILE: list[tuple[str, RecordType, Fill]] = [
    # what it is, the type that is asked for, the answer
    ("an alias of itself", "A", _loop),
    ("a chain of aliases", "A", _chain),
    ("a name that points to itself", "A", _pointer),
    ("counts without records", "A", _counts),
    ("half of a head", "A", lambda reply, _: reply.to_wire()[:6]),
    ("control characters in a target", "SRV", records("SRV", "0 0 143 \\000\\027[2J.example.")),
    ("a target of dots", "SRV", records("SRV", "0 0 143 a\\.b\\.\\.c.example.")),
    ("control characters in a text", "TXT", records("TXT", '"\\027[2J\\000\\255"')),
    ("a very long text", "TXT", records("TXT", " ".join(['"' + "x" * 255 + '"'] * 200))),
    ("many records", "A", records("A", *(f"192.0.2.{number}" for number in range(250)))),
    ("other records", "A", records("AAAA", "::1")),
]


@pytest.mark.parametrize(
    ("kind", "fill"), [case[1:] for case in HOSTILE], ids=[o[0] for o in HOSTILE]
)
def test_hostile_answers(kind: RecordType, fill: Fill) -> None:
    """Each answer of a name server is some records or a reason, and never another error."""
    findings: tuple[DnsAnswer, ...] = ()
    reason = ""
    with hostile(fill) as port:
        dns = CachingResolver(("127.0.0.1", port), 0.2)
        try:
            findings = dns(DnsLookup(kind, "a.example"))
        except NamesUnavailable as error:
            reason = f"{error}"
    assert reason.isprintable()
    assert len(findings) <= RECORDS_MAX
    # A text may hold anything; reports show nothing of it that a terminal obeys.
    assert kind == "TXT" or all(one.data.isprintable() for one in findings)


CERTIFICATES = [
    # names in it, how many more, the code of the finding
    (["imap.example.com"], 3000, "certificate-soon"),
    (["imap.example.com"], 10_000, "mail-tls"),
    (["*"], 0, "certificate-name"),
    (["*.*.com"], 0, "certificate-name"),
    (["imap.example.com\0.evil.example"], 0, "certificate-name"),
]


@pytest.mark.parametrize(("names", "more", "code"), CERTIFICATES)
def test_odd_certificates(names: list[str], more: int, code: str, tmp_path: Path) -> None:
    """A certificate with odd or very many names is one finding."""
    authority = Authority.create(tmp_path)
    pair = authority.issue("odd", [*names, *(f"h{number}.example.com" for number in range(more))])
    own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    own.load_cert_chain(pair.certificate, pair.key)
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            try:
                plain, _ = listening.accept()
                with own.wrap_socket(plain, server_side=True) as connected:
                    for line in (IMAP, IMAP_PLAIN):
                        connected.sendall(line)
                        connected.recv(100)
            except OSError:
                return  # The doctor had enough.

        thread = threading.Thread(target=serve)
        thread.start()
        service = ParsedService(
            "imap", "imap.example.com", listening.getsockname()[1], "tls", CLEAR
        )
        findings = mail_server_findings(_context(authority), service)
        thread.join(10)
    assert [one.code for one in findings] == [code]


def _context(authority: Authority) -> DoctorContext:
    def resolve(lookup: DnsLookup) -> tuple[DnsAnswer, ...]:
        return (DnsAnswer("127.0.0.1"),) if lookup.type == "A" else ()

    context = ssl.create_default_context(cafile=authority.certificate)
    http = HttpClient(
        ResolvingTransport(no_records, frozenset()),
        ExchangeLimits(timeout_seconds=5),
        tls_context=context,
    )
    return DoctorContext(
        ConformanceTarget(http, "alice", "example.com", "example.org", resolve), []
    )
