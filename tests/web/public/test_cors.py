"""Mail clients in browsers may read what is the same for all clients, and nothing else."""

from collections.abc import Iterator

import pytest

from tests.web.asgi import Client
from tests.web.public.test_wellknown import CATALOG as DAV

ADDRESS = "emailaddress=alice@example.com"
SHARED = [
    # Host, URL, the status of a GET
    ("autoconfig.example.com", "/mail/config-v1.1.xml", 200),
    ("autoconfig.example.com", f"/mail/config-v1.1.xml?{ADDRESS}", 200),
    ("autoconfig.example.com", "/mail/config-v1.1.xml?emailaddress=alice", 400),
    ("autoconfig.example.com", "/mail/config-v1.1.xml?emailaddress=alice@unserved.example", 404),
    ("example.com", "/.well-known/autoconfig/mail/config-v1.1.xml", 200),
    ("example.com", "/.well-known/mail-v1.xml", 200),
    ("example.com", "/v1.1/mail/config-v1.1.xml", 200),
    ("example.com", "/v1.1/example.com", 200),
    ("ua-auto-config.example.com", "/.well-known/user-agent-configuration.json", 200),
    ("example.com", "/.well-known/user-agent-configuration.json", 404),
    ("example.com", "/.well-known/caldav", 307),
    ("example.com", "/.well-known/jmap", 307),
    ("unserved.example", "/.well-known/jmap", 404),
]
OWN = [
    # URL, the status of a preflight
    (f"/mobileconfig?{ADDRESS}", 405),
    (f"/email.mobileconfig?{ADDRESS}", 405),
    ("/mailinabox.mobileconfig", 405),
    ("/", 405),
    ("/initdb/", 404),
    ("/autodiscover/autodiscover.xml", 405),
    ("/autodiscover/autodiscover.json?Email=alice@example.com&Protocol=AutodiscoverV1", 405),
    ("/nothing", 404),
]
ORIGIN = {"Origin": "https://mail.example.net"}
METHODS = {
    "/.well-known/caldav": "GET, HEAD, PROPFIND, OPTIONS",
    "/.well-known/jmap": "GET, HEAD, PROPFIND, OPTIONS",
}
CORS = {
    *("access-control-allow-origin", "access-control-allow-methods"),
    *("access-control-allow-headers", "access-control-max-age"),
    "access-control-allow-credentials",
}


@pytest.fixture(name="client", scope="module")
def _client() -> Iterator[Client]:
    client = Client(DAV)
    yield client
    client.close()


def preflight(client: Client, url: str, host: str, headers: dict[str, str]) -> tuple[int, set[str]]:
    answer = client.request("OPTIONS", url, host=host, headers=headers)
    return answer.status, CORS & answer.headers.keys()


@pytest.mark.rule("proxies-cors")
@pytest.mark.parametrize(("host", "url", "status"), SHARED)
@pytest.mark.parametrize("headers", [{}, ORIGIN])
def test_answers_that_scripts_may_read(
    client: Client, host: str, url: str, status: int, headers: dict[str, str]
) -> None:
    """A script of any site may read the answer, also an error and a redirect."""
    answer = client.get(url, host=host, headers=headers)

    assert (answer.status, answer.headers["access-control-allow-origin"]) == (status, "*")
    assert CORS & answer.headers.keys() == {"access-control-allow-origin"}


@pytest.mark.rule("proxies-cors")
@pytest.mark.parametrize(("host", "url", "_status"), SHARED)
@pytest.mark.parametrize("method", ["GET", "PROPFIND"])
def test_preflight(client: Client, host: str, url: str, _status: int, method: str) -> None:
    """A preflight gets a 204 with the methods of the URL, and Authorization by its name."""
    asked = {"Access-Control-Request-Method": method}
    asked["Access-Control-Request-Headers"] = "authorization, depth"
    answer = client.request("OPTIONS", url, host=host, headers=ORIGIN | asked)

    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == "*"
    methods = METHODS.get(url, "GET, HEAD, OPTIONS")
    assert answer.headers["access-control-allow-methods"] == answer.headers["allow"] == methods
    allowed = answer.headers["access-control-allow-headers"].lower().split(", ")
    assert {"*", "authorization", "depth"} <= set(allowed)
    assert not {"location", "content-length", "content-type"} & answer.headers.keys()


@pytest.mark.parametrize(
    ("headers", "well_known"),
    [({}, 307), (ORIGIN, 307), ({"Access-Control-Request-Method": "GET"}, 307)],
)
def test_other_options(client: Client, headers: dict[str, str], well_known: int) -> None:
    """OPTIONS that is not a preflight is WebDAV's: it is redirected, or lists the methods."""
    dav = client.request("OPTIONS", "/.well-known/caldav", host="example.com", headers=headers)
    document = client.request("OPTIONS", "/mail/config-v1.1.xml", headers=headers)

    assert dav.status == well_known
    assert (document.status, document.headers["allow"]) == (204, "GET, HEAD, OPTIONS")


@pytest.mark.rule("proxies-cors")
@pytest.mark.parametrize(("url", "status"), OWN)
def test_answers_that_scripts_may_not_read(client: Client, url: str, status: int) -> None:
    """Profiles, the page, Autodiscover and `/initdb/` cannot be read by scripts of other sites."""
    asked = ORIGIN | {"Access-Control-Request-Method": "GET"}

    assert preflight(client, url, "example.com", asked) == (status, set())
    assert not CORS & client.get(url, host="example.com", headers=ORIGIN).headers.keys()
