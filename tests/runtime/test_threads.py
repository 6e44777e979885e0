"""What happens if the system starts no further thread."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable

import pytest

from waypost.core.errors import DirectoryBusy, DirectoryUnavailable
from waypost.directory.ldap.errors import LdapFailure
from waypost.directory.ldap.options import LdapEndpoint
from waypost.directory.ldap.tls_bridge import open_bridge
from waypost.directory.ldap.transport import resolve
from waypost.directory.pacing import ResponsePacer
from waypost.directory.sql.watchdog import shut_down_after
from waypost.net.deadline import Deadline
from waypost.net.name_lookup import look_up
from waypost.runtime import threads
from waypost.runtime.worker_pool import WorkerPool


@pytest.fixture(name="full")
def _full(monkeypatch: pytest.MonkeyPatch) -> None:
    def start(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)


def _resolve() -> None:
    resolve(LdapEndpoint("ldap://ldap.example.com", "ldap.example.com", 389), Deadline(1))


def _look_up() -> None:
    look_up("www.example.com", 80, Deadline(1))


def _cut_off() -> None:
    inner, outer = socket.socketpair()
    with inner, outer, shut_down_after(inner, 1):
        pass


def _start() -> None:
    threads.start(threading.Thread())


CASES: list[tuple[Callable[[], None], type[Exception]]] = [
    (_start, threads.ThreadStartError),
    (_resolve, LdapFailure),
    (_look_up, OSError),
    (_cut_off, DirectoryUnavailable),
]


@pytest.mark.usefixtures("full")
@pytest.mark.parametrize(("ask", "error"), CASES)
def test_error_that_is_expected(ask: Callable[[], None], error: type[Exception]) -> None:
    """What needs a thread fails with an error that its callers handle, and says why."""
    with pytest.raises(error, match="cannot start a thread"):
        ask()


@pytest.mark.usefixtures("full")
def test_both_ends_of_a_relay_are_closed() -> None:
    """A relay without a thread keeps no socket open."""
    context = ssl.create_default_context()
    inner, outer = socket.socketpair()
    secure = context.wrap_socket(inner, server_hostname="localhost", do_handshake_on_connect=False)
    with outer, secure, pytest.raises(threads.ThreadStartError):
        open_bridge(secure, "relay")


@pytest.mark.usefixtures("full")
def test_query_without_a_thread() -> None:
    """A question that no thread can ask fails at once, and does not wait without end."""

    async def ask() -> None:
        pool: WorkerPool[str, str] = WorkerPool("pool", str, 2, lambda: DirectoryBusy("busy"))
        with pytest.raises(DirectoryBusy):
            await asyncio.wait_for(pool.submit("alice"), 5)

    asyncio.run(ask())


def test_answer_without_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer comes at the end of its step although no thread counts the steps."""

    async def answer() -> str:
        return "alice"

    async def ask() -> str:
        pace = ResponsePacer(0.01)
        monkeypatch.setattr(threads, "start", _refuse)
        return await asyncio.wait_for(pace.run(answer()), 5)

    assert asyncio.run(ask()) == "alice"


def _refuse(_thread: threading.Thread) -> None:
    raise threads.ThreadStartError("no thread can be started")


def test_stacks_are_small() -> None:
    """Threads that are started later reserve less memory."""
    before = threading.stack_size()
    try:
        threads.limit_stacks()
        assert threading.stack_size() == threads.STACK_BYTES
    finally:
        threading.stack_size(before)
