"""The library answers requests as the public listener does."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import unquote, urlencode

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.web.asgi import Client
from tests.web.public.test_any_request import ASCII, BODIES, HEADERS, HOSTS, METHODS, PATHS, QUERIES
from waypost import api

PROVIDERS = """
[[provider]]
name = "Example Inc."
domains = ["example.com", "*.example.net"]
services = [
  { type = "imap", host = "imap.example.com" },
  { type = "smtp", host = "smtp.example.com" },
  { type = "activesync", url = "https://eas.example.com/Microsoft-Server-ActiveSync" },
  { type = "caldav", url = "https://dav.example.com/%EMAILADDRESS%/" },
]
"""


class Both:
    """The listener and the library, with the same providers."""

    def __init__(self) -> None:
        providers = api.parse_providers(PROVIDERS)
        self.client = Client(providers.catalog)
        self.site = api.responder(providers)

    def request(
        self,
        method: str,
        target: str,
        query: str = "",
        *,
        host: str | None = "autoconfig.example.com",
        headers: dict[str, str] | None = None,
        body: bytes = b"",
        scheme: str = "https",
    ) -> tuple[Any, Any]:
        """Return the answer of the listener, and that of the library."""
        sent_headers = headers or {}
        pairs = [("Host", host)] if host is not None else []
        version = "1.0" if host is None else "1.1"
        request = api.WebRequest(
            method=method,
            path=unquote(target),
            query=query.encode(),
            headers=[*pairs, *sent_headers.items()],
            body=body,
            scheme=scheme,
            http_version=version,
            raw_path=target.encode(),
        )
        mine = self.site.respond(request)
        listener = self.client.request(
            method, target, query=query, host=host, headers=sent_headers, body=body, scheme=scheme
        )
        return (
            (listener.status, dict(listener.headers), listener.body),
            (mine.status, dict(mine.headers), mine.body),
        )


@pytest.fixture(name="both", scope="module")
def _both() -> Iterator[Both]:
    """The two for all examples; neither keeps anything of a request."""
    both = Both()
    yield both
    both.client.close()


@hypothesis_settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    method=st.sampled_from(METHODS),
    target=st.sampled_from(PATHS) | st.text(ASCII, max_size=30).map(lambda text: f"/{text}"),
    query=QUERIES,
    host=HOSTS,
    headers=HEADERS,
    body=BODIES,
    scheme=st.sampled_from(["http", "https"]),
)
def test_any_request(  # noqa: PLR0917 -- a request has parts
    both: Both,
    method: str,
    target: str,
    query: str | dict[str, str],
    host: str | None,
    headers: dict[str, str],
    body: bytes,
    scheme: str,
) -> None:
    """Any request gets the same status, headers and body as from the public listener."""
    text = query if isinstance(query, str) else urlencode(query)
    listener, library = both.request(
        method, target.replace("?", ""), text, host=host, headers=headers, body=body, scheme=scheme
    )
    assert library == listener


POX = (
    b'<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/'
    b'requestschema/2006"><Request><EMailAddress>alice@example.com</EMailAddress>'
    b"<AcceptableResponseSchema>http://schemas.microsoft.com/exchange/autodiscover/%s"
    b"</AcceptableResponseSchema></Request></Autodiscover>"
)
ALICE = "emailaddress=alice%40example.com"
# Method, path, query, body, and the status of the answer.
REQUESTS = [
    ("GET", "/mail/config-v1.1.xml", ALICE, b"", 200),
    ("HEAD", "/mail/config-v1.1.xml", ALICE, b"", 200),
    ("GET", "/v1.1/example.com", "", b"", 200),
    ("GET", "/v1.1/unserved.example", "", b"", 404),
    ("OPTIONS", "/.well-known/mail-v1.xml", "", b"", 204),
    ("POST", "/autodiscover/autodiscover.xml", "", POX % b"outlook/responseschema/2006a", 200),
    ("POST", "/Autodiscover/Autodiscover.xml", "", POX % b"mobilesync/responseschema/2006", 200),
    ("GET", "/autodiscover/autodiscover.xml", "", b"", 405),
    ("GET", "/autodiscover/autodiscover.json/v1.0/a@example.com", "Protocol=ActiveSync", b"", 200),
    ("GET", "/mobileconfig", ALICE + "&name=Alice", b"", 200),
    ("POST", "/mobileconfig", "", b"emailaddress=alice@example.com", 405),
    ("GET", "/profile.mobileconfig", "", b"", 200),
    ("GET", "/.well-known/caldav", "", b"", 307),
    ("GET", "/", ALICE, b"", 200),
    ("GET", "/", "lang=de", b"", 200),
    ("GET", "/initdb/", "", b"", 404),
    ("DELETE", "/initdb", "", b"", 404),
    ("GET", "//mail//config-v1.1.xml", ALICE, b"", 200),
    ("GET", "/nothing", "", b"", 404),
]


@pytest.mark.parametrize(("method", "path", "query", "body", "status"), REQUESTS)
def test_request(both: Both, method: str, path: str, query: str, body: bytes, status: int) -> None:
    """The requests of each protocol get the same answers as from the public listener."""
    listener, library = both.request(method, path, query, body=body)
    assert library == listener
    assert library[0] == status


def test_pacc(both: Both) -> None:
    """The PACC document is at its own host name."""
    path = "/.well-known/user-agent-configuration.json"
    listener, library = both.request("GET", path, host="ua-auto-config.example.com")
    assert library == listener
    assert library[0] == 200


def test_plain_http(both: Both) -> None:
    """The probe of Outlook over plain http is redirected to https."""
    path = "/autodiscover/autodiscover.xml"
    listener, library = both.request("GET", path, host="autodiscover.example.com", scheme="http")
    assert library == listener
    assert library[0] == 302


def _get(path: str, query: str = ALICE, **options: Any) -> api.WebRequest:
    return api.WebRequest(
        "GET", path, query.encode(), [("Host", "autoconfig.example.com")], **options
    )


def test_users_of_the_program() -> None:
    """The program's function finds the users of all domains, and may find none."""
    users = {"alice@example.com": api.User("alice.smith")}

    def find_user(address: api.EmailAddress) -> api.User | None:
        if address.local_part == "down":
            raise api.DirectoryUnavailable("the panel's database is down")
        return users.get(str(address))

    site = api.responder(api.parse_providers(PROVIDERS), find_user=find_user)
    path = "/mail/config-v1.1.xml"
    assert b"<username>alice.smith</username>" in site.respond(_get(path)).body
    for other in ("bob", "down"):
        body = site.respond(_get(path, f"emailaddress={other}%40example.com")).body
        assert f"<username>{other}@example.com</username>".encode() in body


def test_mount() -> None:
    """Below a mount, redirects and links begin with the path of the mount."""
    providers = api.parse_providers(PROVIDERS)
    site = api.responder(providers, public_url="https://setup.example.com")
    page = site.respond(_get("/", mount="/mail setup")).body
    assert b'action="/mail%20setup/mobileconfig"' in page
    assert b'href="/mail%20setup/?device=mac&amp;emailaddress=' in page
    assert b'href="/mail%20setup/mobileconfig?' in page
    assert b'href="/mobileconfig?' not in page
    plain = site.respond(
        _get("/mobileconfig", scheme="http", scheme_is_known=True, mount="/mail setup")
    )
    assert plain.status == 302
    location = dict(plain.headers)["location"]
    assert location == f"https://setup.example.com/mail%20setup/mobileconfig?{ALICE}&redirected=1"


@pytest.mark.parametrize("mount", [".evil.example", "evil", "//", "/", ""])
def test_mount_is_a_path(mount: str) -> None:
    """A mount that is no path changes no host name."""
    site = api.responder(api.parse_providers(PROVIDERS), public_url="https://setup.example.com")
    plain = site.respond(_get("/mobileconfig", scheme="http", scheme_is_known=True, mount=mount))
    location = dict(plain.headers)["location"]
    assert location.startswith("https://setup.example.com/mobileconfig?")


def test_too_large() -> None:
    """A body that is too long is refused, whatever Content-Length says."""
    site = api.responder(api.parse_providers(PROVIDERS))
    headers = [("Host", "autodiscover.example.com"), ("Content-Length", "1")]
    request = api.WebRequest(
        "POST", "/autodiscover/autodiscover.xml", b"", headers, body=b" " * 10_000_000
    )
    assert site.respond(request).status == 413


ODD_PATHS = ["", "\ud800", "/v1.1/\udcff", "/v1.1/\ufffd", "/%", "/v1.1/%2F", "//", "\0"]


@pytest.mark.parametrize("path", ODD_PATHS)
def test_odd_paths(path: str) -> None:
    """Any text is a path that has an answer."""
    site = api.responder(api.parse_providers(PROVIDERS))
    assert site.respond(_get(path)).status in {200, 404}


def test_threads_share_a_responder() -> None:
    """Threads that use one responder at the same time get the same answers as one thread."""
    site = api.responder(api.parse_providers(PROVIDERS))
    asked = [_get("/mail/config-v1.1.xml", f"emailaddress=u{n}%40example.com") for n in range(50)]
    alone = [site.respond(request) for request in asked]
    with ThreadPoolExecutor(8) as pool:
        assert [*pool.map(site.respond, asked)] == alone


def test_a_running_event_loop_is_no_obstacle() -> None:
    """A program may call `respond` in a coroutine."""
    site = api.responder(api.parse_providers(PROVIDERS))

    async def ask() -> api.WebResponse:
        return site.respond(_get("/", ALICE))

    assert asyncio.run(ask()).status == 200
