"""A transport that needs no network: each origin has its own address and answers."""

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from waypost.net.addresses import is_public
from waypost.net.connection import DeadlineConnection
from waypost.net.deadline import Deadline
from waypost.net.failures import PrivateAddress
from waypost.net.http_client import Origin


@dataclass
class _Answering(DeadlineConnection):
    address: str = ""

    @property
    def is_public(self) -> bool:
        """Whether the address in the script is public."""
        return is_public(self.address)


@dataclass
class ScriptedTransport:
    """A transport that answers each URL from a script.

    Attributes:
        addresses: of host names.
        answers: by URL, whole.
        asked: the URLs so far.
    """

    addresses: Mapping[str, str]
    answers: Mapping[str, bytes]
    asked: list[str] = field(default_factory=list)

    @contextmanager
    def connect(
        self, origin: Origin, deadline: Deadline, *, allow_private: bool
    ) -> Iterator[DeadlineConnection]:
        """Connect to a thread that answers one request."""
        address = self.addresses[origin.host]
        if not allow_private and not is_public(address):
            raise PrivateAddress(f"{origin.host} has the private address {address}")
        ours, theirs = socket.socketpair()
        thread = threading.Thread(target=self._answer, args=(theirs, origin))
        thread.start()
        try:
            yield _Answering(ours, deadline, address=address)
        finally:
            ours.close()
            thread.join(10)

    def _answer(self, theirs: socket.socket, origin: Origin) -> None:
        with theirs, suppress(OSError):
            target = theirs.recv(65536).split(b" ")[1].decode("ascii")
            url = f"{origin.scheme}://{origin.authority}{target}"
            self.asked.append(url)
            theirs.sendall(self.answers[url])
