"""Targets for what clients send: addresses, queries, bodies, header fields, whole requests."""

from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from typing import Final

from tests.fuzz.target import Target
from waypost.api import Responder, WebRequest, parse_providers, responder
from waypost.core.address import DomainName, EmailAddress
from waypost.core.errors import AddressError, RequestError, WaypostError
from waypost.core.host import is_loopback
from waypost.core.model.pattern import DomainPattern
from waypost.formats.autodiscover.request import parse_request
from waypost.web.admin.pages.forms import FormError, form_of_parts
from waypost.web.admin.pages.multipart import MultipartError, MultipartParser
from waypost.web.public.origin.proxy import ProxyTrust
from waypost.web.public.origin.schemes import https_header
from waypost.web.public.page.languages import Languages, matching_tag, preferred_tag
from waypost.web.public.request import Request

PROVIDERS: Final = """
[[provider]]
name = "Example"
domains = ["example.com", "xn--mnchen-3ya.example", "*.wild.example"]
subaddress_separators = "+"
services = [
  { type = "imap", host = "imap.example.com" },
  { type = "smtp", host = "smtp.%EMAILDOMAIN%", login_name = "%EMAILLOCALPART%" },
  { type = "caldav", url = "https://dav.example.com/%EMAILADDRESS%/" },
  { type = "activesync", url = "https://eas.example.com/Microsoft-Server-ActiveSync" },
]

[[provider]]
name = "Moved"
domains = [{ name = "moved.example", redirect_address = "example.com" }]
"""
_STATUSES: Final = frozenset({200, 204, 302, 304, 307, 400, 403, 404, 405, 413})
_PROXIES: Final = (
    ProxyTrust(),
    ProxyTrust(proxy_count=1),
    ProxyTrust(proxy_count=3),
)


@cache
def _responder() -> Responder:
    return responder(parse_providers(PROVIDERS), public_url="https://setup.example.com")


def _answer(method: str, target: bytes, headers: Mapping[str, str], body: bytes = b"") -> None:
    """Check that a request has an answer, and that the answer is no failure of the server."""
    path, _, query = target.partition(b"?")
    request = WebRequest(
        method=method,
        path=path.decode("utf-8", "replace"),
        raw_path=path,
        query=query,
        headers=list({"Host": "autoconfig.example.com"}.items() | headers.items()),
        body=body,
    )
    response = _responder().respond(request)
    assert response.status in _STATUSES, f"status {response.status}"
    assert response.status != 200 or response.body or method == "HEAD", "200 without a document"


def address(data: bytes) -> None:
    """Parse an address or a domain; what was parsed is parsed again to the same value."""
    text = data.decode("utf-8", "surrogateescape")
    for parse in (EmailAddress.parse, EmailAddress.parse_query):
        with suppress(AddressError):
            parsed = parse(text)
            assert EmailAddress.parse(str(parsed)) == parsed, "another address at the second time"
            parsed.without_detail("+-")
            str(parsed).encode()
    with suppress(AddressError):
        domain = DomainName.parse(text)
        assert DomainName.parse(domain.ascii) == domain, "another domain at the second time"
        assert [*domain.parents()][-1:] != [domain], "a domain is its own parent"
        assert domain.unicode, "the domain has no form for people"
    pattern = DomainPattern.parse(text)
    assert DomainPattern.parse(pattern.text) == pattern, "another pattern at the second time"


def query(data: bytes) -> None:
    """Parse a query, and answer requests with it at several URLs."""
    for path in (
        b"/mail/config-v1.1.xml",
        b"/autodiscover/autodiscover.json",
        b"/mobileconfig",
        b"/",
    ):
        _answer("GET", path + b"?" + data, {})
    request = request_with(query_string=data)
    for raw_plus in (False, True):
        with suppress(RequestError):
            fields = request.query(raw_plus=raw_plus)
            assert all(fields.get_all(name)[0] == value for name, value in fields.items())


def request_line(data: bytes) -> None:
    """Answer a request: the method and the target, and a body after the first line break."""
    line, _, body = data.partition(b"\n")
    method, _, target = line.partition(b" ")
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    _answer(method.decode("latin-1"), target, headers, body)


def autodiscover(data: bytes) -> None:
    """Parse a request of Autodiscover: a Content-Type, a line break, and the body."""
    content_type, _, body = data.partition(b"\n")
    kind = content_type.decode("latin-1")
    _answer("POST", b"/autodiscover/autodiscover.xml", {"Content-Type": kind}, body)
    parsed = parse_request(body, kind)
    assert EmailAddress.parse(str(parsed.address)) == parsed.address


def forwarded(data: bytes) -> None:
    """Read the header fields of proxies, one in each line, as several kinds of trust do."""
    headers = [
        (name.strip().lower(), value.strip())
        for name, _, value in (line.partition(b":") for line in data.splitlines())
    ]
    for trust in _PROXIES:
        origin = trust.resolve("192.0.2.7", "http", headers)
        assert origin.scheme in {"http", "https"}, "a scheme that is none"
        assert trust.proxy_count or origin.peer == "192.0.2.7", "a client names itself"
        is_loopback(origin.host)
        with suppress(WaypostError):
            request_with(headers=headers, trust=trust).host_domain()
    https_header(request_with(headers=headers))


def accept_language(data: bytes) -> None:
    """Choose the language of the page, by the header field and by the parameter `lang`."""
    text = data.decode("latin-1")
    tags = Languages().tags
    assert preferred_tag(text, tags) in tags, "a language that does not exist"
    assert matching_tag(text, tags) in {None, *tags}, "a language that does not exist"


def multipart(data: bytes) -> None:
    """Split a form with a file; the fields do not depend on how the body arrives."""
    found = []
    for size in (len(data) or 1, 7):
        parser = MultipartParser(b"boundary", 100)
        try:
            for start in range(0, len(data), size):
                parser.feed(data[start : start + size])
            found.append(parser.close())
        except MultipartError:
            found.append([])
    assert found[0] == found[1], "other fields in other pieces"
    with suppress(FormError):
        form_of_parts(found[0])


def request_with(
    headers: list[tuple[bytes, bytes]] | None = None,
    *,
    query_string: bytes = b"",
    trust: ProxyTrust = _PROXIES[0],
) -> Request:
    """Return a GET with some header fields and a query."""

    async def no_body(_max_bytes: int) -> bytes:
        return b""

    fields = headers or []
    return Request(
        method="GET",
        path="/",
        raw_path=b"/",
        query_string=query_string,
        headers=fields,
        client=("192.0.2.7", 50000),
        server=("192.0.2.1", 80),
        origin=trust.resolve("192.0.2.7", "http", fields),
        read_body=no_body,
    )


_ADDRESS_WORDS: Final = (
    *(b"@", b"%40", b"%2540", b"mailto:", b"smtp:", b"xn--", b"example.com", b'"', b"\\", b"+"),
    *(b"%EMAILADDRESS%", "ü".encode(), "。".encode(), b"*.", b"EVOLUTIONUSER", b"?subject="),
)
REQUESTS: Final = (
    Target("address", address, words=_ADDRESS_WORDS),
    Target(
        "query",
        query,
        words=(
            *_ADDRESS_WORDS,
            *(b"&", b"=", b"emailaddress=", b"Email=", b"Protocol=AutodiscoverV1", b"lang=de"),
            *(b"ActiveSync", b"%ff", b"%00", b";", b"name="),
        ),
    ),
    Target(
        "request-line",
        request_line,
        words=(
            *(b"GET ", b"POST ", b"HEAD ", b"OPTIONS ", b"/autodiscover/autodiscover.json/v1.0/"),
            *(b"/mail/config-v1.1.xml", b"/.well-known/", b"/v1.1/", b"/mobileconfig", b"//"),
            *(b"/profile.mobileconfig", b"caldav", b"autoconfig/", b"?emailaddress=", b"%2F"),
            *(b"/initdb/", b"/healthz", b"alice@example.com", b"password=", b"moved.example"),
        ),
    ),
    Target(
        "autodiscover",
        autodiscover,
        words=(
            *(b"text/xml", b"; charset=", b"utf-16", b"utf-8", b"us-ascii", b"<?xml version='1.0'"),
            *(b" encoding='", b"<Autodiscover xmlns='", b"<Request>", b"<EMailAddress>", b"&#64;"),
            *(b"<AcceptableResponseSchema>", b"<!DOCTYPE", b"<![CDATA[", b"<!--", b"]]>", b"&amp;"),
            *(b"\xff\xfe", b"\xef\xbb\xbf", b"responseschema/2006a", b"</", b"/>", b"alice@"),
        ),
    ),
    Target(
        "forwarded",
        forwarded,
        words=(
            *(b"Forwarded:", b"X-Forwarded-For:", b"X-Forwarded-Proto:", b"X-Forwarded-Host:"),
            *(b"for=", b"proto=https", b"host=", b'"', b";", b",", b"[2001:db8::1]:80", b"\\"),
            *(b"192.0.2.1", b"unknown", b"_hidden", b"Host:", b"X-Forwarded-Ssl: on", b"\n"),
        ),
    ),
    Target(
        "accept-language",
        accept_language,
        words=(b"de", b"en", b"fr-CA", b"*", b";q=", b"0.5", b",", b"1.000", b"; q=0", b"-"),
    ),
    Target(
        "multipart",
        multipart,
        words=(
            *(b"--boundary", b"\r\n", b"Content-Disposition: form-data; name=", b'"', b"--"),
            *(b"; filename=", b"Content-Type: ", b"\r\n\r\n", b"page.logo_file", b"%22"),
        ),
    ),
)
