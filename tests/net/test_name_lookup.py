"""Resolving names within a deadline."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from tests.servers.patience import ROOM_SECONDS
from waypost.net.deadline import Deadline
from waypost.net.name_lookup import ADDRESSES_MAX, look_up


@pytest.fixture(name="hanging")
def _hanging(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Make the system's resolver hang for all names, but not for numbers."""
    is_over = threading.Event()
    resolve = socket.getaddrinfo

    def hang(host: str, port: int, *, type: int, flags: int = 0) -> object:  # noqa: A002
        if not flags:
            is_over.wait(30)
        return resolve(host, port, type=type, flags=flags)

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    yield
    is_over.set()


SPELLINGS = [
    # spelling, IP address
    ("127.0.0.1", "127.0.0.1"),
    ("2130706433", "127.0.0.1"),
    ("0x7f000001", "127.0.0.1"),
    ("0177.0.0.1", "127.0.0.1"),
    ("127.1", "127.0.0.1"),
    ("::1", "::1"),
    ("::ffff:127.0.0.1", "::ffff:127.0.0.1"),
]


@pytest.mark.usefixtures("hanging")
@pytest.mark.parametrize(("host", "address"), SPELLINGS)
def test_an_address_needs_no_resolver(host: str, address: str) -> None:
    """An IP address is found in each of its spellings, without the resolver."""
    (found,) = look_up(host, 80, Deadline(5))
    assert found[1][:2] == (address, 80)


@pytest.mark.usefixtures("hanging")
def test_a_resolver_that_hangs() -> None:
    """A resolver that does not answer delays until the deadline, and no longer."""
    begun = time.monotonic()
    with pytest.raises(TimeoutError, match="name server"):
        look_up("slow.example", 80, Deadline(0.2))
    assert time.monotonic() - begun < ROOM_SECONDS


BAD = [
    ("nothing.invalid", 80, socket.gaierror),
    ("a" * 64 + ".example", 80, (UnicodeError, socket.gaierror)),
    ("127.0.0.1", 0, OverflowError),
    ("127.0.0.1", 65536, OverflowError),
]


@pytest.mark.parametrize(("host", "port", "error"), BAD)
def test_bad_names(host: str, port: int, error: type[Exception]) -> None:
    """A name that does not resolve, or an invalid port, is an error of its kind."""
    with pytest.raises(error):
        look_up(host, port, Deadline(20))


def test_many_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """No more than a few addresses of a name are tried."""

    def many(_host: str, port: int, *, type: int, flags: int = 0) -> object:  # noqa: A002
        if flags:
            raise socket.gaierror
        return [(socket.AF_INET, type, 6, "", (f"192.0.2.{i}", port)) for i in range(1, 100)]

    monkeypatch.setattr(socket, "getaddrinfo", many)
    assert len(look_up("many.example", 80, Deadline(5))) == ADDRESSES_MAX
