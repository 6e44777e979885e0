"""The doctor's requests to private addresses, after a public server has answered."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from urllib.parse import urlsplit

import pytest

from tests.diagnostics.scripted import fixed, scripted
from tests.servers.private_network import private_network, second_address
from tests.servers.requirements import require
from waypost.diagnostics.comparison.answers import ParsedService
from waypost.diagnostics.conformance.target import ConformanceTarget
from waypost.diagnostics.doctor.context import DoctorContext
from waypost.diagnostics.doctor.mail_servers import check_mail_server
from waypost.diagnostics.simulated_clients.dns import DnsAnswer, DnsLookup
from waypost.diagnostics.simulated_clients.session import ClientRequest
from waypost.diagnostics.transports.http_client import ExchangeLimits, HttpClient
from waypost.diagnostics.transports.resolving_transport import (
    PrivateAddresses,
    ResolvingTransport,
)

PUBLIC = "8.8.8.8"
DOMAIN = "example.com"
ADDRESSES = {
    f"autoconfig.{DOMAIN}": PUBLIC,
    DOMAIN: "127.0.0.1",
    "stranger.example": "127.0.0.1",
    "localhost": "127.0.0.1",
}


def resolve(lookup: DnsLookup) -> tuple[DnsAnswer, ...]:
    address = ADDRESSES.get(lookup.name) if lookup.type == "A" else None
    return () if address is None else (DnsAnswer(address),)


@pytest.fixture(name="port", scope="module")
def _port() -> Iterator[int]:
    """A server on all addresses of a private network; its path says where it redirects."""
    require(private_network=True)

    def reply(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        if not handler.path.startswith("/to/"):
            fixed(200, b"inside")(handler, body)
            return
        handler.send_response(302)
        handler.send_header("Location", handler.path.removeprefix("/to/"))
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    with (
        private_network(),
        second_address(PUBLIC),
        scripted(reply, port=80, address="0.0.0.0") as url,
    ):
        yield urlsplit(url).port or 80


def conformance_target(
    private: PrivateAddresses = PrivateAddresses.UNTIL_PUBLIC,
) -> ConformanceTarget:
    """Build the doctor's transport; a public server has answered already."""
    transport = ResolvingTransport(resolve, frozenset(), domain=DOMAIN, private=private)
    http = HttpClient(transport, ExchangeLimits(timeout_seconds=5))
    found = ConformanceTarget(http, "alice", DOMAIN, "unserved.invalid", resolve)
    assert http.send(ClientRequest("GET", "http", f"autoconfig.{DOMAIN}", "/")).status == 200
    return found


REDIRECTED = [
    *("http://127.0.0.1/x", "http://stranger.example/x", "http://localhost/x"),
    *(f"http://{DOMAIN}/x", "http://[::ffff:127.0.0.1]/x"),
]


@pytest.mark.servers
@pytest.mark.usefixtures("port")
@pytest.mark.parametrize("target", REDIRECTED)
def test_redirects(target: str) -> None:
    """A public server cannot redirect to a private address, not even of the domain itself."""
    first = ClientRequest("GET", "http", f"autoconfig.{DOMAIN}", f"/to/{target}")
    refused = conformance_target().send_following_redirects(first)
    assert refused.status == 0
    assert "has the private address" in refused.reason
    assert "--allow-private" in refused.reason
    allowed = conformance_target(PrivateAddresses.ALWAYS).send_following_redirects(first)
    assert allowed.body == b"inside"


@pytest.mark.servers
@pytest.mark.usefixtures("port")
def test_private_address_of_the_typed_domain() -> None:
    """The domain that the operator typed may have a private address, and redirect to itself."""
    here = conformance_target()
    assert here.http.send(ClientRequest("GET", "http", DOMAIN, "/y")).body == b"inside"
    moved = ClientRequest("GET", "http", DOMAIN, f"/to/http://{DOMAIN}/z")
    assert here.send_following_redirects(moved).body == b"inside"


@pytest.mark.servers
@pytest.mark.usefixtures("port")
def test_private_addresses_that_documents_name() -> None:
    """A host that a document names is not asked at a private address, nor is a mail server."""
    response = conformance_target().http.send(ClientRequest("GET", "http", "stranger.example", "/"))
    assert (response.status, "--allow-private" in response.reason) == (0, True)
    service = ParsedService("imap", DOMAIN, 81, "none")
    (finding,) = check_mail_server(DoctorContext(conformance_target(), []), service).findings
    assert finding.code == "mail-private"
    (finding,) = check_mail_server(
        DoctorContext(conformance_target(PrivateAddresses.ALWAYS), []), service
    ).findings
    assert finding.code == "mail-silent"


@pytest.mark.servers
@pytest.mark.usefixtures("port")
def test_all_addresses_are_private() -> None:
    """If no public server has answered, private addresses are asked as before."""
    http = HttpClient(
        ResolvingTransport(resolve, frozenset(), domain=DOMAIN), ExchangeLimits(timeout_seconds=5)
    )
    assert http.send(ClientRequest("GET", "http", "stranger.example", "/")).body == b"inside"


POLICIES = [
    # the policy, the URL, whether it is asked before a public server has answered
    (PrivateAddresses.NEVER, f"http://{DOMAIN}/y", False),
    (PrivateAddresses.NEVER, "http://127.0.0.1/y", False),
    (PrivateAddresses.OWN_NAMES, f"http://{DOMAIN}/y", True),
    (PrivateAddresses.OWN_NAMES, f"http://{DOMAIN}:80/y", True),
    (PrivateAddresses.OWN_NAMES, "http://stranger.example/y", False),
    (PrivateAddresses.UNTIL_PUBLIC, "http://stranger.example/y", True),
]


@pytest.mark.servers
@pytest.mark.usefixtures("port")
@pytest.mark.parametrize(("private", "url", "is_asked"), POLICIES)
def test_policies_before_a_public_answer(
    private: PrivateAddresses, url: str, is_asked: bool
) -> None:
    """The wizard asks private addresses of the domain's names only if that is allowed."""
    transport = ResolvingTransport(resolve, frozenset(), domain=DOMAIN, private=private)
    http = HttpClient(transport, ExchangeLimits(timeout_seconds=5))
    parts = urlsplit(url)
    answer = http.send(ClientRequest("GET", "http", parts.netloc, "/y"))
    assert (answer.body == b"inside") is is_asked
    assert bool(http.mail_refusal(parts.hostname or "", "127.0.0.1")) is not is_asked
    assert "--" not in answer.reason
