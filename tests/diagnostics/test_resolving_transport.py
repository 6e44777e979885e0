"""The transport that connects to the addresses of each host."""

import socket
from http.server import BaseHTTPRequestHandler

import pytest

from tests.diagnostics.scripted import fixed, scripted
from tests.servers.waypost import free_port
from waypost.core.errors import NamesUnavailable
from waypost.diagnostics.simulated_clients.dns import DnsAnswer, DnsLookup
from waypost.diagnostics.simulated_clients.session import ClientRequest
from waypost.diagnostics.transports.http_client import ExchangeLimits, HttpClient
from waypost.diagnostics.transports.resolving_transport import (
    ADDRESSES_MAX,
    ResolvingTransport,
    resolve_addresses,
)

HELD = {
    DnsLookup("A", "here.example"): ("127.0.0.1",),
    DnsLookup("A", "second.example"): ("127.0.0.9", "127.0.0.1"),
    DnsLookup("AAAA", "both.example"): ("::1",),
    DnsLookup("A", "both.example"): ("127.0.0.1",),
    DnsLookup("A", "many.example"): tuple(f"127.0.1.{number}" for number in range(50)),
}


def resolve(lookup: DnsLookup) -> tuple[DnsAnswer, ...]:
    return tuple(DnsAnswer(address) for address in HELD.get(lookup, ()))


def http() -> HttpClient:
    transport = ResolvingTransport(resolve, frozenset({"refused.example"}))
    return HttpClient(transport, ExchangeLimits(timeout_seconds=5))


ADDRESSES = [
    ("here.example", ("127.0.0.1",)),
    ("both.example", ("127.0.0.1", "::1")),
    ("missing.example", ()),
    ("192.0.2.1", ("192.0.2.1",)),
    ("a..example", ()),
    ("", ()),
    ("2001:db8::1", ("2001:db8::1",)),
    ("many.example", tuple(f"127.0.1.{number}" for number in range(ADDRESSES_MAX))),
]


@pytest.mark.parametrize(("host", "expected"), ADDRESSES)
def test_addresses(host: str, expected: tuple[str, ...]) -> None:
    """A host has the addresses from DNS, IPv4 first, up to a maximum."""
    assert resolve_addresses(resolve, host) == expected


@pytest.mark.parametrize("host", ["here.example", "second.example", "127.0.0.1"])
def test_request_goes_to_the_first_address_that_answers(host: str) -> None:
    """The request goes to the first address that answers, with the name in the Host header."""
    conformance_target: list[str] = []

    def reply(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        conformance_target.append(handler.headers["Host"])
        fixed(200)(handler, body)

    with scripted(reply) as url:
        port = url.rpartition(":")[2]
        response = http().send(ClientRequest("GET", "http", f"{host}:{port}", "/"))
    assert response.status == 200
    assert conformance_target == [f"{host}:{port}"]


UNASKED = [
    # host, why
    ("missing.example", "missing.example has no address in DNS"),
    ("refused.example", "refused.example is not asked without --ispdb"),
    ("here.example:99999", "the host or the port is not valid"),
]


@pytest.mark.parametrize(("host", "reason"), UNASKED)
def test_refused_host_is_not_requested(host: str, reason: str) -> None:
    """There is no answer, and the response has the reason."""
    response = http().send(ClientRequest("GET", "https", host, "/"))
    assert response.status == 0
    assert reason in response.reason


def test_closed_port_is_tried_once() -> None:
    """A closed port is tried once for all requests."""
    port = free_port()
    http_client = http()
    first = http_client.send(ClientRequest("GET", "http", f"here.example:{port}", "/one"))
    with socket.create_server(("127.0.0.1", port)):
        second = http_client.send(ClientRequest("GET", "http", f"here.example:{port}", "/two"))
    assert first.reason == f"port {port} at 127.0.0.1: connection refused"
    assert first == second


def unknown(lookup: DnsLookup) -> tuple[DnsAnswer, ...]:
    if lookup == DnsLookup("A", "half.example"):
        return (DnsAnswer("127.0.0.1"),)
    raise NamesUnavailable("the resolver does not answer")


def test_unknown_addresses() -> None:
    """A host is unknown without an answer from DNS; an answer for one family is enough."""
    assert resolve_addresses(unknown, "half.example") == ("127.0.0.1",)
    assert resolve_addresses(unknown, "192.0.2.1") == ("192.0.2.1",)
    with pytest.raises(NamesUnavailable):
        resolve_addresses(unknown, "other.example")
    client = HttpClient(ResolvingTransport(unknown, frozenset()), ExchangeLimits(timeout_seconds=5))
    response = client.send(ClientRequest("GET", "https", "other.example", "/"))
    assert (response.is_unknown, response.reason) == (True, "the resolver does not answer")
    assert client.unknown_reasons == ["the resolver does not answer"]
