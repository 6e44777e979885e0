"""Connections: how many, how long, and what happens if a server stops and starts again."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.directory.ldap.conftest import has_timeouts
from tests.directory.ldap.finding import opened, raw
from tests.servers.authority import Authority
from tests.servers.frozen import frozen
from tests.servers.people import people
from tests.servers.scripted_ldap import (
    DONE,
    EXTENDED_ANSWER,
    Script,
    cutting_proxy,
    entry,
    raw_server,
    result,
    scripted_ldap,
    silent,
)
from tests.servers.slapd import Slapd, slapd
from tests.servers.waypost import free_port
from waypost.core.errors import DirectoryBusy, DirectoryError, DirectoryUnavailable, WaypostError
from waypost.core.model import LdapDirectory, LdapSecurity, Secret
from waypost.directory.ldap.options import connection_options
from waypost.directory.protocol import DirectorySource

pytestmark = pytest.mark.servers
ALICE = raw("person1@example.com")
FOUND = {"uid": ["p1"], "cn": ["Person 1"]}


@contextmanager
def connected(directory: LdapDirectory, **options: Any) -> Iterator[DirectorySource]:
    """Open a directory with other times than the default ones, and close it."""
    # Modules that need the library are imported after the fixtures have checked for it.
    from waypost.directory.ldap.client import LdapClient
    from waypost.directory.ldap.pool import Pool

    if "idle_seconds" in options:
        options["pool"] = Pool(options.pop("idle_seconds"))
    source = LdapClient(connection_options(directory), **options)
    try:
        yield source
    finally:
        source.close()


def until(ready: Callable[[], bool], seconds: float = 10) -> None:
    """Wait until a condition is true."""
    end = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < end, "it did not come to be"
        time.sleep(0.02)


@pytest.fixture(name="own")
def _own(authority: Authority) -> Iterator[Slapd]:
    """Run a small slapd that a test may stop."""
    pair = authority.issue("own", ["localhost"])
    few = [one for number, one in enumerate(people()) if number < 10]
    with slapd(authority, pair, few) as server:
        yield server


def test_one_connection_serves_many_searches(own: Slapd, directory: LdapDirectory) -> None:
    """Searches one after the other share a connection, which is closed with the directory."""
    with opened(replace(directory, urls=(own.url,))) as source:
        assert [source.find(ALICE) for _ in range(20)] == [FOUND] * 20
        assert own.connections() == 1
    until(lambda: own.connections() == 0)


def test_nothing_is_left_behind(own: Slapd, directory: LdapDirectory) -> None:
    """After a directory is closed, no thread and no descriptor of its connections is left."""
    descriptors = Path("/proc/self/fd")

    def left() -> tuple[int, int]:
        names = [thread.name for thread in threading.enumerate()]
        relays = sum(name.startswith("ldap-tls-") for name in names)
        return relays, len(list(descriptors.iterdir()))

    before = left()
    way = replace(directory, urls=(own.url, own.tls_url))
    for _ in range(3):
        with opened(way) as source:
            assert source.find(ALICE) == FOUND
        for wrong in (replace(way, bind_password=Secret("wrong")), replace(way, ca_file=None)):
            with opened(wrong) as source, pytest.raises(DirectoryError):
                source.find(ALICE)
    until(lambda: left() == before)


def test_no_more_connections_than_searches(own: Slapd, directory: LdapDirectory) -> None:
    """However many threads ask, at most `max_searches` connections are open."""
    limits = replace(directory.limits, max_searches=3, time_limit_seconds=30)
    most = 0
    answers: list[object] = []

    def ask(find: Callable[..., object]) -> None:
        for _ in range(20):
            try:
                answers.append(find(ALICE))
            except WaypostError as error:
                answers.append(error)

    with opened(replace(directory, urls=(own.url,), limits=limits)) as source:
        threads = [threading.Thread(target=ask, args=(source.find,)) for _ in range(12)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            most = max(most, own.connections())
            time.sleep(0.005)
        # They may all have ended before the first check; open connections stay open for a while.
        most = max(most, own.connections())
    assert answers == [FOUND] * 240
    assert 1 <= most <= 3


def test_idle_connections_end(own: Slapd, directory: LdapDirectory) -> None:
    """A connection that is idle for a while is closed, and the next search opens a new one."""
    with connected(replace(directory, urls=(own.url,)), idle_seconds=0.2) as source:
        assert source.find(ALICE) == FOUND
        until(lambda: own.connections() == 0)
        assert source.find(ALICE) == FOUND
        assert own.connections() == 1


def test_too_many_searches(directory: LdapDirectory) -> None:
    """If all connections are in use for the whole time limit, the search fails with this reason."""
    limits = replace(has_timeouts(directory).limits, max_searches=1)
    with raw_server(silent) as port:
        way = replace(
            directory,
            urls=(f"ldap://localhost:{port}",),
            security=LdapSecurity.NONE,
            limits=replace(limits, connect_timeout_seconds=3),
        )
        with opened(way) as source:
            first = threading.Thread(target=lambda: _ignored(source.find))
            first.start()
            time.sleep(0.1)
            with pytest.raises(
                DirectoryBusy, match="all connections are in use; raise max_searches"
            ):
                source.find(ALICE)
            first.join()


def _ignored(find: Callable[..., object]) -> None:
    with suppress(DirectoryUnavailable):
        find(ALICE)


def test_closed_directory(directory: LdapDirectory) -> None:
    """A closed directory refuses lookups, and may be closed again."""
    with opened(directory) as source:
        source.close()
        with pytest.raises(DirectoryUnavailable, match="directory staff: is closed"):
            source.find(ALICE)


@pytest.mark.parametrize("scheme", ["ldap", "ldaps"])
def test_idle_connection_that_died(own: Slapd, directory: LdapDirectory, scheme: str) -> None:
    """After a restart of the server, the next search works at once with a new connection."""
    url = own.url if scheme == "ldap" else own.tls_url
    with opened(replace(directory, urls=(url,))) as source:
        assert source.find(ALICE) == FOUND
        own.kill()
        own.start()
        assert source.find(ALICE) == FOUND


def test_killed_and_started_under_load(
    own: Slapd, directory: LdapDirectory, request: pytest.FixtureRequest
) -> None:
    """While slapd is killed and started again, each search ends within its limits."""
    way = has_timeouts(directory, own.url, seconds=2.0)
    counts: Counter[tuple[str, str]] = Counter()
    slowest = 0.0
    phase = ["before"]
    stop = threading.Event()
    lock = threading.Lock()

    def load(find: Callable[..., object]) -> None:
        nonlocal slowest
        while not stop.wait(0.005):
            now, begin = phase[0], time.monotonic()
            try:
                outcome = "found" if find(ALICE) == FOUND else "wrong"
            except DirectoryUnavailable:
                outcome = "unavailable"
            with lock:
                counts[now if now == phase[0] else "between", outcome] += 1
                slowest = max(slowest, time.monotonic() - begin)

    with opened(way) as source:
        threads = [threading.Thread(target=load, args=(source.find,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        try:
            time.sleep(0.5)
            phase[0] = "away"
            own.kill()
            time.sleep(0.5)
            own.start()
            time.sleep(0.2)
            phase[0] = "back"
            time.sleep(0.5)
        finally:
            stop.set()
            for thread in threads:
                thread.join(10)
    capture = request.config.pluginmanager.getplugin("capturemanager")
    assert capture is not None
    with capture.global_and_fixture_disabled():
        shown = ", ".join(f"{when}: {n} x {what}" for (when, what), n in sorted(counts.items()))
        print(f"\n  slapd killed and started: {shown}; slowest {slowest:.2f} s")  # noqa: T201
    assert {what for when, what in counts if when in {"before", "back"}} == {"found"}
    assert counts["away", "unavailable"] > 0
    assert {what for _, what in counts} == {"found", "unavailable"}
    # A dead connection, a new one and a search have a limit of 2 s each.
    assert slowest < 10


@pytest.mark.parametrize("data", [5, 20, 60, 900])
def test_cut_at_the_beginning(server: Slapd, directory: LdapDirectory, data: int) -> None:
    """If a new connection is closed in the middle of a message, the search fails in time."""
    with (
        cutting_proxy(server.port, data) as port,
        opened(has_timeouts(directory, f"ldap://localhost:{port}", seconds=2)) as source,
        pytest.raises(DirectoryUnavailable, match=r"was closed"),
    ):
        source.find(ALICE)


def test_cut_again_and_again(server: Slapd, directory: LdapDirectory) -> None:
    """If a connection is closed after some searches, a new one is opened, and no search fails."""
    with (
        cutting_proxy(server.port, 4000) as port,
        opened(has_timeouts(directory, f"ldap://localhost:{port}", seconds=2)) as source,
    ):
        assert [source.find(ALICE) for _ in range(100)] == [FOUND] * 100


def test_cut_after_the_first_entry(directory: LdapDirectory) -> None:
    """An answer that ends in the middle is a failure: half a result could be wrong."""
    script = Script(search=[entry("uid=p1", uid="p1"), None])
    with scripted_ldap(script):
        way = replace(has_timeouts(directory, script.url), security=LdapSecurity.NONE)
        with opened(way) as source, pytest.raises(DirectoryUnavailable, match="was closed"):
            source.find(ALICE)


def answering(uid: str) -> Script:
    """Return a server that finds one entry."""
    return Script(search=[entry(f"uid={uid}", uid=uid), result(DONE, 0)])


def plain(directory: LdapDirectory, *urls: str) -> LdapDirectory:
    """Return the directory at scripted servers."""
    return replace(has_timeouts(directory, *urls), security=LdapSecurity.NONE)


def test_next_server(directory: LdapDirectory) -> None:
    """If the first server is down, the next one is used from then on, and logged once."""
    redirect = f"ldap://localhost:{free_port()}"
    with scripted_ldap(answering("second")) as second:
        with opened(plain(directory, redirect, second.url)) as source, capture_logs() as logs:
            assert [source.find(ALICE) for _ in range(3)] == [{"uid": ["second"]}] * 3
        assert second.connections == 1
    assert [(one["directory"], one["server"]) for one in logs] == [("staff", second.url)]


def test_next_server_where_the_first_hangs(directory: LdapDirectory) -> None:
    """If a server hangs, before the bind or in a search, the next one is used."""
    with (
        raw_server(silent) as port,
        scripted_ldap(Script(search=[])) as slow,
        scripted_ldap(answering("third")) as third,
    ):
        with opened(plain(directory, f"ldap://localhost:{port}", third.url)) as source:
            assert source.find(ALICE) == {"uid": ["third"]}
        with opened(plain(directory, slow.url, third.url)) as source:
            with pytest.raises(DirectoryUnavailable, match="not answered in time"):
                source.find(ALICE)
            assert source.find(ALICE) == {"uid": ["third"]}


def test_wrong_password_is_tried_once(directory: LdapDirectory, server: Slapd) -> None:
    """A password that one server refuses is not tried at others: that may lock the account."""
    with scripted_ldap(answering("second")) as second:
        way = replace(plain(directory, server.url, second.url), bind_user="cn=none")
        with opened(way) as source, pytest.raises(DirectoryError, match="does not accept"):
            source.find(ALICE)
        assert second.connections == 0


def test_all_servers_unavailable(directory: LdapDirectory) -> None:
    """If no server answers, the failure is temporary, even if one server needs a fix."""
    with scripted_ldap(Script(extended=[result(EXTENDED_ANSWER, 2)])) as without_tls:
        way = has_timeouts(directory, without_tls.url, f"ldap://localhost:{free_port()}")
        with (
            opened(way) as source,
            pytest.raises(DirectoryUnavailable, match="refuses connections"),
        ):
            source.find(ALICE)


def test_back_to_the_first_server(directory: LdapDirectory) -> None:
    """When the first server is back, it is used again after a while, and no search waits for it."""
    first = answering("first")
    first.port = free_port()
    with scripted_ldap(answering("second")) as second:
        way = plain(directory, first.url, second.url)
        with connected(way, failback_seconds=0.1) as source:
            assert source.find(ALICE) == {"uid": ["second"]}
            with scripted_ldap(first):
                until(lambda: source.find(ALICE) == {"uid": ["first"]})
                assert source.find(ALICE) == {"uid": ["first"]}


def test_server_that_pauses(own: Slapd, directory: LdapDirectory) -> None:
    """A suspended slapd is unavailable, and answers when it is resumed."""
    with opened(has_timeouts(directory, own.url)) as source:
        assert source.find(ALICE) == FOUND
        with frozen(own.pid):
            for _ in range(2):
                with pytest.raises(DirectoryUnavailable, match="in time"):
                    source.find(ALICE)
        assert source.find(ALICE) == FOUND
