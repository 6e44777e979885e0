"""Asking a real name server what records ask."""

from collections.abc import Iterator

import pytest

from tests.servers.named import Named as NameServer
from tests.servers.named import named
from tests.servers.waypost import free_port
from waypost.check.recorded.names import Lookup, Named
from waypost.check.resolving import FAILURES_MAX, Dns

D = "example.com"
ZONE = f"""
{D}. 60 IN MX 20 Second.Hoster.example.
{D}. 60 IN MX 10 first.hoster.example.
null.{D}. 60 IN MX 0 .
_imaps._tcp.{D}. 60 IN SRV 5 7 993 IMAP.{D}.
_imap._tcp.{D}. 60 IN SRV 0 0 0 .
{D}. 60 IN TXT "one " "text"
alias.{D}. 60 IN CNAME {D}.
"""


@pytest.fixture(name="server", scope="module")
def _server() -> Iterator[NameServer]:
    """A running name server with that zone."""
    with named([D]) as server:
        server.load(D, ZONE, [f"imap.{D}"])
        yield server


ANSWERS = [
    # look-up, what it finds
    (Lookup("SRV", f"_imaps._tcp.{D}"), {Named(f"imap.{D}", 5, 7, 993)}),
    (Lookup("SRV", f"_imap._tcp.{D}"), {Named("", 0, 0, 0)}),
    (Lookup("SRV", f"_pop3._tcp.{D}"), set[Named]()),
    (
        Lookup("MX", D),
        {Named("second.hoster.example", 20), Named("first.hoster.example", 10)},
    ),
    (Lookup("MX", f"null.{D}"), {Named("")}),
    (Lookup("MX", f"imap.{D}"), set[Named]()),
    (Lookup("NS", D), {Named(f"ns.{D}")}),
    (Lookup("TXT", D), {Named("one text")}),
    (Lookup("TXT", f"alias.{D}"), {Named("one text")}),
    (Lookup("MX", f"{'a' * 64}.{D}"), set[Named]()),
]


@pytest.mark.servers
@pytest.mark.parametrize(("lookup", "found"), ANSWERS)
def test_records(server: NameServer, lookup: Lookup, found: set[Named]) -> None:
    """Each type of record comes as clients read it; what is not there is nothing."""
    dns = Dns(("127.0.0.1", server.port), 5)
    assert set(dns(lookup)) == found
    assert len(dns.failed) == (len(lookup.name.partition(".")[0]) > 63)


@pytest.mark.servers
def test_what_is_refused_is_told(server: NameServer) -> None:
    """A zone that the server does not have is no answer, and is told."""
    dns = Dns(("127.0.0.1", server.port), 2)
    assert dns(Lookup("MX", "other.example")) == ()
    assert dns.failed == ["DNS MX other.example: NoNameservers"]


def test_nobody_answers() -> None:
    """After a few look-ups without an answer nobody is asked any more."""
    dns = Dns(("127.0.0.1", free_port()), 0.1)
    for number in range(FAILURES_MAX + 5):
        assert dns(Lookup("MX", f"a{number}.example")) == ()
    assert len(dns.failed) == FAILURES_MAX
