"""The listener keeps its promises for any input from the network."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.making import domain
from tests.web.asgi import Answer, Client
from waypost.core.model import Catalog

METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "X"]
PATHS = [
    *("/", "/mail/config-v1.1.xml", "/.well-known/autoconfig/mail/config-v1.1.xml"),
    *("/v1.1/mail/config-v1.1.xml", "/v1.1/example.com", "/autodiscover/autodiscover.xml"),
    *("/mobileconfig", "/initdb/", "/autodiscover/autodiscover.json"),
    *("/profile.mobileconfig", "/mailinabox.mobileconfig", "//mail//config-v1.1.xml"),
    *("/autodiscover/autodiscover.json/v1.0/a@example.com", "/autodiscover/autodiscover.svc"),
]
ADDRESSES = [
    *("alice@example.com", "@", "a@b@example.com", "a b@example.com", "a@-"),
    "x@unserved.example",
]
BODY = (
    b'<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/'
    b'requestschema/2006"><Request><EMailAddress>%s</EMailAddress></Request></Autodiscover>'
)
QUERIES = st.one_of(
    st.dictionaries(
        st.sampled_from(
            ["emailaddress", "EmailAddress", "Email", "Protocol", "name", "password", "x"]
        ),
        st.sampled_from(ADDRESSES) | st.text(max_size=40).filter(lambda t: t.isprintable()),
        max_size=4,
    ),
    st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=60),
    st.just("emailaddress=%ff%00"),
    st.just("&" * 60),
)
BODIES = st.one_of(
    st.binary(max_size=200),
    st.sampled_from(ADDRESSES).map(lambda address: BODY % address.encode()),
    st.binary(max_size=40).map(lambda data: BODY % data),
)
HOSTS = st.one_of(
    st.none(),
    st.sampled_from(["autoconfig.example.com", "example.com:80", "[::1]:1", "127.0.0.1", ".", ""]),
    st.text(st.characters(max_codepoint=255, exclude_categories=["Cc"]), max_size=30),
)
ASCII = st.characters(min_codepoint=32, max_codepoint=126)
HEADERS = st.dictionaries(
    st.sampled_from(
        ["Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "Authorization", "If-None-Match"]
    ),
    st.text(ASCII, max_size=30),
    max_size=3,
)


@pytest.fixture(name="served", scope="module")
def _served() -> Iterator[Client]:
    """One application for all examples; it keeps nothing of a request."""
    client = Client(Catalog((domain("example.com"),)))
    yield client
    client.close()


@pytest.mark.rule("autoconfig-no-useless-200", "autoconfig-no-authentication")
@hypothesis_settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    method=st.sampled_from(METHODS),
    path=st.sampled_from(PATHS) | st.text(ASCII, max_size=30).map(lambda text: f"/{text}"),
    query=QUERIES,
    host=HOSTS,
    headers=HEADERS,
    body=BODIES,
    scheme=st.sampled_from(["http", "https"]),
)
def test_any_request(  # noqa: PLR0917 -- a request has parts
    served: Client,
    method: str,
    path: str,
    query: str | dict[str, str],
    host: str | None,
    headers: dict[str, str],
    body: bytes,
    scheme: str,
) -> None:
    """Any request gets a clear answer: no 5xx, no 401, no stack trace, no foreign redirect."""
    answer = served.request(
        method, path, query=query, host=host, headers=headers, body=body, scheme=scheme
    )
    of_options = {204} if method == "OPTIONS" else set[int]()
    assert answer.status in {200, 302, 304, 400, 404, 405, 413} | of_options
    assert "www-authenticate" not in answer.headers
    assert b"Traceback" not in answer.body
    if answer.status == 302:
        hosts = ("https://example.com/", "https://autodiscover.example.com/")
        assert answer.headers["location"].startswith(hosts)
    _is_usable(answer, method)


def _is_usable(answer: Answer, method: str) -> None:
    """Check that a 200 of Autoconfig has servers: anything less would end a client's search."""
    if method == "GET" and answer.body.startswith(b"<?xml") and b"<clientConfig" in answer.body:
        assert answer.status == 200
        assert b"<incomingServer" in answer.body
        assert b"<outgoingServer" in answer.body
