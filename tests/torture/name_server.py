"""A DNS server that may stop answering, as a real one does behind a lost network."""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import dns.exception
import dns.flags
import dns.message
import dns.rdatatype
import dns.rrset

from tests.servers.requirements import require

ZONE: Final = "waypost.test."
"""All names below this one are 127.0.0.1 (RFC 6761 s6.2: `test` is for tests)."""
_PORT: Final = 53
_TTL_SECONDS: Final = 1


class NameServer:
    """A server on UDP port 53 of a loopback address that no other test uses.

    Attributes:
        questions: how many it got, those that it did not answer among them.
    """

    def __init__(self, configuration: Path) -> None:
        """Begin to answer, and write the resolv.conf(5) that names this server."""
        pid = os.getpid()
        address = f"127.53.{pid >> 8 & 255}.{pid % 254 + 1}"
        self.questions = 0
        self._hanging = threading.Event()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((address, _PORT))
        configuration.write_text(f"nameserver {address}\n", encoding="ascii")
        self._thread = threading.Thread(target=self._run, name="name server")
        self._thread.start()

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """Answer nothing while `with` lasts."""
        self._hanging.set()
        try:
            yield
        finally:
            self._hanging.clear()

    def close(self) -> None:
        """End the thread."""
        # An empty datagram is no question: it ends the wait.
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            one.sendto(b"", self._socket.getsockname())
        self._thread.join()
        self._socket.close()

    def _run(self) -> None:
        while True:
            data, sender = self._socket.recvfrom(4096)
            if not data:
                return
            self.questions += 1
            if not self._hanging.is_set():
                with suppress(dns.exception.DNSException):
                    self._socket.sendto(_answer(data), sender)


def _answer(data: bytes) -> bytes:
    query = dns.message.from_wire(data)
    answer = dns.message.make_response(query)
    answer.flags |= dns.flags.AA | dns.flags.RA
    (question,) = query.question
    if question.name.is_subdomain(dns.name.from_text(ZONE)):
        if question.rdtype == dns.rdatatype.A:
            answer.answer.append(
                dns.rrset.from_text(question.name, _TTL_SECONDS, "IN", "A", "127.0.0.1")
            )
    else:
        answer.set_rcode(dns.rcode.NXDOMAIN)
    return answer.to_wire()


@contextmanager
def name_server(configuration: Path) -> Iterator[NameServer]:
    """Run a server for programs that see this file as /etc/resolv.conf."""
    require(root=True)
    server = NameServer(configuration)
    try:
        yield server
    finally:
        server.close()
