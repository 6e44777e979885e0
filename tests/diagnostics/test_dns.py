"""Look-ups at a real name server, as recorded clients need them."""

import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.diagnostics.resolvers import Script, resolver
from tests.servers.named import Named as NameServer
from tests.servers.named import named
from tests.servers.patience import ROOM_SECONDS
from waypost.core.errors import NamesUnavailable
from waypost.diagnostics.simulated_clients.dns import DnsAnswer, DnsLookup
from waypost.diagnostics.transports.dns import (
    REFUSALS_MAX,
    TIMEOUTS_BEFORE_SHORT,
    TIMEOUTS_MAX,
    CachingResolver,
)
from waypost.net.dns.resolver import resolver_name as named_in_messages

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
    (DnsLookup("SRV", f"_imaps._tcp.{D}"), {DnsAnswer(f"imap.{D}", 5, 7, 993)}),
    (DnsLookup("SRV", f"_imap._tcp.{D}"), {DnsAnswer("", 0, 0, 0)}),
    (DnsLookup("SRV", f"_pop3._tcp.{D}"), set[DnsAnswer]()),
    (
        DnsLookup("MX", D),
        {DnsAnswer("second.hoster.example", 20), DnsAnswer("first.hoster.example", 10)},
    ),
    (DnsLookup("MX", f"null.{D}"), {DnsAnswer("")}),
    (DnsLookup("MX", f"imap.{D}"), set[DnsAnswer]()),
    (DnsLookup("NS", D), {DnsAnswer(f"ns.{D}")}),
    (DnsLookup("TXT", D), {DnsAnswer("one text")}),
    (DnsLookup("TXT", f"alias.{D}"), {DnsAnswer("one text")}),
    (DnsLookup("MX", f"{'a' * 64}.{D}"), set[DnsAnswer]()),
]


@pytest.mark.servers
@pytest.mark.parametrize(("lookup", "found"), ANSWERS)
def test_records(server: NameServer, lookup: DnsLookup, found: set[DnsAnswer]) -> None:
    """Each type of record is returned as clients read it; a missing name has no records."""
    dns = CachingResolver(("127.0.0.1", server.port), 5)
    assert set(dns(lookup)) == found
    assert dns.unanswered == []


@pytest.mark.servers
def test_refused_lookups_are_reported(server: NameServer) -> None:
    """A zone that the server does not have gives no answer, reported with the DNS code."""
    dns = CachingResolver(("127.0.0.1", server.port), 2)
    reason = f"the resolver at 127.0.0.1 port {server.port} answers REFUSED"
    with pytest.raises(NamesUnavailable, match=reason):
        dns(DnsLookup("MX", "other.example"))
    assert list(map(str, dns.unanswered)) == [f"DNS MX other.example: {reason}"]
    assert dns(DnsLookup("NS", D)) == (DnsAnswer(f"ns.{D}"),)


SILENT = [Script.DEAD, Script.HANGING, Script.NONSENSE]


@pytest.mark.parametrize("script", SILENT)
def test_resolver_does_not_answer(script: Script) -> None:
    """A resolver that never answers is asked once, and only within the time limit."""
    with resolver(script) as port:
        dns = CachingResolver(("127.0.0.1", port), 0.1)
        begun = time.monotonic()
        for number in range(8):
            with pytest.raises(NamesUnavailable, match=f"port {port} does not answer"):
                dns(DnsLookup("MX", f"a{number}.example"))
    assert time.monotonic() - begun < ROOM_SECONDS
    assert [f"{lookup.lookup}" for lookup in dns.unanswered] == ["DNS MX a0.example"]


@pytest.mark.parametrize("script", [Script.SERVFAIL, Script.REFUSED, Script.NOTIMP])
def test_resolver_refuses_all_names(script: Script) -> None:
    """A resolver that refuses all names is asked for a few, each reported with the DNS code."""
    with resolver(script) as port:
        dns = CachingResolver(("127.0.0.1", port), 5)
        for number in range(8):
            with pytest.raises(NamesUnavailable, match=f"answers {script.name}"):
                dns(DnsLookup("MX", f"a{number}.example"))
    assert len(dns.unanswered) == REFUSALS_MAX
    assert dns.failure == f"the resolver at 127.0.0.1 port {port} answers {script.name}"


def test_nonexistent_name() -> None:
    """NXDOMAIN is an answer: there are no records, and no failure."""
    with resolver(Script.NXDOMAIN) as port:
        dns = CachingResolver(("127.0.0.1", port), 5)
        assert dns(DnsLookup("A", "a.example")) == ()
    assert (dns.unanswered, dns.failure) == ([], "")


def test_resolver_stops_answering() -> None:
    """A resolver that has answered and then stops is not asked again."""
    with resolver(Script.NXDOMAIN) as port:
        dns = CachingResolver(("127.0.0.1", port), 0.2)
        assert dns(DnsLookup("A", "a.example")) == ()
    for number in range(5):
        with pytest.raises(NamesUnavailable, match="does not answer"):
            dns(DnsLookup("A", f"b{number}.example"))
    assert [f"{lookup.lookup}" for lookup in dns.unanswered] == ["DNS A b0.example"]
    assert dns(DnsLookup("A", "a.example")) == ()


@pytest.mark.slow
def test_some_names_get_no_answer() -> None:
    """A resolver that answers other names is not reported as silent, and the run ends."""
    names = [f"b{number}.example" for number in range(TIMEOUTS_MAX + 5)]
    with resolver(Script.NXDOMAIN, but=dict.fromkeys(names, Script.HANGING)) as port:
        dns = CachingResolver(("127.0.0.1", port), 0.1)
        for name in names:
            with pytest.raises(NamesUnavailable, match="sends no answer for some names"):
                dns(DnsLookup("A", name))
        assert len(dns.unanswered) == TIMEOUTS_MAX
        fresh = CachingResolver(("127.0.0.1", port), 0.1)
        with pytest.raises(NamesUnavailable):
            fresh(DnsLookup("A", names[0]))
        assert fresh(DnsLookup("A", "a.example")) == ()


@pytest.mark.slow
def test_timeout_becomes_shorter() -> None:
    """After a few names without an answer, the timeout is shorter."""
    names = [f"b{number}.example" for number in range(TIMEOUTS_BEFORE_SHORT + 1)]
    with resolver(Script.NXDOMAIN, but=dict.fromkeys(names, Script.HANGING)) as port:
        dns = CachingResolver(("127.0.0.1", port), 0.6, short_timeout_seconds=0.1)
        begun = []
        for name in names:
            begun.append(time.monotonic())
            with pytest.raises(NamesUnavailable):
                dns(DnsLookup("A", name))
        last = time.monotonic() - begun[-1]
    assert last < 0.55 < begun[1] - begun[0]


NEVER = ["invalid", "autoconfig.d.invalid", "a..example", f"{'a' * 64}.example", "a." * 130]


@pytest.mark.parametrize("name", NEVER)
def test_names_that_cannot_be_published(name: str) -> None:
    """A name that cannot be published is not looked up, and so it is not unknown."""
    with resolver(Script.DEAD) as port:
        dns = CachingResolver(("127.0.0.1", port), 0.2)
        assert dns(DnsLookup("A", name)) == ()
    assert dns.unanswered == []


def test_message_names_the_system_resolvers() -> None:
    """A message names the addresses of this machine's resolvers."""
    assert named_in_messages(None, ["192.0.2.1", "192.0.2.2"]) == (
        "this machine's resolver (192.0.2.1, 192.0.2.2)"
    )
    assert named_in_messages(("192.0.2.1", 53)) == "the resolver at 192.0.2.1"
    assert named_in_messages(("2001:db8::1", 5353)) == "the resolver at 2001:db8::1 port 5353"


def test_slow_resolver() -> None:
    """A resolver that answers each query just in time is not asked after the total time."""
    with resolver(Script.NXDOMAIN, delay=0.1) as port:
        dns = CachingResolver(("127.0.0.1", port), 5, 0.45)
        answered = 0
        while not dns.failure and answered < 50:
            with suppress(NamesUnavailable):
                assert dns(DnsLookup("A", f"n{answered}.example")) == ()
                answered += 1
        with pytest.raises(NamesUnavailable, match=r"too slow: the time .* is used up"):
            dns(DnsLookup("A", "late.example"))
    assert 0 < answered <= 4
    assert len(dns.unanswered) == 1
