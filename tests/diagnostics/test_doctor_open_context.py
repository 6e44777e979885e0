"""What the doctor may reach, and how long: public databases, private addresses, time."""

import ssl

import pytest
from dns.message import from_wire, make_response
from dns.resolver import NoResolverConfiguration
from dns.rrset import from_text

from tests.diagnostics.resolvers import Script, name_server, resolver
from waypost.core.errors import NamesUnavailable, SettingsError
from waypost.diagnostics.doctor.context import DoctorContext
from waypost.diagnostics.doctor.open_context import CheckOptions, open_context
from waypost.diagnostics.simulated_clients.dns import DnsLookup
from waypost.diagnostics.simulated_clients.session import ClientRequest
from waypost.diagnostics.simulated_clients.urls import (
    DATABASE_HOST,
    DATABASE_SOURCES_HOST,
    MUSTANG_DATABASE_HOST,
)
from waypost.diagnostics.transports.resolving_transport import PrivateAddresses

DOMAIN = "example.com"
TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
DATABASES = (DATABASE_HOST, DATABASE_SOURCES_HOST, MUSTANG_DATABASE_HOST)


def context_at(
    port: int,
    database_url: str = "",
    private: PrivateAddresses = PrivateAddresses.NEVER,
    total_seconds: float = 60.0,
) -> DoctorContext:
    server = "127.0.0.1", port
    options = CheckOptions(server, TLS, 2.0, total_seconds, database_url, private)
    return open_context("alice", DOMAIN, options)


def reason(context: DoctorContext, url: str) -> str:
    """Return why there is no answer from a URL."""
    answer = context.target.http.send(ClientRequest.get(url))
    assert answer.status == 0
    return answer.reason


@pytest.mark.parametrize(
    ("database_url", "asked"),
    [
        ("", set()),
        (f"https://{DATABASE_HOST}/v1.1", {DATABASE_HOST}),
        (f"https://{MUSTANG_DATABASE_HOST}/", {MUSTANG_DATABASE_HOST}),
        ("https://ispdb.example/v1.1", set()),
        (f"https://{DATABASE_HOST}.example/v1.1", set()),
        (f"https://ispdb.example/?{DATABASE_HOST}", set()),
    ],
)
def test_public_databases(database_url: str, asked: set[str]) -> None:
    """No public database gets the domain, except the one that the operator named."""
    with resolver(Script.NXDOMAIN) as port:
        context = context_at(port, database_url)
        found = {host: reason(context, f"https://{host}/v1.1/{DOMAIN}") for host in DATABASES}
    assert found == {
        host: f"{host} has no address in DNS"
        if host in asked
        else f"{host} is not asked without --ispdb"
        for host in DATABASES
    }


@pytest.mark.parametrize(
    ("private", "host", "is_asked"),
    [
        (PrivateAddresses.NEVER, f"autoconfig.{DOMAIN}", False),
        (PrivateAddresses.OWN_NAMES, f"autoconfig.{DOMAIN}", True),
        (PrivateAddresses.OWN_NAMES, "other.example", False),
        (PrivateAddresses.ALWAYS, "other.example", True),
    ],
)
def test_private_addresses(private: PrivateAddresses, host: str, *, is_asked: bool) -> None:
    """A host at a private address is asked only if the options allow it, for its name."""

    def reply(query: bytes) -> bytes:
        answer = make_response(from_wire(query))
        if answer.question[0].rdtype == 1:
            answer.answer.append(from_text(answer.question[0].name, 60, "IN", "A", "127.0.0.99"))
        return answer.to_wire()

    with name_server(reply) as port:
        why = reason(context_at(port, private=private), f"https://{host}/")
    refusal = f"{host} has the private address 127.0.0.99, which Waypost does not connect to"
    assert why.startswith("port 443 at 127.0.0.99: " if is_asked else refusal)


def test_lookups_without_an_answer() -> None:
    """A report can name the look-ups that the resolver refused: the context has them all."""
    with resolver(Script.SERVFAIL) as port:
        context = context_at(port)
        assert not context.unanswered
        for name in (DOMAIN, f"autoconfig.{DOMAIN}"):
            with pytest.raises(NamesUnavailable):
                context.records(DnsLookup("A", name))
    assert [one.lookup.name for one in context.unanswered] == [DOMAIN, f"autoconfig.{DOMAIN}"]


def test_time_is_over() -> None:
    """After the time limit for all answers, nothing is sent any more."""
    with resolver(Script.NXDOMAIN) as port:
        context = context_at(port, total_seconds=0.0)
        assert context.seconds_left() == 0
        assert reason(context, f"https://autoconfig.{DOMAIN}/")
    assert context.target.http.is_exhausted


def test_machine_without_a_resolver(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without a resolver is an error of its option, before anything is asked."""

    def fail(_server: object) -> None:
        raise NoResolverConfiguration  # as without /etc/resolv.conf

    monkeypatch.setattr("waypost.diagnostics.transports.dns.open_resolver", fail)
    with pytest.raises(SettingsError, match="--resolver: this machine has no resolver"):
        open_context("alice", DOMAIN, CheckOptions(None, TLS, 2.0, 60.0))
