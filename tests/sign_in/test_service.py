"""Signing in on a server: limits, and nothing of a password in the log."""

import asyncio
import threading
from time import perf_counter

import pytest
from structlog.testing import capture_logs

from waypost.core.address import EmailAddress
from waypost.core.model import HostEndpoint, Security
from waypost.runtime.limits.shared_ratelimit import SharedBuckets
from waypost.sign_in.authenticator import Login, SignInLimited, SignInUnavailable
from waypost.sign_in.limits import (
    ADDRESS_TRIES,
    NETWORK_TRIES,
    THREADS,
    WAITING_MAX,
    WINDOW_SECONDS,
)
from waypost.sign_in.service import SignInService

ENDPOINT = HostEndpoint("imap.example.com", 993, Security.TLS)
RIGHT = Login(ENDPOINT, "alice@example.com", "s3cret")
WRONG = Login(ENDPOINT, "alice@example.com", "wrong")
ALICE = EmailAddress.parse("alice@example.com")


class Server:
    """A mail server that knows one password. Implements `Authenticator`."""

    def __init__(self) -> None:
        self.free = threading.Event()
        self.free.set()
        self.is_away = False

    def accepts(self, login: Login) -> bool:
        self.free.wait()
        if self.is_away:
            raise SignInUnavailable("imap.example.com: connection refused")
        return login == RIGHT


def find_network(peer: str | None) -> bytes | None:
    return None if peer is None else peer.encode()


def service(server: Server, now: list[float]) -> SignInService:
    return SignInService(
        server, find_network, SharedBuckets(), pause_seconds=0.2, clock=lambda: now[0]
    )


def test_right_and_wrong() -> None:
    """The mail server decides."""
    running = service(Server(), [0.0])

    async def both() -> tuple[bool, bool]:
        return await running.accepts(RIGHT), await running.accepts(WRONG)

    assert asyncio.run(both()) == (True, False)
    running.close()


def test_limit_of_an_address() -> None:
    """All spellings of an address count together, from any network, until time has passed."""
    now = [0.0]
    running = service(Server(), now)
    for number in range(ADDRESS_TRIES):
        running.take(f"192.0.2.{number}", EmailAddress.parse(f"Alice+{number}@EXAMPLE.com"))
    with pytest.raises(SignInLimited) as caught:
        running.take("192.0.2.99", ALICE)
    assert caught.value.seconds == WINDOW_SECONDS / ADDRESS_TRIES
    running.take("192.0.2.99", EmailAddress.parse("bob@example.com"))
    now[0] += WINDOW_SECONDS / ADDRESS_TRIES
    running.take("192.0.2.99", ALICE)
    with pytest.raises(SignInLimited):
        running.take("192.0.2.99", ALICE)


def test_limit_of_a_network() -> None:
    """A network that tries many addresses is stopped, and counts no address any more."""
    running = service(Server(), [0.0])
    for number in range(NETWORK_TRIES):
        running.take("192.0.2.1", EmailAddress.parse(f"user{number}@example.com"))
    for _ in range(ADDRESS_TRIES + 1):
        with pytest.raises(SignInLimited):
            running.take("192.0.2.1", ALICE)
    running.take("192.0.2.2", ALICE)
    running.take(None, ALICE)


def test_a_server_that_is_away() -> None:
    """The log has the reason, and nothing of the person."""
    server = Server()
    server.is_away = True
    running = service(server, [0.0])
    with capture_logs() as lines, pytest.raises(SignInUnavailable):
        asyncio.run(running.accepts(RIGHT))
    running.close()
    (line,) = lines
    assert line["reason"] == "imap.example.com: connection refused"
    assert "s3cret" not in str(line)
    assert "alice" not in str(line)


def test_many_at_once() -> None:
    """A slow mail server lets some logins wait, and refuses the others at once."""
    server = Server()
    server.free.clear()
    running = service(server, [0.0])

    async def flood() -> list[bool | BaseException]:
        people = [
            Login(ENDPOINT, f"{number}@example.com", "s3cret") for number in range(WAITING_MAX)
        ]
        waiting = [asyncio.create_task(running.accepts(person)) for person in people]
        await asyncio.sleep(0)
        with pytest.raises(SignInUnavailable, match="too many logins wait"):
            await running.accepts(RIGHT)
        server.free.set()
        return await asyncio.gather(*waiting, return_exceptions=True)

    assert asyncio.run(flood()) == [False] * WAITING_MAX
    running.close()
    assert THREADS < WAITING_MAX


def test_pause() -> None:
    """An answer that fails is not sent before its time."""
    running = service(Server(), [0.0])
    start = perf_counter()
    asyncio.run(running.pause(start))
    assert perf_counter() - start >= 0.2
    asyncio.run(running.pause(start - 60))


def test_limit_of_a_login_name() -> None:
    """Aliases of a mailbox are different addresses with one login name, which counts them all."""
    now = [0.0]
    running = service(Server(), now)
    other_case = Login(ENDPOINT, "Alice@example.com", "wrong")

    async def guess() -> bool:
        for number in range(ADDRESS_TRIES):
            running.take(None, EmailAddress.parse(f"alias{number}@example.com"))
            await running.accepts(WRONG if number % 2 else other_case)
        running.take(None, ALICE)
        return await running.accepts(RIGHT)

    with pytest.raises(SignInLimited) as caught:
        asyncio.run(guess())
    assert caught.value.seconds == WINDOW_SECONDS / ADDRESS_TRIES
    running.close()
