"""What HTTP requires of every request and every answer."""

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
    """Other headers of a client change neither bytes nor headers; only the page has languages."""
    page = url == "/"
    headers = {name: value for name, value in VARYING.items() if name != "Accept-Language"}
    plain, sent = client.get(url), client.get(url, headers=headers if page else VARYING)

    assert (plain.status, plain.headers, plain.body) == (sent.status, sent.headers, sent.body)
    assert plain.headers.get("vary") == ("accept-language" if page else None)


def test_not_modified_says_how_long(client: Client) -> None:
    """A 304 has the Cache-Control and the ETag of the 200."""
    for url in (URLS[0], CONFIG, "/v1.1/example.com"):
        first = client.get(url)
        again = client.get(url, headers={"If-None-Match": first.headers["etag"]})
        assert again.status == 304
        for name in ("etag", "cache-control"):
            assert again.headers[name] == first.headers[name]


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
