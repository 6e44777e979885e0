"""Targets for what name servers answer."""

import socket
from contextlib import suppress
from functools import cache
from threading import Thread
from typing import Final

from tests.fuzz.target import Target
from waypost.core.errors import NamesUnavailable
from waypost.diagnostics.simulated_clients.dns import DnsLookup, RecordType
from waypost.diagnostics.transports.dns import CachingResolver
from waypost.net.dns.text_records import look_up_texts

_NAME: Final = "_imaps._tcp.example.com"
_TYPES: Final[tuple[RecordType, ...]] = ("SRV", "MX", "TXT", "A", "AAAA", "CNAME", "NS")
_HEADER_BYTES: Final = 12
_SECONDS: Final = 5.0
_REFUSAL: Final = b"\x80\x82"  # SERVFAIL (RFC 1035 s4.1.1)
_COUNT_MAX: Final = 0x0F


class NameServer:
    """A name server on a loopback port that sends the same answer to every query.

    After the answer, it sends a refusal: dnspython ignores an answer that is not well-formed, and
    would wait for another one.
    """

    def __init__(self) -> None:
        self.answer = b""
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.place: tuple[str, int] = self._socket.getsockname()
        Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            query, client = self._socket.recvfrom(512)
            self._socket.sendto(self._message(query), client)
            self._socket.sendto(query[:2] + _REFUSAL + query[4:], client)

    def _message(self, query: bytes) -> bytes:
        """Return an answer: flags and the number of records of the input, the rest after them.

        The id and the question are those of the query (RFC 1035 s4.1); dnspython waits for another
        answer if they are not.
        """
        flags, counts, rest = self.answer[:2], self.answer[2:5], self.answer[5:]
        # No question has been asked over TCP, so it is no use to say that the answer is truncated.
        first = (flags[:1] or b"\x80")[0] & 0b0111_1101 | 0x80
        fields = b"".join(bytes((0, count & _COUNT_MAX)) for count in counts.ljust(3, b"\0"))
        question = query[_HEADER_BYTES:].partition(b"\0")
        asked = question[0] + b"\0" + question[2][:4]
        head = query[:2] + bytes([first]) + (flags[1:] or b"\x80") + b"\0\x01" + fields
        return head + asked + rest


@cache
def _server() -> NameServer:
    return NameServer()


def dns_answer(data: bytes) -> None:
    """Read an answer: its first byte selects the type of the query."""
    server = _server()
    server.answer = data[1:]
    kind = _TYPES[(data[:1] or b"\0")[0] % len(_TYPES)]
    resolver = CachingResolver(server.place, _SECONDS)
    with suppress(NamesUnavailable):
        for answer in resolver(DnsLookup(kind, _NAME)):
            assert isinstance(answer.data, str)
    for unanswered in resolver.unanswered:
        assert f"{unanswered}".isprintable(), "it is not printable"
    if kind == "TXT":
        look_up_texts(_NAME, server.place, seconds=_SECONDS)


NETWORK: Final = (
    Target(
        "dns-answer",
        dns_answer,
        words=(
            *(b"\xc0\x0c", b"\x00\x21\x00\x01", b"\x00\x10\x00\x01", b"\x00\x0f\x00\x01", b"\xc0"),
            *(b"\x00\x05\x00\x01", b"\x00\x00\x0e\x10", b"\x07example\x03com\x00", b"\x00\x29"),
            *(b"\x04imap", b"\x00\x01\x00\x01\x03\xe1", b"\x00\x1c\x00\x01", b"\xff\xff\xff\xff"),
        ),
        max_bytes=512,
    ),
)
