"""Answers from templates are the same as those of the router: bytes, log lines and metrics."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from uvicorn.server import ServerState

from tests.web.asgi import settings
from tests.web.public.worker import Worker
from waypost.core.address import DomainName
from waypost.core.errors import DomainUnknown
from waypost.core.model import Catalog
from waypost.providers_file.load import read_providers
from waypost.runtime.metrics import Metrics
from waypost.settings import Settings
from waypost.store.cache import CacheLimits, DomainCache
from waypost.store.memory import MemoryDomains, MemoryStore
from waypost.web import connection
from waypost.web.public.public_connection import LastAnswers
from waypost.web.public.response import unknown_domain
from waypost.wiring.runtime import Domains

PROVIDERS = """
[[provider]]
name = "Example"
domains = ["example.com", "example.org", "xn--mnchen-3ya.example", "text", "mobileconfig"]
services = [
  { type = "imap", host = "imap.example.com", login_name = "%EMAILADDRESS%" },
  { type = "smtp", host = "smtp.%EMAILDOMAIN%", login_name = "%EMAILLOCALPART%" },
  { type = "caldav", url = "https://dav.example.com/%EMAILADDRESS%/" },
  { type = "activesync", url = "https://eas.example.com/Microsoft-Server-ActiveSync" },
]

[[provider]]
name = "Details"
domains = ["details.example"]
subaddress_separators = "+-"
services = [
  { type = "imap", host = "imap.details.example" },
  { type = "smtp", host = "smtp.details.example" },
]

[[provider]]
name = "Personal"
domains = ["personal.example"]
services = [
  { type = "imap", host = "%EMAILLOCALPART%.personal.example" },
  { type = "smtp", host = "smtp.personal.example" },
]

[[provider]]
name = "PACC"
domains = ["pacc.example"]
services = [
  { type = "imap", host = "imap.pacc.example" },
  { type = "smtp", host = "smtp.pacc.example" },
]

[[provider]]
name = "Wild"
domains = ["*.wild.example"]
services = [
  { type = "imap", host = "imap.wild.example" },
  { type = "smtp", host = "smtp.wild.example" },
]

[[provider]]
name = "Incoming only"
domains = ["half.example"]
services = [{ type = "imap", host = "imap.half.example" }]

[[provider]]
name = "Moved"
domains = [{ name = "moved.example", redirect_address = "example.com" }]
"""


def in_memory(metrics: Metrics) -> Domains:
    """Return the domains of a providers file."""
    return MemoryDomains(store(), metrics)


def cached(metrics: Metrics) -> Domains:
    """Return the domains of a database, behind the cache."""
    return DomainCache(store(), CacheLimits(), metrics=metrics)


def store() -> MemoryStore:
    return MemoryStore(catalog())


@cache
def catalog() -> Catalog:
    """Read the providers file once: the properties need many stores."""
    return read_providers(PROVIDERS, name="mail.toml", format="toml").catalog


LOCAL_PARTS = st.sampled_from(
    ["alice", "bob", "a.b_c-d+e", "Alice", "EVOLUTIONUSER", "%C3%BC", "a%2Bb", "%22a%22", "", "a b"]
) | st.text("ab.+-_%", max_size=5)
DOMAINS = st.sampled_from(
    [
        *("example.com", "example.org", "EXAMPLE.com", "example.com.", "xn--mnchen-3ya.example"),
        *(
            "details.example",
            "personal.example",
            "a.wild.example",
            "b.wild.example",
            "half.example",
        ),
        *("moved.example", "unknown.example", "other.invalid", "-.example", "", "1.2.3.4"),
    ]
)
AT = st.sampled_from(["@", "@", "%40", "%2540", ""])
ADDRESSES = st.tuples(LOCAL_PARTS, AT, DOMAINS).map("".join)
PATHS = st.sampled_from(
    [
        *["/mail/config-v1.1.xml", "/.well-known/autoconfig/mail/config-v1.1.xml"] * 3,
        *("/.well-known/mail-v1.xml", "/mail/config-v1.1.xml/", "//mail/config-v1.1.xml"),
        *("/autodiscover/autodiscover.json", "/Autodiscover/Autodiscover.json", "/mobileconfig"),
        *("/.well-known/user-agent-configuration.json", "/", "/unknown", "/v1.1/example.com"),
        *("/.well-known/caldav", "/autodiscover/autodiscover.xml", "/mail%2Fconfig-v1.1.xml"),
    ]
)
NAMES = st.sampled_from(["emailaddress", "emailaddress", "Email", "EmailAddress", "name", "email"])
REST = st.sampled_from(
    ["", "", "", "&Protocol=AutodiscoverV1", "&Protocol=ActiveSync", "&emailmd5=1", "&a=b#c", "&"]
)
QUERIES = st.one_of(
    st.builds(lambda name, address, rest: f"?{name}={address}{rest}", NAMES, ADDRESSES, REST),
    st.sampled_from(["", "?", "?emailaddress="]),
)
HOSTS = st.sampled_from(
    [
        *("autoconfig.example.com", "ua-auto-config.example.com", "ua-auto-config.pacc.example"),
        *("example.com", "www.example.com", "127.0.0.1:4243", "autoconfig.unknown.example"),
    ]
)
FIELDS = st.lists(
    st.sampled_from(
        [
            *("User-Agent: Thunderbird/128.0", "User-Agent: x", "Accept: */*", "accept: text/xml"),
            *("Connection: close", "Connection: keep-alive", "Connection: Keep-Alive, x"),
            *("If-None-Match: *", "X-Forwarded-For: 192.0.2.1", "X-Forwarded-Proto: https"),
            *("X-Forwarded-For: 198.51.100.7, 192.0.2.9", "x-forwarded-for: 2001:db8::7"),
            *("X-Forwarded-For: unknown", "X-Forwarded-For: ", "X-Forwarded-For: ,"),
            *("X-Forwarded-Proto: http", "X-Real-IP: 192.0.2.1", "x-real-ip: x", "Via: 1.1 a"),
            *("X-Forwarded-Host: autoconfig.example.org", "X-Forwarded-Host: a:443"),
            *("X-Forwarded-Port: 443", "X-Forwarded-Ssl: on", "X-Forwarded-Server: a"),
            *(
                "Forwarded: for=192.0.2.60",
                "Host: example.org",
                "Content-Length: 0",
                "Origin: null",
            ),
            *(
                "Expect: 100-continue",
                "Upgrade: h2c",
                "Transfer-Encoding: chunked",
                "Range: bytes=0-",
            ),
            *("Cookie: a=b", "Accept-Language: de", "Sec-Fetch-Mode: cors", "User-Agent: \x7f"),
        ]
    ),
    max_size=3,
)
METHODS = st.sampled_from(["GET", "GET", "GET", "GET", "HEAD", "OPTIONS", "PUT", "get"])
VERSIONS = st.sampled_from(["1.1", "1.1", "1.1", "1.1", "1.0"])
ENDS = st.sampled_from(["\r\n", "\r\n", "\r\n", "\n"])


@st.composite
def gets(draw: st.DrawFn) -> bytes:
    """Create a request without a body."""
    target = draw(PATHS) + draw(QUERIES)
    end = draw(ENDS)
    lines = [f"{draw(METHODS)} {target} HTTP/{draw(VERSIONS)}", f"Host: {draw(HOSTS)}"]
    return end.join([*lines, *draw(FIELDS), "", ""]).encode("latin-1")


BODIES = st.builds(
    lambda address, schema, extra: (
        '<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/'
        f'{schema[0]}/requestschema/2006"><Request>{extra}<EMailAddress>{address}</EMailAddress>'
        "<AcceptableResponseSchema>http://schemas.microsoft.com/exchange/autodiscover/"
        f"{schema[0]}/responseschema/{schema[1]}</AcceptableResponseSchema></Request></Autodiscover>"
    ),
    ADDRESSES,
    st.sampled_from([("outlook", "2006a"), ("outlook", "2006a"), ("mobilesync", "2006")]),
    st.sampled_from(
        ["", "", "", "<!-- <x>alice@example.com</x> -->", "<x>bob@example.org</x>", "<a>ü</a>"]
    ),
)


@st.composite
def posts(draw: st.DrawFn) -> bytes:
    """Create a request of Autodiscover."""
    body = draw(BODIES).encode()
    length = draw(st.sampled_from([len(body)] * 6 + [len(body) - 1, 0]))
    path = draw(st.sampled_from(["/autodiscover/autodiscover.xml"] * 3 + ["/mobileconfig"]))
    kind = draw(
        st.sampled_from(
            ["text/xml"] * 4 + ["text/xml; charset=us-ascii", "text/xml;charset=utf-16"]
        )
    )
    lines = [f"POST {path} HTTP/1.1", f"Host: {draw(HOSTS)}", f"Content-Type: {kind}"]
    head = "\r\n".join([*lines, f"Content-Length: {length}", *draw(FIELDS), "", ""])
    return head.encode("latin-1") + body


REQUESTS = st.one_of(gets(), gets(), posts())


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


PROXIES = [
    settings(),
    settings(proxy_count=1),
    settings(proxy_count=2),
    settings(trusted_proxies=["192.0.2.0/24"]),
]


@contextmanager
def both(options: Settings) -> Iterator[list[tuple[Worker, Worker]]]:
    """Yield pairs of workers with templates and without, for each source of domains."""
    with ExitStack() as stack:
        yield [
            (
                stack.enter_context(Worker(source, options)),
                stack.enter_context(Worker(source, options, has_templates=False)),
            )
            for source in (in_memory, cached)
        ]


PEERS = st.sampled_from(["192.0.2.7", "2001:db8::9", "::1", None])


@hypothesis_settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.tuples(exchanges(), PEERS), min_size=1, max_size=3),
    st.sampled_from(PROXIES),
    st.booleans(),
)
def test_both_ways_give_the_same(
    connections: list[tuple[list[tuple[bytes, ...]], str | None]],
    options: Settings,
    is_accepting: bool,
) -> None:
    """For any requests, the bytes, the log lines and the metrics do not depend on templates."""
    with both(options) as pairs:
        for quick, usual in pairs:
            quick.is_accepting = is_accepting
            for exchange, peer in connections:
                for pieces in exchange:
                    assert quick.send(*pieces, peer=peer) == usual.send(*pieces, peer=peer)
            assert quick.raw_lines == usual.raw_lines
            assert quick.counts == usual.counts


LIMITS = {"rate_limit": 1e-6, "rate_limit_burst": 4, "rate_limit_query_cost": 1}
LIMITED = [
    settings(**LIMITS),
    settings(**LIMITS, proxy_count=1),
    settings(**LIMITS, trusted_proxies=["192.0.2.0/24"], rate_limit_exempt=["198.51.100.0/24"]),
]


def without_waits(answer: tuple[bytes, bool]) -> tuple[bytes, bool]:
    """Return an answer without the times to wait, which depend on the clock."""
    data, is_closed = answer
    return re.sub(rb"(in |retry-after: |;t=)[0-9]+", rb"\1", data), is_closed


@hypothesis_settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(exchanges(), PEERS), min_size=1, max_size=4), st.sampled_from(LIMITED))
def test_limits_do_not_depend_on_templates(
    connections: list[tuple[list[tuple[bytes, ...]], str | None]], options: Settings
) -> None:
    """With limits, the same requests are answered and refused with templates and without."""
    with both(options) as pairs:
        for quick, usual in pairs:
            for exchange, peer in connections:
                for pieces in exchange:
                    found = quick.send(*pieces, peer=peer), usual.send(*pieces, peer=peer)
                    assert without_waits(found[0]) == without_waits(found[1])
            assert quick.raw_lines == usual.raw_lines
            assert quick.counts == usual.counts


def get(target: str, *fields: str, host: str = "autoconfig.example.com") -> bytes:
    """Return the bytes of a GET request."""
    return "\r\n".join([f"GET {target} HTTP/1.1", f"Host: {host}", *fields, "", ""]).encode()


def post(address: str, extra: str = "") -> bytes:
    """Return the bytes of a request of Outlook, with another element before the address."""
    namespace = "http://schemas.microsoft.com/exchange/autodiscover/outlook"
    body = (
        f'<Autodiscover xmlns="{namespace}/requestschema/2006"><Request>{extra}'
        f"<EMailAddress>{address}</EMailAddress><AcceptableResponseSchema>{namespace}"
        "/responseschema/2006a</AcceptableResponseSchema></Request></Autodiscover>"
    )
    return post_head(len(body)) + body.encode()


def post_head(body_length: int) -> bytes:
    """Return the request line and the header fields of a request of Outlook."""
    line = "POST /autodiscover/autodiscover.xml HTTP/1.1"
    fields = f"Host: a\r\nContent-Length: {body_length}\r\nContent-Type: text/xml"
    return f"{line}\r\n{fields}\r\n\r\n".encode()


def pipelined(address: str) -> tuple[bytes, bytes]:
    """Return a GET and the first part of a POST in one piece, and the rest of the POST.

    The body of the POST is as long as the head and the first part together.
    """
    body, end = post(address).partition(b"\r\n\r\n")[2], b"</Autodiscover>"
    part = body.removesuffix(end)
    length = len(post_head(100)) + len(part)
    first = get("/unknown", "Accept: */*", "DNT: 1") + post_head(length) + part
    return first, end.rjust(length - len(part))


AUTOCONFIG = "/mail/config-v1.1.xml?emailaddress="
JSON = "/autodiscover/autodiscover.json?Email="
PACC = "/.well-known/user-agent-configuration.json"
IN_PATH = "/autodiscover/autodiscover.json/alice@example.com"
KNOWN = {
    "Autoconfig": (get(f"{AUTOCONFIG}alice@example.com"), get(f"{AUTOCONFIG}bob@example.com")),
    "Autoconfig by its other URL": (
        get(f"/.well-known/autoconfig{AUTOCONFIG}alice@example.com"),
        get(f"/.well-known/autoconfig{AUTOCONFIG}bob%40example.com"),
    ),
    "Autoconfig for a domain": (get("/mail/config-v1.1.xml"), get("/mail/config-v1.1.xml")),
    "Autoconfig for a domain that is not served": (
        get("/mail/config-v1.1.xml", host="autoconfig.unknown.example"),
        get("/mail/config-v1.1.xml", host="autoconfig.unknown.example"),
    ),
    "a pattern": (get(f"{AUTOCONFIG}alice@a.wild.example"), get(f"{AUTOCONFIG}b@a.wild.example")),
    "not served": (get(f"{AUTOCONFIG}alice@b.invalid"), get(f"{AUTOCONFIG}bob@b.invalid")),
    "Autodiscover": (post("alice@example.com"), post("robin@example.com")),
    "Autodiscover in JSON": (
        get(f"{JSON}alice@example.com&Protocol=AutodiscoverV1"),
        get(f"{JSON}bob@example.com&Protocol=AutodiscoverV1"),
    ),
    "PACC": (
        get("/.well-known/user-agent-configuration.json", host="ua-auto-config.pacc.example"),
        get("/.well-known/user-agent-configuration.json", host="ua-auto-config.pacc.example"),
    ),
    "a profile": (
        get("/mobileconfig?emailaddress=alice@example.com"),
        get("/mobileconfig?emailaddress=Bob.X@example.com"),
    ),
    "a profile of an unknown domain": (
        get("/mobileconfig?emailaddress=alice@b.invalid"),
        get("/mobileconfig?emailaddress=Bob.X@b.invalid"),
    ),
    "the connection is kept": (
        get(f"{AUTOCONFIG}alice@example.com", "Connection: keep-alive"),
        get(f"{AUTOCONFIG}bob@example.com", "Connection: keep-alive"),
    ),
    "the connection is closed": (
        get(f"{AUTOCONFIG}alice@example.com", "Connection: close"),
        get(f"{AUTOCONFIG}bob@example.com", "Connection: close"),
    ),
}


@pytest.mark.parametrize("source", [in_memory, cached])
@pytest.mark.parametrize(("first", "second"), KNOWN.values(), ids=KNOWN)
def test_known_answers(first: bytes, second: bytes, source: Callable[[Metrics], Domains]) -> None:
    """After one request of a kind, the others are answered at once, with the same bytes."""
    with Worker(source) as quick, Worker(source, has_templates=False) as usual:
        assert quick.send(first) == usual.send(first)
        assert quick.send(second) == usual.send(second)
        assert (quick.routed, usual.routed) == (1, 2)
        assert quick.raw_lines == usual.raw_lines
        assert quick.counts == usual.counts


@pytest.mark.parametrize("peer", ["192.0.2.7", "::1", None])
@pytest.mark.parametrize("closes", [True, False])
def test_answers_without_a_connection(peer: str | None, closes: bool) -> None:
    """A request is answered before there is a connection only if the answer closes it."""
    field = "Connection: close" if closes else "Connection: keep-alive"
    first, second = (get(f"{AUTOCONFIG}{one}@example.com", field) for one in ("alice", "bob"))
    with Worker(in_memory) as quick, Worker(in_memory, has_templates=False) as usual:
        assert quick.templates is not None
        answers = LastAnswers(quick.templates, ServerState())
        assert answers.answer(second, peer) is None
        for worker in (quick, usual):
            worker.is_accepting = True
            worker.send(first, peer=peer)
        lines = quick.log_text
        found = answers.answer(second, peer)
        assert (found is not None) == closes
        assert (quick.log_text != lines) == closes
        assert quick.send(second, peer=peer) == usual.send(second, peer=peer)


ROUTED = {
    "another method": (
        get(f"{AUTOCONFIG}alice@example.com"),
        get(f"{AUTOCONFIG}bob@example.com").replace(b"GET", b"HEAD"),
    ),
    "another version": (
        get(f"{AUTOCONFIG}alice@example.com"),
        get(f"{AUTOCONFIG}bob@example.com").replace(b"HTTP/1.1", b"HTTP/1.0"),
    ),
    "another header field": (
        get(f"{AUTOCONFIG}alice@example.com"),
        get(f"{AUTOCONFIG}bob@example.com", "If-None-Match: *"),
    ),
    "Evolution's placeholder of a user": (
        get(f"{AUTOCONFIG}alice@example.com"),
        get(f"{AUTOCONFIG}EVOLUTIONUSER@example.com"),
    ),
    "a quoted local part": (
        get(f"{AUTOCONFIG}alice@example.com"),
        get(f"{AUTOCONFIG}%22a%22@example.com"),
    ),
    "a sub-address": (
        get(f"{AUTOCONFIG}alice@details.example"),
        get(f"{AUTOCONFIG}alice+shop@details.example"),
    ),
    "a sub-address with a hyphen": (
        get(f"{AUTOCONFIG}alice@details.example"),
        get(f"{AUTOCONFIG}alice-shop@details.example"),
    ),
    "a user's own host": (
        get(f"{AUTOCONFIG}alice@personal.example"),
        get(f"{AUTOCONFIG}bob@personal.example"),
    ),
    "an internationalised domain": (
        get(f"{AUTOCONFIG}alice@xn--mnchen-3ya.example"),
        get(f"{AUTOCONFIG}alice@m%C3%BCnchen.example"),
    ),
    "a redirect": (
        get(f"{AUTOCONFIG}alice@moved.example"),
        get(f"{AUTOCONFIG}alice@moved.example"),
    ),
    "a profile with a name": (
        get("/mobileconfig?emailaddress=alice@example.com&name=Alice"),
        get("/mobileconfig?emailaddress=bob@example.com&name=Alice"),
    ),
    "an address in a comment": (
        post("alice@example.com").replace(b"<Request>", b"<!--<x>alice@example.com</x><Request>"),
        post("bob@example.com").replace(b"<Request>", b"<!--<x>alice@example.com</x><Request>"),
    ),
    "an address in the body of a GET": (
        get(f"{AUTOCONFIG}%61lice@example.com", "Content-Length: 19") + b">alice@example.com<",
        get(f"{AUTOCONFIG}%61lice@example.com", "Content-Length: 19") + b">robin@example.com<",
    ),
    "another spelling of the address in the body": (
        post("alice@EXAMPLE.com", "<x>alice@example.com</x>"),
        post("alice@EXAMPLE.com", "<x>robin@example.com</x>"),
    ),
    "an address in the path": (
        get(f"{IN_PATH}?x=alice@example.com&Protocol=AutodiscoverV1"),
        get(f"{IN_PATH}?x=robin@example.com&Protocol=AutodiscoverV1"),
    ),
    "a long header field": (
        get(f"{AUTOCONFIG}alice@example.com", f"Accept: {'x' * 1000}"),
        get(f"{AUTOCONFIG}bob@example.com", f"Accept: {'x' * 1000}"),
    ),
    "the user's own address in a header field": (
        get(f"{AUTOCONFIG}alice@example.com", "From: alice@example.com"),
        get(f"{AUTOCONFIG}alice@example.com", "From: alice@example.com"),
    ),
    "the name of the user's mailbox": (
        post("alice@example.com", "<LegacyDN>/o=Example/cn=alice</LegacyDN>"),
        post("alice@example.com", "<LegacyDN>/o=Example/cn=alice</LegacyDN>"),
    ),
    "an address that is not read": (
        get("/mail/config-v1.1.xml?emailaddress=&x=alice%40example.com"),
        get("/mail/config-v1.1.xml?emailaddress=&x=alice%40example.com"),
    ),
    "the page of another device": (
        get("/?emailaddress=alice@example.com", "User-Agent: Mozilla/5.0 (iPhone)"),
        get("/?emailaddress=alice@example.com", "User-Agent: Mozilla/5.0 (Windows NT 10.0)"),
    ),
    "the page of another user": (
        get("/?emailaddress=alice@example.com"),
        get("/?emailaddress=bob@example.com"),
    ),
    "two requests at once": (
        get(f"{AUTOCONFIG}alice@example.com"),
        get(f"{AUTOCONFIG}bob@example.com") * 2,
    ),
}


@pytest.mark.parametrize(("first", "second"), ROUTED.values(), ids=ROUTED)
def test_other_requests(first: bytes, second: bytes) -> None:
    """A request that differs in more than the address is answered by the router."""
    with Worker(in_memory) as quick, Worker(in_memory, has_templates=False) as usual:
        assert quick.send(first) == usual.send(first)
        assert quick.send(second) == usual.send(second)
        assert quick.routed == usual.routed
        assert quick.raw_lines == usual.raw_lines


def forwarded(
    target: str,
    client: str,
    *fields: str,
    host: str = "autoconfig.example.com",
    name: str = "X-Forwarded-For",
) -> bytes:
    """Return a request as a web server forwards it."""
    fields = (f"{name}: {client}", f"X-Real-IP: {client}", *fields)
    return get(target, *fields, "X-Forwarded-Proto: https", f"X-Forwarded-Host: {host}", host=host)


def before_nginx_1_29(request: bytes) -> bytes:
    """Return a request as nginx forwards it by default before version 1.29.7."""
    closed = request.replace(b" HTTP/1.1\r\n", b" HTTP/1.0\r\n")
    return closed.replace(b"Host:", b"Connection: close\r\nHost:", 1)


ONE = f"{AUTOCONFIG}alice@example.com"
OTHER = f"{AUTOCONFIG}bob@example.org"
FORWARDED = {
    "another client": (forwarded(ONE, "192.0.2.1"), forwarded(ONE, "2001:db8::7")),
    "another client and domain": (
        forwarded(ONE, "192.0.2.1"),
        forwarded(OTHER, "192.0.2.2", host="autoconfig.example.org"),
    ),
    "field names in lower case": (
        forwarded(ONE, "192.0.2.1", name="x-forwarded-for"),
        forwarded(OTHER, "192.0.2.2", name="x-forwarded-for"),
    ),
    "two proxies": (
        forwarded(ONE, "198.51.100.1, 192.0.2.1"),
        forwarded(ONE, "198.51.100.2, 192.0.2.1"),
    ),
    "HTTP/1.0": (
        before_nginx_1_29(forwarded(ONE, "192.0.2.1")),
        before_nginx_1_29(forwarded(OTHER, "192.0.2.2")),
    ),
    "a profile": (
        forwarded("/mobileconfig?emailaddress=alice@example.com", "192.0.2.1"),
        forwarded("/mobileconfig?emailaddress=bob@example.com", "192.0.2.2"),
    ),
    "PACC": (
        forwarded(PACC, "192.0.2.1", host="ua-auto-config.pacc.example"),
        forwarded(PACC, "192.0.2.2", host="ua-auto-config.pacc.example"),
    ),
}


@pytest.mark.parametrize("options", PROXIES, ids=["none", "one", "two", "networks"])
@pytest.mark.parametrize(("first", "second"), FORWARDED.values(), ids=FORWARDED)
def test_requests_through_a_web_server(first: bytes, second: bytes, options: Settings) -> None:
    """A request is answered at once, whatever a web server says of its client and its host."""
    with Worker(in_memory, options) as quick, Worker(in_memory, options, has_templates=False) as us:
        assert quick.send(first) == us.send(first)
        assert quick.send(second) == us.send(second)
        assert (quick.routed, us.routed) == (1, 2)
        assert quick.raw_lines == us.raw_lines
        assert quick.counts == us.counts


PROFILE = "/mobileconfig?emailaddress=alice@example.com"
OTHER_MEANING = {
    "a profile that came by http": (
        forwarded(PROFILE, "192.0.2.1"),
        forwarded(PROFILE, "192.0.2.1").replace(b"Proto: https", b"Proto: http"),
    ),
    "a host with the port of https": (
        get(PROFILE, "X-Forwarded-Proto: http", host="autoconfig.example.com:443"),
        get(PROFILE, "X-Forwarded-Proto: http"),
    ),
    "another host without an address": (
        forwarded(PACC, "192.0.2.1", host="ua-auto-config.pacc.example"),
        forwarded(PACC, "192.0.2.1", host="ua-auto-config.example.com"),
    ),
    "two hosts": (forwarded(ONE, "192.0.2.1"), forwarded(ONE, "192.0.2.1", "Host: example.org")),
    "no host": (
        forwarded(ONE, "192.0.2.1"),
        forwarded(ONE, "192.0.2.1").replace(b"Host: autoconfig.example.com", b"Host: ", 1),
    ),
    "a client that is no address": (
        forwarded(ONE, "192.0.2.1"),
        forwarded(ONE, 'x", "status": 500'),
    ),
    "a second client": (
        forwarded(ONE, "192.0.2.1"),
        forwarded(ONE, "192.0.2.1", "X-Forwarded-For: 192.0.2.2"),
    ),
    "the header of RFC 7239": (
        get(ONE, "Forwarded: for=192.0.2.1"),
        get(ONE, "Forwarded: for=192.0.2.2"),
    ),
}


@pytest.mark.parametrize("options", PROXIES, ids=["none", "one", "two", "networks"])
@pytest.mark.parametrize(("first", "second"), OTHER_MEANING.values(), ids=OTHER_MEANING)
def test_fields_with_another_meaning(first: bytes, second: bytes, options: Settings) -> None:
    """A field that changes the scheme, the host or the number of hosts is read by the router."""
    with Worker(in_memory, options) as quick, Worker(in_memory, options, has_templates=False) as us:
        for request in (first, second, first, second):
            assert quick.send(request) == us.send(request)
        assert quick.raw_lines == us.raw_lines
        assert quick.counts == us.counts


def test_peers_with_and_without_trust() -> None:
    """The same bytes from a trusted web server and from any other peer mean different clients."""
    options = settings(trusted_proxies=["192.0.2.0/24"])
    with Worker(in_memory, options) as quick, Worker(in_memory, options, has_templates=False) as us:
        for peer in ("192.0.2.7", "203.0.113.5", "192.0.2.7", "203.0.113.5"):
            for target in (ONE, PROFILE):
                request = forwarded(target, "198.51.100.1")
                request = request.replace(b"Proto: https", b"Proto: http")
                assert quick.send(request, peer=peer) == us.send(request, peer=peer)
        assert quick.raw_lines == us.raw_lines
        assert {line["peer"] for line in quick.lines} == {"198.51.100.1", "203.0.113.5"}


def test_the_mark_of_a_redirect_is_not_of_the_header_fields() -> None:
    """A request with the mark of a redirect makes no profile known for requests without it."""
    by_http = forwarded(PROFILE, "192.0.2.1").replace(b"Proto: https", b"Proto: http")
    requests = (
        by_http.replace(b"\r\n\r\n", b"\r\nX-Forwarded-Ssl: on\r\n\r\n"),
        by_http.replace(b"@example.com", b"@example.com&redirected=1"),
        by_http,
    )
    options = settings(proxy_count=1)
    with Worker(in_memory, options) as quick, Worker(in_memory, options, has_templates=False) as us:
        for request in (*requests, *requests):
            assert quick.send(request) == us.send(request)
        assert quick.raw_lines == us.raw_lines
        assert quick.counts == us.counts


# The second one comes through one more trusted proxy: the values to its left count.
CHAINS = ("198.51.100.1", "198.51.100.1, 192.0.2.9")
BEHIND_CHAINS = {
    "host": (PACC, "X-Forwarded-Host: ua-auto-config.pacc.example, ua-auto-config.example.com"),
    "scheme": (PROFILE, "X-Forwarded-Proto: http"),
}


@pytest.mark.parametrize("chains", [CHAINS, CHAINS[::-1]], ids=["longer", "shorter"])
@pytest.mark.parametrize(("target", "field"), BEHIND_CHAINS.values(), ids=BEHIND_CHAINS)
def test_chains_of_trusted_proxies(target: str, field: str, chains: tuple[str, str]) -> None:
    """The number of trusted proxies in X-Forwarded-For decides which host and scheme count."""
    options = settings(trusted_proxies=["192.0.2.0/24"])
    with Worker(in_memory, options) as quick, Worker(in_memory, options, has_templates=False) as us:
        for chain in chains * 2:
            request = get(target, f"X-Forwarded-For: {chain}", field)
            assert quick.send(request) == us.send(request)
        assert quick.raw_lines == us.raw_lines
        assert quick.counts == us.counts


def test_a_request_behind_another_one() -> None:
    """A request that begins after another one in the same piece is not kept as the whole piece."""
    with Worker(in_memory) as quick, Worker(in_memory, has_templates=False) as usual:
        for address in ("alice@example.com", "robin@example.com"):
            pieces = pipelined(address)
            assert quick.send(*pieces) == usual.send(*pieces)
        assert quick.raw_lines == usual.raw_lines


@pytest.mark.parametrize(
    "domain",
    ["987654321.125.example", "address.5f0c3b9e7d1a4286", "peer.5f0c3b9e7d1a4286"],
)
def test_a_path_that_looks_like_a_value(domain: str) -> None:
    """The path of a log line stays as it is, whatever is in it."""
    request = get(f"/v1.1/{domain}", host=domain)
    with Worker(in_memory) as quick, Worker(in_memory, has_templates=False) as usual:
        for worker in (quick, usual):
            worker.send(request)
            worker.send(request)
        assert quick.raw_lines == usual.raw_lines


@pytest.mark.parametrize("secret", ["example", "domain", "peer.5f", "987654321"])
def test_secrets_in_log_lines(secret: str) -> None:
    """A text that is masked in the lines of the router is masked in all lines."""
    with (
        Worker(in_memory, secrets=[secret]) as quick,
        Worker(in_memory, has_templates=False, secrets=[secret]) as usual,
    ):
        for domain in ("half.invalid", "example.com"):
            for worker in (quick, usual):
                worker.send(get(f"{AUTOCONFIG}alice@{domain}"))
                worker.send(get(f"{AUTOCONFIG}alice@{domain}"))
        assert quick.raw_lines == usual.raw_lines


def test_a_secret_in_a_new_domain() -> None:
    """A secret of the settings is masked in each domain, whichever domain was the first one."""
    secret = "hunter2"
    options = settings(db_uri=f"postgresql://waypost:{secret}@127.0.0.1/waypost")
    with (
        Worker(in_memory, options, secrets=[secret]) as quick,
        Worker(in_memory, options, has_templates=False, secrets=[secret]) as usual,
    ):
        for domain in ("a.invalid", f"{secret}.invalid", f"{secret}.invalid", "b.invalid"):
            for worker in (quick, usual):
                worker.send(get(f"{AUTOCONFIG}alice@{domain}"))
        assert quick.raw_lines == usual.raw_lines
        assert [line["domain"] for line in quick.lines][1:3] == ["***.invalid"] * 2
        assert quick.routed == 3


def test_time_for_a_request_after_a_known_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next request has as much time as the first one, and not the rest of it."""
    monkeypatch.setattr(connection, "HEAD_TIMEOUT_SECONDS", 0.5)
    request = get(f"{AUTOCONFIG}alice@example.com")
    with Worker(in_memory) as quick:
        quick.send(request)
        answers, is_closed = quick.send(request, request[:20], request[20:], pause=0.3)
        assert answers.count(b"HTTP/1.1 200 OK") == 2
        assert not is_closed


def test_domains_that_are_not_served() -> None:
    """All of them have the same template, so that invented names take little memory."""
    first, second = (
        unknown_domain(domain, DomainUnknown(f"{domain} is not served here")).shared
        for domain in map(DomainName, ("a.invalid", "b.invalid"))
    )
    assert first is not None
    assert second is not None
    assert first.document is second.document


def test_dropped_lines() -> None:
    """The lines of known answers that the log drops are counted at once."""
    with Worker(in_memory) as quick:
        quick.send(get(f"{AUTOCONFIG}alice@example.com"))
        quick.log_writer.dropped = 3
        quick.send(get(f"{AUTOCONFIG}bob@example.com"))
        assert quick.routed == 1
        assert "waypost_log_lines_dropped_total 3.0" in quick.counts


def test_lines_that_show_addresses() -> None:
    """If log lines show addresses, which are searched for secrets, the router answers."""
    with Worker(in_memory, settings(log_addresses=True)) as quick:
        quick.send(get(f"{AUTOCONFIG}alice@example.com"))
        quick.send(get(f"{AUTOCONFIG}bob@example.com"))
        assert quick.routed == 2
        assert [line["address"] for line in quick.lines] == ["alice@example.com", "bob@example.com"]


def test_changed_providers() -> None:
    """After a change of the providers, the first answer is a new one."""
    with Worker(in_memory) as quick:
        before, _ = quick.send(get(f"{AUTOCONFIG}alice@example.com"))
        assert isinstance(quick.cache, MemoryDomains)
        changed = PROVIDERS.replace("imap.example.com", "changed.example.com")
        catalog = read_providers(changed, name="mail.toml", format="toml").catalog
        quick.cache.replace(MemoryStore(catalog))
        after, _ = quick.send(get(f"{AUTOCONFIG}alice@example.com"))
        again, _ = quick.send(get(f"{AUTOCONFIG}alice@example.com"))
        assert b"imap.example.com" in before
        assert b"changed.example.com" in after
        assert again == after
        assert quick.routed == 2


def test_a_domain_that_is_added() -> None:
    """A host name below `www.` means the new domain, although its own entry stays the same."""
    request = get("/mail/config-v1.1.xml", host="www.new.example")
    with Worker(in_memory) as quick, Worker(in_memory, has_templates=False) as usual:
        for text in (PROVIDERS, PROVIDERS.replace("example.org", "new.example")):
            catalog = read_providers(text, name="mail.toml", format="toml").catalog
            for worker in (quick, usual):
                assert isinstance(worker.cache, MemoryDomains)
                worker.cache.replace(MemoryStore(catalog))
            assert quick.send(request) == usual.send(request)
        assert quick.raw_lines == usual.raw_lines


def test_a_domain_that_is_removed() -> None:
    """After a change between served and not served, the new answer is known as well."""
    request = get(f"{AUTOCONFIG}alice@example.org")
    removed = PROVIDERS.replace("example.org", "unused.example")
    with Worker(in_memory) as quick:
        for text in (PROVIDERS, removed, PROVIDERS):
            catalog = read_providers(text, name="mail.toml", format="toml").catalog
            assert isinstance(quick.cache, MemoryDomains)
            quick.cache.replace(MemoryStore(catalog))
            quick.routed = 0
            assert quick.send(request) == quick.send(request)
            assert quick.routed == 1


def test_expired_entries() -> None:
    """An entry that is older than its time to live is queried again, by the router."""
    now = 0.0

    def expiring(metrics: Metrics) -> Domains:
        return DomainCache(store(), CacheLimits(), metrics=metrics, clock=lambda: now)

    with Worker(expiring) as quick:
        quick.send(get(f"{AUTOCONFIG}alice@example.com"))
        quick.send(get(f"{AUTOCONFIG}alice@example.com"))
        assert quick.routed == 1
        now = CacheLimits().ttl_seconds
        quick.send(get(f"{AUTOCONFIG}alice@example.com"))
        assert quick.routed == 2


def test_no_cache() -> None:
    """Without a cache of domains, every request queries the store."""

    def uncached(metrics: Metrics) -> Domains:
        return DomainCache(store(), CacheLimits(ttl_seconds=0), metrics=metrics)

    with Worker(uncached) as quick:
        quick.send(get(f"{AUTOCONFIG}alice@example.com"))
        quick.send(get(f"{AUTOCONFIG}alice@example.com"))
        assert quick.routed == 2


NEW_DOMAINS = {
    "Autoconfig": (f"{AUTOCONFIG}alice@example.com", f"{AUTOCONFIG}bob@example.org"),
    "JSON": (
        f"{JSON}alice@example.com&Protocol=ActiveSync",
        f"{JSON}bob@example.org&Protocol=ActiveSync",
    ),
    "a profile": (
        "/mobileconfig?emailaddress=alice@example.com",
        "/mobileconfig?emailaddress=bob@example.org",
    ),
    "a pattern": (f"{AUTOCONFIG}alice@a.wild.example", f"{AUTOCONFIG}bob@b.wild.example"),
    "not served": (f"{AUTOCONFIG}alice@a.invalid", f"{AUTOCONFIG}bob@b.invalid"),
}


@pytest.mark.parametrize(("first", "second"), NEW_DOMAINS.values(), ids=NEW_DOMAINS)
def test_new_domains(first: str, second: str) -> None:
    """The first request for another domain of the same provider is answered at once."""
    with Worker(in_memory) as quick, Worker(in_memory, has_templates=False) as usual:
        for target in (first, second, first):
            assert quick.send(get(target)) == usual.send(get(target))
        assert (quick.routed, usual.routed) == (1, 3)
        assert quick.raw_lines == usual.raw_lines
        assert quick.counts == usual.counts


OTHER_DOMAINS = {
    "another provider": ("alice@example.com", "alice@pacc.example"),
    "with an A-label": ("alice@example.com", "alice@xn--mnchen-3ya.example"),
    "very long": ("alice@example.com", f"alice@{'a' * 40}.wild.example"),
    "not served": ("alice@example.com", "alice@unknown.example"),
    "not served before": ("alice@unknown.example", "alice@example.com"),
    "in capitals": ("alice@example.com", "alice@EXAMPLE.ORG"),
    "a word of the header fields": ("alice@text", "alice@mobileconfig"),
    "another word of the header fields": ("alice@mobileconfig", "alice@text"),
}


@pytest.mark.parametrize("path", ["/mail/config-v1.1.xml", "/mobileconfig"])
@pytest.mark.parametrize(("first", "second"), OTHER_DOMAINS.values(), ids=OTHER_DOMAINS)
def test_domains_with_other_answers(path: str, first: str, second: str) -> None:
    """A domain whose answer differs in more than the domain gets its own answer."""
    with Worker(in_memory) as quick, Worker(in_memory, has_templates=False) as usual:
        for address in (first, second, second, first):
            target = get(f"{path}?emailaddress={address}")
            assert quick.send(target) == usual.send(target)
        assert quick.raw_lines == usual.raw_lines
        assert quick.counts == usual.counts
