"""Answers of `/tls/ask` that are sent at once are the same as those of FastAPI."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.making import domain
from tests.web.admin.admin_listener import CATALOG, AdminListener, cached, in_memory
from waypost.core.model import Catalog
from waypost.formats.discovery_hosts import KINDS
from waypost.runtime.logs import LogFormat
from waypost.runtime.metrics import Metrics
from waypost.store.cache import CacheLimits, DomainCache
from waypost.store.memory import MemoryDomains, MemoryStore
from waypost.web import connection
from waypost.web.admin.guard import REFUSAL
from waypost.web.admin.tls_ask_connection import HEADER_BLOCKS_MAX
from waypost.wiring.runtime import Domains

LOOPBACK = "127.0.0.1"


def ask(name: str, *fields: str, host: str = "127.0.0.1:4244", version: str = "1.1") -> bytes:
    """Return the bytes of a request of Caddy, with more header fields."""
    line = f"GET /tls/ask?domain={name} HTTP/{version}"
    lines = [line, f"Host: {host}", "User-Agent: Go-http-client/1.1", *fields]
    return "\r\n".join([*lines, "Accept-Encoding: gzip", "", ""]).encode("latin-1")


NAMES = st.sampled_from(
    [
        *("autoconfig.example.com", "autodiscover.example.com", "ua-auto-config.example.com"),
        *("autoconfig.example.com", "example.com", "mta-sts.example.com", "www.example.com"),
        *("AutoConfig.Example.COM", "autoconfig.example.com.", "autoconfig.b%C3%BCcher.example"),
        *("autoconfig.xn--bcher-kva.example", "autoconfig.a.wild.example", "a.wild.example"),
        *("autoconfig.moved.example", "autoconfig.declined.example", "autoconfig.a.top"),
        *("autoconfig.unserved.example", "autoconfig", "autoconfig.", ".", "..", "-.example"),
        *("127.0.0.1", "autoconfig.127.0.0.1", "autoconfig.a..b", "autoconfig.a_b.example"),
        *("autoconfig.example.com:443", "alice@example.com", "alice%40example.com", ""),
        *("a.example&domain=b.example", "a.example&x=1", "a.example#x", "%00", "+", "a" * 64),
        *("autoconfig." + "a." * 130 + "example", "autoconfig." + "a" * 3000),
    ]
) | st.text("abc.-", max_size=8)
FIELDS = st.lists(
    st.sampled_from(
        [
            *("Accept: */*", "accept: text/plain", "User-Agent: x", "User-Agent: \x7f", "Accept:"),
            *("Connection: close", "Connection: keep-alive", "Content-Length: 0", "Expect: x"),
            *("X-Forwarded-For: 127.0.0.1", "Forwarded: for=127.0.0.1", "Via: 1.1 a", "Cookie: a"),
            *("Host: 127.0.0.1", "Host: a.example", "Transfer-Encoding: chunked", "Upgrade: h2c"),
            *("Content-Length: 5", "Range: bytes=0-", "Accept: a\tb", "Accept : a", " folded", "a"),
        ]
    ),
    max_size=2,
)
HOSTS = st.sampled_from(
    ["127.0.0.1:4244"] * 4 + ["[::1]:4244", "localhost", "rebound.example:4244", "", "127.0.0.1"]
)
REQUESTS = st.builds(
    lambda name, fields, host, version, change: change(
        ask(name, *fields, host=host, version=version)
    ),
    NAMES,
    FIELDS | st.just([]),
    HOSTS,
    st.sampled_from(["1.1"] * 6 + ["1.0", "2.0"]),
    st.sampled_from(
        [
            *[lambda request: request] * 8,
            lambda request: request.replace(b"GET", b"HEAD"),
            lambda request: request.replace(b"GET", b"get"),
            lambda request: request.replace(b"?domain=", b"?Domain="),
            lambda request: request.replace(b"/tls/ask", b"//tls/ask"),
            lambda request: request.replace(b"/tls/ask", b"http://127.0.0.1/tls/ask"),
            lambda request: request.replace(b"\r\n", b"\n"),
            lambda request: request.replace(b"\r\n", b"\r"),
            lambda request: request + b"\r\n",
            lambda request: b"\r\n" + request,
            lambda request: request[:-1],
            lambda request: request + b"body",
        ]
    ),
)


@st.composite
def exchanges(draw: st.DrawFn) -> list[tuple[bytes, ...]]:
    """Create connections: each sends requests, whole, in two pieces, or two in one piece."""
    found = []
    for request in draw(st.lists(REQUESTS, min_size=1, max_size=6)):
        cut = draw(st.integers(0, len(request)) | st.just(0) | st.just(0))
        again = draw(st.integers(1, 3))
        pieces = [piece for piece in (request[:cut], request[cut:]) if piece]
        found.append(tuple(pieces * again) if draw(st.booleans()) else (request * again,))
    return found


@contextmanager
def both(
    domains: Callable[[Metrics], Domains] = in_memory, kinds: tuple[str, ...] = KINDS[:3]
) -> Iterator[tuple[AdminListener, AdminListener]]:
    """Yield a listener with answers at once, and one without them."""
    with (
        AdminListener(domains, kinds) as quick,
        AdminListener(domains, kinds, answers_at_once=False) as usual,
    ):
        yield quick, usual


@hypothesis_settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(exchanges(), min_size=1, max_size=3),
    st.sampled_from([LOOPBACK, LOOPBACK, "::1", "192.0.2.7", None]),
    st.sampled_from([KINDS, KINDS[:3], ()]),
)
def test_both_ways_give_the_same(
    connections: list[list[tuple[bytes, ...]]], peer: str | None, kinds: tuple[str, ...]
) -> None:
    """For any requests, the bytes, the log lines and the metrics do not depend on the way."""
    with ExitStack() as stack:
        for domains in (in_memory, cached):
            quick, usual = stack.enter_context(both(domains, kinds))
            for pieces in (pieces for exchange in connections for pieces in exchange):
                assert quick.send(*pieces, peer=peer) == usual.send(*pieces, peer=peer)
            assert quick.raw_lines == usual.raw_lines
            assert quick.counts == usual.counts


SERVED = ask("autoconfig.example.com")
KNOWN = {
    "the same name": (SERVED, SERVED),
    "another name of the domain": (SERVED, ask("autodiscover.example.com")),
    "another domain": (SERVED, ask("autoconfig.xn--bcher-kva.example")),
    "a domain of a pattern": (SERVED, ask("autoconfig.a.wild.example")),
    "a domain that has moved": (SERVED, ask("autoconfig.moved.example")),
    "a domain that is declined": (SERVED, ask("autoconfig.declined.example")),
    "a domain of any owner": (SERVED, ask("autoconfig.unserved.example")),
    "another kind of name": (SERVED, ask("www.example.com")),
    "a name with a final dot": (SERVED, ask("autoconfig.example.com.")),
    "after a name that is not served": (ask("www.example.com"), SERVED),
    "after a name that is no host name": (ask("alice@example.com"), SERVED),
    "localhost": (
        ask("autoconfig.example.com", host="localhost:4244"),
        ask("www.example.com", host="localhost:4244"),
    ),
}


@pytest.mark.parametrize(("first", "second"), KNOWN.values(), ids=KNOWN)
def test_known_answers(first: bytes, second: bytes) -> None:
    """After one request of a client, the application answers none of the usual ones."""
    with both() as (quick, usual):
        # A third one, on a new connection, is known as well.
        for request in (first, second, second):
            assert quick.send(request, peer=LOOPBACK) == usual.send(request, peer=LOOPBACK)
        # The line of the request with an address is not from a template.
        is_first_usual = b"@" not in first
        assert (quick.routed, usual.routed) == (1 if is_first_usual else 2, 3)
        assert quick.raw_lines == usual.raw_lines
        assert quick.counts == usual.counts


ROUTED = {
    "another method": SERVED.replace(b"GET", b"HEAD"),
    "another version": SERVED.replace(b"HTTP/1.1", b"HTTP/1.0"),
    "another path": SERVED.replace(b"/tls/ask?", b"/tls/ask/?"),
    "another parameter": SERVED.replace(b"domain", b"name"),
    "two names": ask("autoconfig.example.com&domain=a.example"),
    "an unused parameter": ask("autoconfig.example.com&token=1"),
    "capitals": ask("autoconfig.Example.com"),
    "an encoded name": ask("autoconfig%2Eexample.com"),
    "an IP address": ask("192.0.2.1"),
    "an empty label": ask("autoconfig..example.com"),
    "a long name": ask("autoconfig." + "a." * 130 + "example"),
    "another header field": ask("autoconfig.example.com", "Accept: */*"),
    "another Host": ask("autoconfig.example.com", host="localhost:4244"),
    "the Host of another machine": ask("autoconfig.example.com", host="rebound.example:4244"),
    "two requests at once": SERVED * 2,
    "a request and the begin of another": SERVED + SERVED[:20],
    "an empty line before it": b"\r\n" + SERVED,
    "lines without a carriage return": SERVED.replace(b"\r\n", b"\n"),
}


@pytest.mark.parametrize("request_bytes", ROUTED.values(), ids=ROUTED)
def test_other_requests(request_bytes: bytes) -> None:
    """A request that differs in more than the host name is answered in the usual way."""
    with both() as (quick, usual):
        for request in (SERVED, request_bytes):
            assert quick.send(request, peer=LOOPBACK) == usual.send(request, peer=LOOPBACK)
        assert quick.routed == usual.routed
        assert quick.raw_lines == usual.raw_lines
        assert quick.counts == usual.counts


NEVER_KNOWN = {
    "the client wants the end of the connection": ask("www.example.com", "Connection: close"),
    "the client wants to keep the connection": ask("www.example.com", "Connection: keep-alive"),
    "no body": ask("www.example.com", "Content-Length: 0"),
    "another protocol": ask("www.example.com", "Connection: upgrade", "Upgrade: h2c"),
    "a long header field": ask("www.example.com", f"Accept: {'x' * 1000}"),
    "a field that the guard does not know": ask("www.example.com", "X-Unknown: 1"),
    "an old version": ask("www.example.com", version="1.0"),
    "a forwarded request": ask("www.example.com", "X-Forwarded-For: 127.0.0.1"),
    "the Host of another machine": ask("www.example.com", host="rebound.example:4244"),
    "two values of Host": ask("www.example.com", "Host: rebound.example"),
    "no header fields": b"GET /tls/ask?domain=www.example.com HTTP/1.1\r\n\r\n",
}


@pytest.mark.parametrize("request_bytes", NEVER_KNOWN.values(), ids=NEVER_KNOWN)
def test_requests_that_are_never_known(request_bytes: bytes) -> None:
    """Header fields that are unusual, or that the guard refuses, are not kept."""
    with both() as (quick, usual):
        for _ in range(2):
            answer = quick.send(request_bytes, peer=LOOPBACK)
            assert answer == usual.send(request_bytes, peer=LOOPBACK)
        assert quick.routed == usual.routed == 2


@pytest.mark.parametrize("peer", ["192.0.2.7", "2001:db8::1", "::1", None])
def test_other_clients(peer: str | None) -> None:
    """What a client of this machine has sent is not known for a client with another address."""
    with both() as (quick, usual):
        for client in (LOOPBACK, peer):
            assert quick.send(SERVED, peer=client) == usual.send(SERVED, peer=client)
        assert quick.routed == 2
        answer, _ = quick.send(SERVED, peer=peer)
        is_remote = peer != "::1"
        assert answer.endswith(REFUSAL.encode() if is_remote else b"ok\n")
        assert quick.routed == (3 if is_remote else 2)


def test_many_requests_on_one_connection() -> None:
    """A connection is kept, and known and other requests take turns."""
    pieces = (SERVED, SERVED, SERVED[:9], SERVED[9:], SERVED, SERVED * 3, SERVED)
    with both() as (quick, usual):
        assert quick.send(*pieces, peer=LOOPBACK) == usual.send(*pieces, peer=LOOPBACK)
        assert (quick.routed, usual.routed) == (5, 8)
        assert quick.raw_lines == usual.raw_lines


UNFINISHED = {
    "a body": b"POST /tls/ask HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n"
    % len(SERVED),
    "a header field": b"GET /metrics/ HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: ",
    "a path": b"GET /",
    "an empty line": b"\r\n",
}


@pytest.mark.parametrize("begin", UNFINISHED.values(), ids=UNFINISHED)
def test_rest_of_a_request(begin: bytes) -> None:
    """The rest of another request is never taken as a known one."""
    with both() as (quick, usual):
        for pieces in ((SERVED,), (begin, SERVED), (begin, SERVED, SERVED)):
            assert quick.send(*pieces, peer=LOOPBACK) == usual.send(*pieces, peer=LOOPBACK)
        assert quick.raw_lines == usual.raw_lines
        assert quick.counts == usual.counts


def test_date() -> None:
    """A known answer has the current date."""
    with AdminListener() as quick:
        for date in (b"Thu, 01 Jan 1970 00:00:00 GMT", b"Thu, 01 Jan 1970 00:00:01 GMT"):
            quick.set_date(date)
            for _ in range(2):
                answer, _ = quick.send(SERVED, peer=LOOPBACK)
                assert b"date: %b\r\n" % date in answer
        assert quick.routed == 1


def test_time_for_a_request_after_a_known_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next request has as much time as the first one, and not the rest of it."""
    monkeypatch.setattr(connection, "HEAD_TIMEOUT_SECONDS", 0.5)
    with AdminListener() as quick:
        quick.send(SERVED, peer=LOOPBACK)
        pieces = (SERVED, SERVED[:20], SERVED[20:])
        answers, is_closed = quick.send(*pieces, peer=LOOPBACK, pause=0.3)
        assert answers.count(b"HTTP/1.1 200 OK") == 2
        assert not is_closed


def test_invented_header_fields() -> None:
    """However many header fields a client invents, only the last ones are kept."""
    with AdminListener() as quick:
        for number in (*range(HEADER_BLOCKS_MAX + 1), 0):
            quick.send(ask("www.example.com", f"Accept: {number}"), peer=LOOPBACK)
        assert quick.routed == HEADER_BLOCKS_MAX + 2


def test_changed_providers() -> None:
    """After a change of the providers, the next answer is a new one."""
    changed = MemoryStore(Catalog((domain("other.example"),)))
    with AdminListener() as quick:
        assert isinstance(quick.cache, MemoryDomains)
        before, _ = quick.send(SERVED, SERVED, peer=LOOPBACK)
        quick.cache.replace(changed)
        after, _ = quick.send(SERVED, peer=LOOPBACK)
        assert before.count(b"200 OK") == 2
        assert b"404 Not Found" in after
        assert quick.routed == 1


def test_providers_that_could_not_be_read_yet() -> None:
    """Before the first providers file is read, the application answers that it knows no name."""

    def nothing(metrics: Metrics) -> MemoryDomains:
        return MemoryDomains(None, metrics)

    with both(nothing) as (quick, usual):
        for request in (SERVED, SERVED, ask("www.example.com")):
            assert quick.send(request, peer=LOOPBACK) == usual.send(request, peer=LOOPBACK)
        # A name that no domain can have needs no domain.
        assert quick.routed == 2
        assert quick.counts == usual.counts


def test_expired_entries() -> None:
    """An entry that is older than half of its time to live is queried again, by FastAPI."""
    now = 0.0

    def expiring(metrics: Metrics) -> DomainCache:
        return DomainCache(MemoryStore(CATALOG), CacheLimits(), metrics=metrics, clock=lambda: now)

    with AdminListener(expiring) as quick:
        quick.send(SERVED, SERVED, peer=LOOPBACK)
        assert quick.routed == 1
        now = CacheLimits().ttl_seconds / 2
        quick.send(SERVED, SERVED, peer=LOOPBACK)
        assert quick.routed == 2


def test_a_domain_that_is_not_in_memory() -> None:
    """If one of two domains must be queried, the application answers, and counts nothing twice."""
    with both(cached, KINDS) as (quick, usual):
        for name in ("unserved.example", "autoconfig.unserved.example", "www.example.com"):
            for _ in range(2):
                request = ask(name)
                assert quick.send(request, peer=LOOPBACK) == usual.send(request, peer=LOOPBACK)
            assert quick.counts == usual.counts
        assert quick.routed == 3


@pytest.mark.parametrize(
    ("level", "log_format"), [("INFO", "console"), ("WARNING", "json"), ("ERROR", "console")]
)
def test_other_logs(level: str, log_format: LogFormat) -> None:
    """Lines that are not JSON are rendered one by one; those below the level are not written."""
    with (
        AdminListener(level=level, log_format=log_format) as quick,
        AdminListener(answers_at_once=False, level=level, log_format=log_format) as usual,
    ):
        for listener in (quick, usual):
            listener.send(SERVED, SERVED, ask("www.example.com"), peer=LOOPBACK)
        assert quick.routed == 1
        assert quick.raw_lines == usual.raw_lines
        assert len(quick.raw_lines) == (3 if level == "INFO" else 0)
