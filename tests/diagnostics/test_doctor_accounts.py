"""Checks whether the mail servers of an account do what the client needs."""

import socket
from collections.abc import Mapping

import pytest

from tests.net.test_capabilities import IMAP, IMAP_NONE, IMAP_PLAIN, Script, server
from tests.servers.waypost import free_port
from waypost.core.errors import NamesUnavailable
from waypost.diagnostics.conformance.account_checks import AccountCheck
from waypost.diagnostics.conformance.target import ConformanceTarget
from waypost.diagnostics.doctor.account_checks import CheckedMailServers
from waypost.diagnostics.doctor.context import DoctorContext
from waypost.diagnostics.simulated_clients.dns import DnsAnswer, DnsLookup
from waypost.diagnostics.simulated_clients.session import Account, MailServer, ServerSecurity
from waypost.diagnostics.transports.http_client import ExchangeLimits, HttpClient
from waypost.diagnostics.transports.resolving_transport import ResolvingTransport

HOSTS: Mapping[DnsLookup, tuple[str, ...]] = {
    DnsLookup("A", "here.example"): ("127.0.0.1",),
    DnsLookup("A", "both.example"): ("127.0.0.9", "127.0.0.1"),
    DnsLookup("AAAA", "six.example"): ("2001:db8::1",),
}


def resolve(lookup: DnsLookup) -> tuple[DnsAnswer, ...]:
    if lookup.name == "unknown.example":
        raise NamesUnavailable("the resolver does not answer")
    return tuple(DnsAnswer(address) for address in HOSTS.get(lookup, ()))


def servers(*, seconds: float = 5, total: float = 120) -> CheckedMailServers:
    limits = ExchangeLimits(timeout_seconds=seconds, total_seconds=total)
    http = HttpClient(ResolvingTransport(resolve, frozenset()), limits)
    return CheckedMailServers(
        DoctorContext(ConformanceTarget(http, "alice", "example.com", "example.org", resolve), [])
    )


def account(
    host: str, port: int, *, method: str = "", security: ServerSecurity = "none", kind: str = "imap"
) -> Account:
    """Build an account with one server, as a JMAP account has."""
    one = MailServer(kind, host, port, security, method)
    return Account(one, one)


def codes(checked: AccountCheck) -> list[str]:
    return [diagnostic.code for diagnostic in checked.diagnostics]


ANSWERS: list[tuple[str, Script, list[str]]] = [
    # the client's method, what the server says, codes
    ("password-cleartext", [IMAP, IMAP_PLAIN], []),
    ("", [IMAP, IMAP_PLAIN], []),
    ("password-cleartext", [IMAP, IMAP_NONE], ["mail-authentication"]),
    ("OAuth2", [IMAP, IMAP_PLAIN], ["mail-authentication"]),
    ("GSSAPI", [IMAP, IMAP_NONE], []),
    ("", [IMAP, b"* CAPABILITY IMAP4rev1 LOGINDISABLED\r\na3 OK\r\n"], ["mail-authentication"]),
    ("", [b"220 no imap\r\n"], ["mail-protocol"]),
    ("client-IP-address", [IMAP, IMAP_NONE], []),
]


@pytest.mark.parametrize(("method", "script", "expected"), ANSWERS)
def test_login_methods(method: str, script: Script, expected: list[str]) -> None:
    """A client cannot log in if its own method is missing, whatever else the documents name."""
    with server(script) as port:
        checked = servers().check(account("here.example", port, method=method))
    assert codes(checked) == expected
    assert len(checked.working) == (not expected)
    assert checked.unknown_reason == ""


@pytest.mark.parametrize("security", ["none", "tls", "starttls", "automatic"])
def test_closed_port(security: ServerSecurity) -> None:
    """A closed port is a fault for each client that would use it, and one finding."""
    mail_servers = servers()
    one = account("here.example", free_port(), security=security)
    assert codes(mail_servers.check(one)) == codes(mail_servers.check(one)) == ["mail-silent"]
    assert [found.code for found in mail_servers.new_findings()] == ["mail-silent"]
    assert mail_servers.new_findings() == []


def test_server_sends_nothing() -> None:
    """A server that accepts connections and sends nothing is silent."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        checked = servers(seconds=0.3).check(account("here.example", port))
    assert codes(checked) == ["mail-silent"]
    assert "the answer takes too long" in checked.diagnostics[0].text


def test_one_bad_address_of_two() -> None:
    """A client tries the next address, so one bad address is a warning and no failure."""
    with server([IMAP, IMAP_PLAIN]) as port:
        checked = servers().check(account("both.example", port))
    assert [(diagnostic.code, diagnostic.severity) for diagnostic in checked.diagnostics] == [
        ("client-trouble", "warning")
    ]
    assert "127.0.0.9: connection refused" in checked.diagnostics[0].text


def test_host_without_an_address() -> None:
    """A host without an address is reported as such."""
    assert codes(servers().check(account("missing.example", 993))) == ["mail-missing"]


UNKNOWN = [
    # host, seconds for all, why
    ("unknown.example", 120.0, "the resolver does not answer"),
    ("here.example", 0.0, "the time for all answers is used up"),
]


@pytest.mark.parametrize(("host", "total", "reason"), UNKNOWN)
def test_servers_that_were_not_checked(host: str, total: float, reason: str) -> None:
    """A server that was not checked is neither good nor bad."""
    checked = servers(total=total).check(account(host, 993))
    assert (checked.diagnostics, checked.working, checked.unknown_reason) == (
        (),
        frozenset(),
        reason,
    )


def test_machine_without_ipv6(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that needs IPv6 is unknown on a machine without IPv6."""

    def refuse(*_: object) -> socket.socket:
        raise OSError(101, "Network is unreachable")

    monkeypatch.setattr(socket, "create_connection", refuse)
    checked = servers().check(account("six.example", 993))
    assert (checked.diagnostics, checked.unknown_reason) == (
        (),
        "six.example: this machine has no IPv6",
    )


def test_unsupported_protocol() -> None:
    """A protocol that the doctor does not support is not checked."""
    assert servers().check(account("missing.example", 443, kind="jmap")) == AccountCheck()
