"""What HTTP requires of every request and every answer."""

import re

import pytest

from tests.web.asgi import Client
from tests.web.public.test_autodiscover import PATH, question

CONFIG = "/mail/config-v1.1.xml"
URLS = [
    f"{CONFIG}?emailaddress=alice@example.com",
    CONFIG,
    "/v1.1/example.com",
    "/mobileconfig?emailaddress=alice@example.com",
    "/autodiscover/autodiscover.json?Email=alice@example.com&Protocol=AutodiscoverV1",
    "/.well-known/caldav",
    "/nothing",
    "/",
]

HOSTS = [
    # Host, a second one, version of HTTP, whether it is answered
    ("autoconfig.example.com", None, "1.1", True),
    ("autoconfig.example.com", None, "1.0", True),
    (None, None, "1.0", True),
    (None, None, "1.1", False),
    ("autoconfig.example.com", "evil.example", "1.1", False),
    ("autoconfig.example.com", "autoconfig.example.com", "1.0", False),
]


@pytest.mark.rule("proxies-one-host")
@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize(("host", "second", "version", "answered"), HOSTS)
def test_one_host(
    client: Client, url: str, host: str | None, second: str | None, version: str, answered: bool
) -> None:
    """Without Host, or with two of them, the answer is only this error."""
    headers = {} if second is None else {"Host": second}
    answer = client.get(url, host=host, headers=headers, http_version=version)

    assert (answer.status != 400) is answered
    if not answered:
        assert answer.text == "the request must have exactly one Host header\n"


@pytest.mark.rule("proxies-one-host")
def test_autodiscover_without_host(client: Client) -> None:
    """The body of a request without Host is not read."""
    length = {"Content-Length": "1000000000"}
    answer = client.request("POST", PATH, body=None, host=None, http_version="1.1", headers=length)

    assert answer.status == 400


BAD_HOSTS = [
    # Host, and the rule that it breaks: RFC 3986 s3.2.2 and s3.2.3, RFC 9110 s7.2
    ("a b", "no space"),
    ("a@example.com", "no user"),
    ("example.com/a", "no path"),
    ("example.com?a", "no query"),
    ("a\\b", "no backslash"),
    ("a.example, b.example", "no list"),
    ("example.com:x", "a port is a number"),
    ("example.com:999999", "a port has five digits"),
    ("[::1", "brackets in pairs"),
    ("b\xfccher.example", "ASCII"),
    ("<a>", "no brackets"),
    ("a\x00b", "no NUL"),
]


@pytest.mark.rule("proxies-one-host")
@pytest.mark.parametrize(("host", "rule"), BAD_HOSTS)
def test_bad_hosts(client: Client, host: str, rule: str) -> None:
    """A Host that is no host is refused, and not repeated in the answer."""
    answer = client.get(URLS[0], host=host)
    assert answer.status == 400, rule
    assert answer.text == "the Host header of the request is not a host name or an IP address\n", (
        rule
    )


@pytest.mark.parametrize(
    "host", ["", "example.com", "a_b.example:443", "[::1]:4243", "192.0.2.1", "EXAMPLE.com."]
)
def test_good_hosts(client: Client, host: str) -> None:
    """Names, addresses and ports are hosts; a Host may be empty (RFC 9110 s7.2)."""
    assert client.get(URLS[0], host=host).status == 200


SECRET_VERSIONS = ("waypost", "uvicorn", "python", "httptools")


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD", "OPTIONS", "PUT"])
def test_no_version(client: Client, url: str, method: str) -> None:
    """No header of an answer names a program or its version, and each forbids guessing types."""
    answer = client.request(method, url)
    headers = {name.lower(): value.lower() for name, value in answer.headers.items()}
    assert not {"server", "x-powered-by", "via"} & headers.keys()
    assert not any(word in value for word in SECRET_VERSIONS for value in headers.values())
    assert headers["x-content-type-options"] == "nosniff"


PAGES = ["/", "/?emailaddress=alice@example.com", "/?emailaddress=nonsense", "/?lang=de"]


@pytest.mark.parametrize("url", PAGES)
def test_headers_of_pages(client: Client, url: str) -> None:
    """A page runs one script, loads nothing, is in no frame, sends no Referer, is not shared."""
    headers = client.get(url).headers
    policy = headers["content-security-policy"]
    for part in ("default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"):
        assert part in policy
    assert re.search(r"script-src 'sha256-[^' ]+';", policy)
    assert "unsafe" not in policy
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cache-control"].startswith("private")


VARYING = {
    "Accept": "application/json",
    "Accept-Language": "de",
    "Accept-Encoding": "gzip",
    "Authorization": "Basic YWxpY2U6c2VjcmV0",
    "Cookie": "a=b",
    "Origin": "https://evil.example",
    "User-Agent": "Mozilla/5.0 Thunderbird/153.0",
    "X-Forwarded-Host": "evil.example",
    "Range": "bytes=0-3",
    "If-Modified-Since": "Sat, 29 Oct 2050 19:43:31 GMT",
}


@pytest.mark.rule("proxies-caches", "proxies-trust")
@pytest.mark.parametrize("url", URLS)
def test_no_header_changes_an_answer(client: Client, url: str) -> None:
    """Other headers change neither bytes nor headers; only the page has languages and devices."""
    page = url == "/"
    of_pages = {"Accept-Language", "User-Agent"}
    headers = {name: value for name, value in VARYING.items() if name not in of_pages}
    plain, sent = client.get(url), client.get(url, headers=headers if page else VARYING)

    assert (plain.status, plain.headers, plain.body) == (sent.status, sent.headers, sent.body)
    assert plain.headers.get("vary") == ("accept-language, user-agent" if page else None)


def test_not_modified_says_how_long(client: Client) -> None:
    """A 304 has the Cache-Control and the ETag of the 200."""
    for url in (URLS[0], CONFIG, "/v1.1/example.com"):
        first = client.get(url)
        again = client.get(url, headers={"If-None-Match": first.headers["etag"]})
        assert again.status == 304
        for name in ("etag", "cache-control"):
            assert again.headers[name] == first.headers[name]


PERSONAL = [
    "/mail/config-v1.1.xml?emailaddress={}",
    "/.well-known/autoconfig/mail/config-v1.1.xml?emailaddress={}",
    "/mobileconfig?emailaddress={}",
    "/autodiscover/autodiscover.json?Email={}&Protocol=AutodiscoverV1",
    "/autodiscover/autodiscover.json/v1.0/{}?Protocol=ActiveSync",
    "/?emailaddress={}",
]
ADDRESSES = ["alice@example.com", "alice@unknown.example", "nonsense", "alice@moved.example"]
# RFC 9110 s15.1: these may be kept by a cache if the answer does not forbid it.
CACHEABLE = {200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 501}


@pytest.mark.parametrize("url", PERSONAL)
@pytest.mark.parametrize("address", ADDRESSES)
def test_nothing_personal_is_kept(client: Client, url: str, address: str) -> None:
    """No answer to a request with an address may be kept by a shared cache, errors included."""
    answer = client.get(url.format(address))
    if answer.status in CACHEABLE:
        assert answer.headers["cache-control"].partition(",")[0] in {"private", "no-store"}


def test_nothing_private_is_kept(client: Client) -> None:
    """An answer for one user is never for a shared cache, even an error of Autodiscover."""
    for answer in (
        client.get(URLS[0]),
        client.get(URLS[3]),
        client.get(URLS[4]),
        client.post(PATH, question()),
        client.post(PATH, b"nonsense"),
    ):
        assert answer.headers["cache-control"].partition(",")[0] in {"private", "no-store"}
