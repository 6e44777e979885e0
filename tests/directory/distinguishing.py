"""What the time of one answer reveals: interleaved requests, and the best guess."""

import socket
import statistics
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

CHANCE: Final = 0.5
"""The fraction of right guesses if the time reveals nothing."""
GUESSED_MAX: Final = 0.65
"""With a few hundred guesses, luck reaches this fraction in less than one of 1,000 tries."""
_FLOOD_CONNECTIONS: Final = 20


class Client:
    """One connection to a listener on 127.0.0.1, which stays open."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._socket.close()

    def ask(self, address: str) -> None:
        """Send a request for an address."""
        line = f"GET /mail/config-v1.1.xml?emailaddress={address} HTTP/1.1"
        self._socket.sendall(f"{line}\r\nHost: autoconfig.example.com\r\n\r\n".encode())

    def read(self) -> float:
        """Read an answer to its end, and return the time of its first byte."""
        answer = self._socket.recv(65_536)
        came = time.perf_counter()
        while b"</clientConfig>" not in answer:
            more = self._socket.recv(65_536)
            assert more, answer
            answer += more
        assert answer.startswith(b"HTTP/1.1 200 ")
        return came

    def seconds(self, address: str) -> float:
        """Send a request for an address, and return the duration of the answer."""
        start = time.perf_counter()
        self.ask(address)
        return self.read() - start


@dataclass(frozen=True, slots=True)
class Times:
    """The durations of answers about known and unknown users, in seconds."""

    known: list[float]
    unknown: list[float]

    @property
    def guessed(self) -> float:
        """The fraction of right guesses about single answers, learned from the other half."""
        halves = [Times(self.known[at::2], self.unknown[at::2]) for at in (0, 1)]
        return statistics.mean(
            mine.right(*other.best_guess()) for mine, other in (halves, halves[::-1])
        )

    def __str__(self) -> str:
        medians = (f"{statistics.median(one) * 1e6:.0f} µs" for one in (self.known, self.unknown))
        return "{} known, {} unknown".format(*medians) + f", {self.guessed:.0%} guessed"

    def right(self, limit: float, known_are_quick: bool) -> float:
        """Return the fraction of right guesses if all times up to a limit count as one kind."""
        right = sum(one <= limit for one in self.known) + sum(one > limit for one in self.unknown)
        part = right / (len(self.known) + len(self.unknown))
        return part if known_are_quick else 1 - part

    def best_guess(self) -> tuple[float, bool]:
        """Return the limit that separates the two kinds best, and whether known ones are below."""
        tries = (
            (limit, known_are_quick)
            for limit in (*self.known, *self.unknown)
            for known_are_quick in (True, False)
        )
        return max(tries, key=lambda guess: self.right(*guess))


def by_turns(client: Client, known: Sequence[str], unknown: Sequence[str]) -> Times:
    """Send requests about known and unknown users by turns."""
    times = Times([], [])
    for number, (one, other) in enumerate(zip(known, unknown, strict=True)):
        pair = [(times.known, one), (times.unknown, other)]
        # The order alternates, because the second request may find warm caches.
        for measured, address in pair if number % 2 else pair[::-1]:
            measured.append(client.seconds(address))
    return times


def flood(port: int, addresses: Sequence[str]) -> None:
    """Send requests for many addresses, several at once."""
    with ExitStack() as stack:
        clients = [stack.enter_context(Client(port)) for _ in range(_FLOOD_CONNECTIONS)]
        for start in range(0, len(addresses), len(clients)):
            part = list(zip(clients, addresses[start : start + len(clients)], strict=False))
            for client, address in part:
                client.ask(address)
            for client, _ in part:
                client.read()
